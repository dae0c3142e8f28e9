/**
 * The durable hand-off as its users see it: put work in, append events, both in the transaction of what caused them. The
 * workers of this process are woken at the commit; those of other processes by NOTIFY, which is only a hint (they also look
 * by themselves), is sent after the commit, and is collected for a few milliseconds: NOTIFY inside a transaction would make
 * all commits queue on one lock.
 */
import type { Clock } from '../base/clock.ts';
import { bucketOf, BUCKETS, type IdSource } from '../base/ids.ts';
import type { Part } from '../base/lifecycle.ts';
import type { Log } from '../base/log.ts';
import type { Fragment, Sql, Tx } from '../db/pool.ts';
import { insertDue, insertDueSelected, type NewWork } from './sql.ts';
import { insertFeed } from './sql.feed.ts';
import { selectLanes } from './sql.lanes.ts';

/** What a lane has for a worker: interactive work of a kind, a share of a bulk run (`bulk`), or events (`feed`). */
export type Wake = { lane: number; what: number | 'bulk' | 'feed' };

/** An event to append; its bucket is that of `ownerId`. */
export type NewEvent = { ownerId: number; workspaceId: number; type: string; atMs: number; payload: unknown };

/** The queue. */
export type Queue = Part & {
  /** Runs `work` in a transaction, and wakes workers when it has committed. Repeated on a deadlock, so it must be repeatable. */
  transact<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Puts work in; part of the transaction. */
  put(tx: Tx, work: readonly NewWork[]): Promise<void>;
  /** Puts work in for each (bucket, owner_id) that a statement selects from one lane; returns how many. */
  putSelected(tx: Tx, lane: number, work: Omit<NewWork, 'ownerId'>, selected: Fragment): Promise<number>;
  /** Appends events; part of the transaction. */
  append(tx: Tx, events: readonly NewEvent[]): Promise<void>;
  /** Lanes with their buckets, in order. */
  lanes(): readonly { lane: number; bucket: number; buckets: number[] }[];
  laneOf(bucket: number): number;
  /** Wakes whoever owns a lane, from outside a transaction. */
  wake(wakes: readonly Wake[]): void;
  /** Called with every wake of this process and, once started, of others. */
  onWake(listener: (wakes: readonly Wake[]) => void): void;
  /** Tells which lanes this process owns: their wakes need not be passed on. */
  ownedBy(owns: (lane: number) => boolean): void;
};

const CHANNEL = 'parley_wake';
const COLLECT_MS = 4;
const SOON_MS = 2_000;
/** NOTIFY takes 8,000 bytes; beyond this many wakes the others find the work by looking. */
const MOST_WAKES_PER_NOTIFY = 400;
/** deadlock_detected, serialization_failure */
const REPEATABLE = new Set(['40P01', '40001']);
const MOST_REPEATS = 5;

/** The queue of this process. */
export function createQueue(deps: { sql: Sql; ids: IdSource; clock: Clock; log: Log }): Queue {
  const { sql, ids, clock, log } = deps;
  const pending = new WeakMap<Tx, Map<string, Wake>>();
  const listeners: ((wakes: readonly Wake[]) => void)[] = [];
  const laneByBucket = new Int16Array(BUCKETS);
  let lanes: { lane: number; bucket: number; buckets: number[] }[] = [];
  let ownedHere: (lane: number) => boolean = () => false;
  const notifier = createNotifier(sql, clock, log, (wakes) => tell(wakes));

  const tell = (wakes: readonly Wake[]) => {
    for (const listener of listeners) listener(wakes);
  };
  const wake = (wakes: readonly Wake[]) => {
    tell(wakes);
    notifier.send(wakes.filter(({ lane }) => !ownedHere(lane)));
  };
  const remember = (tx: Tx, lane: number, what: Wake['what']) => {
    const wakes = pending.get(tx);
    if (!wakes) throw new Error('work is put in and events are appended inside queue.transact only');
    wakes.set(`${lane}:${what}`, { lane, what });
  };

  const once = async <T>(work: (tx: Tx) => Promise<T>): Promise<T> => {
    const wakes = new Map<string, Wake>();
    const result = await sql.begin((tx) => {
      pending.set(tx, wakes);
      return work(tx);
    });
    if (wakes.size) wake([...wakes.values()]);
    return result as T;
  };

  return {
    name: 'queue',
    async start() {
      lanes = await selectLanes(sql);
      for (const { lane, buckets } of lanes) for (const bucket of buckets) laneByBucket[bucket] = lane;
      await notifier.start();
    },
    stop: () => notifier.stop(),
    async transact(work) {
      for (let repeats = 0; ; repeats++) {
        try {
          return await once(work);
        } catch (error) {
          if (!REPEATABLE.has((error as { code?: string }).code ?? '') || repeats === MOST_REPEATS)
            throw error;
        }
      }
    },
    async put(tx, work) {
      if (!work.length) return;
      const rows = work.map((w) => ({
        ...w,
        bucket: bucketOf(w.ownerId),
        lane: laneByBucket[bucketOf(w.ownerId)]!,
      }));
      const nowMs = clock.nowMs();
      for (const row of rows) {
        remember(tx, row.lane, row.stream === 0 ? row.kind : 'bulk');
        const inMs = row.dueMs - nowMs;
        // Work for the very near future would otherwise wait until somebody looks.
        if (inMs > 0 && inMs < SOON_MS)
          clock.after(inMs + 1, () => wake([{ lane: row.lane, what: row.stream === 0 ? row.kind : 'bulk' }]));
      }
      await insertDue(tx, rows);
    },
    async putSelected(tx, lane, work, selected) {
      remember(tx, lane, work.stream === 0 ? work.kind : 'bulk');
      return await insertDueSelected(tx, lane, work, selected);
    },
    async append(tx, events) {
      if (!events.length) return;
      const rows = events.map((event) => {
        const bucket = bucketOf(event.ownerId);
        return { ...event, bucket, id: ids.inBucket(bucket), lane: laneByBucket[bucket]! };
      });
      for (const row of rows) remember(tx, row.lane, 'feed');
      await insertFeed(tx, rows);
    },
    lanes: () => lanes,
    laneOf: (bucket) => laneByBucket[bucket]!,
    wake,
    onWake: (listener) => listeners.push(listener),
    ownedBy(owns) {
      ownedHere = owns;
    },
  };
}

/** Passes wakes between processes. Its own wakes come back too; being woken twice is harmless. */
function createNotifier(sql: Sql, clock: Clock, log: Log, heard: (wakes: readonly Wake[]) => void) {
  let collected: Map<string, Wake> | undefined;
  let cancel: (() => void) | undefined;
  let listening: { unlisten(): Promise<void> } | undefined;
  const flush = () => {
    const wakes = [...(collected?.keys() ?? [])].slice(0, MOST_WAKES_PER_NOTIFY);
    collected = undefined;
    if (wakes.length)
      sql
        .notify(CHANNEL, `${process.pid} ${wakes.join(' ')}`)
        .catch((error) => log.debug({ error }, 'a wake was not passed on'));
  };
  return {
    send(wakes: readonly Wake[]) {
      if (!wakes.length) return;
      if (!collected) {
        collected = new Map();
        cancel = clock.after(COLLECT_MS, flush);
      }
      for (const wake of wakes) collected.set(`${wake.lane}:${wake.what}`, wake);
    },
    async start() {
      listening = await sql.listen(CHANNEL, (payload) => {
        const [from, ...texts] = payload.split(' ');
        if (from === String(process.pid)) return;
        heard(texts.map(parseWake));
      });
    },
    async stop() {
      cancel?.();
      await listening?.unlisten().catch(() => {});
      listening = undefined;
    },
  };
}

function parseWake(text: string): Wake {
  const [lane, what] = text.split(':');
  return { lane: Number(lane), what: what === 'feed' || what === 'bulk' ? what : Number(what) };
}
