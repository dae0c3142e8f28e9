/** The ledger's words: states that only move forward, refs that come back whole, events that tell every change once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { MAX_ID } from '../base/ids.ts';
import type { Tx } from '../db/pool.ts';
import type { NewEvent } from '../queue/queue.ts';
import { changesOf, changeTold, tellOfDeliveries, type DeliveryChanged } from './events.ts';
import { fromRef, toRef } from './ref.ts';
import { isEnd, isWaiting, MOVES, STATE, stateName, stateOfMessage, type StateCode } from './states.ts';

const ALL = Object.values(STATE);
const state = fc.constantFrom(...ALL);
const id = fc.integer({ min: 1, max: MAX_ID });
const key = fc.record({ contactId: id, causeId: id, seq: fc.integer({ min: 0, max: 32_767 }) });

test('a delivery that was accepted never waits again, and one that has ended never moves', () => {
  for (const from of ALL)
    for (const to of MOVES[from]) {
      if (!isWaiting(from)) assert.ok(to > from, `${stateName(from)} to ${stateName(to)}`);
      assert.ok(!isEnd(from), stateName(from));
    }
  for (const one of ALL) assert.equal(isEnd(one), MOVES[one].length === 0, stateName(one));
});

test('whatever comes, in whatever order, a delivery makes finitely many moves once it is accepted', () => {
  fc.assert(
    fc.property(fc.array(state, { maxLength: 40 }), (told) => {
      let now: StateCode = STATE.accepted;
      let moves = 0;
      for (const next of told)
        if (MOVES[now].includes(next)) {
          now = next;
          moves++;
        }
      assert.ok(moves <= 2);
      // The furthest that was told counts, unless a failure was before it.
      if (told.includes(STATE.read) && !told.includes(STATE.failed)) assert.equal(now, STATE.read);
    }),
  );
});

test('every state has a name, and the name its state', () => {
  for (const [name, code] of Object.entries(STATE)) assert.equal(stateName(code), name);
  assert.equal(new Set(ALL).size, Object.keys(STATE).length);
});

test('a message stands as its best delivery does; when all have failed, as the last', () => {
  fc.assert(
    fc.property(fc.array(state, { maxLength: 6 }), (states) => {
      const stands = stateOfMessage(states);
      if (!states.length) return assert.equal(stands, undefined);
      const hopeful = states.filter((one) => one < STATE.failed);
      if (!hopeful.length) return assert.equal(stands, states.at(-1));
      assert.ok(hopeful.every((one) => one <= stands!));
      return assert.ok(hopeful.includes(stands!));
    }),
  );
  assert.equal(stateOfMessage([STATE.failed, STATE.queued]), STATE.queued, 'another address is being tried');
  assert.equal(stateOfMessage([STATE.suppressed, STATE.failed]), STATE.failed);
});

test('a ref comes back as the delivery it is of, in 27 characters that every provider carries', () => {
  fc.assert(
    fc.property(key, (one) => {
      const ref = toRef(one);
      assert.equal(ref, [one.causeId, one.contactId, one.seq].map((n) => n.toString(36)).join('.'));
      assert.match(ref, /^[0-9a-z.]{5,27}$/);
      assert.deepEqual(fromRef(ref), { ...one });
    }),
  );
});

test('no two deliveries have one ref', () => {
  fc.assert(
    fc.property(key, key, (one, other) => {
      const same = ['contactId', 'causeId', 'seq'].every(
        (name) => one[name as keyof typeof one] === other[name as keyof typeof other],
      );
      assert.equal(toRef(one) === toRef(other), same);
    }),
  );
});

test('what is no ref of ours is none, and never another’s', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9a-z.]{1,30}$/)), (text) => {
      const read = fromRef(text);
      if (!read) return;
      // Leading zeros are another spelling of the same numbers.
      assert.equal(
        toRef(read),
        text
          .split('.')
          .map((part) => Number.parseInt(part, 36).toString(36))
          .join('.'),
      );
      assert.ok(read.contactId <= MAX_ID && read.causeId <= MAX_ID && read.seq < 32_768);
    }),
  );
  const ref = toRef({ contactId: 71, causeId: 72, seq: 3 });
  for (const odd of [
    '',
    ref.toUpperCase(),
    ` ${ref}`,
    `${ref}\n`,
    `${ref}.1`,
    '0.0.0',
    '1.1.zzz',
    ref.replace('.', ':'),
  ])
    assert.equal(fromRef(odd), undefined, JSON.stringify(odd));
});

test('an event tells every change of a batch once: those in words, and those of a run that were accepted', () => {
  const change = fc.record({ contactId: id, causeId: id, seq: fc.nat(3), to: state, atMs: fc.nat() });
  const inRun = fc.record({ causeId: id, atMs: fc.nat(), contactIds: fc.array(id, { maxLength: 4 }) });
  fc.assert(
    fc.property(fc.array(change), fc.option(fc.array(inRun), { nil: undefined }), (changes, accepted) => {
      const all = changesOf({ bulk: true, changes, ...(accepted ? { accepted } : {}) });
      assert.deepEqual(all.slice(0, changes.length), changes);
      const rest = all.slice(changes.length);
      assert.deepEqual(
        rest.map(({ causeId, contactId }) => [causeId, contactId]),
        (accepted ?? []).flatMap(({ causeId, contactIds }) => contactIds.map((one) => [causeId, one])),
      );
      for (const one of rest) assert.deepEqual([one.seq, one.to, one.from], [0, STATE.accepted, undefined]);
    }),
  );
});

test('a change is told with what was before it, where something was', () => {
  const of = { contactId: 1, causeId: 2, seq: 3 };
  assert.deepEqual(changeTold({ ...of, state: STATE.delivered, priorState: STATE.accepted }, 7), {
    ...of,
    to: STATE.delivered,
    from: STATE.accepted,
    atMs: 7,
  });
  assert.deepEqual(changeTold({ ...of, state: STATE.accepted, priorState: null }, 7), {
    ...of,
    to: STATE.accepted,
    atMs: 7,
  });
  const from = changeTold({ ...of, state: STATE.held, priorState: STATE.queued }, 7).from;
  assert.equal(from, STATE.queued, 'the first state is a state, too');
});

test('each owner has an event of their own, which holds what is told and nothing else', async () => {
  const appended: NewEvent[] = [];
  const queue = { append: async (_tx: Tx, events: readonly NewEvent[]) => void appended.push(...events) };
  const changes = [{ contactId: 5, causeId: 6, seq: 0, to: STATE.accepted, atMs: 9 }];
  const accepted = [{ causeId: 6, atMs: 9, contactIds: [7] }];
  await tellOfDeliveries(queue, {} as Tx, [
    { ownerId: 5, workspaceId: 1, atMs: 9, bulk: false, changes },
    { ownerId: 7, workspaceId: 2, atMs: 8, bulk: true, changes: [], accepted },
  ]);
  assert.deepEqual(appended, [
    { ownerId: 5, workspaceId: 1, type: 'delivery.changed', atMs: 9, payload: { bulk: false, changes } },
    {
      ownerId: 7,
      workspaceId: 2,
      type: 'delivery.changed',
      atMs: 8,
      payload: { bulk: true, changes: [], accepted } satisfies DeliveryChanged,
    },
  ]);
});
