/**
 * What became of a broadcast by hour, and what came of it: who wrote back and who wants no more. Counted from the feed beside what is
 * paid for (`usage.ts`), so that a page of results reads some hundred rows and never the deliveries.
 *
 * An answer is of the broadcast that was the last thing sent to somebody on that channel, within a week before it. STOP as the whole
 * message is an opt-out, and no reply.
 */
import { hourOf } from '../base/clock.ts';
import { keywordOf } from '../contacts/consent/words.ts';
import { holdContacts } from '../contacts/held.ts';
import type { ConsentRefused } from '../contacts/refused.ts';
import type { MessageReceived } from '../conversations/conversations.ts';
import type { Db, Fragment, Tx } from '../db/pool.ts';
import type { FeedEvent } from '../queue/feed/reader.ts';
import type { DeliveryChange, DeliveryChanged } from './events.ts';
import {
  ANSWER,
  hasOutcome,
  insertAnswers,
  selectAnswers,
  selectRunHours,
  selectRunsAnswered,
  type AnswerKind,
  type Answered,
  type HourCounts,
  type HourOfRun,
  type SaidThere,
} from './sql.hours.ts';
import { SENT, STATE, type StateCode, type StateName } from './states.ts';

const HOUR_MS = 3_600_000;
/** What was said longer ago is answered no more. */
const ANSWERED_WITHIN_MS = 7 * 24 * HOUR_MS;
/** Hours of a broadcast that are shown: three months, in which receipts and answers come. */
const MOST_HOURS = 2_160;

/** Something that adds to an hour of a run. */
export type RunCount = { causeId: number; atMs: number } & Partial<HourCounts>;

/** What the deliveries of runs became in these events, each in the hour in which it did. */
export function runCountsIn(events: readonly Pick<FeedEvent, 'type' | 'payload'>[]): RunCount[] {
  return events.flatMap(({ type, payload }) => {
    if (type !== 'delivery.changed') return [];
    const { bulk, changes, accepted = [] } = payload as DeliveryChanged;
    if (!bulk) return [];
    const sent = accepted.map(({ causeId, atMs, contactIds }) => ({
      causeId,
      atMs,
      sent: contactIds.length,
    }));
    return [...sent, ...changes.map(countOf)];
  });
}

/** One that is read was delivered, and one that was delivered was sent, whatever was told of it in between. */
function countOf({ causeId, atMs, from = STATE.queued, to }: DeliveryChange): RunCount {
  const reaches = (state: StateCode) => {
    const at = SENT.indexOf(state);
    return SENT.indexOf(to) >= at && SENT.indexOf(from) < at ? 1 : 0;
  };
  return {
    causeId,
    atMs,
    sent: reaches(STATE.accepted),
    delivered: reaches(STATE.delivered),
    read: reaches(STATE.read),
    failed: to === STATE.failed && from !== STATE.failed ? 1 : 0,
  };
}

/** One row for each run and hour, in one order. */
export function hoursOfRuns(counts: readonly RunCount[]): HourOfRun[] {
  const hours = new Map<string, HourOfRun>();
  for (const { causeId, atMs, ...more } of counts) {
    const hourMs = hourOf(atMs);
    const key = `${causeId}|${hourMs}`;
    const hour = hours.get(key) ?? { ...NOTHING, causeId, hourMs };
    hours.set(key, hour);
    for (const [name, n] of Object.entries(more) as [keyof HourCounts, number][]) hour[name] += n;
  }
  return [...hours.values()]
    .filter((hour) => Object.keys(NOTHING).some((name) => hour[name as keyof HourCounts] > 0))
    .sort((a, b) => a.causeId - b.causeId || a.hourMs - b.hourMs);
}

const NOTHING: HourCounts = {
  sent: 0,
  delivered: 0,
  read: 0,
  failed: 0,
  replied: 0,
  optedOut: 0,
  segments: 0,
};

/** Who answered a run in these events, and had not before; part of the transaction that reads them. */
export async function answersIn(tx: Tx, events: readonly FeedEvent[]): Promise<RunCount[]> {
  const said = events.flatMap(saidIn);
  if (!said.length) return [];
  const found = await selectRunsAnswered(tx, said, ANSWERED_WITHIN_MS);
  const rows = found.flatMap(({ place, causeId, text }) => {
    const { contactId, workspaceId, atMs, kind } = said[place]!;
    const isStop = kind === 'replied' && text !== null && keywordOf(text) === 'stop';
    return isStop ? [] : [{ contactId, workspaceId, atMs, causeId, kind: ANSWER[kind] }];
  });
  if (!rows.length) return [];
  // None is erased before the row is there to be erased, too.
  const { present } = await holdContacts(tx, rows);
  const held = rows.filter(({ contactId }) => present.has(contactId));
  const first = new Map(held.toReversed().map((row) => [keyText(row), row]));
  const fresh = first.size ? await insertAnswers(tx, [...first.values()]) : [];
  return fresh.map(({ causeId, atMs, kind }) => ({
    causeId,
    atMs,
    ...(kind === ANSWER.replied ? { replied: 1 } : { optedOut: 1 }),
  }));
}

const keyText = ({ contactId, causeId, kind }: Omit<Answered, 'atMs'>) => `${contactId}|${causeId}|${kind}`;

function saidIn({
  type,
  payload,
  workspaceId,
  atMs,
}: FeedEvent): (SaidThere & { workspaceId: number; kind: AnswerKind })[] {
  if (type === 'message.received') {
    const { contactId, channel, messageId } = payload as MessageReceived;
    return [{ contactId, channel, messageId, workspaceId, atMs, kind: 'replied' }];
  }
  if (type !== 'consent.refused') return [];
  const { contactId, channel } = payload as ConsentRefused;
  return [{ contactId, channel, messageId: null, workspaceId, atMs, kind: 'optedOut' }];
}

/** The hours of a run in which anything became of it; `buckets` are the first of its lanes. */
export async function hoursInRun(
  db: Db,
  buckets: readonly number[],
  runId: number,
): Promise<(HourCounts & { hourMs: number })[]> {
  return await selectRunHours(db, buckets, runId, MOST_HOURS);
}

/** Who answered a run, a page of them. */
export async function answersToRun(
  db: Db,
  workspaceId: number,
  runId: number,
  page: { kind: AnswerKind; afterContactId: number; limit: number },
): Promise<{ contactId: number; atMs: number }[]> {
  return await selectAnswers(db, workspaceId, runId, { ...page, kind: ANSWER[page.kind] });
}

/** How a run ended with somebody: the state of its delivery, or that they answered. */
export type RunOutcome = StateName | AnswerKind;

/** Whom a run ended so with: says a condition on `contacts c`. */
export function whoOfRun(db: Db, runId: number, outcome: RunOutcome): Fragment {
  return hasOutcome(
    db,
    runId,
    outcome === 'replied' || outcome === 'optedOut' ? { answer: ANSWER[outcome] } : { state: STATE[outcome] },
  );
}
