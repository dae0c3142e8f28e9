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

/** Leases of this process. */
type Leases = {
  readonly name: string;
  /** Lanes held now. */
  held(): ReadonlyMap<number, OwnedLane>;
  /** False when the lease of a lane may be over by the time something is done about it. */
  holds(lane: OwnedLane): boolean;
  /** One round: heartbeat, renew, acquire, give back. Returns what changed. */
  round(): Promise<{ gained: OwnedLane[]; lost: number[] }>;
  /** Gives everything back. */
  release(): Promise<void>;
};

/** Leases; `total` is the number of lanes there are. */
export function createLeases(deps: {
  sql: Sql;
  clock: Clock;
  log: Log;
  leaseMs: number;
  total: number;
}): Leases {
  const { sql, clock, leaseMs, total } = deps;
  const name = `${machine()}|${process.pid}|${randomToken(6)}`;
  aliveHere.add(name);
  const held = new Map<number, OwnedLane>();
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
      const kept = new Map(
        (await renewLanes(sql, name, [...held.values()], nowMs + leaseMs)).map(({ lane, epoch }) => [
          lane,
          epoch,
        ]),
      );
      renewedAt = startedAt;
      const lost = lose(
        [...held.values()].filter(({ lane, epoch }) => kept.get(lane) !== epoch).map(({ lane }) => lane),
      );
      const share = Math.ceil(total / Math.max(1, workers));
      if (held.size > share) {
        const extra = [...held.keys()].slice(share);
        lost.push(...lose(extra));
        await releaseLanes(sql, name, extra);
      }
      const gained = held.size < share ? await acquire(share - held.size, nowMs) : [];
      for (const lane of gained) held.set(lane.lane, lane);
      return { gained, lost };
    },
    async release() {
      const lanes = lose([...held.keys()]);
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
