/**
 * The log of requests by keys, and when each key was used last. A request leaves a word here and goes on; what has gathered is written
 * every few seconds. Of a workspace that asks faster than anybody reads, the newest are kept. Bodies and addresses are not.
 */
import { pause, type Clock } from '../base/clock.ts';
import type { Part } from '../base/lifecycle.ts';
import type { Log } from '../base/log.ts';
import { beginningOf } from '../base/text.ts';
import { levelOf } from '../db/patiently.ts';
import type { Sql } from '../db/pool.ts';
import {
  insertRequests,
  selectKeyUses,
  selectLogged,
  trimRequests,
  upsertKeyUses,
  type Requested,
} from './sql.requests.ts';

export { selectRequests as listRequests, type Requested } from './sql.requests.ts';

const WRITE_EVERY_MS = 2_000;
/** Requests of one workspace between two writings, at most: so many that went well, and so many that did not. */
const MOST_GATHERED = 100;
/** Workspaces between two writings. */
const MOST_WORKSPACES = 1_000;
const USED_EVERY_MS = 60_000;
/** Kept of a workspace. */
const MOST_KEPT = 2_000;
const KEPT_MS = 7 * 24 * 3_600_000;
const MESSAGE_LENGTH = 300;

/** Takes word of requests. */
export type RequestLog = Part & { note(one: Requested): void };

/** The log of this process. What it has gathered is written when it stops; what a process that dies has gathered is lost. */
export function createRequestLog({ sql, clock, log }: { sql: Sql; clock: Clock; log: Log }): RequestLog {
  const stop = new AbortController();
  let running: Promise<void> | undefined;
  let gathered = new Map<string, Requested[]>();
  const write = async () => {
    const rows = [...gathered.values()].flat();
    gathered = new Map();
    if (!rows.length) return;
    await insertRequests(sql, rows);
    const uses = new Map(rows.map(({ door, keyId, atMs }) => [`${door} ${keyId}`, { door, keyId, atMs }]));
    await upsertKeyUses(sql, [...uses.values()], USED_EVERY_MS);
  };
  const tried = () =>
    write().catch((error: unknown) => log[levelOf(error)]({ error }, 'requests were not written to the log'));
  return {
    name: 'requests',
    note(one) {
      if (!running) return;
      const of = `${one.workspaceId} ${one.status >= 400}`;
      const list = gathered.get(of) ?? [];
      if (!list.length && gathered.size >= MOST_WORKSPACES) return;
      gathered.set(of, list);
      if (list.length >= MOST_GATHERED) list.shift();
      list.push({ ...one, fault: one.fault && { ...one.fault, message: masked(one.fault.message) } });
    },
    async start() {
      running = (async () => {
        while (!stop.signal.aborted) {
          await pause(clock, WRITE_EVERY_MS, stop.signal);
          await tried();
        }
      })();
    },
    async stop() {
      stop.abort();
      await running;
    },
  };
}

/** A sentence of a fault may quote an address, which is not kept. */
function masked(message: string): string {
  return beginningOf(
    message.replaceAll(/\S+@\S+/g, '…@…').replaceAll(/\+?\d[\d ()-]{5,}\d/g, '…'),
    MESSAGE_LENGTH,
  );
}

/** When keys were used last, by `door key`. */
export async function lastUses(sql: Sql, keyIds: readonly string[]): Promise<Map<string, number>> {
  if (!keyIds.length) return new Map();
  return new Map(
    (await selectKeyUses(sql, keyIds)).map(({ door, keyId, lastMs }) => [`${door} ${keyId}`, lastMs]),
  );
}

/** Keeps the newest of each workspace. */
export async function sweepRequests(sql: Sql, nowMs: number): Promise<void> {
  for (const workspaceId of await selectLogged(sql))
    await trimRequests(sql, { workspaceId, keep: MOST_KEPT, beforeMs: nowMs - KEPT_MS });
}
