/**
 * What a campaign would have done with one contact over what they did: the same functions as the live engine, with a time of its own.
 * An event is taken when it was received; what falls due before that comes first. Pure: nothing is read and nothing is written.
 */
import { Changes, type EffectDone } from '../enrol/changes.ts';
import { onHanded, onUnsent } from '../enrol/cameOf.ts';
import { enter, onDue, onEvent } from '../enrol/engine.ts';
import { keyOfCall } from '../enrol/keys.ts';
import type { Seen } from '../match/facts.ts';
import type { Enrolment } from '../enrol/entry.ts';
import type { Campaign, Live, Member, Taken } from '../enrol/member.ts';

/** What would become of a message: it goes, at once or later (`code` says why), or never. */
type Sent = { at: 'sent'; atMs: number; code?: string } | { at: 'never'; code: string };

/** What the gate would have said. `unsent` is what would not even have been let in. */
export type Judge = (done: EffectDone, atMs: number) => Sent | { at: 'unsent'; code: string };

/** A message that would have been. */
type WouldSend = { step: string; wantedMs: number; isShadow: boolean; sent: ReturnType<Judge> };

/** Which events count, by when they were received; what is known before is known. */
type Period = { fromMs: number; toMs: number };

/** What would have happened to one contact. `changes.log` is the way, in order. */
export type Replayed = { changes: Changes; refused: { reason: string; atMs: number }[]; sends: WouldSend[] };

/** A contact that falls due more often than this in one period is told as it is by then: a circle of minutes over months. */
const MOST_TIMERS = 50_000;

/**
 * Replays a contact, who is in nothing at first. `events` are all that are known, in the order in which they are to be taken. Stops behind
 * each, for whoever has others to let do something meanwhile.
 */
export function* replaying(
  live: Live,
  member: Member,
  events: readonly Taken[],
  { fromMs, toMs }: Period,
  judge: Judge,
): Generator<void, Replayed> {
  const run = new Run(live, member, judge);
  for (const event of events) {
    if (event.receivedMs < fromMs) {
      member.horizon = event.order;
      continue;
    }
    if (event.receivedMs > toMs) break;
    yield* run.firing(event.receivedMs);
    run.hear(event);
    yield;
  }
  yield* run.firing(toMs + 1);
  return { changes: run.changes, refused: run.changes.refused, sends: run.sends };
}

/**
 * What would happen to a contact who is in nothing, if something set a campaign off and these events came after it. What they did before is
 * known (order 0); `begun` is an event, or null where somebody calls them in.
 */
export function rehearse(
  live: Live,
  member: Member,
  campaign: Campaign,
  { begun, call, events, untilMs }: Rehearsed,
  judge: Judge,
): Replayed {
  const run = new Run(live, member, judge);
  member.horizon = 0;
  if (begun) run.hear(begun);
  else run.call(campaign, call);
  for (const event of events) {
    toEnd(run.firing(event.receivedMs));
    run.hear(event);
  }
  toEnd(run.firing(untilMs));
  return { changes: run.changes, refused: run.changes.refused, sends: run.sends };
}

function toEnd(firing: Generator<void, void>): void {
  while (!firing.next().done);
}

type Rehearsed = { begun: Taken | null; call: Seen; events: readonly Taken[]; untilMs: number };

/** Changes that remember every refusal, where a live campaign keeps the last. */
class Trial extends Changes {
  readonly refused: { reason: string; atMs: number }[] = [];

  /** When whoever goes on falls due; what is not so any more is passed over when its time comes. */
  readonly due = new Due();

  override keep(member: Member, enrolment: Enrolment): void {
    super.keep(member, enrolment);
    this.due.add(enrolment);
  }

  override refuse(member: Member, campaignId: number, reason: string, atMs: number): void {
    super.refuse(member, campaignId, reason, atMs);
    this.refused.push({ reason, atMs });
  }
}

class Run {
  readonly changes = new Trial(() => 0);
  readonly sends: WouldSend[] = [];
  readonly #live: Live;
  readonly #member: Member;
  readonly #judge: Judge;
  #timers = 0;

  constructor(live: Live, member: Member, judge: Judge) {
    this.#live = live;
    this.#member = member;
    this.#judge = judge;
    // Nothing is known yet but what comes.
    member.horizon = -1;
  }

  hear(event: Taken): void {
    onEvent(this.#live, this.#member, event, event.receivedMs, this.changes);
    this.#settle();
  }

  call(campaign: Campaign, by: Seen): void {
    const who = { live: this.#live, member: this.#member, campaign, asOfMs: by.atMs, changes: this.changes };
    enter(who, by, keyOfCall(campaign.version, 'rehearsed'));
    this.#settle();
  }

  /** Fires what is due before an instant, in order; what comes of it may fall due as well. */
  *firing(untilMs: number): Generator<void, void> {
    for (;;) {
      const next = this.changes.due.next(this.#member, untilMs);
      if (!next || ++this.#timers > MOST_TIMERS) return;
      onDue(this.#live, this.#member, next, atOf(next), 0, this.changes);
      this.#settle();
      yield;
    }
  }

  /** What is to be done: judged instead, with what the contact would have been told of it. */
  #settle(): void {
    for (let done = this.changes.effects.shift(); done; done = this.changes.effects.shift()) {
      const { effect, enrolment } = done;
      const { step, atMs: wantedMs } = effect;
      if (effect.do === 'would_send')
        this.sends.push({ step, wantedMs, isShadow: true, sent: { at: 'sent', atMs: wantedMs } });
      // What another room would do is taken as done.
      if (effect.do === 'hand')
        onHanded(
          this.#live,
          this.#member,
          enrolment,
          { stepKey: step, failed: undefined, atMs: wantedMs },
          this.changes,
        );
      if (effect.do !== 'send') continue;
      const sent = this.#judge(done, wantedMs);
      this.sends.push({ step, wantedMs, isShadow: false, sent });
      if (sent.at === 'unsent')
        onUnsent(
          this.#live,
          this.#member,
          enrolment,
          { stepKey: step, reason: sent.code, atMs: wantedMs },
          this.changes,
        );
      else this.#tell(enrolment.id, step, sent, wantedMs);
    }
  }

  /** Whoever waits to hear of a message hears what would most likely be told. */
  #tell(enrolmentId: number, step: string, sent: Sent, wantedMs: number): void {
    if (this.#member.enrolments.get(enrolmentId)?.place.phase !== 'sent') return;
    const atMs = sent.at === 'sent' ? Math.max(sent.atMs, wantedMs) : wantedMs;
    const names = sent.at === 'sent' ? ['$accepted', '$delivered'] : ['$suppressed'];
    const properties = { enrolment: enrolmentId, step, ...(sent.at === 'never' ? { code: sent.code } : {}) };
    const { horizon: order } = this.#member;
    for (const name of names)
      onEvent(
        this.#live,
        this.#member,
        { name, atMs, receivedMs: atMs, key: 0, order, properties, isHistory: false },
        atMs,
        this.changes,
      );
  }
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
