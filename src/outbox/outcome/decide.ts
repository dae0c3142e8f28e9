/** From an outcome to a decision: what is written about a delivery, and whether it is tried again. Pure. */
import type { MessageClass } from '../../../contract/channels.ts';
import type { Outcome } from '../../channels/adapter.ts';
import type { Reachable } from '../../contacts/people.ts';
import type { WorkItem } from '../../queue/work/sql.ts';
import type { GateFacts, Verdict } from '../../gate/gate.ts';
import { saidOf } from '../../gate/say.ts';
import { lessonOf, type Lesson } from './learn.ts';
import { afterUnclear, isBlameless, retryDelayMs } from './retry.ts';
import type { OutcomeRow } from '../../ledger/sql.ts';
import { STATE } from '../../ledger/states.ts';

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
  /** By the workspace's clock. */
  expiresMs: number;
  /** How far the workspace's clock is ahead of ours. */
  aheadMs: number;
  idempotent: boolean;
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
export type Spread = {
  workspaceId: number;
  class: MessageClass;
  destinationIds: number[];
  /** Null for a bulk run, which says it once for all. */
  expiresMs: number | null;
  mayFallBack: boolean;
  atMs: number;
};

/** What the gate's verdict means, when it is not go. `facts` are those it was made from. */
export function decideVerdict(
  subject: Subject,
  verdict: Exclude<Verdict, { verdict: 'go' }>,
  facts: GateFacts,
  nowMs: number,
): Decision {
  const { item, bulk, aheadMs } = subject;
  const { code } = verdict;
  if (verdict.verdict === 'never') {
    const end = code === 'expired' ? STATE.expired : STATE.suppressed;
    return {
      item,
      bulk,
      row: rowOf(subject, end, nowMs, item.attempt, { code, detail: saidOf(code, facts) }),
      ...(end === STATE.suppressed && subject.destination ? moveOn(subject) : {}),
      ...roomBack(subject),
    };
  }
  return {
    item,
    bulk,
    row: rowOf(subject, STATE.held, nowMs, item.attempt, { code, detail: '' }, { what: 'held', why: code }),
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

/** The run was called off before this recipient's turn. */
export function decideCanceled(subject: Subject, nowMs: number): Decision {
  const { item, bulk } = subject;
  return { item, bulk, row: rowOf(subject, STATE.canceled, nowMs, item.attempt), ...roomBack(subject) };
}

/** Put off without a word: not an attempt, and nothing to record (a full line, an open breaker). */
export function putOff(item: WorkItem, bulk: boolean, dueMs: number): Decision {
  return { item, bulk, later: { dueMs: Math.ceil(dueMs), attempt: item.attempt } };
}

/** What a provider's outcome means. `nowMs` by our clock; `random` 0..1. */
export function decideOutcome(subject: Subject, outcome: Outcome, nowMs: number, random: number): Decision {
  const { item, bulk } = subject;
  const attempts = item.attempt + 1;
  switch (outcome.kind) {
    case 'accepted':
      return {
        item,
        bulk,
        row: rowOf(subject, STATE.accepted, nowMs, attempts, undefined, undefined, outcome.externalIds),
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
      const delayMs = retryDelayMs(item.attempt, outcome.class, outcome.retryAfterMs, random);
      return {
        item,
        bulk,
        row: rowOf(subject, STATE.held, nowMs, attempts, outcome, { what: 'deferred', why: outcome.code }),
        later: { dueMs: dueWithin(subject, nowMs + delayMs), attempt: counted },
      };
    }
    case 'unclear': {
      const policy = afterUnclear(subject.class, subject, item.attempt, random);
      const row = rowOf(subject, STATE.unknown, nowMs, attempts, outcome, {
        what: policy.resend
          ? 'unclear, will be sent again unless a receipt comes'
          : 'unclear, not sent again',
        why: outcome.code,
      });
      return policy.resend
        ? { item, bulk, row, later: { dueMs: dueWithin(subject, nowMs + policy.afterMs), attempt: attempts } }
        : { item, bulk, row };
    }
  }
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
  step?: { what: string; why: string },
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
    code: why?.code ?? null,
    detail: why?.detail || null,
    externalIds: externalIds ?? null,
    vars: subject.vars,
    trail: step ? JSON.stringify([{ atMs, ...step }]) : null,
    sentMs: state === STATE.accepted ? atMs : null,
    stateMs: atMs,
  };
}
