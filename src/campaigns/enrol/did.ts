/**
 * What a contact did, as rules look at it: as far as it was taken, newest first. Each look goes on from the last, so that whoever is replayed
 * over thousands of events looks at each of them once and not at all of them each time.
 */
import { FLAG } from '../events/time.ts';
import { CAMPAIGN_LIMITS } from '../../../contract/campaign.ts';
import { putInOrder } from '../../base/ordered.ts';
import type { Facts, Seen, Stat } from '../match/facts.ts';
import type { Member } from './member.ts';
import type { EventRow } from './sql.read.ts';

/**
 * What a contact did, as far as it was taken (`horizon`). `inTurn`: what this turn takes of theirs, which is counted already; without it what is
 * behind the horizon is among `rows`.
 */
export function historyOf(
  member: Pick<Member, 'horizon'>,
  nameOf: ReadonlyMap<number, string>,
  stats: readonly (Stat & { nameId: number })[],
  rows: readonly EventRow[],
  inTurn?: readonly InTurn[],
): Pick<Facts, 'stat' | 'events'> {
  const byName = new Map<string, Seen[]>();
  for (const { nameId, contactId: _contactId, flags, ...row } of rows) {
    const name = nameOf.get(nameId)!;
    const done = { ...row, name, ...(flags & FLAG.history ? { isHistory: true } : {}) };
    const seen = byName.get(name);
    if (seen) seen.push(done);
    else byName.set(name, [done]);
  }
  const doneOf = new Map([...byName].map(([name, seen]) => [name, new Done(seen)]));
  const statOf = new Map(stats.map(({ nameId, ...stat }) => [nameOf.get(nameId), stat]));
  const laterThan = (name: string) =>
    inTurn
      ? inTurn.filter(({ nameId, order }) => order > member.horizon && nameOf.get(nameId) === name).length
      : (doneOf.get(name)?.later(member.horizon) ?? 0);
  return {
    events: (name, sinceMs = -Infinity) => doneOf.get(name)?.newest(member.horizon, sinceMs) ?? [],
    stat(name) {
      const stat = statOf.get(name);
      const later = laterThan(name);
      return !stat || stat.count === later ? undefined : { ...stat, count: stat.count - later };
    },
  };
}

/** Something that a turn takes. */
export type InTurn = { nameId: number; order: number };

/** What was done of one name. */
class Done {
  /** Oldest first. */
  readonly #all: readonly Seen[];
  /** Places in `#all` in the order in which they are taken, and how many of them were. */
  #inTurn: readonly number[] | undefined;
  #reached = 0;
  #horizon = -Infinity;
  /** Places of what was taken, oldest first. */
  #taken: number[] = [];

  constructor(newestFirst: readonly Seen[]) {
    this.#all = newestFirst.toReversed().sort((a, b) => a.atMs - b.atMs);
  }

  later(horizon: number): number {
    this.#reach(horizon);
    return this.#all.length - this.#taken.length;
  }

  newest(horizon: number, sinceMs: number): Seen[] {
    this.#reach(horizon);
    const found: Seen[] = [];
    for (let i = this.#taken.length - 1; i >= 0 && found.length < CAMPAIGN_LIMITS.counted; i--) {
      const one = this.#all[this.#taken[i]!]!;
      if (one.atMs < sinceMs) break;
      found.push(one);
    }
    return found;
  }

  #reach(horizon: number): void {
    if (horizon === this.#horizon) return;
    if (horizon < this.#horizon) [this.#taken, this.#reached] = [[], 0];
    this.#horizon = horizon;
    const order = (place: number): number => this.#all[place]!.order;
    this.#inTurn ??= this.#all.map((_, place) => place).sort((a, b) => order(a) - order(b));
    for (; this.#reached < this.#inTurn.length; this.#reached++) {
      const place = this.#inTurn[this.#reached]!;
      if (order(place) > horizon) return;
      putInOrder(this.#taken, place, (one) => one);
    }
  }
}
