/**
 * Who owns which lane. A worker holds its fair share, renews thrice a lease, and gives up what it could not renew. A dead
 * process of this very machine is recognised at once; any other by the end of its lease.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Clock } from '../../base/clock.ts';
import { randomToken } from '../../base/crypto.ts';
import type { Log } from '../../base/log.ts';
import type { Sql } from '../../db/pool.ts';
import { acquireLanes, deleteWorker, heartbeat, releaseLanes, renewLanes, selectOwners } from './sql.ts';
import type { OwnedLane } from './lane.ts';

/** Names of the workers in this process that live: one process can hold several, in tests. */
const aliveHere = new Set<string>();

/** A lane beyond the share: nothing of it begins any more, and it is given back when what had begun is over. */
type Leaving = { lane: OwnedLane; sinceMs: number; isGiven: boolean };

/** Leases of this process. */
type Leases = {
  readonly name: string;
  /** Lanes held now. */
  held(): ReadonlyMap<number, OwnedLane>;
  /** False when the lease of a lane may be over by the time something is done about it. */
  holds(lane: OwnedLane): boolean;
  /** One round: heartbeat, renew, acquire, give back. Returns what changed. */
  round(): Promise<{ gained: OwnedLane[]; lost: number[] }>;
  /**
   * Gives back what is beyond the share and has nothing under way any more: whoever takes a lane takes what is in flight there for left by the
   * dead, and sends it again. What hangs is waited for as long as a lease, since nobody works in the lane meanwhile.
   */
  giveBack(): Promise<void>;
  /** Gives everything back. */
  release(): Promise<void>;
};

/** Leases; `total` is the number of lanes there are, and a lane is busy while something is under way in it. */
export function createLeases(deps: {
  sql: Sql;
  clock: Clock;
  log: Log;
  leaseMs: number;
  total: number;
  isBusy?: (lane: number) => boolean;
}): Leases {
  const { sql, clock, leaseMs, total, isBusy = () => false } = deps;
  const name = `${machine()}|${process.pid}|${randomToken(6)}`;
  aliveHere.add(name);
  const held = new Map<number, OwnedLane>();
  const leaving = createLeaving(name, { sql, clock, leaseMs, isBusy });
  let renewedAt = -Infinity;

  const lose = (lanes: readonly number[]) => {
    for (const lane of lanes) held.delete(lane);
    return [...lanes];
  };

  return {
    name,
    held: () => held,
    holds: (lane) => held.get(lane.lane)?.epoch === lane.epoch && clock.monotonicMs() < renewedAt + leaseMs,
    async round() {
      const startedAt = clock.monotonicMs();
      const nowMs = clock.nowMs();
      const workers = await heartbeat(sql, name, nowMs, nowMs - leaseMs);
      const all = [...held.values(), ...leaving.lanes()];
      const kept = new Map(
        (await renewLanes(sql, name, all, nowMs + leaseMs)).map(({ lane, epoch }) => [lane, epoch]),
      );
      renewedAt = startedAt;
      // Taken, and the answer was lost: nobody here works in them, and by our name they would be renewed for ever.
      const unknown = [...kept.keys()].filter((lane) => !held.has(lane) && !leaving.has(lane));
      if (unknown.length) await releaseLanes(sql, name, unknown);
      leaving.keep(kept);
      const lost = lose(
        [...held.values()].filter(({ lane, epoch }) => kept.get(lane) !== epoch).map(({ lane }) => lane),
      );
      const share = Math.ceil(total / Math.max(1, workers));
      const extra = [...held.values()].slice(share);
      lost.push(...lose(extra.map(({ lane }) => lane)));
      leaving.add(extra);
      await leaving.giveBack();
      const gained = held.size < share ? await acquire(share - held.size, nowMs) : [];
      for (const lane of gained) held.set(lane.lane, lane);
      return { gained, lost };
    },
    giveBack: () => leaving.giveBack(),
    async release() {
      const lanes = [...lose([...held.keys()]), ...leaving.lanes().map(({ lane }) => lane)];
      await releaseLanes(sql, name, lanes);
      await deleteWorker(sql, name);
      aliveHere.delete(name);
    },
  };

  async function acquire(most: number, nowMs: number): Promise<OwnedLane[]> {
    const dead = (await selectOwners(sql)).filter((owner) => owner !== name && isDeadHere(owner));
    return await acquireLanes(sql, { name, most, nowMs, untilMs: nowMs + leaseMs, dead });
  }
}

/** The lanes that a worker is to give back. */
function createLeaving(
  name: string,
  {
    sql,
    clock,
    leaseMs,
    isBusy,
  }: { sql: Sql; clock: Clock; leaseMs: number; isBusy: (lane: number) => boolean },
) {
  const leaving = new Map<number, Leaving>();
  return {
    lanes: () => [...leaving.values()].map(({ lane }) => lane),
    has: (lane: number) => leaving.has(lane),
    add(lanes: readonly OwnedLane[]): void {
      const sinceMs = clock.monotonicMs();
      for (const lane of lanes) leaving.set(lane.lane, { lane, sinceMs, isGiven: false });
    },
    /** Forgets those that are ours no more. */
    keep(kept: ReadonlyMap<number, number>): void {
      for (const { lane } of leaving.values())
        if (kept.get(lane.lane) !== lane.epoch) leaving.delete(lane.lane);
    },
    async giveBack(): Promise<void> {
      const untilMs = clock.monotonicMs() - leaseMs;
      const over = [...leaving.values()].filter(
        ({ lane, sinceMs, isGiven }) => !isGiven && (!isBusy(lane.lane) || sinceMs <= untilMs),
      );
      if (!over.length) return;
      for (const one of over) one.isGiven = true;
      try {
        const given = over.map(({ lane }) => lane.lane);
        await releaseLanes(sql, name, given);
        for (const lane of given) leaving.delete(lane);
      } finally {
        // Where it was not answered they are ours still, and are given back the next time.
        for (const one of over) one.isGiven = false;
      }
    },
  };
}

/**
 * What a process id is unique within: this boot of this machine, and on Linux this pid namespace, so that two containers of
 * one host name never take each other for dead.
 */
function machine(): string {
  const read = (get: () => string) => {
    try {
      return get().trim();
    } catch {
      return '';
    }
  };
  const boot = read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'));
  const namespace = read(() => readlinkSync('/proc/self/ns/pid'));
  return [hostname(), boot, namespace].join('/');
}

function isDeadHere(owner: string): boolean {
  const [where, pid] = owner.split('|');
  if (where !== machine()) return false;
  // Our pid, but not one of ours: a former process of this container that had our pid (often 1).
  if (Number(pid) === process.pid) return !aliveHere.has(owner);
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as { code?: string }).code === 'ESRCH';
  }
}
