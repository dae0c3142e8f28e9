/**
 * Which places of ids are whose (base/ids.ts). A process borrows its share of the 64 for a while, renews, gives back what others
 * need, and all of it when it stops. Some are always left over, so that one that starts need not wait for the others to give.
 *
 * A loan outlives by far what a process sleeps through, and what is given back rests until nobody draws ids of its last ticks any
 * more. Should two draw from one place all the same (a process that was stopped for longer than its loan), a primary key refuses the
 * second of two ids that are the same.
 */
import type { Clock } from '../base/clock.ts';
import { randomToken } from '../base/crypto.ts';
import { ID_PLACES } from '../base/ids.ts';
import type { Part } from '../base/lifecycle.ts';
import type { Log } from '../base/log.ts';
import { levelOf } from './patiently.ts';
import type { Sql, Tx } from './pool.ts';

/** Left for those who start. */
const LEFT_OVER = 8;
const LENT_MS = 10 * 60_000;
const ROUND_MS = 20_000;
/** Who did not renew for so long has slept, or had no database, and others may have as well. */
const SLEPT_MS = 3 * ROUND_MS;
/** After a round that failed: where loans ran out while there was no database, or while all slept, who comes new would borrow them. */
const AGAIN_MS = 1_000;
/** What is given back rests so long: longer than ids run ahead of the clock. */
const REST_MS = 5_000;

/** The places of this process. */
type IdPlaces = Part & {
  /** In rising order; the same array until they change. */
  current: () => readonly number[];
};

/** Borrows the first places; `start` keeps them. */
export async function borrowIdPlaces(deps: { sql: Sql; clock: Clock; log: Log }): Promise<IdPlaces> {
  const { sql, clock, log } = deps;
  const holder = randomToken(12);
  let places: readonly number[] = [];
  let cancel: (() => void) | undefined;
  let stopped = false;
  let running = Promise.resolve();

  /** Draws from these from now on; the same array as long as they are the same. */
  const draw = (from: readonly number[]) => {
    if (from.length && from.join() !== places.join()) places = from;
  };
  const round = async (): Promise<void> => {
    const mine = await sql.begin((tx) =>
      takeShare(tx, { holder, nowMs: clock.nowMs(), drawn: new Set(places) }, (kept) =>
        draw(places.filter((place) => kept.includes(place))),
      ),
    );
    draw(mine);
  };
  const again = (waitMs: number): void => {
    if (stopped) return;
    cancel = clock.after(waitMs, () => {
      running = round().then(
        () => again(ROUND_MS),
        (error: unknown) => {
          log[levelOf(error)]({ error }, 'the places of ids were not renewed; trying again');
          again(AGAIN_MS);
        },
      );
    });
  };

  await round();
  return {
    name: 'id places',
    current: () => places,
    async start() {
      again(ROUND_MS);
    },
    async stop() {
      stopped = true;
      cancel?.();
      await running;
      await sql`UPDATE id_places SET holder = NULL, free_ms = ${clock.nowMs() + REST_MS} WHERE holder = ${holder}`.catch(
        (error: unknown) => log.debug({ error }, 'places of ids were not given back; their loan runs out'),
      );
    },
  };
}

/**
 * One round of a process: takes, renews and gives back, until it has its share. Who shares is locked meanwhile. `keeping` is told of what
 * it keeps before anything is given back: whether that is committed may be heard of by nobody, and then others borrow it.
 */
async function takeShare(
  tx: Tx,
  { holder, nowMs, drawn }: { holder: string; nowMs: number; drawn: ReadonlySet<number> },
  keeping: (kept: readonly number[]) => void,
): Promise<number[]> {
  await tx`SELECT pg_advisory_xact_lock(hashtext('id places'))`;
  const all = await tx<{ place: number; holder: string | null; freeMs: number }[]>`
    SELECT place, holder, free_ms AS "freeMs" FROM id_places ORDER BY place`;
  // Also those whose loan ran out, while nobody has borrowed them since.
  const own = all.filter((one) => one.holder === holder);
  // Those it draws from come first; others were borrowed in a round of which it never heard.
  const mine = [
    ...own.filter(({ place }) => drawn.has(place)),
    ...own.filter(({ place }) => !drawn.has(place)),
  ];
  const others = new Set(all.flatMap((one) => (one.holder && one.freeMs > nowMs ? [one.holder] : [])));
  others.delete(holder);
  const share = Math.max(1, Math.floor((ID_PLACES - LEFT_OVER) / (others.size + 1)));
  const free = mayBorrow(
    all.filter((one) => one.freeMs <= nowMs && one.holder !== holder),
    { isAlone: !others.size, hasSlept: mine.some(({ freeMs }) => freeMs < nowMs + LENT_MS - SLEPT_MS) },
  );
  // More processes than places: better the one whose loan is over first than none.
  if (!mine.length && !free.length) free.push(all.toSorted((a, b) => a.freeMs - b.freeMs)[0]!);
  const kept = [...mine.slice(0, share), ...free.slice(0, Math.max(0, share - mine.length))];
  const keptPlaces = kept.map(({ place }) => place).toSorted((a, b) => a - b);
  keeping(keptPlaces);
  const given = mine.slice(share).map(({ place }) => place);
  if (given.length)
    await tx`UPDATE id_places SET holder = NULL, free_ms = ${nowMs + REST_MS} WHERE place = ANY(${given}::smallint[])`;
  await tx`UPDATE id_places SET holder = ${holder}, free_ms = ${nowMs + LENT_MS} WHERE place = ANY(${keptPlaces}::smallint[])`;
  return keptPlaces;
}

/**
 * What of the free ones may be borrowed. Others may come together with who comes now: they find half of what they would have found. Who
 * slept may not be the only one that did, and those whose loans ran out still draw from theirs until they wake: it keeps to its own at first,
 * also where its own loan is not over yet, since all that ran out meanwhile may be of such.
 */
function mayBorrow<T>(free: T[], { isAlone, hasSlept }: { isAlone: boolean; hasSlept: boolean }): T[] {
  if (hasSlept) return [];
  return isAlone ? free : free.slice(0, Math.ceil(free.length / 2));
}
