/**
 * What is paid for (N20): messages that were handed to a provider, and people who were active in a month. People are active when
 * they write or begin a conversation; writing to them does not make them so. Counted from the feed, so that what sends and
 * receives does nothing for it. Months are those of UTC.
 */
import type { ChannelName } from '../../contract/channels.ts';
import { isoTime } from '../base/clock.ts';
import type { MessageReceived } from '../conversations/conversations.ts';
import type { ConversationStarted } from '../conversations/events.ts';
import type { Db, Tx } from '../db/pool.ts';
import type { FeedReader, FeedEvent } from '../queue/feed/reader.ts';
import type { Queue } from '../queue/queue.ts';
import { changesOf, type DeliveryChange, type DeliveryChanged } from './events.ts';
import {
  addUsedMessages,
  countActivePeople,
  insertActivePeople,
  selectAttempted,
  selectUsedMessages,
  type UsedMessages,
} from './sql.usage.ts';
import { isWaiting, STATE, type StateCode } from './states.ts';

/** What a workspace used in a month. */
type Usage = { messages: { channel: ChannelName; n: number }[]; activePeople: number };

/** What a workspace used in a month, such as 202611. */
export async function usageOf(db: Db, workspaceId: number, month: number): Promise<Usage> {
  const [messages, activePeople] = await Promise.all([
    selectUsedMessages(db, workspaceId, month),
    countActivePeople(db, workspaceId, month),
  ]);
  return { messages: [...messages], activePeople };
}

/** The month of a time, such as 202611. */
export function monthOf(atMs: number): number {
  const iso = isoTime(atMs);
  return Number(iso.slice(0, 4) + iso.slice(5, 7));
}

/** The reader of the feed that counts. */
export function usageReader(deps: { queue: Pick<Queue, 'lanes' | 'laneOf'> }): FeedReader {
  const { queue } = deps;
  return {
    name: 'usage',
    async read(tx, events) {
      const active = events.flatMap(activeIn);
      const distinct = new Map(active.map((one) => [`${one.month}|${one.contactId}`, one]));
      if (distinct.size > 0) await insertActivePeople(tx, [...distinct.values()]);
      const used = await usedIn(tx, events);
      if (used.length === 0) return;
      // All lanes of a batch are this worker's, so whoever counts in the first of them has no rival there.
      const lane = queue.lanes()[queue.laneOf(events[0]!.bucket)]!;
      await addUsedMessages(tx, lane.bucket, used);
    },
  };
}

function activeIn({ type, payload, workspaceId, atMs }: FeedEvent) {
  if (type !== 'message.received' && type !== 'conversation.started') return [];
  const { contactId } = payload as MessageReceived | ConversationStarted;
  return [{ workspaceId, month: monthOf(atMs), contactId }];
}

const SENT: readonly number[] = [STATE.accepted, STATE.delivered, STATE.read];

type Ended = DeliveryChange & { workspaceId: number; bulk: boolean };

/**
 * What was sent, per workspace, month and channel. A delivery counts once: when it leaves waiting, sent or refused. All of a
 * broadcast go through one channel, so that one of them tells it; of what failed it has to be looked up whether it was tried.
 */
async function usedIn(tx: Tx, events: readonly FeedEvent[]): Promise<UsedMessages[]> {
  const ended = events.flatMap(endedIn);
  if (ended.length === 0) return [];
  const sentInBulk = ended.filter(({ bulk, to }) => bulk && SENT.includes(to));
  const samples = [...new Map(sentInBulk.map((one) => [one.causeId, one])).values()];
  const single = ended.filter(({ bulk, to }) => !bulk || !SENT.includes(to));
  const found = await selectAttempted(tx, [...single, ...samples]);
  const channels = new Map(found.map((one) => [keyText(one), one.channel]));
  const ofRun = new Map(samples.map((one) => [one.causeId, channels.get(keyText(one))]));
  const used = new Map<string, UsedMessages>();
  const count = ({ workspaceId, atMs }: Ended, channel: string | undefined) => {
    if (channel === undefined) return;
    const month = monthOf(atMs);
    const key = `${workspaceId}|${month}|${channel}`;
    const row = used.get(key);
    if (row) row.n++;
    else used.set(key, { workspaceId, month, channel, n: 1 });
  };
  for (const one of sentInBulk) count(one, ofRun.get(one.causeId));
  for (const one of single) count(one, channels.get(keyText(one)));
  return [...used.values()];
}

function endedIn({ type, payload, workspaceId }: FeedEvent): Ended[] {
  if (type !== 'delivery.changed') return [];
  const told = payload as DeliveryChanged;
  return changesOf(told)
    .filter(
      ({ from, to }) =>
        isWaiting((from ?? STATE.queued) as StateCode) && (SENT.includes(to) || to === STATE.failed),
    )
    .map((change) => ({ ...change, workspaceId, bulk: told.bulk }));
}

function keyText({ contactId, causeId, seq }: { contactId: number; causeId: number; seq: number }): string {
  return `${contactId}|${causeId}|${seq}`;
}
