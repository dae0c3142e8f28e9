/**
 * The brake: a campaign that lets in more than a thousand in an hour, and more than five times what was expected of an hour when it was
 * published, lets nobody else in and says why. What is expected is what its trigger has been done of late; where nobody knows that, nothing
 * is stopped. Who resumes it has said that it is right: it is not stopped again until it is published again.
 */
import { hourOf } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { bucketOf } from '../../base/ids.ts';
import type { Tx } from '../../db/pool.ts';
import type { Queue } from '../../queue/queue.ts';
import type { Changes } from './changes.ts';
import type { LiveNames } from './live.ts';
import { addHours, selectOften, stopEntering, sumHour } from './sql.brake.ts';
import { bumpStamp } from './sql.live.ts';

/** What the brake needs. */
export type BrakeDeps = { queue: Queue; log: Log };

const HOUR_MS = 3_600_000;
/** So many in an hour are never too many. */
const LEAST = 1_000;
/** So many times what was expected are. */
const TIMES = 5;
/** What was done so long is looked at, and at least so long. */
const LOOKED_AT = { mostMs: 7 * 86_400_000, leastMs: 86_400_000 };

/** Counts who entered in this turn, and stops what lets in far too many. A statement where something is expected of a campaign. */
export async function brake(
  { queue, log }: BrakeDeps,
  tx: Tx,
  live: LiveNames,
  changes: Changes,
  nowMs: number,
): Promise<void> {
  const entered = new Map<string, { bucket: number; campaignId: number; n: number }>();
  const lanes = queue.lanes();
  for (const { campaignId, contactId, metric, n } of changes.tallies.values()) {
    const { expectedPerHour, paused } = live.campaigns.get(campaignId) ?? {};
    if (metric !== 'entered' || expectedPerHour == null || paused !== null) continue;
    const { bucket } = lanes[queue.laneOf(bucketOf(contactId))]!;
    const known = entered.get(`${bucket}.${campaignId}`);
    if (known) known.n += n;
    else entered.set(`${bucket}.${campaignId}`, { bucket, campaignId, n });
  }
  if (!entered.size) return;
  const hourMs = hourOf(nowMs);
  const asked = new Set<number>();
  for (const { campaignId, n } of await addHours(tx, hourMs, [...entered.values()])) {
    const { expectedPerHour, key } = live.campaigns.get(campaignId)!;
    const most = Math.max(LEAST, TIMES * expectedPerHour!);
    // All lanes are asked only where this one has its share and more.
    if (asked.has(campaignId) || n * lanes.length <= most / 2) continue;
    asked.add(campaignId);
    const all = await sumHour(tx, campaignId, hourMs);
    if (all <= most) continue;
    const note = `${all} entered within an hour, and ${expectedPerHour} were expected: nobody else is let in until it is resumed`;
    if (!(await stopEntering(tx, campaignId, note, nowMs))) continue;
    await bumpStamp(tx);
    log.warn(
      { campaign: campaignId, key, entered: all, expected: expectedPerHour },
      'a campaign lets in far more than expected; it was stopped',
    );
  }
}

/** How many are expected to enter in an hour; null where what sets it off was not done for long enough. */
export async function expectedOf(
  tx: Tx,
  workspaceId: number,
  nameId: number | undefined,
  nowMs: number,
): Promise<number | null> {
  if (nameId === undefined) return null;
  const { n, firstMs } = await selectOften(tx, workspaceId, nameId, nowMs - LOOKED_AT.mostMs);
  if (firstMs === null || nowMs - firstMs < LOOKED_AT.leastMs) return null;
  return Math.ceil(n / ((nowMs - firstMs) / HOUR_MS));
}
