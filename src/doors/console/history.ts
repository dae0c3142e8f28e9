/** What passed between a workspace and a contact: what was said, and broadcasts that reached out. Newest first. */
import { NEWEST_FIRST, TimeGiven } from '../../../contract/doors/console/fields.ts';
import { type HistoryEntry, HistoryPage } from '../../../contract/doors/console/messages.ts';
import { type Fault, isFault } from '../../base/fault.ts';
import { toHex24 } from '../../base/ids.ts';
import type { Broadcast } from '../../broadcasts/broadcast.ts';
import { asLongAsSent } from '../../broadcasts/size.ts';
import { broadcastsOfRuns } from '../../broadcasts/find.ts';
import { mergesInto } from '../../contacts/merge.ts';
import { compile } from '../../content/compile.ts';
import { conversationsOf } from '../../conversations/conversations.ts';
import type { Message } from '../../conversations/message.ts';
import { historyPage } from '../../conversations/history.ts';
import { deliveriesTo } from '../../ledger/deliveries.ts';
import type { Delivery } from '../../ledger/delivery.ts';
import { findContact } from './people/contacts.ts';
import { presentDelivery, consoleMessage, saidBy, type Said } from './present.ts';
import { reads, readLimit, readTime, timeText, type Call, type Route } from './route.ts';

/** Deliveries of one contact that are looked at: more than anybody is ever sent in a year. */
const MOST_DELIVERIES = 1000;
/** More than anybody was, of whom something is still on its way. */
const MOST_MERGED = 20;

/** `…/contacts/{id}/history`. */
export const historyRoutes: readonly Route[] = [
  reads({
    path: '/contacts/:contactId/history',
    action: 'messages.read',
    does: 'What passed between a workspace and a contact, newest first.',
    query: { limit: NEWEST_FIRST.limit, before: TimeGiven },
    answer: HistoryPage,
    handle: history,
  }),
];

type OfHistory<E> = E extends HistoryEntry ? Omit<E, 'at'> : never;
/** An entry before its time is written. */
type HistoryPart = { atMs: number; body: OfHistory<HistoryEntry> };

async function history(call: Call): Promise<HistoryPage | Fault> {
  const limit = readLimit(call);
  if (isFault(limit)) return limit;
  const { before } = call.query;
  const beforeMs = before === undefined ? undefined : readTime(before, 'before');
  if (isFault(beforeMs)) return beforeMs;
  const contact = await findContact(call);
  if (isFault(contact)) return contact;
  const { sql } = call.ctx;
  const everyId = everyIdOf(contact.id, await mergesInto(sql, call.workspace.id, contact.id));
  const all = await passedBefore(call, everyId, { beforeMs, limit: limit + 1 });
  all.sort((a, b) => b.atMs - a.atMs);
  const page = onePage(all, limit);
  return {
    entries: page.map(({ atMs, body }) => ({ at: timeText(atMs), ...body })),
    next: page.length < all.length ? timeText(page.at(-1)!.atMs) : null,
  };
}

/** The ids that somebody has had: their own, and those of who was merged into them, the latest first. What was sent to those stays theirs. */
export function everyIdOf(
  contactId: number,
  merged: readonly { contactId: number }[],
): [number, ...number[]] {
  return [contactId, ...merged.slice(0, MOST_MERGED).map((one) => one.contactId)];
}

/** What was said and sent before a moment: the newest `limit` messages, and broadcasts. In no order. `everyId`: their own first. */
export async function passedBefore(
  call: Call,
  everyId: readonly [number, ...number[]],
  { beforeMs, limit }: { beforeMs: number | undefined; limit: number },
): Promise<HistoryPart[]> {
  const { sql } = call.ctx;
  const [contactId] = everyId;
  const conversation = (await conversationsOf(sql, [contactId])).get(contactId);
  const [messages, ...sentTo] = await Promise.all([
    conversation ? historyPage(sql, { conversationId: conversation.id, beforeMs, limit }) : [],
    ...everyId.map((id) => deliveriesTo(sql, call.workspace.id, id, MOST_DELIVERIES)),
  ]);
  const deliveries = sentTo.flat();
  const said = messages.map((message) => messageEntry(message, deliveries));
  const sent = await broadcastEntries(call, deliveries);
  return [...said, ...sent.filter(({ atMs }) => beforeMs === undefined || atMs < beforeMs)];
}

/** The next page begins before a moment, so what is of one moment is not cut apart. `all`: newest first. */
export function onePage<T extends { atMs: number }>(all: readonly T[], limit: number): readonly T[] {
  if (all.length <= limit) return all;
  const cutMs = all[limit]!.atMs;
  const kept = all.slice(0, limit).filter(({ atMs }) => atMs !== cutMs);
  return kept.length > 0 ? kept : all.slice(0, limit);
}

function messageEntry(message: Message, deliveries: readonly Delivery[]): HistoryPart {
  const own = deliveries.filter(({ causeId }) => causeId === message.id);
  const said = saidBy(message);
  return {
    atMs: message.atMs,
    body: {
      type: 'message',
      message: consoleMessage(message),
      deliveries: own.map((one) => presentDelivery(one, said)),
    },
  };
}

/** The broadcasts among what somebody was sent. */
export async function broadcastEntries(call: Call, deliveries: readonly Delivery[]): Promise<HistoryPart[]> {
  const runIds = [...new Set(deliveries.map(({ causeId }) => causeId))];
  const broadcasts = await broadcastsOfRuns(call.ctx.sql, runIds);
  const byRun = new Map(broadcasts.map((broadcast) => [broadcast.runId, broadcast]));
  return deliveries.flatMap((delivery): HistoryPart[] => {
    const broadcast = byRun.get(delivery.causeId);
    if (broadcast?.workspaceId !== call.workspace.id) return [];
    const { id, name, content } = broadcast;
    const body: OfHistory<HistoryEntry> = {
      type: 'broadcast',
      broadcast: { id: toHex24(id), name, class: broadcast.class, content },
      deliveries: [presentDelivery(delivery, saidIn(call, broadcast))],
    };
    return [{ atMs: delivery.sentMs ?? delivery.stateMs, body }];
  });
}

/** What a broadcast says, with links as long as they went out. */
function saidIn({ ctx, workspace }: Call, broadcast: Broadcast): Said | undefined {
  const compiled = compile(broadcast.content);
  return isFault(compiled) ? undefined : { compiled, options: asLongAsSent(ctx.links, workspace, broadcast) };
}
