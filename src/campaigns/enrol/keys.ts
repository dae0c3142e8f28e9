/** The keys by which entering twice leaves one entry: derived, never drawn. Pure. */
import { hash53 } from '../../base/crypto.ts';
import { bucketOf, BUCKETS } from '../../base/ids.ts';
import type { Seen } from '../match/facts.ts';
import { valueAt } from '../match/reading.ts';
import type { Version } from '../steps/version.ts';

/** The key of an entry where there is one for ever. */
export const ONCE_KEY = 1;

/** The key of an entry by its trigger: one for ever, one for each event, or one for each value at a path. */
export function keyOfEvent(
  { entry }: Version,
  event: Pick<Seen, 'name' | 'key' | 'properties'>,
): number | undefined {
  if (entry === 'once') return ONCE_KEY;
  if (entry === 'every') return hash53(`event ${event.name} ${event.key}`);
  const value = valueAt(event.properties, entry.per);
  return value === undefined ? undefined : hash53(`per ${JSON.stringify(value)}`);
}

/** The key of an entry that somebody asked for: one for ever, or one for each key of the caller's. */
export function keyOfCall({ entry }: Version, key: string): number {
  return entry === 'once' ? ONCE_KEY : hash53(`call ${key}`);
}

/** An enrolment's id: derived, so that entering twice leaves one, and in its contact's bucket. */
export function enrolmentIdOf(contactId: number, campaignId: number, entryKey: number): number {
  const high = Math.max(1, Math.floor(hash53(`${contactId}|${campaignId}|${entryKey}`) / BUCKETS));
  return high * BUCKETS + bucketOf(contactId);
}
