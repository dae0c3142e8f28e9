/**
 * Whether this process can do its work: asked by whoever sends it requests or restarts it. Each fault is in words. Answers within a
 * few seconds whatever the database does.
 */
import { statfs } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pause, type Clock } from '../base/clock.ts';
import { proveWrites } from '../db/proof.ts';
import { type Sql } from '../db/pool.ts';
import { isDiskFull } from '../db/errors.ts';

/** What is looked at. */
type ReadyDeps = {
  sql: Sql;
  /** The connection that is asked, so that a busy pool is not taken for a lost database. */
  aside: Sql;
  clock: Clock;
  /** Where files, or the embedded Postgres, are kept on a disk of this machine; undefined when nothing is. */
  dataDir: string | undefined;
  /** What else keeps this process from its work. */
  amiss(): readonly string[];
};

const ANSWERS_WITHIN_MS = 2_000;
/** However many ask. */
const FRESH_MS = 250;
/** Less than this and a database soon cannot write. */
const LEAST_FREE_BYTES = 64 * 1024 * 1024;

/** Tells what keeps the process from its work; empty when nothing does. */
export function createReady(deps: ReadyDeps): () => Promise<string[]> {
  let asked: { atMs: number; faults: Promise<string[]> } | undefined;
  return async () => {
    const nowMs = deps.clock.monotonicMs();
    if (!asked || nowMs - asked.atMs > FRESH_MS) asked = { atMs: nowMs, faults: look(deps) };
    return [...(await asked.faults), ...deps.amiss()];
  };
}

async function look(deps: ReadyDeps): Promise<string[]> {
  const [store, disk] = await Promise.all([lookAtStore(deps), lookAtDisk(deps)]);
  return [...store, ...disk];
}

async function lookAtStore({ sql, aside, clock }: ReadyDeps): Promise<string[]> {
  const late = pause(clock, ANSWERS_WITHIN_MS).then(() => {
    throw new Error(`no answer within ${ANSWERS_WITHIN_MS / 1000} s`);
  });
  late.catch(() => {});
  // A full disk answers what is read; that it can be written again is shown by writing.
  const asks = sql.diskWasFull()
    ? proveWrites(aside).then(() => sql.diskHasRoom())
    : aside.unsafe('SELECT 1');
  asks.catch(() => {});
  try {
    await Promise.race([asks, late]);
    return [];
  } catch (error) {
    const { message } = error as Error;
    return [
      isDiskFull(error)
        ? `the disk of the store is full: ${message}`
        : `the store cannot be reached: ${message}`,
    ];
  }
}

async function lookAtDisk({ dataDir }: ReadyDeps): Promise<string[]> {
  if (dataDir === undefined) return [];
  const found = await statfs(resolve(dataDir)).catch(() => undefined);
  const freeBytes = found ? found.bavail * found.bsize : Infinity;
  if (freeBytes >= LEAST_FREE_BYTES) return [];
  return [`the disk of ${dataDir} is full: ${Math.floor(freeBytes / 1024 / 1024)} MB are left`];
}
