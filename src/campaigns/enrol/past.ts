/**
 * What somebody did, taken as of when it was, with a time of its own: an event when it was received, and what falls due before that comes
 * first. A back-test takes it over what is stored, and whoever is let in as of then is taken so up to now; each by the live engine's own
 * functions. Pure: nothing is read and nothing is written.
 */
import { depthOf } from './chain.ts';
import { Changes } from './changes.ts';
import { onDue, onEvent } from './engine.ts';
import type { Enrolment } from './entry.ts';
import type { Live, Member, Taken } from './member.ts';
import type { EventRow } from './sql.read.ts';
import { FLAG } from '../events/time.ts';

/** A contact that falls due more often than this in one period is told as it is by then: a circle of minutes over months. */
const MOST_TIMERS = 50_000;

/** Which events count, by when they were received: what is known before is known. What is due is taken to `untilMs`. */
type Period = { fromMs: number; toMs: number; untilMs: number };

/** Changes that know when whoever goes on falls due; what is not so any more is passed over when its time comes. */
export class PastChanges extends Changes {
  readonly #due = new Map<number, Due>();

  override keep(member: Member, enrolment: Enrolment): void {
    super.keep(member, enrolment);
    this.dueOf(member).add(enrolment);
  }

  dueOf({ contactId }: Member): Due {
    const known = this.#due.get(contactId);
    if (known) return known;
    const made = new Due();
    this.#due.set(contactId, made);
    return made;
  }
}

/**
 * How a past is taken. `lateAt`: how late it is for what was to happen then (ms). `settle` sees what was to be done at once (`changes.effects`,
 * from a place on); true where nobody goes on until that was done by whoever takes them.
 */
type How = { lateAt: (atMs: number) => number; settle: (from: number) => boolean };

/** Takes one contact through what they did, who is in nothing of it at first. */
export class Past {
  readonly #live: Live;
  readonly #member: Member;
  readonly #changes: PastChanges;
  readonly #how: How;
  #timers = 0;

  constructor(live: Live, member: Member, changes: PastChanges, how: How) {
    this.#live = live;
    this.#member = member;
    this.#changes = changes;
    this.#how = how;
    // Nothing is known yet but what comes.
    member.horizon = -1;
  }

  /** All of it, in the order in which it is given. Stops behind each, for whoever has others to let do something meanwhile; with true, where it waits. */
  *all(events: readonly Taken[], { fromMs, toMs, untilMs }: Period): Generator<boolean, void> {
    for (const event of events) {
      if (event.receivedMs < fromMs) {
        this.#member.horizon = event.order;
        continue;
      }
      if (event.receivedMs > toMs) break;
      yield* this.firing(Math.min(event.receivedMs, untilMs));
      yield* this.hear(event);
      yield false;
    }
    yield* this.firing(untilMs);
  }

  *hear(event: Taken): Generator<boolean, void> {
    yield* this.settling(event.receivedMs, () =>
      onEvent(this.#live, this.#member, event, event.receivedMs, this.#changes),
    );
  }

  /** Fires what is due before an instant, in order; what comes of it may fall due as well. */
  *firing(untilMs: number): Generator<boolean, void> {
    for (;;) {
      const next = this.#changes.dueOf(this.#member).next(this.#member, untilMs);
      if (!next || ++this.#timers > MOST_TIMERS) return;
      const atMs = atOf(next);
      yield* this.settling(atMs, () =>
        onDue(this.#live, this.#member, next, atMs, this.#member.lateMs, this.#changes),
      );
      yield false;
    }
  }

  /** Something happens as of an instant; goes on when what it led to was done, where that is waited for. */
  *settling(atMs: number, happens: () => void): Generator<boolean, void> {
    const from = this.#changes.effects.length;
    this.#member.lateMs = this.#how.lateAt(atMs);
    happens();
    if (this.#how.settle(from)) yield true;
  }
}

/** Events as they were received, or as if each had been received when it was done. `rows` stay newest first, as rules look at them. */
export function inOrder(
  rows: readonly EventRow[],
  isByTime: boolean,
  nameOf: ReadonlyMap<number, string>,
): { rows: EventRow[]; taken: Taken[]; sorted: EventRow[] } {
  const sorted = rows.toSorted((a, b) =>
    isByTime ? a.atMs - b.atMs || a.order - b.order : a.order - b.order || a.atMs - b.atMs,
  );
  const orders = new Map(sorted.map((row, i) => [row, i]));
  const placed = (row: EventRow): EventRow => ({
    ...row,
    order: orders.get(row)!,
    receivedMs: isByTime ? row.atMs : row.receivedMs,
  });
  const taken = sorted.map((row): Taken => {
    const { nameId, contactId: _contactId, flags, ...rest } = placed(row);
    const depth = depthOf(flags, row.properties);
    const isHistory = (flags & FLAG.history) !== 0;
    return { ...rest, name: nameOf.get(nameId)!, isHistory, ...(depth > 0 ? { depth } : {}) };
  });
  return { rows: rows.map(placed), taken, sorted };
}

/** When somebody is to be taken on. */
function atOf({ place }: Enrolment): number {
  return Math.min(place.dueMs, place.lookMs ?? Infinity);
}

/** Who falls due when, as a heap: of those who are due at one instant, whoever entered first comes first. */
class Due {
  readonly #heap: { enrolment: Enrolment; atMs: number; entered: number }[] = [];
  readonly #entered = new Map<number, number>();

  add(enrolment: Enrolment): void {
    const entered = this.#entered.get(enrolment.id) ?? this.#entered.size;
    this.#entered.set(enrolment.id, entered);
    const heap = this.#heap;
    const one = { enrolment, atMs: atOf(enrolment), entered };
    let at = heap.length;
    for (; at > 0; at = (at - 1) >> 1) {
      const above = heap[(at - 1) >> 1]!;
      if (!isBefore(one, above)) break;
      heap[at] = above;
    }
    heap[at] = one;
  }

  /** Who is due next, and before an instant: they are taken out of it. */
  next({ enrolments }: Member, untilMs: number): Enrolment | undefined {
    for (;;) {
      const [first] = this.#heap;
      if (!first || first.atMs >= untilMs) return undefined;
      this.#drop();
      // It stands elsewhere by now, or nowhere.
      if (enrolments.get(first.enrolment.id) === first.enrolment && atOf(first.enrolment) === first.atMs)
        return first.enrolment;
    }
  }

  #drop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (!heap.length) return;
    let at = 0;
    for (;;) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      if (left >= heap.length) break;
      const below = right < heap.length && isBefore(heap[right]!, heap[left]!) ? right : left;
      if (!isBefore(heap[below]!, last)) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = last;
  }
}

type Falls = { atMs: number; entered: number };

function isBefore(a: Falls, b: Falls): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.entered < b.entered);
}
