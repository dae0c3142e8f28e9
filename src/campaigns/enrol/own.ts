/**
 * What Parley tells of messages that campaigns sent, counted: how often, and of how many messages. Once, whoever listens: a turn that
 * dies has counted nothing.
 */
import type { Tx } from '../../db/pool.ts';
import type { Arrival } from '../events/sql.take.ts';
import { FLAG } from '../events/time.ts';
import { ARM } from './entry.ts';
import type { Changes } from './changes.ts';
import { BITS, noteSeen } from './sql.seen.ts';

const BIT_OF: Readonly<Record<string, number>> = BITS;

/** Whose message it was, as the reader of the feed wrote it. */
type Own = {
  campaign: number;
  epoch: number;
  metric: string;
  variant: string | null;
  version: number;
};

/** What is told of a message once; it may be clicked and answered more often. */
const ONCE: ReadonlySet<string> = new Set(['accepted', 'delivered', 'opened', 'failed', 'suppressed']);

/** Something that was told of a campaign's message. */
type Told = { arrival: Arrival; own: Own; messageId: number; bit: number };

function toldIn(arrivals: readonly Arrival[]): Told[] {
  return arrivals.flatMap((arrival) => {
    // A caller may have a property of that name.
    const own = arrival.flags & FLAG.own ? (arrival.properties?.['$own'] as Own | undefined) : undefined;
    const messageId = Number(arrival.properties?.['message']);
    return own ? [{ arrival, own, messageId, bit: BIT_OF[own.metric] ?? 0 }] : [];
  });
}

/**
 * Arrivals that count once for a message, such as its first click: the message knows whether it is the first time, so no key is kept for it.
 * `first` notes them in one statement, when there are any, and says which were the first.
 */
export function toldOnce(arrivals: readonly Arrival[]): {
  once: ReadonlySet<Arrival>;
  first: (tx: Tx) => Promise<ReadonlySet<Arrival>>;
} {
  const told = toldIn(arrivals).filter(({ own }) => ONCE.has(own.metric));
  return {
    once: new Set(told.map(({ arrival }) => arrival)),
    first: async (tx) =>
      new Set((await noted(tx, told)).flatMap(({ arrival, isFirst }) => (isFirst ? [arrival] : []))),
  };
}

/** Notes what was told, in order, and whether it is the first time. */
async function noted(tx: Tx, told: readonly Told[]): Promise<(Told & { isFirst: boolean })[]> {
  if (!told.length) return [];
  const bits = new Map<string, { contactId: number; messageId: number; bits: number }>();
  for (const one of told) {
    const { messageId, bit } = one;
    const { contactId } = one.arrival;
    bits.set(keyOf(one), { contactId, messageId, bits: (bits.get(keyOf(one))?.bits ?? 0) | bit });
  }
  const before = await noteSeen(tx, [...bits.values()]);
  return told.map((one) => {
    const seen = before.get(keyOf(one));
    const isFirst = seen !== undefined && (seen & one.bit) === 0;
    if (isFirst) before.set(keyOf(one), seen | one.bit);
    return { ...one, isFirst };
  });
}

function keyOf({ arrival, messageId }: Told): string {
  return `${arrival.contactId}.${messageId}`;
}

/** Counts what was told of campaigns' messages; what is told once was noted as it was taken. At most one statement. */
export async function countOwn(tx: Tx, arrivals: readonly Arrival[], changes: Changes): Promise<void> {
  const told = toldIn(arrivals);
  const [once, often] = [
    told.filter(({ own }) => ONCE.has(own.metric)),
    told.filter(({ own }) => !ONCE.has(own.metric)),
  ];
  for (const one of once) count(one, true, changes);
  for (const one of await noted(tx, often)) count(one, one.isFirst, changes);
}

function count({ arrival, own }: Told, isFirst: boolean, changes: Changes): void {
  const { contactId, workspaceId, properties } = arrival;
  const of = {
    campaignId: own.campaign,
    epoch: own.epoch,
    arm: ARM.treated,
    variant: own.variant ?? null,
    versionId: own.version ?? 0,
  };
  const step = String(properties!['step']);
  changes.count({ contactId, workspaceId }, of, own.metric, { step });
  if (isFirst) changes.count({ contactId, workspaceId }, of, `${own.metric}:first`, { step });
}
