/**
 * Falling back: a message whose destination was left to us goes on to the contact's next one when a delivery fails for good, when
 * the provider reports it undelivered, and when it was not read in time. The next delivery and its due row are written in the
 * transaction of what caused them. Each destination is tried once; the gate has its say again when the next is sent.
 */
import type { Clock } from '../../base/clock.ts';
import type { Directory } from '../../accounts/directory.ts';
import { selectPeople } from '../../contacts/people.ts';
import type { Reachable } from '../../contacts/person.ts';
import type { Sql, Tx } from '../../db/pool.ts';
import { KIND } from '../../queue/work/kinds.ts';
import type { Queue } from '../../queue/queue.ts';
import { LaneLost, settle } from '../../queue/work/settle.ts';
import type { Handler } from '../../queue/worker.ts';
import { asLastHeard, byOrder, devicesOf } from '../../gate/choose.ts';
import { namedByFor } from '../../gate/standing.ts';
import { gate } from '../../gate/gate.ts';
import { integrationFor, termsOf, type Terms } from '../../gate/terms.ts';
import type { DeliveryKey } from '../../ledger/ref.ts';
import type { Senders } from '../../senders/senders.ts';
import { giveUpOn, sendOnward, triedFor } from '../../ledger/onward.ts';
import type { Onward, Tried } from '../../ledger/delivery.ts';
import { isWaiting, STATE, stateName, type StateCode } from '../../ledger/states.ts';

/** What falling back needs. */
export type FallbackDeps = { queue: Queue; directory: Directory };

/**
 * Moves messages on from deliveries that did not reach the person; part of the transaction in which that was written. `nowMs` is
 * by our clock. What may not move on, or has nowhere to go, stays as it is. Returns how many deliveries were made.
 */
export async function fallBack(
  deps: FallbackDeps,
  tx: Tx,
  nowMs: number,
  failed: readonly DeliveryKey[],
): Promise<number> {
  if (!failed.length) return 0;
  const tried = Map.groupBy(await triedFor(tx, [...messagesOf(failed).values()]), messageKey);
  const movable = failed.flatMap((key) => movableFrom(key, tried.get(messageKey(key)) ?? []));
  if (!movable.length) return 0;
  const allTerms = await termsOf(deps.directory, new Set(movable.map(({ workspaceId }) => workspaceId)));
  const contacts = new Map(
    movable.map(({ workspaceId, contactId }) => [contactId, { workspaceId, contactId }]),
  );
  const people = await selectPeople(tx, [...contacts.values()], { attributes: false });
  // Of several devices that failed in one batch, the last moves the message on.
  const onward = [...messagesOf(movable).values()].flatMap((own) => {
    const terms = allTerms.get(own.workspaceId);
    const person = people.get(own.contactId);
    return terms?.fallback.on && person
      ? onwardFrom(own, tried.get(messageKey(own))!, person.destinations, terms, nowMs)
      : [];
  });
  if (!onward.length) return 0;
  await sendOnward(deps.queue, tx, onward, nowMs);
  await giveUpOn(
    tx,
    movable.filter(
      (own) => mayArrive(own.state) && onward.some((next) => messageKey(next) === messageKey(own)),
    ),
  );
  return onward.length;
}

function messageKey({ contactId, causeId }: { contactId: number; causeId: number }): string {
  return `${contactId}.${causeId}`;
}

function messagesOf<T extends { contactId: number; causeId: number }>(rows: readonly T[]): Map<string, T> {
  return new Map(rows.map((row) => [messageKey(row), row]));
}

/** The delivery, when it may be moved on from: nothing of its message was read, and no other that was not given up may still arrive. */
function movableFrom(key: DeliveryKey, tried: readonly Tried[]): Tried[] {
  const own = tried.find(({ seq }) => seq === key.seq);
  if (!own?.mayFallBack) return [];
  const settles = (other: Tried) =>
    other.state === STATE.read || (other !== own && other.mayFallBack && mayArrive(other.state));
  return tried.some(settles) ? [] : [own];
}

function mayArrive(state: StateCode): boolean {
  return isWaiting(state) || (state >= STATE.accepted && state <= STATE.read);
}

function onwardFrom(
  own: Tried,
  tried: readonly Tried[],
  destinations: readonly Reachable[],
  terms: Terms,
  nowMs: number,
): (Onward & { stream: number })[] {
  const atMs = nowMs + terms.workspace.clockAheadMs;
  const expiresMs = own.expiresMs ?? Number.MAX_SAFE_INTEGER;
  const left = destinations.filter((destination) => {
    const integrationId = integrationFor({ integrationId: null }, destination, terms);
    if (integrationId === undefined || tried.some((one) => isSame(one, destination))) return false;
    const facts = {
      class: own.class,
      expiresMs,
      destination: asLastHeard(destination, destinations, integrationId),
      integrationId,
      // Whether it must wait is looked at when it is sent.
      timeZone: 'UTC',
      rules: {},
      capFreeMs: undefined,
      isTemplate: own.contentType === 'nativeTemplate',
      namedBy: namedByFor({}, destination, integrationId, terms),
    };
    return gate(facts, atMs).verdict !== 'never';
  });
  const [next] = byOrder(left, terms.order);
  if (!next) return [];
  const first = tried.at(-1)!.seq + 1;
  const trail = JSON.stringify([{ atMs, what: 'fell back', why: whyFrom(own, terms) }]);
  return devicesOf(left, next).map(({ destinationId }, index) => ({
    contactId: own.contactId,
    causeId: own.causeId,
    seq: first + index,
    workspaceId: own.workspaceId,
    class: own.class,
    destinationId,
    expiresMs: own.expiresMs,
    mayFallBack: true,
    trail,
    atMs,
    stream: own.stream,
  }));
}

/** The same address on the same channel is the same way to reach somebody, through whatever integration. */
function isSame(tried: Tried, destination: Reachable): boolean {
  return (
    tried.destinationId === destination.destinationId ||
    (tried.channel === destination.channel && tried.address === destination.address)
  );
}

function whyFrom({ channel, address, state, code }: Tried, terms: Terms): string {
  const where = `${channel ?? 'the channel before'}${address ? ` ${address}` : ''}`;
  if (mayArrive(state)) return `${where}: not read within ${terms.fallback.unreadAfterMs ?? 0} ms`;
  return `${where}: ${stateName(state)}${code ? ` (${code})` : ''}`;
}

/** Whether messages were read in time is looked at so many at once. */
const BATCH = 200;

/** The handler of what was to be read by now. */
export function unreadHandler(
  deps: FallbackDeps & { sql: Sql; clock: Clock; senders: Pick<Senders, 'open'> },
): Handler {
  return {
    kind: KIND.unread,
    comesAs: 'fallback',
    batchSize: BATCH,
    inFlight: 2 * BATCH,
    async handle(batch) {
      const keys = batch.items.map(({ ownerId, causeId, seq }) => ({ contactId: ownerId, causeId, seq }));
      await deps.queue.transact(async (tx) => {
        if (!(await settle(tx, batch, { done: batch.items, later: [], landed: true })))
          throw new LaneLost(batch.lane.lane);
        const unread: DeliveryKey[] = [];
        for (const row of await triedFor(tx, [...messagesOf(keys).values()])) {
          const asked = keys.some((key) => messageKey(key) === messageKey(row) && key.seq === row.seq);
          if (asked && (await isUnread(deps, row))) unread.push(row);
        }
        await fallBack(deps, tx, deps.clock.nowMs(), unread);
      });
    },
  };
}

/** Not read, as far as its provider can tell: where the most it tells is delivery, what was delivered counts as read. */
async function isUnread(deps: { senders: Pick<Senders, 'open'> }, row: Tried): Promise<boolean> {
  if (row.contactReadMs !== null && row.contactReadMs >= row.saidMs) return false;
  const open = row.integrationId === null ? undefined : await deps.senders.open(row.integrationId);
  // Where a provider tells nothing, nobody was asked to look (prepare.ts).
  if (!open) return false;
  return row.state === STATE.accepted || (row.state === STATE.delivered && open.adapter.confirms === 'read');
}
