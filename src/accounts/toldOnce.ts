/**
 * What takes effect once, however often it is told: the id under which it is told is taken in the transaction of its effect, so that there is
 * never one without the other. Of two that come at once the second waits for the end of the first, and takes the id where that came to
 * nothing. What takes several transactions has a name for each, so that a repeat does what is left where the first died on the way.
 */
import { createHash } from 'node:crypto';
import type { Db, Tx } from '../db/pool.ts';
import { deleteTold, deleteToldBefore, insertTold, selectTold, type ToldKey } from './sql.toldOnce.ts';

/** For as long as ids of events are known: whoever tries again gives up before. */
const KEPT_MS = 7 * 24 * 3600 * 1000;

/**
 * Takes names of what is told, and says of each whether it is the first; what has no name always is. Before anything else is locked, so that nobody who waits for
 * a name holds what its owner needs.
 */
export async function takeEach(
  tx: Tx,
  workspaceId: number,
  names: readonly (string | undefined)[],
  nowMs: number,
): Promise<boolean[]> {
  const keys = names.map((name) => (name === undefined ? undefined : keyOf(name)));
  const rows = new Map(keys.flatMap((key) => (key ? [[textOf(key), key]] : [])));
  if (rows.size === 0) return names.map(() => true);
  const taken = new Set((await insertTold(tx, workspaceId, [...rows.values()], nowMs)).map(textOf));
  // Of those that are told twice in one go it is the first.
  return keys.map((key) => !key || taken.delete(textOf(key)));
}

/** Takes one name; says whether it is the first. */
export async function takeOnce(
  tx: Tx,
  workspaceId: number,
  name: string | undefined,
  nowMs: number,
): Promise<boolean> {
  return (await takeEach(tx, workspaceId, [name], nowMs))[0]!;
}

/** Which names were taken before; what has none never was. Locks nothing. */
export async function wereTold(
  db: Db,
  workspaceId: number,
  names: readonly (string | undefined)[],
): Promise<boolean[]> {
  const keys = names.map((name) => (name === undefined ? undefined : keyOf(name)));
  const asked = keys.filter((key) => key !== undefined);
  if (asked.length === 0) return names.map(() => false);
  const taken = new Set((await selectTold(db, workspaceId, asked)).map(textOf));
  return keys.map((key) => key !== undefined && taken.has(textOf(key)));
}

/** Gives up names that were taken in this transaction: what was told under them was refused, and may be told again. */
export async function giveBack(tx: Tx, workspaceId: number, names: readonly string[]): Promise<void> {
  if (names.length > 0) await deleteTold(tx, workspaceId, names.map(keyOf));
}

/** Forgets names that nobody comes again with. */
export async function sweepTold(db: Db, nowMs: number): Promise<void> {
  await deleteToldBefore(db, nowMs - KEPT_MS);
}

/** 85 bits of a SHA-256: a call that is taken for another would be lost. */
function keyOf(name: string): ToldKey {
  const digest = createHash('sha256').update(name).digest();
  return {
    hash: digest.readInt32BE(0),
    key: digest.readUInt32BE(4) * 2 ** 21 + (digest.readUInt32BE(8) >>> 11),
  };
}

function textOf({ hash, key }: ToldKey): string {
  return `${hash}|${key}`;
}
