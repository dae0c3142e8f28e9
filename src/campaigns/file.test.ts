/** Campaigns as files: what is written reads back the same, and what is wrong is told with its place. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { CampaignFile } from '../../contract/campaign.ts';
import { isFault } from '../base/fault.ts';
import { fileOf, isUnread, parseFile } from './file.ts';
import { readCampaign } from './steps/definition.ts';

const folder = join(import.meta.dirname, '..', '..', 'examples');

for (const name of readdirSync(folder).filter((one) => one.endsWith('.yaml')))
  test(`examples/${name}: reads, and export of import is the same, byte for byte`, () => {
    const text = readFileSync(join(folder, name), 'utf8');
    const read = readCampaign(parseFile(text));
    assert.ok(!isFault(read), isFault(read) ? read.message : '');
    const written = fileOf(read);
    assert.equal(written, text.replace(/^#.*\n/gm, ''));
    assert.equal(fileOf(readCampaign(parseFile(written)) as CampaignFile), written);
    assert.equal(
      fileOf(readCampaign(parseFile(JSON.stringify(read))) as CampaignFile),
      written,
      'JSON as well',
    );
  });

/** As the store keeps it: keys by their length, then by what they are. */
function stored(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(stored);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).toSorted(([a], [b]) => a.length - b.length || (a < b ? -1 : 1));
  return Object.fromEntries(kept.map(([key, inner]) => [key, stored(inner)]));
}

for (const name of readdirSync(folder).filter((one) => one.endsWith('.yaml')))
  test(`campaigns.md §3.12: examples/${name} that is pushed and pulled is the same, byte for byte`, () => {
    const text = readFileSync(join(folder, name), 'utf8').replace(/^#.*\n/gm, '');
    assert.equal(fileOf(stored(parseFile(text)) as CampaignFile), text);
  });

test('campaigns.md §3.12: in whatever order a file says it, it is pulled in one', () => {
  const { parley, key, trigger, steps } = GOOD;
  const odd = [
    {
      then: { missed: 'end', next: 'end' },
      wait_until: { to: '17:00', zone: 'UTC', from: '09:00', days: ['mon'] },
      key: 'a',
    },
    { split: { zeta: 1, b: 2 }, key: 'b' },
    { set: { zeta: 1, parley: { steps: 1, key: 2 }, b: 2 }, key: 'c' },
  ];
  const file = { steps: [...steps, ...odd], trigger, key, parley } as CampaignFile;
  const text = fileOf(file);
  assert.equal(fileOf(stored(file) as CampaignFile), text);
  assert.equal(fileOf(parseFile(text) as CampaignFile), text);
  assert.match(text, /^parley: campaign\/1\nkey: x\ntrigger:/);
  assert.match(text, /split:\n +b: 2\n +zeta: 1\n/);
  assert.match(text, /set:\n +b: 2\n +parley:\n +key: 2\n +steps: 1\n +zeta: 1\n/);
});

const GOOD = {
  parley: 'campaign/1',
  key: 'x',
  trigger: { event: { did: 'a' } },
  steps: [{ key: 'one', wait: { for: '1h' } }],
};
const broken = (change: object, rule: RegExp) => {
  const read = readCampaign({ ...GOOD, ...change });
  assert.ok(isFault(read), JSON.stringify(change));
  assert.match(read.message, rule);
};

test('what is wrong is named with its path', () => {
  broken({ trigerr: 1 }, /^campaign\.trigerr: is not known/);
  broken({ trigger: { event: { did: 'a', wher: {} } } }, /^campaign\.trigger\.event\.wher: is not known/);
  broken({ trigger: { segment: 'x' } }, /^campaign\.trigger\.segment: must be an object/);
  broken({ steps: [{ key: 'one', hologram: {} }] }, /^campaign\.steps\[0\]\.hologram: is not known/);
  broken({ steps: [{ key: 'one', start: {} }] }, /^campaign\.steps\[0\]\.start\.campaign: must be a text/);
  broken(
    { trigger: { date: { attribute: 'born', offset: '3 days' } } },
    /^campaign\.trigger\.date\.offset: must be/,
  );
  broken(
    { trigger: { list: { entered: 'a', left: 'b' } } },
    /^campaign\.trigger\.list: must have exactly one of/,
  );
  broken(
    { steps: [{ key: 'one', wait: { for: '500d' } }] },
    /^campaign\.steps\[0\]\.wait\.for: must be from/,
  );
  broken({ steps: [{ key: 'one', wait_for: { event: 'b' } }] }, /^campaign\.steps\[0\]\.wait_for\.timeout/);
  broken({ steps: [{ key: 'one', wait: { for: '1h' }, then: { next: 'gone' } }] }, /there is no step gone/);
  broken(
    { steps: [{ key: 'one', tag: { add: ['t'] }, then: { next: 'one' } }] },
    /^campaign\.steps\[0\]: leads back to itself without a wait/,
  );
  broken({ filter: { did: 'a', within: '3 weeks' } }, /^campaign\.filter\.within: must be a duration/);
  broken(
    {
      holdout: '10%',
      steps: [{ key: 's', send: { content: { type: 'text', text: 't' }, class: 'transactional' } }],
    },
    /must be marketing in a campaign that has a holdout/,
  );
});

test('a file that is none, and one that explodes, are refused', () => {
  assert.ok(isUnread(parseFile('a: [')));
  assert.ok(isUnread(parseFile('a: &a [1]\nb: [*a, *a]')));
  assert.ok(isUnread(parseFile('a: 1\na: 2')));
});
