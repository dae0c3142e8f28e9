/** What an outcome means, whole: every kind of outcome and every verdict by what is written, whether it is tried again and when. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ERROR_CLASSES, MESSAGE_CLASSES, type ErrorClass } from '../../../contract/channels.ts';
import type { Outcome } from '../../channels/adapter.ts';
import type { Reachable } from '../../contacts/person.ts';
import { STATE, stateName } from '../../ledger/states.ts';
import type { WorkItem } from '../../queue/work/work.ts';
import {
  decideBroken,
  decideCanceled,
  decideErased,
  decideFailure,
  decideOutcome,
  decideSpread,
  decideVerdict,
  pared,
  putOff,
  type Decision,
  type Subject,
} from './decide.ts';
import { lessonOf } from './learn.ts';
import { outboxSettings } from '../settings.ts';
import { afterUnclear, isBlameless, retryDelayMs } from './retry.ts';

const NOW = 1_000_000;
const AHEAD = 500;
const item: WorkItem = {
  bucket: 7,
  ownerId: 7,
  causeId: 70,
  seq: 1,
  attempt: 2,
  stream: 0,
  workspaceId: 3,
  dueMs: NOW - 5,
};
const destination: Reachable = {
  destinationId: 9,
  channel: 'sms',
  integrationId: null,
  address: '+15550001',
  status: 'active',
  blocks: null,
  lastInboundMs: null,
  linkedMs: 1,
};
const subject = (more: Partial<Subject> = {}): Subject => ({
  item,
  workspaceId: 3,
  class: 'transactional',
  bulk: false,
  channel: 'sms',
  integrationId: 5,
  destination,
  vars: null,
  expiresMs: NOW + 10_000_000,
  aheadMs: AHEAD,
  idempotent: false,
  canTell: false,
  mayFallBack: true,
  isCapped: true,
  ...more,
});

/** What a decision comes to, in short. */
const short = ({ row, later, moveOn, givesRoomBack, lesson, unreadAtMs }: Decision) => ({
  state: row && stateName(row.state),
  attempts: row?.attempts,
  code: row?.code,
  sent: row?.sentMs != null,
  later: later && [later.dueMs - NOW, later.attempt],
  moveOn: moveOn === true,
  roomBack: givesRoomBack === true,
  lesson: lesson && (lesson.dead ? 'dead' : 'optout'),
  unreadIn: unreadAtMs === undefined ? undefined : unreadAtMs - NOW,
});
const NOTHING = {
  code: null,
  sent: false,
  later: undefined,
  moveOn: false,
  roomBack: false,
  lesson: undefined,
  unreadIn: undefined,
};
const outcomeOf = (outcome: Outcome, more: Partial<Subject> = {}) =>
  short(decideOutcome(subject(more), outcome, NOW, 0.5));

test('accepted: sent, and looked at again where reading is waited for', () => {
  const accepted: Outcome = { kind: 'accepted', externalIds: ['a'], receipts: true };
  const sent = { ...NOTHING, state: 'accepted', attempts: 3, sent: true };
  assert.deepEqual(outcomeOf(accepted), sent);
  assert.deepEqual(outcomeOf(accepted, { unreadAfterMs: 60 }), { ...sent, unreadIn: 60 });
  const odd: Outcome = { ...accepted, externalIds: ['a\0b'] };
  const long = decideOutcome(subject({ segments: 3 }), odd, NOW, 0.5).row!;
  assert.deepEqual(
    [long.segments, long.externalIds],
    [3, ['a\uFFFDb']],
    'what cannot be stored costs nothing',
  );
  const { row } = decideOutcome(subject(), accepted, NOW, 0.5);
  assert.deepEqual(
    [row!.externalIds, row!.sentMs, row!.stateMs, row!.address, row!.destinationId, row!.integrationId],
    [['a'], NOW + AHEAD, NOW + AHEAD, '+15550001', 9, 5],
    'by the workspace’s clock',
  );
});

test('refused, by class of error: failed, moved on from, room given back; what it teaches of the address', () => {
  const LESSON: Partial<Record<ErrorClass, string>> = { recipient: 'dead', optout: 'optout' };
  for (const errorClass of ERROR_CLASSES) {
    const refused: Outcome = { kind: 'refused', code: 'x', class: errorClass, detail: '' };
    const failed = { ...NOTHING, state: 'failed', attempts: 3, code: 'x', lesson: LESSON[errorClass] };
    assert.deepEqual(outcomeOf(refused), { ...failed, moveOn: true, roomBack: true }, errorClass);
    assert.deepEqual(outcomeOf(refused, { mayFallBack: false, isCapped: false }), failed, errorClass);
  }
  assert.equal(
    outcomeOf({ kind: 'refused', code: 'x', class: 'optout', detail: '' }, { destination: undefined }).lesson,
    undefined,
  );
});

test('deferred, by class of error: held till then; what says nothing of the message does not count as a try', () => {
  const BLAMELESS = ['rate', 'config', 'refresh_token', 'sender_paused'];
  const LATER: Partial<Record<ErrorClass, number>> = {
    hold_24h: 24 * 3_600_000,
    config: 60_000,
    sender_paused: 60_000,
    template_paused: 60_000,
  };
  for (const errorClass of ERROR_CLASSES) {
    const deferred: Outcome = { kind: 'deferred', code: 'y', class: errorClass, detail: '' };
    const held = { ...NOTHING, state: 'held', attempts: 3, code: 'y' };
    assert.equal(isBlameless(errorClass), BLAMELESS.includes(errorClass), errorClass);
    const attempt = BLAMELESS.includes(errorClass) ? 2 : 3;
    const far = { expiresMs: NOW + 1e12 };
    assert.deepEqual(
      outcomeOf(deferred, far),
      { ...held, later: [LATER[errorClass] ?? 8_000, attempt] },
      errorClass,
    );
    assert.deepEqual(
      outcomeOf({ ...deferred, retryAfterMs: 77 }, far),
      { ...held, later: [77, attempt] },
      'what the provider asks for goes first',
    );
  }
  const soon = outcomeOf(
    { kind: 'deferred', code: 'y', class: 'hold_24h', detail: '' },
    { expiresMs: NOW + 1_500 },
  );
  assert.deepEqual(soon.later, [1_000, 3], 'not after its life, by our clock');
});

test('unclear, by class of message and what the provider can do: who is sent to again, who is asked first, who never', () => {
  const unclear = (code = 'timeout'): Outcome => ({ kind: 'unclear', code, detail: '' });
  const unknown = { ...NOTHING, state: 'unknown', attempts: 3, code: 'timeout' };
  for (const messageClass of MESSAGE_CLASSES)
    for (const idempotent of [false, true])
      for (const canTell of [false, true]) {
        const told = outcomeOf(unclear(), { class: messageClass, idempotent, canTell });
        const never = messageClass === 'marketing' && !idempotent && !canTell;
        const later = never ? undefined : [idempotent ? 8_000 : 10_000, 3];
        assert.deepEqual(told, { ...unknown, later }, `${messageClass} ${idempotent} ${canTell}`);
      }
  const trail = (more: Partial<Subject>) =>
    JSON.parse(decideOutcome(subject({ begunMs: 44, ...more }), unclear(), NOW, 0.5).row!.trail!)[0];
  assert.deepEqual(trail({}), {
    atMs: NOW + AHEAD,
    what: 'unclear, will be sent again unless a receipt comes',
    why: 'timeout',
    begunMs: 44,
  });
  assert.match(trail({ canTell: true }).what, /asked before/);
  const soon = outcomeOf(unclear(), { expiresMs: NOW + AHEAD + 50 });
  assert.deepEqual(soon.later, [50, 3], 'not after its life, by our clock');
  assert.match(trail({ class: 'marketing' }).what, /not sent again/);
});

test('what cannot be told is asked three times, what cannot be asked twelve; then marketing is let be and others are sent', () => {
  const tells = { idempotent: false, canTell: true };
  const resends = (messageClass: 'marketing' | 'transactional', attempt: number, code: string) =>
    afterUnclear(messageClass, tells, { attempt, code }, 0.5).resend;
  assert.deepEqual(
    [2, 3].map((n) => resends('marketing', n, 'cannot_tell')),
    [true, false],
  );
  assert.deepEqual(
    [11, 12].map((n) => resends('marketing', n, 'not_asked')),
    [true, false],
  );
  assert.deepEqual(
    [2, 3, 99].map((n) => resends('transactional', n, 'cannot_tell')),
    [true, true, true],
  );
});

test('retries are doubled from two seconds to a quarter of an hour, a half either way', () => {
  const delays = [0, 1, 2, 8, 9, 40].map((n) => retryDelayMs(n, 'transient', undefined, 0.5));
  assert.deepEqual(delays, [2_000, 4_000, 8_000, 512_000, 900_000, 900_000]);
  assert.deepEqual(
    [0, 1].map((random) => retryDelayMs(0, 'transient', undefined, random)),
    [1_000, 3_000],
  );
  assert.equal(retryDelayMs(0, 'transient', 0, 0.5), 1, 'never at once');
});

test('a verdict: never ends it, a hold holds it to the instant, and neither is a try', () => {
  const never = (code: 'expired' | 'opted_out_all', more: Partial<Subject> = {}) =>
    short(decideVerdict(subject(more), { verdict: 'never', code, also: [] }, 'said', NOW));
  const suppressed = { ...NOTHING, state: 'suppressed', attempts: 2, code: 'opted_out_all' };
  assert.deepEqual(never('opted_out_all'), { ...suppressed, moveOn: true, roomBack: true });
  const verdict = { verdict: 'never', code: 'opted_out_all', also: [] } as const;
  assert.equal(decideVerdict(subject(), verdict, 'he said stop', NOW).row!.detail, 'he said stop');
  assert.deepEqual(never('opted_out_all', { mayFallBack: false, isCapped: false }), suppressed);
  assert.equal(never('opted_out_all', { destination: undefined }).moveOn, false);
  assert.deepEqual(never('expired'), {
    ...NOTHING,
    state: 'expired',
    attempts: 2,
    code: 'expired',
    roomBack: true,
  });
  const hold = (untilMs: number, more: Partial<Subject> = {}) =>
    decideVerdict(subject(more), { verdict: 'hold', untilMs, code: 'quiet_hours', also: [] }, '', NOW);
  const held = { ...NOTHING, state: 'held', attempts: 2, code: 'quiet_hours' };
  assert.deepEqual(short(hold(NOW + AHEAD + 60)), { ...held, later: [60, 2] });
  assert.deepEqual(short(hold(NOW + 9_999, { expiresMs: NOW + AHEAD + 50 })).later, [50, 2]);
  assert.equal(JSON.parse(hold(NOW).row!.trail!)[0].why, 'quiet_hours');
  // Where it goes is chosen once it may; where it would have gone is told.
  const { destinationId, address } = hold(NOW).row!;
  assert.deepEqual([destinationId, address], [null, subject().destination!.address]);
});

test('what fails, is called off, erased or broken before it is sent', () => {
  const failed = { ...NOTHING, state: 'failed', attempts: 2, code: 'c' };
  assert.deepEqual(short(decideFailure(subject(), 'c', 'd', NOW)), {
    ...failed,
    moveOn: true,
    roomBack: true,
  });
  assert.deepEqual(
    short(decideFailure(subject({ mayFallBack: false, isCapped: false }), 'c', 'd', NOW)),
    failed,
  );
  assert.deepEqual(short(decideCanceled(subject(), NOW)), {
    ...NOTHING,
    state: 'canceled',
    attempts: 2,
    roomBack: true,
  });
  assert.equal(decideCanceled(subject(), NOW).row!.code, null);
  const terms = { workspace: { id: 3, clockAheadMs: AHEAD } };
  const erased = decideErased(subject(), terms, NOW);
  assert.deepEqual(short(erased), { ...NOTHING, state: 'canceled', attempts: 2, code: 'erased' });
  assert.deepEqual(
    [erased.row!.address, erased.row!.destinationId, erased.row!.stateMs],
    [null, null, NOW + AHEAD],
  );
  const broken = decideBroken({ item, bulk: true, class: 'marketing' }, new Error('boom'), NOW);
  assert.deepEqual(short(broken), { ...NOTHING, state: 'failed', attempts: 2, code: 'internal_error' });
  assert.match(broken.row!.detail!, /boom/);
  assert.deepEqual(putOff(item, true, NOW + 0.2), {
    item,
    bulk: true,
    later: { dueMs: NOW + 1, attempt: 2 },
  });
});

test('a decision that cannot be written whole keeps its state and when it is tried again', () => {
  const deferred = decideOutcome(
    subject({ vars: '{"a":1}' }),
    { kind: 'deferred', code: 'y', class: 'transient', detail: 'long' },
    NOW,
    0.5,
  );
  const little = pared(deferred, new Error('no'), NOW);
  assert.deepEqual(little.later, deferred.later);
  assert.equal(little.row!.state, STATE.held);
  assert.deepEqual([little.row!.detail, little.row!.vars], [null, null]);
  assert.equal(little.lesson, undefined);
  assert.equal(pared({ item, bulk: false }, new Error('no'), NOW).row!.state, STATE.failed);
});

test('one that goes to all devices is due again, with a delivery for each', () => {
  const devices = [destination, { ...destination, destinationId: 10 }];
  const spread = decideSpread(subject(), devices, NOW);
  assert.deepEqual(spread.later, { dueMs: NOW, attempt: 2 });
  assert.deepEqual(spread.spread, {
    workspaceId: 3,
    class: 'transactional',
    destinationIds: [9, 10],
    expiresMs: NOW + 10_000_000,
    mayFallBack: true,
    atMs: NOW + AHEAD,
  });
  assert.equal(decideSpread(subject({ bulk: true }), devices, NOW).spread!.expiresMs, null);
});

test('a lesson is about an address; nothing else than two classes of error teaches one', () => {
  const at = {
    workspaceId: 3,
    contactId: 7,
    destinationId: 9,
    channel: 'sms',
    address: '+1',
    integrationId: 5,
  };
  for (const errorClass of ERROR_CLASSES) {
    const lesson = lessonOf(at, { class: errorClass, code: 'z' });
    const dead = { recipient: true, optout: false }[errorClass as string];
    assert.deepEqual(lesson, dead === undefined ? undefined : { ...at, code: 'z', dead });
  }
  assert.equal(lessonOf({ ...at, address: null }, { class: 'recipient', code: 'z' }), undefined);
  assert.equal(lessonOf({ ...at, channel: null }, { class: 'recipient', code: 'z' }), undefined);
});

test('calling again needs both how often and how soon', () => {
  assert.deepEqual(outboxSettings({ redial: { times: 2, afterMs: 60 } }).redial, { times: 2, afterMs: 60 });
  for (const redial of [
    undefined,
    {},
    { times: 2 },
    { afterMs: 60 },
    { times: 0, afterMs: 60 },
    { times: 2, afterMs: 0 },
  ])
    assert.equal(outboxSettings({ redial }).redial, undefined);
});
