/** What became of runs by hour: each delivery counts once as sent, delivered, read or failed, in whatever order it is told. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { DeliveryChange } from './events.ts';
import { hoursOfRuns, runCountsIn } from './hours.ts';
import { MOVES, STATE, type StateCode } from './states.ts';

const HOUR_MS = 3_600_000;

function told(changes: readonly DeliveryChange[], bulk = true) {
  return runCountsIn(
    changes.map((change) => ({ type: 'delivery.changed', payload: { bulk, changes: [change] } })),
  );
}

/** The moves of a delivery that was told these states, in this order. */
function movesOf(states: readonly StateCode[], atMs: number): DeliveryChange[] {
  let now: StateCode = STATE.queued;
  return states.flatMap((to) => {
    if (to === now || !MOVES[now].includes(to)) return [];
    const change = { contactId: 1, causeId: 7, seq: 0, from: now, to, atMs };
    now = to;
    return [change];
  });
}

test('whatever is told of a delivery, it is sent, delivered, read and failed at most once, and in that order', () => {
  const states = fc.array(fc.constantFrom(...Object.values(STATE)), { maxLength: 20 });
  fc.assert(
    fc.property(states, (list) => {
      const changes = movesOf(list, 5 * HOUR_MS);
      const [hour] = hoursOfRuns(told(changes));
      const last = changes.at(-1)?.to ?? STATE.queued;
      const { sent, delivered, read, failed } = hour ?? { sent: 0, delivered: 0, read: 0, failed: 0 };
      assert.ok(read <= delivered && delivered <= sent && sent <= 1 && failed <= 1);
      assert.equal(read, last === STATE.read ? 1 : 0);
      assert.equal(delivered, last === STATE.read || last === STATE.delivered ? 1 : 0);
      assert.equal(failed, last === STATE.failed ? 1 : 0);
    }),
  );
});

test('each in the hour in which it was, of its run; messages of their own are of none', () => {
  const at = (causeId: number, atMs: number) => ({ contactId: 1, causeId, seq: 0, to: STATE.accepted, atMs });
  const counts = told([at(7, 0), at(7, HOUR_MS - 1), at(7, HOUR_MS), at(8, HOUR_MS + 1)]);
  assert.deepEqual(
    hoursOfRuns(counts).map(({ causeId, hourMs, sent }) => [causeId, hourMs, sent]),
    [
      [7, 0, 2],
      [7, HOUR_MS, 1],
      [8, HOUR_MS, 1],
    ],
  );
  assert.deepEqual(told([at(9, 0)], false), []);
});

test('those whom a run was accepted for in few words are counted each', () => {
  const payload = { bulk: true, changes: [], accepted: [{ causeId: 7, atMs: 1, contactIds: [1, 2, 3] }] };
  const [hour] = hoursOfRuns(runCountsIn([{ type: 'delivery.changed', payload }]));
  assert.equal(hour!.sent, 3);
});

test('what changed nothing leaves no row', () => {
  const canceled = { contactId: 1, causeId: 7, seq: 0, to: STATE.canceled, atMs: 1 };
  assert.deepEqual(hoursOfRuns(told([canceled])), []);
});
