/**
 * Whom a transaction has made or changed, as far as rules about contacts can tell: profiles, lists and tags. Remembered with the
 * transaction and in memory, so that it costs nothing where nobody asks; who wants to know asks before the commit (`takeChanged`).
 */
import type { Tx } from '../db/pool.ts';

/**
 * A contact that was changed. `isHushed`: what is known of them becomes another, and nothing is to be set off by it. `hasLeft`: they said
 * no to marketing, on some channel or on all. `depth`: a campaign changed them, to which so many have led to each other.
 */
type Changed = {
  contactId: number;
  workspaceId: number;
  isHushed: boolean;
  hasLeft?: boolean;
  depth?: number;
};

const byTx = new WeakMap<Tx, Map<number, Changed>>();

/** Remembers that contacts were made or changed. */
export function noteChanged(tx: Tx, workspaceId: number, contactIds: Iterable<number>): void {
  const noted = byTx.get(tx) ?? new Map<number, Changed>();
  byTx.set(tx, noted);
  for (const contactId of contactIds)
    noted.set(contactId, { ...noted.get(contactId), contactId, workspaceId, isHushed: false });
}

/** Remembers that contacts said no to marketing. */
export function noteLeft(tx: Tx, workspaceId: number, contactIds: Iterable<number>): void {
  noteChanged(tx, workspaceId, contactIds);
  for (const contactId of contactIds) byTx.get(tx)!.get(contactId)!.hasLeft = true;
}

/** Remembers, of contacts that campaigns have changed, how many of those have led to each other to it. */
export function noteDepths(tx: Tx, depths: ReadonlyMap<number, number>): void {
  for (const [contactId, depth] of depths) {
    const one = byTx.get(tx)?.get(contactId);
    if (one) one.depth = Math.max(one.depth ?? 0, depth);
  }
}

/** Says of what was changed so far that it is to set nothing off: a backfill, or two contacts that became one. */
export function hushChanges(tx: Tx): void {
  for (const one of byTx.get(tx)?.values() ?? []) one.isHushed = true;
}

/** Whom the transaction has changed since it was asked last. */
export function takeChanged(tx: Tx): Changed[] {
  const noted = byTx.get(tx);
  byTx.delete(tx);
  return noted ? [...noted.values()] : [];
}
