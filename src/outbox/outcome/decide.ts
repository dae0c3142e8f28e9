/** From an outcome to a decision: what is written about a delivery, and whether it is tried again. Pure. */
import { beginningOf } from '../../base/text.ts';
import type { MessageClass } from '../../../contract/channels.ts';
import type { Outcome } from '../../channels/adapter.ts';
import type { Reachable } from '../../contacts/person.ts';
import type { Spelling } from '../../contacts/spellings.ts';
import type { WorkItem } from '../../queue/work/work.ts';
import { storable, storableJson } from '../../base/storable.ts';
import type { Verdict } from '../../gate/gate.ts';
import { lessonOf, type Lesson } from './learn.ts';
import { afterUnclear, isBlameless, retryDelayMs } from './retry.ts';
import type { OutcomeRow } from '../../ledger/delivery.ts';
import { STATE } from '../../ledger/states.ts';

const LONGEST_REASON = 300;

/** What is known of a delivery when it is decided on. */
export type Subject = {
  item: WorkItem;
  workspaceId: number;
  class: MessageClass;
  bulk: boolean;
  channel: string | null;
  integrationId: number | null;
  destination: Reachable | undefined;
  vars: string | null;
  /** Text messages that it takes, where it is more than one. */
  segments?: number;
  /** By the workspace's clock. */
  expiresMs: number;
  /** How far the workspace's clock is ahead of ours. */
  aheadMs: number;
  idempotent: boolean;
  /** Its provider can be asked what became of it. */
  canTell: boolean;
  /** When the attempt may have begun at the earliest, by our clock: since when its provider is asked. */
  begunMs?: number;
  /** Another destination may be tried when this one fails for good. */
  mayFallBack: boolean;
  /** Not read for so long: another destination is tried. */
  unreadAfterMs?: number | undefined;
  /** It may have taken room under a frequency cap. */
  isCapped?: boolean;
};

/** A decision. Without `row` nothing is written about the delivery; without `later` its work is done. */
export type Decision = {
  item: WorkItem;
  bulk: boolean;
  row?: OutcomeRow;
  /** `dueMs` by our clock. */
  later?: { dueMs: number; attempt: number };
  /** What the provider taught us about the address. */
  lesson?: Lesson;
  /** By what else the provider names who is there. */
  spelling?: Spelling;
  /** It failed for good, and another destination may be tried. */
  moveOn?: boolean;
  /** Whether it was read is looked at then, by our clock. */
  unreadAtMs?: number;
  /** It goes to all of these; the first is this delivery's own. */
  spread?: Spread;
  /** It was certainly not sent: what room it took under a frequency cap is free again. */
  givesRoomBack?: boolean;
};

/** One delivery that becomes one for each of a person's devices. */
type Spread = {
  workspaceId: number;
  class: MessageClass;
  destinationIds: number[];
  /** Null for a bulk run, which says it once for all. */
  expiresMs: number | null;
  mayFallBack: boolean;
  atMs: number;
};

/** What the gate's verdict means, when it is not go. `said` is its code in a sentence. */
export function decideVerdict(
  subject: Subject,
  verdict: Exclude<Verdict, { verdict: 'go' }>,
  said: string,
  nowMs: number,
): Decision {
  const { item, bulk, aheadMs } = subject;
  const { code } = verdict;
  if (verdict.verdict === 'never') {
    const end = code === 'expired' ? STATE.expired : STATE.suppressed;
    return {
      item,
      bulk,
      row: rowOf(subject, end, nowMs, item.attempt, { code, detail: said }),
      ...(end === STATE.suppressed && subject.destination ? moveOn(subject) : {}),
      ...roomBack(subject),
    };
  }
  const step = { what: 'held', why: code };
  return {
    item,
    bulk,
    row: chosenAnew(rowOf(subject, STATE.held, nowMs, item.attempt, { code, detail: '' }, step)),
    later: { dueMs: Math.min(verdict.untilMs, subject.expiresMs) - aheadMs, attempt: item.attempt },
  };
}

/** What failed before there was anything to send. */
export function decideFailure(subject: Subject, code: string, detail: string, nowMs: number): Decision {
  return {
    item: subject.item,
    bulk: subject.bulk,
    row: rowOf(subject, STATE.failed, nowMs, subject.item.attempt, { code, detail }),
    ...moveOn(subject),
    ...roomBack(subject),
  };
}

/** The code of what Parley itself failed on: a bug, or something that cannot be stored. */
const INTERNAL_ERROR = 'internal_error';

/** A message on which Parley itself failed before there was anything to send: it fails alone, and says so. */
export function decideBroken(
  at: Pick<Subject, 'item' | 'bulk' | 'class'> & Partial<Subject>,
  error: unknown,
  nowMs: number,
): Decision {
  const subject: Subject = {
    workspaceId: at.item.workspaceId,
    channel: null,
    integrationId: null,
    destination: undefined,
    vars: null,
    expiresMs: Number.MAX_SAFE_INTEGER,
    aheadMs: 0,
    idempotent: false,
    canTell: false,
    mayFallBack: false,
    ...at,
  };
  return decideFailure(subject, INTERNAL_ERROR, `Parley failed on this message: ${reasonOf(error)}`, nowMs);
}

/**
 * A decision as little as it can be, for when the whole of it could not be written: the state stands, so that nothing is sent
 * twice, and the trail says what is missing. `nowMs` by our clock.
 */
export function pared(decision: Decision, error: unknown, nowMs: number): Decision {
  const { item, bulk, row, later, spread } = decision;
  if (!row) return decideBroken({ item, bulk, class: spread?.class ?? 'transactional' }, error, nowMs);
  const why = storable(reasonOf(error));
  return {
    item,
    bulk,
    ...(later ? { later } : {}),
    row: {
      ...row,
      code: row.code === null ? null : storable(row.code),
      detail: null,
      vars: null,
      externalIds: row.externalIds && row.externalIds.map(storable),
      trail: JSON.stringify([
        { atMs: row.stateMs, what: `${INTERNAL_ERROR}: not all of it could be kept`, why },
      ]),
    },
  };
}

function reasonOf(error: unknown): string {
  return beginningOf(error instanceof Error ? error.message : String(error), LONGEST_REASON);
}

/** It goes to all devices: each gets a delivery of its own, in the queue, before any is sent to. */
export function decideSpread(subject: Subject, devices: readonly Reachable[], nowMs: number): Decision {
  const { item, bulk, workspaceId, expiresMs, mayFallBack, aheadMs } = subject;
  return {
    item,
    bulk,
    later: { dueMs: nowMs, attempt: item.attempt },
    spread: {
      workspaceId,
      class: subject.class,
      destinationIds: devices.map(({ destinationId }) => destinationId),
      expiresMs: bulk ? null : expiresMs,
      mayFallBack,
      atMs: nowMs + aheadMs,
    },
  };
}

function roomBack({ isCapped }: Subject): Pick<Decision, 'givesRoomBack'> {
  return isCapped ? { givesRoomBack: true } : {};
}

function moveOn(subject: Subject): Pick<Decision, 'moveOn'> {
  return subject.mayFallBack ? { moveOn: true } : {};
}

/** It was called off before this recipient's turn; `why` where that is this recipient's own. */
export function decideCanceled(
  subject: Subject,
  nowMs: number,
  why?: { code: string; detail: string },
): Decision {
  const { item, bulk } = subject;
  return { item, bulk, row: rowOf(subject, STATE.canceled, nowMs, item.attempt, why), ...roomBack(subject) };
}

/** Whom it was for was erased before its turn: it ends, and nothing but that is kept. */
export function decideErased(
  draft: Pick<Subject, 'item' | 'class' | 'bulk' | 'expiresMs'>,
  { workspace }: { workspace: { id: number; clockAheadMs: number } },
  nowMs: number,
): Decision {
  const subject: Subject = {
    item: draft.item,
    class: draft.class,
    bulk: draft.bulk,
    expiresMs: draft.expiresMs,
    workspaceId: workspace.id,
    aheadMs: workspace.clockAheadMs,
    channel: null,
    integrationId: null,
    destination: undefined,
    vars: null,
    idempotent: false,
    canTell: false,
    mayFallBack: false,
    isCapped: false,
  };
  const { item, bulk } = draft;
  return {
    item,
    bulk,
    row: rowOf(subject, STATE.canceled, nowMs, item.attempt, { code: 'erased', detail: '' }),
  };
}

/** Put off without a word: not an attempt, and nothing to record (a full line, an open breaker). */
export function putOff(item: WorkItem, bulk: boolean, dueMs: number): Decision {
  return { item, bulk, later: { dueMs: Math.ceil(dueMs), attempt: item.attempt } };
}

/** What was sent, as is known from elsewhere than an answer to the call. */
export function decideSent(subject: Subject, nowMs: number): Decision {
  const { item, bulk } = subject;
  return { item, bulk, row: rowOf(subject, STATE.accepted, nowMs, item.attempt + 1) };
}

/** What a provider's outcome means. `nowMs` by our clock; `spread` 0..1 (retry.ts). */
export function decideOutcome(subject: Subject, outcome: Outcome, nowMs: number, spread: number): Decision {
  const { item, bulk } = subject;
  const attempts = item.attempt + 1;
  switch (outcome.kind) {
    case 'accepted':
      return {
        item,
        bulk,
        row: rowOf(subject, STATE.accepted, nowMs, attempts, undefined, undefined, outcome.externalIds),
        ...spellingOf(subject, outcome.knownAs),
        ...(subject.unreadAfterMs === undefined ? {} : { unreadAtMs: nowMs + subject.unreadAfterMs }),
      };
    case 'refused': {
      const { workspaceId, destination } = subject;
      const at = {
        workspaceId,
        contactId: item.ownerId,
        destinationId: destination?.destinationId ?? null,
        channel: destination?.channel ?? null,
        address: destination?.address ?? null,
        integrationId: subject.integrationId,
      };
      const lesson = lessonOf(at, outcome);
      return {
        item,
        bulk,
        row: rowOf(subject, STATE.failed, nowMs, attempts, outcome),
        ...moveOn(subject),
        ...roomBack(subject),
        ...(lesson ? { lesson } : {}),
      };
    }
    case 'deferred': {
      const counted = isBlameless(outcome.class) ? item.attempt : attempts;
      const delayMs = retryDelayMs(item.attempt, outcome.class, outcome.retryAfterMs, spread);
      const row = rowOf(subject, STATE.held, nowMs, attempts, outcome, {
        what: 'deferred',
        why: outcome.code,
      });
      return {
        item,
        bulk,
        // What its provider is still trying at an address is tried at no other.
        row: outcome.class === 'provider_retrying' ? row : chosenAnew(row),
        later: { dueMs: dueWithin(subject, nowMs + delayMs), attempt: counted },
      };
    }
    case 'unclear': {
      const policy = afterUnclear(
        subject.class,
        subject,
        { attempt: item.attempt, code: outcome.code },
        spread,
      );
      const row = rowOf(subject, STATE.unknown, nowMs, attempts, outcome, {
        what: whatIsUnclear(subject, policy.resend),
        why: outcome.code,
        ...(subject.begunMs === undefined ? {} : { begunMs: subject.begunMs }),
      });
      return policy.resend
        ? { item, bulk, row, later: { dueMs: dueWithin(subject, nowMs + policy.afterMs), attempt: attempts } }
        : { item, bulk, row };
    }
  }
}

function spellingOf(
  { workspaceId, destination, item }: Subject,
  spelled: string | undefined,
): { spelling?: Spelling } {
  if (spelled === undefined || !destination) return {};
  const { channel, address } = destination;
  return { spelling: { workspaceId, channel, spelled, address, contactId: item.ownerId } };
}

function whatIsUnclear({ canTell }: Subject, resend: boolean): string {
  if (!resend) return 'unclear, not sent again';
  return canTell
    ? 'unclear, its provider is asked before it is sent again'
    : 'unclear, will be sent again unless a receipt comes';
}

/**
 * Where it goes is chosen once it may go: by then the address may be another, and there may be more devices. Where it is named, or may have been
 * sent already, it is known, and stays.
 */
function chosenAnew(row: OutcomeRow): OutcomeRow {
  return { ...row, destinationId: null };
}

/** Never later than the end of the message's life: then the gate ends it. */
function dueWithin(subject: Subject, dueMs: number): number {
  return Math.ceil(Math.min(dueMs, Math.max(subject.expiresMs - subject.aheadMs, 0)));
}

function rowOf(
  subject: Subject,
  state: OutcomeRow['state'],
  nowMs: number,
  attempts: number,
  why?: { code: string; detail: string },
  step?: { what: string; why: string; begunMs?: number },
  externalIds?: readonly string[],
): OutcomeRow {
  const { item, destination } = subject;
  const atMs = nowMs + subject.aheadMs;
  return {
    contactId: item.ownerId,
    causeId: item.causeId,
    seq: item.seq,
    workspaceId: subject.workspaceId,
    class: subject.class,
    state,
    attempts,
    channel: subject.channel,
    integrationId: subject.integrationId,
    destinationId: destination?.destinationId ?? null,
    address: destination?.address ?? null,
    // A provider's words may be anything.
    code: why ? storable(why.code) : null,
    detail: why?.detail ? storable(why.detail) : null,
    externalIds: externalIds?.map(storable) ?? null,
    vars: subject.vars,
    segments: subject.segments ?? null,
    trail: step ? storableJson([{ atMs, ...step }]) : null,
    sentMs: state === STATE.accepted ? atMs : null,
    stateMs: atMs,
  };
}
