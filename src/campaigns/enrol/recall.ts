/**
 * What is read of contacts besides the book, of the few for whom it is not enough: what comes again after so long that nothing else knows it
 * any more.
 */
import type { Tx } from '../../db/pool.ts';
import { ARRIVAL } from '../events/sql.ts';
import type { Arrival } from '../events/sql.take.ts';
import { FLAG } from '../events/time.ts';
import { keyOfConversion } from './goals.ts';
import type { LiveNames } from './live.ts';
import type { Member } from './member.ts';
import { selectConverted, selectKeysUsed, type EntryUnder } from './sql.read.ts';

/**
 * Goals that events have reached before. The id that a caller gave an event is remembered for a week, and a goal may be open for longer: what
 * comes again after that is an event once more, and no second conversion.
 */
export async function recallReached(
  tx: Tx,
  live: LiveNames,
  members: ReadonlyMap<number, Member>,
  arrivals: readonly Arrival[],
): Promise<void> {
  const asked = arrivals.flatMap(({ kind, nameId, flags, contactId, atMs, key: eventKey }) => {
    const name = kind === ARRIVAL.event && flags & FLAG.keyed ? live.nameOf.get(nameId!) : undefined;
    const withinMs = name === undefined ? undefined : live.goalsWithinMs.get(name);
    if (withinMs === undefined) return [];
    const entries = members.get(contactId)?.entries.since(atMs - withinMs) ?? [];
    return entries
      .filter(({ converted }) => Object.keys(converted).length > 0)
      .map(({ enrolmentId }) => ({ contactId, enrolmentId, eventKey }));
  });
  if (!asked.length) return;
  for (const { contactId, ...conversion } of await selectConverted(tx, asked))
    members.get(contactId)!.reached.add(keyOfConversion(conversion));
}

/** Keys by which campaigns were entered before the newest entries: whoever asks to enter by one of them again does not. */
export async function recallKeys(
  tx: Tx,
  members: ReadonlyMap<number, Member>,
  asked: readonly EntryUnder[],
): Promise<void> {
  const unknown = asked.filter(({ contactId, campaignId, entryKey }) => {
    const entries = members.get(contactId)?.entries;
    return entries?.isFull(campaignId) && !entries.hasKey(campaignId, entryKey);
  });
  if (!unknown.length) return;
  for (const { contactId, campaignId, entryKey } of await selectKeysUsed(tx, unknown))
    members.get(contactId)!.entries.recall(campaignId, entryKey);
}
