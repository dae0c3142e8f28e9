/**
 * What Parley tells of messages that campaigns sent, counted: how often, and of how many messages. Once, whoever listens: a turn that
 * dies has counted nothing.
 */
import type { Tx } from '../../db/pool.ts';
import type { Arrival } from '../events/sql.take.ts';
import { FLAG } from '../events/time.ts';
import { ARM } from './member.ts';
import type { Changes } from './changes.ts';
import { noteSeen } from './sql.seen.ts';

/** What `campaign_sends.seen` is made of. */
const BITS: Readonly<Record<string, number>> = {
  accepted: 1,
  delivered: 2,
  opened: 4,
  clicked: 8,
  replied: 16,
  failed: 32,
  suppressed: 64,
};

/** Whose message it was, as the reader of the feed wrote it. */
type Own = {
  campaign: number;
  epoch: number;
  metric: string;
  variant: string | null;
  version: number;
};

/** Counts what was told of campaigns' messages. One statement, when anything was. */
export async function countOwn(tx: Tx, arrivals: readonly Arrival[], changes: Changes): Promise<void> {
  const told = arrivals.flatMap((arrival) => {
    // A caller may have a property of that name.
    const own = arrival.flags & FLAG.own ? (arrival.properties?.['$own'] as Own | undefined) : undefined;
    return own ? [{ arrival, own, messageId: Number(arrival.properties!['message']) }] : [];
  });
  if (!told.length) return;
  const bits = new Map<string, { contactId: number; messageId: number; bits: number }>();
  for (const { arrival, own, messageId } of told) {
    const { contactId } = arrival;
    const key = `${contactId}.${messageId}`;
    const known = bits.get(key)?.bits ?? 0;
    bits.set(key, { contactId, messageId, bits: known | (BITS[own.metric] ?? 0) });
  }
  const before = await noteSeen(tx, [...bits.values()]);
  for (const { arrival, own, messageId } of told) {
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
    const key = `${contactId}.${messageId}`;
    const seen = before.get(key);
    const bit = BITS[own.metric] ?? 0;
    if (seen === undefined || (seen & bit) !== 0) continue;
    before.set(key, seen | bit);
    changes.count({ contactId, workspaceId }, of, `${own.metric}:first`, { step });
  }
}
