/** Campaigns as files: what is written reads back the same, and what is wrong is told with its place. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { CampaignFile } from '../../contract/campaign.ts';
import { seededRandom } from '../../test/support/random.ts';
import { isFault } from '../base/fault.ts';
import { readFile, writeFile } from './fileApart.ts';
import { fileOf, parseFile } from './file.ts';
import { readCampaign } from './steps/definition.ts';

function parsed(text: string): unknown {
  const read = parseFile(text);
  assert.ok(!isFault(read), isFault(read) ? read.message : '');
  return read.campaign;
}

const folder = join(import.meta.dirname, '..', '..', 'examples');

for (const name of readdirSync(folder).filter((one) => one.endsWith('.yaml')))
  test(`examples/${name}: reads, and export of import is the same, byte for byte`, () => {
    const text = readFileSync(join(folder, name), 'utf8');
    const read = readCampaign(parsed(text));
    assert.ok(!isFault(read), isFault(read) ? read.message : '');
    const written = fileOf(read);
    assert.equal(written, text.replace(/^#.*\n/gm, ''));
    assert.equal(fileOf(readCampaign(parsed(written)) as CampaignFile), written);
    assert.equal(fileOf(readCampaign(parsed(JSON.stringify(read))) as CampaignFile), written, 'JSON as well');
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
    assert.equal(fileOf(stored(parsed(text)) as CampaignFile), text);
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
  assert.equal(fileOf(parsed(text) as CampaignFile), text);
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

test('campaigns.md §3: a step waits for an event of the app that begins with $, as a trigger and a goal take it', () => {
  const waits = (wait: object) => ({ steps: [{ key: 'one', wait_for: { timeout: '1h', ...wait } }] });
  const read = readCampaign({ ...GOOD, ...waits({ event: '$pageview' }) });
  assert.ok(!isFault(read), JSON.stringify(read));
  const sends = { key: 'hello', send: { content: { type: 'text', text: 'Hi' }, class: 'transactional' } };
  const bound = (event: string) => ({ steps: [sends, ...waits({ event, of: 'hello' }).steps] });
  assert.ok(!isFault(readCampaign({ ...GOOD, ...bound('$clicked') })));
  for (const event of ['$pageview', '$clickt', 'clicked'])
    broken(bound(event), /^campaign\.steps\[1\]\.wait_for\.of: is for what Parley tells of a message/);
});

test('a name of events is counted as the database counts it: by signs, not by halves of them', () => {
  const did = (event: string) => ({ trigger: { event: { did: event } } });
  assert.ok(!isFault(readCampaign({ ...GOOD, ...did('💡'.repeat(200)) })));
  broken(did('💡'.repeat(201)), /^campaign\.trigger\.event\.did: must be a text of 1 to 200 characters/);
  broken(did('x'.repeat(201)), /^campaign\.trigger\.event\.did: must be a text of 1 to 200 characters/);
});

test('what is wrong is named with its path', () => {
  broken({ trigerr: 1 }, /^campaign\.trigerr: is not known/);
  broken({ trigger: { event: { did: 'a', wher: {} } } }, /^campaign\.trigger\.event\.wher: is not known/);
  broken({ trigger: { segment: 'x' } }, /^campaign\.trigger\.segment: must be an object/);
  broken({ steps: [{ key: 'one', hologram: {} }] }, /^campaign\.steps\[0\]\.hologram: is not known/);
  const says = (more: object) => ({ send: { content: { type: 'text', text: 'Hi', ...more } } });
  broken(
    { steps: [{ key: 'one', ...says({ subjct: 'A typo' }) }] },
    /^campaign\.steps\[0\]\.send\.content\.subjct: is not known/,
  );
  broken(
    {
      steps: [{ key: 'one', ...says({ actions: [{ type: 'reply', text: 'Yes', payload: 'y', emoji: 1 }] }) }],
    },
    /^campaign\.steps\[0\]\.send\.content\.actions\[0\]\.emoji: is not known/,
  );
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

test('campaigns.md §3.12: what would be kept as something else than it says is refused with its place', () => {
  const said = (text: string) => {
    const read = parseFile(text);
    return isFault(read) ? read.message : 'read';
  };
  assert.match(said('a: 1\nb:\n  c: 1\n  c: 2'), /^file: c is there twice at line 4, column 3$/);
  assert.match(said('a: 1\n"a": 2'), /a is there twice at line 2/);
  assert.match(said('text: !include hello.txt'), /^file: Unresolved tag: !include at line 1, column 7$/);
  for (const odd of ['.nan', '.inf', '1e400', '12345678901234567890'])
    assert.match(said(`a:\n  - ${odd}`), /^file: \S+ is no number that is kept exactly at line 2, column 5$/);
  assert.match(said('a: b: c'), /^file: .* at line 1, column/);
  assert.match(said('['.repeat(100_000)), /^file: opens more than 500 brackets/);
  const own = readCampaign(parsed('fault: gone\nmessage: of their own'));
  assert.ok(
    isFault(own) && own.message.startsWith('campaign.fault: is not known'),
    'what is said is no fault',
  );
});

test('campaigns.md §3.12: what a file costs to read grows with it, and not with its square', () => {
  const texts = [
    Array.from({ length: 30_000 }, (_, i) => `k${i}:`).join('\n'),
    `[${', '.repeat(60_000)}`,
    '- [] []\n'.repeat(8_000),
  ];
  for (const text of texts) {
    const before = process.cpuUsage().user;
    parseFile(text);
    const spentMs = (process.cpuUsage().user - before) / 1_000;
    assert.ok(spentMs < 15_000, `${spentMs} ms: each was held against each`);
  }
});

test('campaigns.md §3.12: what is long is read and written apart, so that nobody else waits for it, and comes to the same', async () => {
  const branch = (i: number) =>
    Array.from({ length: 20 }, (_, k) => ({
      when: { attribute: 'plan', is: `p${k}` },
      to: `s${Math.min(199, i + 1 + k)}`,
    }));
  const steps = Array.from({ length: 200 }, (_, i) =>
    i % 2 ? { key: `s${i}`, wait: { for: '1h' } } : { key: `s${i}`, branch: branch(i) },
  );
  const long = readCampaign({ ...GOOD, steps });
  assert.ok(!isFault(long));
  const before = process.threadCpuUsage();
  const written = await writeFile(long, 1);
  const { user: writing } = process.threadCpuUsage(before);
  assert.ok(writing < 100_000, `${writing} µs of what serves everybody`);
  assert.ok(!isFault(written) && written.length > 150_000);
  const read = await readFile(written, 1);
  const wrong = await readFile('- []\n'.repeat(20_000) + '- [', 2);
  const { user } = process.threadCpuUsage(before);
  assert.ok(user < 250_000, `${user} µs of what serves everybody`);
  assert.ok(isFault(wrong) && wrong.field === 'file');
  assert.ok(!isFault(read));
  assert.deepEqual(read.campaign, JSON.parse(JSON.stringify(long)));
  assert.equal(written, fileOf(long));
});

test('campaigns.md §3.12: more words and signs than a campaign can have are refused before they are read', () => {
  for (const unit of ['[]\n', '! ', '"', '- a\n']) {
    const text = unit.repeat(262_144 / unit.length);
    const before = process.threadCpuUsage();
    const read = parseFile(text);
    const { user } = process.threadCpuUsage(before);
    assert.ok(isFault(read), unit);
    assert.equal(read.message, 'file: has more than 120000 words and signs');
    assert.ok(user < 1_000_000, `${user} µs for ${unit}`);
  }
});

test('campaigns.md §3.12: a thousand files of odd texts: written, read and written again they are the same, also as the store keeps them', () => {
  const random = seededRandom(7);
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)]!;
  const odd = [
    'no',
    'yes',
    '~',
    'null',
    '1e3',
    '0x1F',
    '017',
    '1_000',
    '.nan',
    '2026-01-01',
    '12:30',
    '- a',
    '# x',
    ' a ',
    'a: b',
  ];
  const more = [
    'a\nb',
    'a\n\nb\n',
    '\ta',
    '*a',
    '&a',
    '!a',
    '%a',
    '@a',
    '`a',
    "it's",
    '"q"',
    '{{ a }}',
    '[x',
    '\u2028',
    'é\u0301',
    '👍',
    '\r\n',
    '|',
    '>',
    '<<',
    'true',
    '',
    '?',
    '---',
    '...',
    'a #b',
    '\\',
    '\u0085',
    '\ufeffa',
    '-',
    '0',
    '-0',
    '+1',
    '.5',
    '5.',
    '1.0',
    '=',
    'y',
    'n',
    'on',
    'off',
    '__proto__',
    'constructor',
  ];
  const text = (): string => pick([...odd, ...more]) + (random() < 0.3 ? pick([...odd, ...more]) : '');
  const value = (depth: number): unknown => {
    const kind = random();
    if (depth > 0 && kind < 0.2)
      return Array.from({ length: Math.floor(random() * 3) }, () => value(depth - 1));
    if (depth > 0 && kind < 0.4) {
      const keys = Array.from({ length: Math.floor(random() * 3) }, () => text()).filter(
        (key) => key !== '__proto__',
      );
      return Object.fromEntries(keys.map((key) => [key, value(depth - 1)]));
    }
    if (kind < 0.5) return pick([0, 1, -1, 0.1, 1e-7, 1e20 / 1e5, 123456.789, true, false, null]);
    return text();
  };
  for (let i = 0; i < 1_000; i++) {
    const file = {
      ...GOOD,
      name: text() || 'none',
      steps: [
        { key: 'a', set: { v: value(3) } },
        { key: 'b', send: { content: { type: 'text', text: text() || 'x' } } },
      ],
    } as unknown as CampaignFile;
    const written = fileOf(file);
    assert.deepEqual(parsed(written), JSON.parse(JSON.stringify(file)) as unknown, written);
    assert.equal(fileOf(parsed(written) as CampaignFile), written);
    assert.equal(fileOf(stored(file) as CampaignFile), written);
  }
});

test('a file that is none, and one that explodes, are refused', () => {
  assert.ok(isFault(parseFile('a: [')));
  assert.ok(isFault(parseFile('a: &a [1]\nb: [*a, *a]')));
  assert.ok(isFault(parseFile('a: 1\na: 2')));
});
