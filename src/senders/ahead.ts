/**
 * What waits before a provider: it is written down as begun, some calls at a time and a little ahead of them. Whether it still may
 * begin is looked at before that, and again in the tick before the call; what may not goes back unstarted.
 */
import type { Clock } from '../base/clock.ts';

type Leave = 'go' | 'wait' | 'back';

/** Who lets calls of a batch out. */
export type Gatekeeper<T> = {
  /** `wait`: it is not known at the moment. Asked in the tick before a call, and often: it answers from memory. */
  leave(): Leave;
  /** True when it is on record already that all may have begun. */
  readonly whole: boolean;
  /** Writes down that these may have begun, and what came of those before; resolves false when they must not. */
  begin(items: readonly T[]): Promise<boolean>;
};

/** What enters a line. `items` are what it carries, as its gatekeeper knows them; the rate counts them. */
export type LineEntry<T> = {
  items: readonly T[];
  gatekeeper: Gatekeeper<T>;
  call(): Promise<void>;
  /** It has not begun and is not going to. */
  back(): void;
};

/**
 * Written down ahead of the calls: so much of the places. With what is in flight, what waits written, and what was answered but not
 * noted yet, at most twice the places are unclear when the process dies: 1 + 0.6 + 0.4.
 */
const AHEAD = 0.4;
/** A fast provider takes more in less time than a write: then as much as begins in so long. */
const AHEAD_MS = 10;
/** Where the rate is slow, no more is written down than begins in so long. */
const AHEAD_OF_RATE_MS = 250;
type Side<T> = { waiting: LineEntry<T>[]; written: LineEntry<T>[] };

/** What waits for one provider, none yet. `ready` is called when more is written down. */
export function createAhead<T>(options: {
  clock: Clock;
  /** Places for calls at a time. */
  concurrency: number;
  ratePerS: () => number | undefined;
  ready: () => void;
}) {
  const first: Side<T> = { waiting: [], written: [] };
  const rest: Side<T> = { waiting: [], written: [] };
  const sides = [first, rest];
  const pace = createPace(options.clock);
  /** Batches of which something was answered since it was last written down. */
  const answered = new Set<Gatekeeper<T>>();
  let writing = false;

  const writeNext = async (size: number): Promise<void> => {
    const taken = sides.flatMap((side) => takeChunk(side, size).map((entry) => ({ side, entry })));
    if (!taken.length) return;
    writing = true;
    const byBatch = Map.groupBy(taken, ({ entry }) => entry.gatekeeper);
    const others = [...answered].filter((gatekeeper) => !byBatch.has(gatekeeper));
    answered.clear();
    for (const gatekeeper of others) void gatekeeper.begin([]).catch(() => {});
    await Promise.all([...byBatch].map(([gatekeeper, own]) => writeDown(gatekeeper, own)));
    writing = false;
    options.ready();
  };

  return {
    enter(interactive: boolean, entry: LineEntry<T>): void {
      const side = interactive ? first : rest;
      (entry.gatekeeper.whole ? side.written : side.waiting).push(entry);
    },
    /**
     * The next call, when it may go now and `hasRoom` for its messages; `firstOnly`: of interactive ones. Those that may not at all are sent
     * back on the way.
     */
    next(hasRoom: (messages: number) => boolean, firstOnly: boolean): LineEntry<T> | undefined {
      for (const { written } of firstOnly ? [first] : sides) {
        for (let entry = written[0]; entry; entry = written[0]) {
          const leave = entry.gatekeeper.leave();
          if (leave === 'wait') break;
          if (leave === 'back') written.shift()!.back();
          else if (hasRoom(entry.items.length)) {
            pace.began(entry.items.length);
            return written.shift();
          } else return undefined;
        }
      }
      return undefined;
    },
    answered(gatekeeper: Gatekeeper<T>): void {
      if (!gatekeeper.whole) answered.add(gatekeeper);
    },
    /** Writes down what begins next, when little is left of what was. Asked with every call: mostly there is nothing to do. */
    write(): void {
      if (writing || !(first.waiting.length || rest.waiting.length)) return;
      const size = chunkSize(options, pace.perMs());
      if (first.written.length + rest.written.length > size / 2) return;
      void writeNext(size);
    },
    /** Sends back what may not go, wherever in the line it is. */
    look(): void {
      for (const side of sides) {
        side.waiting = stay(side.waiting);
        side.written = stay(side.written);
      }
    },
    /** Messages that wait. */
    messages(interactiveOnly: boolean): number {
      return (interactiveOnly ? [first] : sides)
        .flatMap(({ waiting, written }) => [...waiting, ...written])
        .reduce((sum, { items }) => sum + items.length, 0);
    },
    isEmpty: () => sides.every(({ waiting, written }) => !waiting.length && !written.length),
  };
}

function chunkSize(
  { concurrency, ratePerS }: { concurrency: number; ratePerS: () => number | undefined },
  perMs: number,
): number {
  const perS = ratePerS();
  const most = Math.max(1, Math.floor(concurrency * AHEAD), perMs * AHEAD_MS);
  return perS === undefined ? most : Math.max(1, Math.min(most, (perS * AHEAD_OF_RATE_MS) / 1000));
}

/** Takes the first that wait, about `size` messages of them. */
function takeChunk<T>({ waiting }: Side<T>, size: number): LineEntry<T>[] {
  const taken: LineEntry<T>[] = [];
  const leaveOf = askedOnce<T>();
  let messages = 0;
  let end = 0;
  for (; end < waiting.length && messages < size; end++) {
    const entry = waiting[end]!;
    const leave = leaveOf(entry);
    if (leave === 'wait') break;
    if (leave === 'back') entry.back();
    else {
      taken.push(entry);
      messages += entry.items.length;
    }
  }
  waiting.splice(0, end);
  return taken;
}

async function writeDown<T>(
  gatekeeper: Gatekeeper<T>,
  own: readonly { side: Side<T>; entry: LineEntry<T> }[],
): Promise<void> {
  const items = own.flatMap(({ entry }) => entry.items);
  // A database that is away is no reason to send what is not on record: it goes back, and is settled when there is one.
  const may = await gatekeeper.begin(items).catch(() => false);
  for (const { side, entry } of own) {
    if (may) side.written.push(entry);
    else entry.back();
  }
}

/** Those that are not to go back; the others do. */
function stay<T>(entries: LineEntry<T>[]): LineEntry<T>[] {
  const leaveOf = askedOnce<T>();
  const back = new Set(entries.filter((entry) => leaveOf(entry) === 'back'));
  if (!back.size) return entries;
  for (const entry of back) entry.back();
  return entries.filter((entry) => !back.has(entry));
}

/** What gatekeepers say in this tick: hundreds wait of each. */
function askedOnce<T>(): (entry: LineEntry<T>) => Leave {
  const said = new Map<Gatekeeper<T>, Leave>();
  return ({ gatekeeper }) => {
    const before = said.get(gatekeeper);
    if (before) return before;
    const leave = gatekeeper.leave();
    said.set(gatekeeper, leave);
    return leave;
  };
}

/** How many messages begin, of late. */
function createPace(clock: Clock) {
  const OVER_MS = 100;
  let count = 0;
  let sinceMs = clock.monotonicMs();
  let perMs = 0;
  return {
    began(messages: number): void {
      count += messages;
      const passedMs = clock.monotonicMs() - sinceMs;
      if (passedMs < OVER_MS) return;
      perMs = count / passedMs;
      count = 0;
      sinceMs += passedMs;
    },
    perMs: () => perMs,
  };
}
