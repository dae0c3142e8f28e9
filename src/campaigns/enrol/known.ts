/**
 * Who is known by nothing but an id of a device enters no campaign. What of theirs would have let them in is held, and offered once when
 * they are known: by a name that is told with that id, or because they turn out to be somebody who is. Nothing is asked where nobody in a
 * turn can be one of them.
 */
import type { Tx } from '../../db/pool.ts';
import { ARRIVAL } from '../events/sql.ts';
import type { Arrival } from '../events/sql.take.ts';
import { FLAG, HELD_MS } from '../events/time.ts';
import type { Changes } from './changes.ts';
import { offer } from './engine.ts';
import type { LiveNames } from './live.ts';
import type { Member } from './member.ts';
import { entriesBy, recallKeys } from './recall.ts';
import { markHeld, takeHeld } from './sql.known.ts';
import type { Timer } from './sql.read.ts';

/** Who of a turn may be somebody that nobody knows and may be let in. */
export function whoMayBe(live: LiveNames, arrivals: readonly Arrival[], timers: readonly Timer[]): number[] {
  const byWatch = live.onWatch.size > 0;
  const found = new Set<number>();
  for (const { contactId, kind, flags } of arrivals)
    if (flags & FLAG.unnamed || kind === ARRIVAL.call || (kind === ARRIVAL.changed && byWatch))
      found.add(contactId);
  for (const { contactId, ownerId } of timers) if (byWatch && ownerId === contactId) found.add(contactId);
  return [...found];
}

/** Offers what was held of those who are known now, as of now. Who is told of by a device and was always known costs the look. */
export async function offerHeld(
  tx: Tx,
  live: LiveNames,
  members: ReadonlyMap<number, Member>,
  arrivals: readonly Arrival[],
  nowMs: number,
  changes: Changes,
): Promise<void> {
  const named = new Set<number>();
  for (const { contactId, flags } of arrivals)
    if (flags & FLAG.unnamed && members.get(contactId)?.isAnonymous === false) named.add(contactId);
  if (!named.size || !live.triggers.size) return;
  const held = (await takeHeld(tx, [...named], nowMs - HELD_MS)).flatMap(({ nameId, ...event }) => {
    const name = live.nameOf.get(nameId);
    return name === undefined ? [] : [{ ...event, name }];
  });
  await recallKeys(
    tx,
    members,
    held.flatMap((one) => entriesBy(live, one)),
  );
  for (const { contactId, ...event } of held)
    offer(live, members.get(contactId)!, event, { asOfMs: nowMs, nowMs }, changes);
}

/** Holds what would have let somebody in. */
export async function holdEvents(tx: Tx, live: LiveNames, held: Changes['held']): Promise<void> {
  await markHeld(
    tx,
    held.map(({ contactId, event: { name, atMs, key } }) => ({
      contactId,
      nameId: live.idOf.get(name)!,
      atMs,
      key,
    })),
  );
}
