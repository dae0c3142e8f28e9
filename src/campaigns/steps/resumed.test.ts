/** Where somebody stands once a pause is over, where something else happens to them beside it: another pause, an edit, a message that is spread. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Step } from '../../../contract/campaign.ts';
import type { Version } from './version.ts';
import { onDue } from '../enrol/engine.ts';
import { moveTo, onResumed } from '../enrol/steered.ts';
import { BEGAN_MS, mailed, somebody } from '../testing/somebody.ts';
import type { Pause } from './resumed.ts';
import { versionOf } from './version.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Somebody who came to the first of some steps, and what people do to the campaign. */
function standing(steps: readonly Step[]) {
  const ann = somebody([{ key: 'c', trigger: { event: { did: 'in' } }, steps }]);
  ann.does('in');
  const { live, member, changes } = ann;
  const inside = () => [...member.enrolments.values()][0]!;
  return {
    inside,
    told: () => ann.told('c'),
    resume: (pause: Pause, nowMs: number) => onResumed(live, member, inside(), pause, nowMs, changes),
    edit(next: readonly Step[], nowMs: number) {
      const from = ann.campaign('c').version;
      const to: Version = versionOf({ ...from, id: 2, number: 2, file: { ...from.file, steps: next } });
      ann.campaign('c').version = to;
      (live.versions as Map<number, Version>).set(2, to);
      moveTo(member, inside(), from, to, nowMs, changes);
    },
    /** What falls due, taken as late as it is. */
    due: (lateMs = 0) => onDue(live, member, inside(), inside().place.dueMs, lateMs, changes),
  };
}

const caughtUp = (pausedMs: number, overMs = 0): Pause => ({ pausedMs, byMs: 0, overMs });

test('campaigns.md §3.6: caught up with twice, a message is as late as both pauses made it', () => {
  const ann = standing([{ key: 'rest', wait: { for: '1d' } }, mailed('out')]);
  // Due on the second day, and resumed thirty hours later; paused again before its turn came.
  const firstMs = BEGAN_MS + DAY_MS + 30 * HOUR_MS;
  ann.resume(caughtUp(BEGAN_MS + HOUR_MS, 600_000), firstMs);
  ann.resume(caughtUp(firstMs + 1), firstMs + HOUR_MS);
  ann.due();
  assert.deepEqual(ann.told().slice(-2), ['suppressed', 'completed']);
});

test('campaigns.md §3.6: caught up with, a message that is spread is as late as it was before', () => {
  const spread: Step = { ...mailed('out'), send: { ...mailed('out').send, spread: '1h', lateBy: '2h' } };
  for (const [lateMs, does] of [
    [3 * HOUR_MS, 'suppressed'],
    [HOUR_MS, 'sends'],
  ] as const) {
    const ann = standing([{ key: 'rest', wait: { for: '1d' } }, spread]);
    ann.resume(caughtUp(BEGAN_MS + HOUR_MS), BEGAN_MS + DAY_MS + lateMs);
    ann.due();
    assert.equal(ann.inside().place.phase, 'spread');
    ann.due();
    assert.deepEqual(ann.told().slice(-2), [does, 'completed']);
  }
});

for (const [what, was, is] of [
  ['wait', { wait: { for: '7d' } }, { wait: { for: '3d' } }],
  ['wait_for', { wait_for: { event: 'x', timeout: '7d' } }, { wait_for: { event: 'x', timeout: '3d' } }],
] as const)
  test(`campaigns.md §3.6: made shorter while it stands still, a ${what} ends as late as it would have and the pause (shift)`, () => {
    const ann = standing([{ key: 'rest', ...was }, mailed('out')]);
    const pausedMs = BEGAN_MS + DAY_MS;
    ann.edit([{ key: 'rest', ...is }, mailed('out')], pausedMs + 14 * DAY_MS);
    ann.resume({ pausedMs, byMs: 21 * DAY_MS, overMs: 600_000 }, pausedMs + 21 * DAY_MS);
    assert.equal(ann.inside().place.dueMs, BEGAN_MS + 3 * DAY_MS + 21 * DAY_MS);
    // The same where the edit comes after the resume, before anybody has come to who is in it.
    const bob = standing([{ key: 'rest', ...was }, mailed('out')]);
    bob.edit([{ key: 'rest', ...is }, mailed('out')], pausedMs + 21 * DAY_MS + 1);
    bob.resume({ pausedMs, byMs: 21 * DAY_MS, overMs: 600_000 }, pausedMs + 21 * DAY_MS);
    assert.equal(bob.inside().place.dueMs, BEGAN_MS + 3 * DAY_MS + 21 * DAY_MS);
  });

test('campaigns.md §3.6: made shorter while it stands still, what is caught up with is late since the edit', () => {
  for (const [days, does] of [
    [14, 'suppressed'],
    [20.5, 'sends'],
  ] as const) {
    const ann = standing([{ key: 'rest', wait: { for: '7d' } }, mailed('out')]);
    const pausedMs = BEGAN_MS + DAY_MS;
    const resumedMs = pausedMs + 21 * DAY_MS;
    ann.edit([{ key: 'rest', wait: { for: '3d' } }, mailed('out')], pausedMs + days * DAY_MS);
    ann.resume(caughtUp(pausedMs), resumedMs);
    ann.due();
    assert.deepEqual(ann.told().slice(-2), [does, 'completed'], `${days} days`);
  }
});

test('campaigns.md §3.7: a pause is over once for whoever comes from a lane in which it is into one in which it is not', () => {
  const ann = standing([{ key: 'rest', wait: { for: '7d' } }, mailed('out')]);
  const pause = { pausedMs: BEGAN_MS + DAY_MS, byMs: 21 * DAY_MS, overMs: 0 };
  for (const laterMs of [0, 1]) ann.resume(pause, pause.pausedMs + pause.byMs + laterMs);
  assert.equal(ann.inside().place.dueMs, BEGAN_MS + 28 * DAY_MS);
  const again = { pausedMs: pause.pausedMs + 22 * DAY_MS, byMs: DAY_MS, overMs: 0 };
  ann.resume(again, again.pausedMs + DAY_MS);
  assert.equal(ann.inside().place.dueMs, BEGAN_MS + 29 * DAY_MS);
});
