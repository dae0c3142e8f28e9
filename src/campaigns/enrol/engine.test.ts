/** What an event does to one contact, by the engine alone: in which order, and how far. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CampaignFile } from '../../../contract/campaign.ts';
import type { Contact } from '../../contacts/contacts.ts';
import type { Workspace } from '../../accounts/workspaces.ts';
import { memberOf } from './book.ts';
import { Changes } from './changes.ts';
import { onDue, onEvent } from './engine.ts';
import { liveOf } from './live.ts';
import type { Taken } from './member.ts';
import type { CampaignRow, VersionRow } from './sql.live.ts';

const BEGAN_MS = Date.parse('2026-03-02T10:00:00Z');
const mail = (key: string) => ({ key, send: { content: { type: 'text' as const, text: key } } });

/** Somebody in a workspace with some campaigns. */
function somebody(files: Omit<CampaignFile, 'parley'>[], attributes: Record<string, unknown> = {}) {
  const rows = files.map((file, i): [CampaignRow, VersionRow] => {
    const of = { campaignId: i + 1, workspaceId: 1, number: 1, epoch: 1, isOpen: true, publishedMs: 0 };
    const version = { ...of, id: i + 1, file: { parley: 'campaign/1' as const, ...file } };
    const campaign = { id: i + 1, key: file.key, workspaceId: 1, versionId: i + 1, epoch: 1, paused: null };
    return [{ ...campaign, salt: 's', state: 'active' } as unknown as CampaignRow, version];
  });
  const made = liveOf(
    rows.map(([campaign]) => campaign),
    rows.map(([, version]) => version),
  );
  const live = { ...made, nameOf: new Map<number, string>() };
  const contact = { id: 7, attributes, createdMs: 0, timeZone: null } as unknown as Contact;
  const workspace = { id: 1, timeZone: 'UTC' } as Workspace;
  const member = memberOf(live, workspace, contact, { stats: [], events: [], sets: undefined });
  const changes = new Changes(() => 0);
  let order = 0;
  const keys = new Map(files.map(({ key }, i) => [i + 1, key]));
  return {
    member,
    changes,
    does(name: string, atMs = BEGAN_MS, properties: Record<string, unknown> = {}) {
      const id = ++order;
      const event: Taken = { name, atMs, receivedMs: atMs, key: id, order: id, properties, isHistory: false };
      onEvent(live, member, event, atMs, changes);
    },
    /** What falls due next, in any campaign. */
    due() {
      const [next] = [...member.enrolments.values()].toSorted((a, b) => a.place.dueMs - b.place.dueMs);
      if (next) onDue(live, member, next, next.place.dueMs, 0, changes);
      return next !== undefined;
    },
    told: (key: string) =>
      changes.log.flatMap(({ campaignId, what }) => (keys.get(campaignId) === key ? [what] : [])),
  };
}

const often = { entry: 'every', whileActive: 'alongside' } as const;

test('one event is a goal, ends a wait and takes out: it counts, then who waited goes on, then they leave', () => {
  const ann = somebody([
    {
      key: 'cart',
      trigger: { event: { did: 'in' } },
      goals: [{ key: 'bought', event: 'buy', within: '7d', exit: true }],
      steps: [
        { key: 'w', wait_for: { event: 'buy', timeout: '2d' }, then: { done: 'thanks', timeout: 'end' } },
        mail('thanks'),
        { key: 'rest', wait: { for: '1d' } },
        mail('more'),
      ],
    },
  ]);
  ann.does('in');
  ann.does('buy', BEGAN_MS + 1);
  assert.deepEqual(ann.told('cart'), ['entered', 'waits', 'done', 'sends', 'waits', 'exited: goal']);
  assert.equal(ann.changes.conversions.length, 1);
  assert.equal(ann.member.entries[0]!.ending, 'goal');
});

test('campaigns that start each other come to an end, also where each waits before it does', () => {
  const starts = (key: string, campaign: string, trigger: CampaignFile['trigger']) => ({
    key,
    trigger,
    ...often,
    steps: [
      { key: 'rest', wait: { for: '1m' } },
      { key: 's', start: { campaign } },
    ],
  });
  const eve = somebody([starts('a', 'b', { event: { did: 'round' } }), starts('b', 'a', { api: true })]);
  eve.does('round');
  let rounds = 0;
  while (eve.due()) assert.ok(++rounds < 50, 'they go on for ever');
  assert.equal(eve.member.entries.length, 9, 'the first, and eight that started each other');
  assert.deepEqual(
    [...eve.changes.refusals.values()].map(({ reason }) => reason),
    ['chain'],
  );
});

test('what a step sets is seen by the next; what would be too much goes along the edge for what failed', () => {
  const sets = (value: string): Omit<CampaignFile, 'parley'> => ({
    key: 'sets',
    trigger: { event: { did: 'in' } },
    ...often,
    steps: [
      { key: 'set', set: { plan: value }, then: { failed: 'sorry' } },
      {
        key: 'which',
        branch: [{ to: 'good', when: { attribute: 'plan', is: value } }],
        then: { else: 'end' },
      },
      { ...mail('good'), then: { next: 'end' } },
      mail('sorry'),
    ],
  });
  const sent = (value: string, attributes = {}) => {
    const ann = somebody([sets(value)], attributes);
    ann.does('in');
    return ann.changes.effects.map(({ effect }) => `${effect.do} ${effect.step}`);
  };
  assert.deepEqual(sent('pro'), ['set set', 'send good']);
  // {"plan": "xxx"} is twelve bytes more than its text; 16,384 are the most.
  const full = 'x'.repeat(16_384 - 12);
  assert.deepEqual(sent(full), ['set set', 'send good']);
  assert.deepEqual(sent(`${full}x`), ['send sorry']);
  assert.deepEqual(sent('é'.repeat(8_187)), ['send sorry']);
  assert.deepEqual(sent('pro', { other: [1, { two: 'x'.repeat(16_380) }] }), ['send sorry']);
});
