/**
 * What is read of contacts besides the book, of the few for whom it is not enough: what comes again after so long that nothing else knows it
 * any more.
 */
import type { Tx } from '../../db/pool.ts';
import { ARRIVAL } from '../events/sql.ts';
import type { Arrival } from '../events/sql.take.ts';
import { FLAG } from '../events/time.ts';
import type { Seen } from '../match/facts.ts';
import { keyOfConversion } from './goals.ts';
import { MOST_HELD } from './held.ts';
import { keyOfEvent, ONCE_KEY } from './keys.ts';
import type { LiveNames } from './live.ts';
import type { Member } from './member.ts';
import {
  selectConverted,
  selectEntriesOpen,
  selectKeysOf,
  selectKeysUsed,
  type EntryUnder,
} from './sql.read.ts';
import { setOffBy } from './triggers.ts';

/** Entries of a contact and campaign for which an event is a goal, at most: the newest. */
const MOST_OPEN = 500;

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

/**
 * Entries that events of this turn may be a goal for, beyond the newest that are in hand: who enters sixty times in a week reaches a goal of a
 * week for each of them. Of who has not entered so often nothing is asked.
 */
export async function recallOpen(
  tx: Tx,
  live: LiveNames,
  members: ReadonlyMap<number, Member>,
  arrivals: readonly Arrival[],
): Promise<void> {
  const sinceOf = new Map<string, { contactId: number; campaignId: number; sinceMs: number }>();
  for (const { kind, nameId, contactId, atMs } of arrivals) {
    const entries = kind === ARRIVAL.event ? members.get(contactId)?.entries : undefined;
    if (!entries || entries.size < MOST_HELD) continue;
    const name = live.nameOf.get(nameId!) ?? '';
    const sinceMs = atMs - (live.goalsWithinMs.get(name) ?? 0);
    for (const { id: campaignId } of live.goals.get(name) ?? []) {
      if (!entries.isFull(campaignId)) continue;
      const known = sinceOf.get(`${contactId}|${campaignId}`);
      if (known) known.sinceMs = Math.min(known.sinceMs, sinceMs);
      else sinceOf.set(`${contactId}|${campaignId}`, { contactId, campaignId, sinceMs });
    }
  }
  if (!sinceOf.size) return;
  for (const { contactId, ...entry } of await selectEntriesOpen(tx, [...sinceOf.values()], MOST_OPEN)) {
    const { entries } = members.get(contactId)!;
    if (!entries.of(entry.enrolmentId)) entries.add(entry);
  }
}

/**
 * Keys by which campaigns were entered before the newest entries, of what anything may lead to: which of them would be entered by is known only
 * when it comes to it. Whoever waits to be decided on is asked of, too. Of who has not entered so often nothing is asked.
 */
export async function recallIndirect(
  tx: Tx,
  live: LiveNames,
  members: ReadonlyMap<number, Member>,
): Promise<void> {
  const single: EntryUnder[] = [];
  const all: Omit<EntryUnder, 'entryKey'>[] = [];
  for (const { contactId, entries, enrolments } of members.values()) {
    if (entries.size < MOST_HELD) continue;
    for (const { campaignId, entryKey, arm } of enrolments.values())
      if (arm === null) single.push({ contactId, campaignId, entryKey });
    for (const campaignId of live.indirect) {
      if (!entries.isFull(campaignId)) continue;
      const { entry } = live.campaigns.get(campaignId)!.version;
      // Each time is another key.
      if (entry === 'every') continue;
      if (entry === 'once') single.push({ contactId, campaignId, entryKey: ONCE_KEY });
      else all.push({ contactId, campaignId });
    }
  }
  const found = all.length ? await selectKeysOf(tx, all) : [];
  for (const { contactId, campaignId, entryKey } of found)
    members.get(contactId)!.entries.recall(campaignId, entryKey);
  await recallKeys(tx, members, single);
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

/** The entries that what somebody did may lead to. */
export function entriesBy(
  live: LiveNames,
  event: Pick<Seen, 'name' | 'key' | 'properties'> & { contactId: number },
): EntryUnder[] {
  return setOffBy(live.triggers, event.name, event.properties).flatMap(({ id: campaignId, version }) => {
    const entryKey = keyOfEvent(version, event);
    return entryKey === undefined ? [] : [{ contactId: event.contactId, campaignId, entryKey }];
  });
}
