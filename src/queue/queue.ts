/**
 * The durable hand-off as its users see it: put work in, append events, both in the transaction of what caused them. The
 * workers of this process are woken at the commit; those of other processes by NOTIFY, which is only a hint (they also look
 * by themselves), is sent after the commit, and is collected for a few milliseconds: NOTIFY inside a transaction would make
 * all commits queue on one lock.
 */
import type { Clock } from '../base/clock.ts';
import { randomToken } from '../base/crypto.ts';
import { bucketOf, BUCKETS, type IdSource } from '../base/ids.ts';
import type { Part } from '../base/lifecycle.ts';
import type { Log } from '../base/log.ts';
import { isOvertaken } from '../db/errors.ts';
import type { Db, Fragment, Sql, Tx } from '../db/pool.ts';
import {
  deleteDue,
  insertDue,
  insertDueSelected,
  upsertStream,
  selectDue,
  selectStreamsOf,
  selectUntriedBefore,
  type UntriedBefore,
  bringForward,
} from './work/sql.ts';
import { selectBegun, type BegunWork } from './work/sql.begun.ts';
import type { NewWork, Stream, WorkItem } from './work/work.ts';
import type { Wake } from './work/core.ts';
import type { FeedEvent } from './feed/reader.ts';
import { insertFeed } from './feed/sql.ts';
import { countWorkers, selectLanes, selectLastSeen } from './lanes/sql.ts';
import { KIND } from './work/kinds.ts';

export type { Wake } from './work/core.ts';

/** An event to append; its bucket is that of `ownerId`. */
export type NewEvent = { ownerId: number; workspaceId: number; type: string; atMs: number; payload: unknown };

/** Runs `work` in a transaction. */
type Transact = Sql['begin'];

/** The queue. */
export type Queue = Part & {
  /** Runs `work` in a transaction, and wakes workers when it has committed. Repeated on a deadlock, so it must be repeatable. */
  transact: Transact;
  /** Puts work in; part of the transaction. */
  put(tx: Tx, work: readonly NewWork[]): Promise<void>;
  /** Puts work in that is due later, as `put`, but wakes nobody before that: whoever is woken now finds nothing. */
  putForLater(tx: Tx, work: readonly NewWork[]): Promise<void>;
  /** Puts work in for each (bucket, owner_id) that a statement selects from one lane; returns how many. */
  putSelected(tx: Tx, lane: number, work: Omit<NewWork, 'ownerId'>, selected: Fragment): Promise<number>;
  /** Takes a piece of work out that is not to be done any more; part of the transaction. What is in flight already is done all the same. */
  drop(tx: Tx, work: Pick<NewWork, 'kind' | 'ownerId' | 'causeId' | 'seq'>): Promise<void>;
  /** Work that is still in the queue, of some keys. */
  stillIn(
    db: Db,
    kind: number,
    keys: readonly Pick<NewWork, 'ownerId' | 'causeId' | 'seq'>[],
  ): Promise<WorkItem[]>;
  /** What of a kind has begun for some owners and is not settled, of each what was claimed last first: it may be done already. */
  begunOf(db: Db, kind: number, ownerIds: readonly number[]): Promise<BegunWork[]>;
  /** For each of some work: the newest of the same cause and bucket that is older and was never tried, as `owner_id` sorts; else null. */
  untriedBefore(
    db: Db,
    kind: number,
    items: readonly Pick<WorkItem, 'ownerId' | 'causeId'>[],
  ): Promise<(UntriedBefore | null)[]>;
  /** Brings all work of a workspace forward by so much, and wakes whoever may have to do it now; part of the transaction. */
  bringForward(tx: Tx, workspaceId: number, byMs: number): Promise<void>;
  /** Opens a bulk run, or changes whether it flows and how fast; part of the transaction. Workers hear of it at the commit. */
  flow(tx: Tx, stream: Stream): Promise<void>;
  /** Appends events; part of the transaction. */
  append(tx: Tx, events: readonly NewEvent[]): Promise<void>;
  /** Says that there is a turn to take in some lanes (turns.ts); part of the transaction. */
  turn(tx: Tx, lanes: ReadonlySet<number>): void;
  /** Lanes with their buckets, in order. */
  lanes(): readonly { lane: number; bucket: number; buckets: number[] }[];
  laneOf(bucket: number): number;
  /**
   * The bucket to count in what a reader of the feed was told together: all lanes of a batch are this worker's, so whoever counts in the
   * first of them has no rival there.
   */
  firstBucketOf(events: readonly Pick<FeedEvent, 'bucket'>[]): number;
  /** How many workers there are, of all processes. */
  countWorkers(): Promise<number>;
  /** When a worker was last seen, of those that have not said goodbye; undefined where all have. */
  workerSeenMs(): Promise<number | undefined>;
  /** Wakes whoever owns a lane, from outside a transaction. */
  wake(wakes: readonly Wake[]): void;
  /** Done at the end of every transaction, as a part of it: to be nothing where nothing is to be added. */
  beforeCommit(add: (tx: Tx) => Promise<void>): void;
  /** Called with every wake of this process and, once started, of others. */
  onWake(listener: (wakes: readonly Wake[]) => void): void;
  /** Tells which lanes this process owns: their wakes need not be passed on. */
  ownedBy(owns: (lane: number) => boolean): void;
};

const CHANNEL = 'parley_wake';
const COLLECT_MS = 4;
const SOON_MS = 2_000;
/** NOTIFY takes 8,000 bytes; beyond this many wakes the others find the work by looking. */
const MOST_WAKES_PER_NOTIFY = 300;
const MOST_REPEATS = 5;

/** The queue of this process. */
export function createQueue(deps: { sql: Sql; ids: IdSource; clock: Clock; log: Log }): Queue {
  const { sql, ids, clock, log } = deps;
  const map = createLaneMap();
  const listeners: ((wakes: readonly Wake[]) => void)[] = [];
  let ownedHere: (lane: number) => boolean = () => false;
  const tell = (wakes: readonly Wake[]) => {
    for (const listener of listeners) listener(wakes);
  };
  const notifier = createNotifier(sql, clock, log, tell);
  const wake = (wakes: readonly Wake[]) => {
    tell(wakes);
    notifier.send(wakes.filter(({ lane, what }) => what === 'streams' || !ownedHere(lane)));
  };
  const added: ((tx: Tx) => Promise<void>)[] = [];
  const { transact, remember, rememberAt } = createTransactions(sql, clock, wake, added);
  const insert = createInsert(map, clock, rememberAt);

  return {
    name: 'queue',
    async start() {
      map.fill(await selectLanes(sql));
      await notifier.start();
    },
    stop: () => notifier.stop(),
    transact,
    async put(tx, work) {
      for (const one of work) remember(tx, wakeOf(map.laneOf(bucketOf(one.ownerId)), one));
      await insert(tx, work);
    },
    putForLater: insert,
    stillIn: selectDue,
    begunOf: (db, kind, ownerIds) => selectBegun(db, kind, [...new Set(ownerIds)].map(map.placeOf)),
    untriedBefore: selectUntriedBefore,
    async bringForward(tx, workspaceId, byMs) {
      const streams = await selectStreamsOf(tx, workspaceId);
      for (const { lane } of map.lanes()) {
        for (const what of [...Object.values(KIND), 'turn' as const]) remember(tx, { lane, what });
        for (const stream of streams) remember(tx, { lane, what: 'bulk', stream });
      }
      await bringForward(tx, workspaceId, byMs);
    },
    async putSelected(tx, lane, work, selected) {
      remember(tx, wakeOf(lane, work));
      return await insertDueSelected(tx, lane, work, selected);
    },
    drop: (tx, { kind, ...key }) => deleteDue(tx, kind, [key]),
    async flow(tx, stream) {
      remember(tx, { lane: 0, what: 'streams' });
      await upsertStream(tx, stream);
    },
    append: createAppend(map, ids, remember),
    turn: (tx, lanes) => lanes.forEach((lane) => remember(tx, { lane, what: 'turn' })),
    lanes: map.lanes,
    laneOf: map.laneOf,
    firstBucketOf: ([first]) => map.lanes()[map.laneOf(first!.bucket)]!.bucket,
    countWorkers: () => countWorkers(sql),
    workerSeenMs: () => selectLastSeen(sql),
    wake,
    beforeCommit: (add) => void added.push(add),
    onWake: (listener) => listeners.push(listener),
    ownedBy(owns) {
      ownedHere = owns;
    },
  };
}

type Lane = { lane: number; bucket: number; buckets: number[] };

/** Which bucket is in which lane. */
function createLaneMap() {
  const byBucket = new Int16Array(BUCKETS);
  let all: Lane[] = [];
  return {
    fill(lanes: Lane[]) {
      all = lanes;
      for (const { lane, buckets } of lanes) for (const bucket of buckets) byBucket[bucket] = lane;
    },
    lanes: () => all,
    laneOf: (bucket: number) => byBucket[bucket]!,
    placeOf: (ownerId: number) => {
      const lane = byBucket[bucketOf(ownerId)]!;
      return { ownerId, lane, laneBucket: all[lane]!.bucket };
    },
  };
}

/** Writes events down, and sees to it that they are handed on. */
function createAppend(
  map: ReturnType<typeof createLaneMap>,
  ids: IdSource,
  remember: (tx: Tx, wake: Wake) => void,
): Queue['append'] {
  return async (tx, events) => {
    if (!events.length) return;
    const rows = events.map((event) => {
      const bucket = bucketOf(event.ownerId);
      return { ...event, bucket, id: ids.inBucket(bucket), lane: map.laneOf(bucket) };
    });
    for (const { lane } of rows) remember(tx, { lane, what: 'feed' });
    await insertFeed(tx, rows);
  };
}

/** Writes work down, and sees to it that what is due soon is done then. */
function createInsert(
  map: ReturnType<typeof createLaneMap>,
  clock: Clock,
  rememberAt: (tx: Tx, wake: Wake, dueMs: number) => void,
) {
  return async (tx: Tx, work: readonly NewWork[]): Promise<void> => {
    if (!work.length) return;
    const nowMs = clock.nowMs();
    const rows = work.map((one) => {
      const bucket = bucketOf(one.ownerId);
      return { ...one, bucket, lane: map.laneOf(bucket) };
    });
    // It would otherwise wait until somebody looks.
    for (const row of rows)
      if (row.dueMs > nowMs && row.dueMs <= nowMs + SOON_MS) rememberAt(tx, wakeOf(row.lane, row), row.dueMs);
    await insertDue(tx, rows);
  };
}

/** Whom work in a lane wakes. */
function wakeOf(lane: number, { stream, kind }: Pick<NewWork, 'stream' | 'kind'>): Wake {
  return stream === 0 ? { lane, what: kind } : { lane, what: 'bulk', stream };
}

/** A wake as a text: as it is passed on, and by which it is known. */
export function wakeText({ lane, what, stream }: Wake): string {
  return stream === undefined ? `${lane}:${what}` : `${lane}:${what}:${stream.toString(36)}`;
}

/** Transactions that wake workers when they have committed. */
function createTransactions(
  sql: Sql,
  clock: Clock,
  wake: (wakes: readonly Wake[]) => void,
  added: readonly ((tx: Tx) => Promise<void>)[],
) {
  type Pending = { now: Map<string, Wake>; later: Map<string, { wake: Wake; dueMs: number }> };
  const pendingOf = new WeakMap<Tx, Pending>();
  const pendingIn = (tx: Tx): Pending => {
    const pending = pendingOf.get(tx);
    if (!pending)
      throw new Error('work is put in, events are appended and turns are told of inside queue.transact only');
    return pending;
  };
  const once: Transact = async (work, options) => {
    const pending: Pending = { now: new Map(), later: new Map() };
    const result = await sql.begin(async (tx) => {
      pendingOf.set(tx, pending);
      const made = await work(tx);
      for (const add of added) await add(tx);
      return made;
    }, options);
    if (pending.now.size) wake([...pending.now.values()]);
    for (const { wake: one, dueMs } of pending.later.values())
      clock.after(Math.max(0, dueMs - clock.nowMs()) + 1, () => wake([one]));
    return result;
  };
  return {
    remember: (tx: Tx, one: Wake): void => {
      pendingIn(tx).now.set(wakeText(one), one);
    },
    /** Wakes at `dueMs`; once for what is due in a lane at one time. */
    rememberAt: (tx: Tx, one: Wake, dueMs: number): void => {
      pendingIn(tx).later.set(`${wakeText(one)}@${dueMs}`, { wake: one, dueMs });
    },
    transact: (async (work, options) => {
      for (let repeats = 0; ; repeats++) {
        try {
          return await once(work, options);
        } catch (error) {
          if (!isOvertaken(error) || repeats === MOST_REPEATS) throw error;
        }
      }
    }) satisfies Transact,
  };
}

/** Passes wakes between processes. Its own come back too, and are known by their sender. */
function createNotifier(sql: Sql, clock: Clock, log: Log, heard: (wakes: readonly Wake[]) => void) {
  let collected: Map<string, Wake> | undefined;
  let cancel: (() => void) | undefined;
  let listening: { unlisten(): Promise<void> } | undefined;
  // Not the process id: in containers every process has the same.
  const self = randomToken(9);
  const flush = () => {
    const wakes = [...(collected?.keys() ?? [])].slice(0, MOST_WAKES_PER_NOTIFY);
    collected = undefined;
    if (wakes.length)
      sql
        .notify(CHANNEL, `${self} ${wakes.join(' ')}`)
        .catch((error) => log.debug({ error }, 'a wake was not passed on'));
  };
  return {
    send(wakes: readonly Wake[]) {
      if (!wakes.length) return;
      if (!collected) {
        collected = new Map();
        cancel = clock.after(COLLECT_MS, flush);
      }
      for (const wake of wakes) collected.set(wakeText(wake), wake);
    },
    async start() {
      listening = await sql.listen(CHANNEL, (payload) => {
        const [from, ...texts] = payload.split(' ');
        if (from === self) return;
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
  const [lane, what, stream] = text.split(':');
  const isWord = what === 'feed' || what === 'bulk' || what === 'turn' || what === 'streams';
  return {
    lane: Number(lane),
    what: isWord ? what : Number(what),
    ...(stream === undefined ? {} : { stream: Number.parseInt(stream, 36) }),
  };
}
