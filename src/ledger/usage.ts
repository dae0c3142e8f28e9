/**
 * What is paid for (N20): messages that were handed to a provider, and people who were active in a month. People are active when
 * they write or begin a conversation; writing to them does not make them so. Counted from the feed, so that what sends and
 * receives does nothing for it. Months are those of UTC. What became of broadcasts by hour is counted on the way (`hours.ts`).
 */
import type { ChannelName } from '../../contract/channels.ts';
import { isoTime } from '../base/clock.ts';
import type { MessageReceived } from '../conversations/conversations.ts';
import type { ConversationStarted } from '../conversations/events.ts';
import type { Db, Tx } from '../db/pool.ts';
import type { FeedReader, FeedEvent } from '../queue/feed/reader.ts';
import type { Queue } from '../queue/queue.ts';
import type { DeliveryChange, DeliveryChanged } from './events.ts';
import { answersIn, hoursOfRuns, runCountsIn, type RunCount } from './hours.ts';
import { addRunHours } from './sql.hours.ts';
import {
  addUsedMessages,
  countActivePeople,
  insertActivePeople,
  selectAttempted,
  selectUsedMessages,
  type UsedMessages,
} from './sql.usage.ts';
import { isWaiting, SENT, STATE, type StateCode } from './states.ts';

/** What a workspace used in a month; `segments` are the text messages that they took, on SMS. */
type Usage = {
  messages: { channel: ChannelName; n: number; segments?: number }[];
  activePeople: number;
};

/** What a workspace used in a month, such as 202611. */
export async function usageOf(db: Db, workspaceId: number, month: number): Promise<Usage> {
  const [messages, activePeople] = await Promise.all([
    selectUsedMessages(db, workspaceId, month),
    countActivePeople(db, workspaceId, month),
  ]);
  return {
    messages: messages.map(({ channel, n, extraSegments }) =>
      channel === 'sms' ? { channel, n, segments: n + extraSegments } : { channel, n },
    ),
    activePeople,
  };
}

/** The month of a time, such as 202611. */
export function monthOf(atMs: number): number {
  const iso = isoTime(atMs);
  return Number(iso.slice(0, 4) + iso.slice(5, 7));
}

/** The reader of the feed that counts. */
export function usageReader(deps: { queue: Pick<Queue, 'firstBucketOf'> }): FeedReader {
  const { queue } = deps;
  return {
    name: 'usage',
    async read(tx, events) {
      const active = events.flatMap(activeIn);
      const distinct = new Map(active.map((one) => [`${one.month}|${one.contactId}`, one]));
      if (distinct.size > 0) await insertActivePeople(tx, [...distinct.values()]);
      const { used, segments } = await usedIn(tx, events);
      const hours = hoursOfRuns([...runCountsIn(events), ...segments, ...(await answersIn(tx, events))]);
      const bucket = queue.firstBucketOf(events);
      if (used.length > 0) await addUsedMessages(tx, bucket, used);
      if (hours.length > 0) await addRunHours(tx, bucket, hours);
    },
  };
}

function activeIn({ type, payload, workspaceId, atMs }: FeedEvent) {
  if (type !== 'message.received' && type !== 'conversation.started') return [];
  const { contactId } = payload as MessageReceived | ConversationStarted;
  return [{ workspaceId, month: monthOf(atMs), contactId }];
}

/**
 * What was sent, per workspace, month and channel, and the text messages of each run. A delivery counts once: when it leaves waiting,
 * sent or refused. What a run was accepted for comes in few words, and all of it went through one channel, so that one of them tells
 * it; the others are looked up.
 */
async function usedIn(
  tx: Tx,
  events: readonly FeedEvent[],
): Promise<{ used: UsedMessages[]; segments: RunCount[] }> {
  const told = events.flatMap(({ type, payload, workspaceId }) =>
    type === 'delivery.changed' ? [{ workspaceId, ...(payload as DeliveryChanged) }] : [],
  );
  const ended = told.flatMap(({ changes, workspaceId, bulk }) =>
    changes.filter(hasEnded).map((change) => ({ ...change, workspaceId, bulk })),
  );
  const runs = told.flatMap(({ accepted, workspaceId, bulk }) =>
    (accepted ?? []).map((run) => ({ ...run, contactId: run.contactIds[0]!, seq: 0, workspaceId, bulk })),
  );
  const samples = new Map(runs.map((run) => [run.causeId, run]));
  const keys = [...ended, ...samples.values()];
  const found = keys.length ? await selectAttempted(tx, keys) : [];
  const known = new Map(found.map((one) => [keyText(one), one]));
  const used = new Map<string, UsedMessages>();
  const segments: RunCount[] = [];
  const count = (
    {
      workspaceId,
      atMs,
      causeId,
      bulk,
    }: { workspaceId: number; atMs: number; causeId?: number; bulk: boolean },
    channel: string,
    n: number,
    extraSegments: number,
  ) => {
    const month = monthOf(atMs);
    const key = `${workspaceId}|${month}|${channel}`;
    const row = used.get(key) ?? { workspaceId, month, channel, n: 0, extraSegments: 0 };
    used.set(key, { ...row, n: row.n + n, extraSegments: row.extraSegments + extraSegments });
    if (bulk && channel === 'sms' && causeId !== undefined)
      segments.push({ causeId, atMs, segments: n + extraSegments });
  };
  for (const run of runs) {
    const sample = known.get(keyText(samples.get(run.causeId)!));
    if (sample) count(run, sample.channel, run.contactIds.length, run.extraSegments ?? 0);
  }
  for (const one of ended) {
    const delivery = known.get(keyText(one));
    if (delivery) count(one, delivery.channel, 1, (delivery.segments ?? 1) - 1);
  }
  for (const { workspaceId, late, bulk } of told)
    if (late) count({ ...late, workspaceId, bulk }, 'sms', 0, late.extraSegments);
  return { used: [...used.values()], segments };
}

function hasEnded({ from, to }: DeliveryChange): boolean {
  return isWaiting((from ?? STATE.queued) as StateCode) && (SENT.includes(to) || to === STATE.failed);
}

function keyText({ contactId, causeId, seq }: { contactId: number; causeId: number; seq: number }): string {
  return `${contactId}|${causeId}|${seq}`;
}
