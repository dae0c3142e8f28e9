/**
 * What a turn waits for: statements that do not need each other's answers leave together, in the order in which the server is to run them. Each
 * wait of a busy process is what an event's way to its message is made of.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Workspace } from '../accounts/workspaces.ts';
import { tagOn, type Execute } from '../db/statement.ts';
import type { Tx } from '../db/pool.ts';
import { openBook } from './enrol/book.ts';
import type { LiveNames } from './enrol/live.ts';
import { turnTaker } from './turn.ts';
import type { TurnDeps } from './turnPart.ts';
import { takeArrivals } from './events/take.ts';
import type { Arrival } from './events/sql.take.ts';
import { FLAG } from './events/time.ts';
import { asIfLive } from './backtest/asIfLive.ts';

type Row = Record<string, unknown>;

/** A transaction that answers by the beginning of a text, and what was asked of it between two answers. */
function asked(answers: Readonly<Record<string, readonly Row[]>>) {
  const waits: string[][] = [];
  let isOpen = false;
  const execute: Execute = async (text) => {
    if (!isOpen) waits.push([]);
    isOpen = true;
    const words = text.replaceAll(/\s+/g, ' ').trim();
    const known = Object.keys(answers).find((begin) => words.startsWith(begin));
    const table = /\b(feed|event_arrivals|timers)\b/.exec(words)?.[1];
    waits.at(-1)!.push(known ?? table ?? words.slice(0, 30));
    await new Promise((resolve) => setImmediate(resolve));
    isOpen = false;
    const rows = known ? [...answers[known]!] : [];
    return Object.assign(rows, { count: rows.length, command: '' });
  };
  return { tx: tagOn(execute, { distributed: false }) as Tx, waits };
}

const arrival = (id: number, flags: number, properties: Row | null = null): Arrival => ({
  id,
  workspaceId: 9,
  contactId: 4096,
  kind: 1,
  nameId: 7,
  atMs: 1,
  receivedMs: 1,
  key: id,
  flags,
  properties,
});

test('taking: contacts are held before what is theirs goes, and all that may be a repeat is asked at once', async () => {
  const own = {
    message: 8192,
    $own: { campaign: 5, epoch: 1, metric: 'delivered', variant: null, version: 5 },
  };
  const waiting = [arrival(1, FLAG.keyed), arrival(2, FLAG.keyed | FLAG.own, own), arrival(3, 0)];
  const names = {
    'SELECT c.id': [{ id: 4096 }],
    'DELETE FROM event_arrivals': waiting.map(({ id }) => ({ id })),
    'UPDATE campaign_sends': [{ contactId: 4096, messageId: 8192, before: 2 }],
    'INSERT INTO event_keys': [{ contactId: 4096, key: 1 }],
    'INSERT INTO contact_events': waiting.map(({ key }) => ({ contactId: 4096, nameId: 7, key })),
  };
  const { tx, waits } = asked(names);
  const deps = { queue: { laneOf: () => 0, turn: () => {} } };
  const { arrivals, counts } = await takeArrivals(deps, tx, [], waiting, 1);
  assert.deepEqual(waits, [
    ['SELECT c.id', 'DELETE FROM event_arrivals'],
    ['UPDATE campaign_sends', 'INSERT INTO event_keys'],
    ['INSERT INTO contact_events'],
  ]);
  // Of the message it was told before that it was delivered.
  assert.deepEqual(
    arrivals.map(({ id }) => id),
    [1, 3],
  );
  assert.equal(counts[0]!.count, 2);
});

test('who is in a turn is read in one wait, and what they did of what is asked in another', async () => {
  const made = asIfLive(
    { workspaceId: 9, id: 5, salt: '' },
    {
      parley: 'campaign/1',
      key: 'x',
      trigger: { event: { did: 'a' } },
      filter: { all: [{ did: 'b', within: '1d' }, { tagged: 't' }] },
      steps: [{ key: 's', send: { content: { type: 'text', text: 's' } } }],
    },
  );
  const live = { ...made, nameOf: new Map([[7, 'b']]), idOf: new Map([['b', 7]]) } as unknown as LiveNames;
  const { tx, waits } = asked({
    'SELECT s.contact_id': [{ contactId: 4096, nameId: 7, count: 1, firstMs: 1, lastMs: 1 }],
  });
  await openBook(tx, live, { id: 9, timeZone: 'UTC' } as Workspace, [4096], [5], 1);
  assert.equal(waits.length, 2, JSON.stringify(waits));
  assert.equal(waits[1]!.length, 1);
});

test('a turn looks at the feed before it looks at what arrived, behind its fence and in one wait with it', async () => {
  const { tx, waits } = asked({
    'SELECT l.lane FROM': [{ lane: 1 }, { lane: 2 }],
    'SELECT l.lane, s.n': [1, 2].map((lane) => ({ lane, stamp: 1, hasTimers: lane === 1, hasTask: false })),
  });
  const deps = {
    queue: { transact: async (work: (tx: Tx) => Promise<unknown>) => await work(tx) },
    clock: { nowMs: () => 5, monotonicMs: () => 0 },
  } as unknown as TurnDeps;
  const none = async () => async () => assert.fail('nobody is concerned');
  const lanes = [1, 2].map((lane) => ({ lane, bucket: lane, buckets: [lane], epoch: 1 }));
  assert.deepEqual(await turnTaker(deps, none).take(lanes, false), []);
  assert.deepEqual(waits, [
    ['SELECT l.lane FROM', 'feed', 'event_arrivals', 'SELECT l.lane, s.n'],
    // Only where something is due.
    ['timers'],
  ]);
});
