/**
 * The brake: a campaign that lets in more than a thousand in an hour, and more than five times what was expected of an hour when it was
 * published, lets nobody else in and says why. What is expected is how often its trigger was done of late, or how many came into its segment; where nobody knows
 * that, nothing is stopped. Who resumes it has said that it is right: it is not stopped again until it is published again.
 */
import { hourOf, type Clock } from '../../base/clock.ts';
import { isFault } from '../../base/fault.ts';
import type { Log } from '../../base/log.ts';
import { bucketOf } from '../../base/ids.ts';
import { segmentsNamed } from '../../contacts/segments.ts';
import type { Tx } from '../../db/pool.ts';
import type { Queue } from '../../queue/queue.ts';
import type { Changes } from './changes.ts';
import type { LiveNames } from './live.ts';
import { addHours, countComings, selectOften, stopEntering } from './sql.brake.ts';
import { bumpStamp } from './sql.live.ts';
import type { Watched } from '../steps/version.ts';

/** What the brake needs. */
export type BrakeDeps = { queue: Queue; log: Log; clock: Clock };

const HOUR_MS = 3_600_000;
/** So many in an hour are never too many. */
const LEAST = 1_000;
/** So many times what was expected are. */
const TIMES = 5;
/** What was done so long is looked at, and at least so long. */
const LOOKED_AT = { mostMs: 7 * 86_400_000, leastMs: 86_400_000 };

/** Thrown to roll back a turn in which more would enter than may; caught where the turn was begun, which stops the campaign and takes it again. */
export class TooManyEnter extends Error {
  readonly campaignId: number;
  readonly told: { workspaceId: number; key: string; entered: number; expected: number };

  constructor(campaignId: number, told: TooManyEnter['told']) {
    super(`campaign ${told.key} would let in more than ${told.entered}, and ${told.expected} were expected`);
    this.campaignId = campaignId;
    this.told = told;
  }
}

/**
 * Takes room for who entered in this turn; throws `TooManyEnter` where there is not as much. Turns that let into one campaign go through here
 * one after the other: its row is locked until they commit, which they do next, in the order of workspaces and of campaigns in each.
 */
export async function brake(tx: Tx, live: LiveNames, changes: Changes, nowMs: number): Promise<void> {
  const entered = new Map<number, number>();
  for (const { campaignId, metric, n } of changes.tallies.values()) {
    const { expectedPerHour, paused } = live.campaigns.get(campaignId) ?? {};
    if (metric !== 'entered' || expectedPerHour == null || paused !== null) continue;
    entered.set(campaignId, (entered.get(campaignId) ?? 0) + n);
  }
  if (!entered.size) return;
  const rows = [...entered].map(([campaignId, n]) => ({ bucket: bucketOf(campaignId), campaignId, n }));
  for (const { campaignId, n } of await addHours(tx, hourOf(nowMs), rows)) {
    const { expectedPerHour, key, workspaceId } = live.campaigns.get(campaignId)!;
    if (n <= Math.max(LEAST, TIMES * expectedPerHour!)) continue;
    const before = n - entered.get(campaignId)!;
    throw new TooManyEnter(campaignId, { workspaceId, key, entered: before, expected: expectedPerHour! });
  }
}

/** Stops a campaign that was about to let in too many, and says why. */
export async function stopFor(
  { queue, log, clock }: BrakeDeps,
  { campaignId, told }: TooManyEnter,
): Promise<void> {
  const { entered, expected, workspaceId } = told;
  const note = `${entered} entered within an hour, and ${expected} were expected: nobody else is let in until it is resumed`;
  await queue.transact(async (tx) => {
    if (!(await stopEntering(tx, campaignId, note, clock.nowMs()))) return;
    await bumpStamp(tx, workspaceId);
    log.warn(
      { campaign: campaignId, ...told },
      'a campaign was about to let in far more than expected; it was stopped',
    );
  });
}

/**
 * How many are expected to enter in an hour: as often as what sets the campaign off was done of late, or as many as came into its segment. Null
 * where that was not so for long enough, and for all else that sets off: nobody knows.
 */
export async function expectedOf(
  tx: Tx,
  workspaceId: number,
  { nameId, watch }: { nameId: number | undefined; watch: Watched | null },
  nowMs: number,
): Promise<number | null> {
  const sinceMs = nowMs - LOOKED_AT.mostMs;
  if (watch?.kind === 'segment')
    return watch.on === 'entered'
      ? perHour(await cameInto(tx, workspaceId, watch.key, sinceMs), nowMs)
      : null;
  return nameId === undefined ? null : perHour(await selectOften(tx, workspaceId, nameId, sinceMs), nowMs);
}

function perHour({ n, firstMs }: { n: number; firstMs: number | null }, nowMs: number): number | null {
  if (firstMs === null || nowMs - firstMs < LOOKED_AT.leastMs) return null;
  return Math.ceil(n / ((nowMs - firstMs) / HOUR_MS));
}

/** About how many came into a segment by what they did, since its rule was last changed: also who has left it by then. */
async function cameInto(
  tx: Tx,
  workspaceId: number,
  key: string,
  sinceMs: number,
): Promise<{ n: number; firstMs: number | null }> {
  const found = await segmentsNamed(tx, workspaceId, [key]);
  if (isFault(found)) return { n: 0, firstMs: null };
  const { id, changedMs } = found.get(key)!;
  const firstMs = hourOf(Math.max(sinceMs, changedMs));
  return { n: await countComings(tx, id, firstMs), firstMs };
}
