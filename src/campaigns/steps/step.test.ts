/** One contact through a campaign, by the pure function alone: pauses, times on another wall, and what comes too late. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CampaignFile, Step } from '../../../contract/campaign.ts';
import type { Facts, Seen } from '../match/facts.ts';
import { firstPlace, moved, noticed } from './moved.ts';
import { resumed, type Pause } from './resumed.ts';
import type { Place, Stimulus } from './run.ts';
import { step } from './step.ts';
import { versionOf, type Version } from './version.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const BEGAN_MS = Date.parse('2026-03-02T10:00:00Z');
const WEEKS: Pause = { pausedMs: BEGAN_MS + HOUR_MS, byMs: 21 * DAY_MS, overMs: 0 };
const RESUMED_MS = WEEKS.pausedMs + WEEKS.byMs;

const send = (key: string, more: object = {}): Step => ({
  key,
  send: { content: { type: 'text', text: key }, ...more },
});
const versionWith = (steps: readonly Step[], more: Partial<CampaignFile> = {}): Version =>
  versionOf({
    id: 1,
    campaignId: 1,
    workspaceId: 1,
    number: 1,
    file: {
      parley: 'campaign/1',
      key: 'k',
      trigger: { event: { did: 'in' } },
      steps,
      ...more,
    },
  });
const seen = (name: string, atMs: number, properties: Record<string, unknown> = {}): Seen => ({
  name,
  atMs,
  receivedMs: atMs,
  key: atMs,
  order: 1,
  properties,
});

/** Somebody in a version, who did things. */
function somebody(version: Version, { zone = 'UTC', isShadow = false } = {}) {
  const trigger = seen('in', BEGAN_MS, { cart: 'mine' });
  const did: Seen[] = [];
  const state = { place: firstPlace(version, BEGAN_MS), zone, told: [] as string[], did: [] as string[] };
  const facts = (): Facts => ({
    contact: { id: 7, attributes: {}, createdMs: 0 } as unknown as Facts['contact'],
    lists: new Set(),
    tags: new Set(),
    segments: new Set(),
    zone: state.zone,
    stat: () => undefined,
    events: (name) => did.filter((one) => one.name === name).toSorted((a, b) => b.atMs - a.atMs),
  });
  const run = (place: Place) => ({ id: 7, contactId: 7, enteredMs: BEGAN_MS, isShadow, trigger, place });
  const take = (stimulus: Stimulus, atMs: number) => {
    const { place, ended, effects, why } = step(version, run(state.place), facts(), stimulus, atMs);
    state.place = place;
    state.told.push(...why.map(({ what }) => what));
    state.did.push(...effects.map((effect) => `${effect.do} ${effect.step}`));
    return ended;
  };
  take({ kind: 'enter' }, BEGAN_MS);
  return {
    state,
    facts,
    take,
    /** While it stands still: kept, and nothing comes of it. */
    doesMeanwhile: (event: Seen) => void did.push(event),
    does(event: Seen) {
      did.push(event);
      return take({ kind: 'event', event }, event.receivedMs);
    },
    due: (lateMs = 0) => take({ kind: 'due', lateMs }, state.place.dueMs),
    resume(pause: Pause, nowMs: number) {
      state.place = resumed(version, run(state.place), state.zone, pause, nowMs);
      return take({ kind: 'resumed' }, nowMs);
    },
  };
}

const waits = (more: object = {}) =>
  versionWith([
    { key: 'w', wait_for: { event: 'paid', timeout: '2d', ...more }, then: { done: 'yes', timeout: 'no' } },
    { ...send('yes'), then: { next: 'end' } },
    send('no'),
  ]);

for (const since of [undefined, 'step', { ago: '1h' }] as const) {
  const version = waits(since === undefined ? {} : { since });
  const name = since === undefined ? 'the trigger' : JSON.stringify(since);
  test(`what came while it was paused ends a wait on resume (since ${name}), early and late in the pause`, () => {
    for (const paidMs of [WEEKS.pausedMs + 1, RESUMED_MS - 1]) {
      const ann = somebody(version);
      ann.doesMeanwhile(seen('paid', paidMs));
      ann.resume(WEEKS, RESUMED_MS);
      assert.deepEqual(ann.state.did, ['send yes']);
    }
  });

  test(`what was done before the pause and is told after it ends the wait, too (since ${name})`, () => {
    const ann = somebody(version);
    ann.resume(WEEKS, RESUMED_MS);
    ann.does({ ...seen('paid', BEGAN_MS + HOUR_MS / 2), receivedMs: RESUMED_MS + HOUR_MS });
    assert.deepEqual(ann.state.did, ['send yes']);
  });
}

test('told after the resume and before its lane has come to it: the resume finds it, or it was heard', () => {
  const ann = somebody(waits());
  // Its time seems over: what the pause adds is not known yet.
  ann.does(seen('paid', RESUMED_MS + 1));
  ann.resume(WEEKS, RESUMED_MS + 2);
  assert.deepEqual(ann.state.did, ['send yes']);
});

test('caught up with, what came after the time of the wait does not count, and what came in it does', () => {
  const caughtUp = { ...WEEKS, byMs: 0 };
  const late = somebody(waits());
  late.doesMeanwhile(seen('paid', BEGAN_MS + 3 * DAY_MS));
  late.resume(caughtUp, RESUMED_MS);
  assert.deepEqual(late.state.did, []);
  const inTime = somebody(waits());
  inTime.doesMeanwhile(seen('paid', BEGAN_MS + DAY_MS));
  inTime.resume(caughtUp, RESUMED_MS);
  assert.deepEqual(inTime.state.did, ['send yes']);
});

test('a pause moves what is left of a wait, once, however often it is paused', () => {
  const ann = somebody(waits());
  ann.resume(WEEKS, RESUMED_MS);
  assert.equal(ann.state.place.dueMs, BEGAN_MS + 2 * DAY_MS + WEEKS.byMs);
  const again = { pausedMs: RESUMED_MS + HOUR_MS, byMs: DAY_MS, overMs: 0 };
  ann.resume(again, again.pausedMs + DAY_MS);
  assert.equal(ann.state.place.dueMs, BEGAN_MS + 3 * DAY_MS + WEEKS.byMs);
  ann.due();
  assert.deepEqual(ann.state.did, ['send no']);
});

test('who came to the step after the resume, or whom an edit put there in the pause, waits no longer for the pause', () => {
  const version = waits();
  const later = { step: 'w', sinceMs: RESUMED_MS + 1, dueMs: RESUMED_MS + 1 + 2 * DAY_MS, seq: 1 };
  assert.deepEqual(resumed(version, { id: 7, place: later }, 'UTC', WEEKS, RESUMED_MS + 2), later);
  const editedMs = WEEKS.pausedMs + 7 * DAY_MS;
  const removed = { step: 'gone', sinceMs: BEGAN_MS, dueMs: BEGAN_MS + DAY_MS, seq: 1 };
  const from = versionWith([{ key: 'gone', wait: { for: '1d' } }, send('yes')]);
  const put = moved(from, version, { id: 7, place: removed }, 'UTC', editedMs);
  assert.equal(put.step, 'yes');
  assert.equal(resumed(version, { id: 7, place: put }, 'UTC', WEEKS, RESUMED_MS).dueMs, RESUMED_MS);
});

test('caught up with, a message is not sent when it is too late for it; shifted, it is', () => {
  const version = versionWith([{ key: 'rest', wait: { for: '2d' } }, send('out', { lateBy: '1h' })]);
  const late = somebody(version);
  late.resume({ ...WEEKS, byMs: 0 }, RESUMED_MS);
  late.due();
  assert.deepEqual([late.state.did, late.state.told.at(-2)], [[], 'suppressed']);
  const shifted = somebody(version);
  shifted.resume(WEEKS, RESUMED_MS);
  shifted.due();
  assert.deepEqual(shifted.state.did, ['send out']);
});

test('hours and dates do not move with a pause; a time of day is that time again', () => {
  const day = somebody(
    versionWith([{ key: 'hours', wait_until: { from: '09:00', to: '10:00' } }, send('out')] as Step[]),
  );
  assert.equal(day.state.place.dueMs, Date.parse('2026-03-03T09:00:00Z'));
  day.resume({ pausedMs: BEGAN_MS + HOUR_MS, byMs: HOUR_MS, overMs: 0 }, BEGAN_MS + 2 * HOUR_MS);
  assert.equal(day.state.place.dueMs, Date.parse('2026-03-03T09:00:00Z'));
  const wall = somebody(versionWith([{ key: 'rest', wait: { for: '1d', thenAt: '09:00' } }, send('out')]));
  assert.equal(wall.state.place.dueMs, Date.parse('2026-03-04T09:00:00Z'));
  wall.resume({ pausedMs: BEGAN_MS + HOUR_MS, byMs: 5 * HOUR_MS, overMs: 0 }, BEGAN_MS + 6 * HOUR_MS);
  assert.equal(wall.state.place.dueMs, Date.parse('2026-03-04T09:00:00Z'));
  wall.resume({ pausedMs: BEGAN_MS + 7 * HOUR_MS, byMs: DAY_MS, overMs: 0 }, BEGAN_MS + 31 * HOUR_MS);
  assert.equal(wall.state.place.dueMs, Date.parse('2026-03-05T09:00:00Z'));
});

test('what became of a message while it was paused is known on resume', () => {
  const version = versionWith([
    { ...send('first', { await: 'delivered' }), then: { failed: 'sorry' } },
    { ...send('second'), then: { next: 'end' } },
    send('sorry'),
  ]);
  for (const [name, then] of [
    ['$delivered', 'send second'],
    ['$failed', 'send sorry'],
  ] as const) {
    const ann = somebody(version);
    ann.doesMeanwhile(seen('$accepted', WEEKS.pausedMs, { enrolment: 7, step: 'first' }));
    ann.doesMeanwhile(seen(name, WEEKS.pausedMs + 1, { enrolment: 7, step: 'first' }));
    ann.doesMeanwhile(seen('$failed', WEEKS.pausedMs + 2, { enrolment: 8, step: 'first' }));
    ann.resume(WEEKS, RESUMED_MS);
    assert.deepEqual(ann.state.did, ['send first', then]);
  }
});

test('what is waited for and comes after its time is told as late, once, and the branch stands', () => {
  const steps: Step[] = [
    {
      key: 'w',
      wait_for: { event: 'paid', timeout: '2d', match: { cart: 'cart' } },
      then: { done: 'end', timeout: 'rest' },
    },
    { key: 'rest', wait: { for: '5d' } },
    send('no'),
  ];
  const ann = somebody(versionWith(steps));
  ann.due();
  assert.equal(ann.state.place.step, 'rest');
  ann.does(seen('paid', BEGAN_MS + 3 * DAY_MS, { cart: 'another' }));
  assert.ok(!ann.state.told.includes('late'), 'another cart is none of it');
  ann.does(seen('paid', BEGAN_MS + 3 * DAY_MS, { cart: 'mine' }));
  ann.does(seen('paid', BEGAN_MS + 3 * DAY_MS + 1, { cart: 'mine' }));
  assert.deepEqual(
    ann.state.told.filter((what) => what === 'late'),
    ['late'],
  );
  ann.due();
  assert.deepEqual(ann.state.did, ['send no']);
});

test('a time of day is the contact’s: in another zone by the time it comes, their next such time is waited for', () => {
  const version = versionWith([{ key: 'rest', wait: { for: '1d', thenAt: '09:00' } }, send('out')]);
  const west = somebody(version, { zone: 'Europe/Paris' });
  assert.equal(west.state.place.dueMs, Date.parse('2026-03-04T08:00:00Z'));
  west.state.zone = 'America/Los_Angeles';
  west.due();
  assert.deepEqual(west.state.did, []);
  assert.equal(west.state.place.dueMs, Date.parse('2026-03-04T17:00:00Z'));
  west.due();
  assert.deepEqual(west.state.did, ['send out']);
  const stays = somebody(version, { zone: 'Europe/Paris' });
  stays.due();
  assert.deepEqual(stays.state.did, ['send out']);
});

/** Somebody who waits at `w`, as one version has it, and is moved to another. */
function movedTo(was: object, is: object, afterMs: number, zone = 'UTC') {
  const from = versionWith([{ key: 'w', ...was } as Step, send('out')]);
  const to = versionWith([{ key: 'w', ...is } as Step, send('out')]);
  const { place } = somebody(from, { zone }).state;
  const next = moved(from, to, { id: 7, place }, zone, BEGAN_MS + afterMs);
  return { place, next, due: new Date(next.dueMs).toISOString() };
}

test('campaigns.md §3.6: who seemed to have done what is waited for now and has not after all waits on, for as long as they have', () => {
  const from = waits();
  const ann = somebody(from);
  const signs = (where: object): Step => ({
    key: 'w',
    wait_for: { event: 'signed', timeout: '2d', where: where as never },
    then: { done: 'yes', timeout: 'no' },
  });
  const to = versionWith([signs({ property: 'who', is: { attribute: 'name' } }), ...from.steps.slice(1)]);
  ann.doesMeanwhile(seen('signed', BEGAN_MS + HOUR_MS, { who: 'Ann' }));
  const run = { id: 7, contactId: 7, enteredMs: BEGAN_MS, isShadow: false, trigger: seen('in', BEGAN_MS) };
  const called = (name: string): Facts => {
    const facts = ann.facts();
    return { ...facts, contact: { ...facts.contact, attributes: { name } } };
  };
  const movedMs = BEGAN_MS + 2 * HOUR_MS;
  const { place } = ann.state;
  assert.deepEqual(noticed(from, to, { ...run, place }, called('Bob'), movedMs), place);
  assert.deepEqual(noticed(to, to, { ...run, place }, called('Ann'), movedMs), place, 'nothing was changed');
  const soon = noticed(from, to, { ...run, place }, called('Ann'), movedMs);
  assert.ok(soon.dueMs >= movedMs && soon.dueMs < movedMs + 10 * 60_000);
  const due = (name: string) =>
    step(to, { ...run, place: soon }, called(name), { kind: 'due', lateMs: 0 }, soon.dueMs);
  const left = due('Ann');
  assert.deepEqual(
    left.effects.map((effect) => `${effect.do} ${effect.step}`),
    ['send yes'],
  );
  const stays = due('Bob');
  assert.deepEqual([stays.effects, stays.place.dueMs], [[], place.dueMs]);
});

test('campaigns.md §3.6: a wait until a time of day that is changed ends at such a time', () => {
  const day = (more: object) => ({ wait: { for: '1d', thenAt: '09:00', ...more } });
  const cases = [
    [day({}), day({ for: '30h' }), '2026-03-04T09:00:00.000Z'],
    [day({}), day({ for: '2d' }), '2026-03-05T09:00:00.000Z'],
    [day({}), day({ thenAt: '18:00' }), '2026-03-03T18:00:00.000Z'],
    [day({}), { wait: { for: '1d' } }, '2026-03-03T10:00:00.000Z'],
    [{ wait: { for: '1d' } }, day({}), '2026-03-04T09:00:00.000Z'],
    [day({}), { wait_for: { event: 'paid', timeout: '3d' } }, '2026-03-05T10:00:00.000Z'],
  ] as const;
  for (const [was, is, due] of cases) assert.equal(movedTo(was, is, HOUR_MS).due, due, JSON.stringify(is));
  const paris = movedTo({ wait: { for: '1d' } }, day({}), HOUR_MS, 'Europe/Paris');
  assert.deepEqual([paris.due, paris.next.zone], ['2026-03-04T08:00:00.000Z', 'Europe/Paris']);
});

test('campaigns.md §3.6: hours and a date that are changed are asked for again', () => {
  const until = (from: string, to: string) => ({ wait_until: { from, to } });
  const { due } = movedTo(until('08:00', '09:00'), until('12:00', '13:00'), HOUR_MS);
  assert.equal(due, '2026-03-02T12:00:00.000Z');
  // Whom it makes due leave within ten minutes, as where a wait is made shorter.
  const open = movedTo(until('08:00', '09:00'), until('10:30', '13:00'), HOUR_MS);
  assert.equal(open.next.dueMs, BEGAN_MS + HOUR_MS + 7);
  const date = movedTo(until('08:00', '09:00'), { wait_until: { attribute: 'leaves' } }, HOUR_MS);
  assert.equal(date.next.dueMs, BEGAN_MS + HOUR_MS);
  const same = movedTo(
    until('08:00', '09:00'),
    { ...until('08:00', '09:00'), then: { next: 'end' } },
    HOUR_MS,
  );
  assert.equal(same.due, '2026-03-03T08:00:00.000Z');
});

test('campaigns.md §3.6: a step that is another kind of step now is taken by who stands there', () => {
  const was = { wait: { for: '1d' } };
  const to = versionWith([send('w'), send('out')]);
  const ann = somebody(versionWith([{ key: 'w', ...was }, send('out')]));
  const { key: _key, ...sends } = send('w');
  const { next } = movedTo(was, sends, HOUR_MS);
  assert.deepEqual([next.phase, next.dueMs], ['go', BEGAN_MS + HOUR_MS + 7]);
  const run = { id: 7, contactId: 7, enteredMs: BEGAN_MS, isShadow: false, trigger: null, place: next };
  const { effects } = step(to, run, ann.facts(), { kind: 'due', lateMs: 0 }, next.dueMs);
  assert.deepEqual(
    effects.map((effect) => `${effect.do} ${effect.step}`),
    ['send w', 'send out'],
  );
});

test('campaigns.md §3.4: who has come back to a step a hundred times is out of it', () => {
  const rest: Step = { key: 'rest', wait: { for: '1m' }, then: { next: 'again' } };
  for (const before of [[], [{ key: 'first', set: { a: 1 } } as Step]]) {
    const ann = somebody(versionWith([...before, { key: 'again', tag: { add: ['t'] } }, rest]));
    let ended: ReturnType<typeof ann.due>;
    let times = 0;
    while (!(ended = ann.due())) assert.ok(++times < 200, 'it never ends');
    assert.deepEqual(ended, { exited: 'expired' });
    assert.equal(ann.state.did.filter((one) => one === 'tag again').length, 101);
  }
});

test('campaigns.md §3.4: two hundred steps in a row are taken fifty in a turn, as of one instant, each once and in order', () => {
  const steps = Array.from({ length: 200 }, (_, n): Step => ({ key: `s${n}`, set: { n } }));
  const ann = somebody(versionWith(steps));
  for (let turns = 1; ; turns++) {
    assert.equal(ann.state.did.length, Math.min(200, turns * 50));
    assert.ok(turns < 10);
    if (ann.state.told.at(-1) === 'completed') break;
    assert.deepEqual([ann.state.place.phase, ann.state.place.dueMs], ['go', BEGAN_MS]);
    ann.due();
  }
  assert.deepEqual(
    ann.state.did,
    steps.map(({ key }) => `set ${key}`),
  );
});
