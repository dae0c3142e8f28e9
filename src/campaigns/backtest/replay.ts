/**
 * What a campaign would have done with one contact over what they did: the same functions as the live engine, with a time of its own.
 * An event is taken when it was received; what falls due before that comes first. Pure: nothing is read and nothing is written.
 */
import { Changes, type EffectDone } from '../enrol/changes.ts';
import { onHanded, onUnsent } from '../enrol/cameOf.ts';
import { enter, onDue, onEvent } from '../enrol/engine.ts';
import { keyOfCall } from '../enrol/keys.ts';
import type { Seen } from '../match/facts.ts';
import type { Campaign, Enrolment, Live, Member, Taken } from '../enrol/member.ts';

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

/** Replays a contact, who is in nothing at first. `events` are all that are known, in the order in which they are to be taken. */
export function replay(
  live: Live,
  member: Member,
  events: readonly Taken[],
  { fromMs, toMs }: Period,
  judge: Judge,
): Replayed {
  const run = new Run(live, member, judge);
  for (const event of events) {
    if (event.receivedMs < fromMs) {
      member.horizon = event.order;
      continue;
    }
    if (event.receivedMs > toMs) break;
    run.fireBefore(event.receivedMs);
    run.hear(event);
  }
  run.fireBefore(toMs + 1);
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
    run.fireBefore(event.receivedMs);
    run.hear(event);
  }
  run.fireBefore(untilMs);
  return { changes: run.changes, refused: run.changes.refused, sends: run.sends };
}

type Rehearsed = { begun: Taken | null; call: Seen; events: readonly Taken[]; untilMs: number };

/** Changes that remember every refusal, where a live campaign keeps the last. */
class Trial extends Changes {
  readonly refused: { reason: string; atMs: number }[] = [];

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
  fireBefore(untilMs: number): void {
    for (;;) {
      const next = this.#next();
      if (!next || next.atMs >= untilMs || ++this.#timers > MOST_TIMERS) return;
      onDue(this.#live, this.#member, next.enrolment, next.atMs, 0, this.changes);
      this.#settle();
    }
  }

  #next(): { enrolment: Enrolment; atMs: number } | undefined {
    let found: { enrolment: Enrolment; atMs: number } | undefined;
    for (const enrolment of this.#member.enrolments.values()) {
      const atMs = Math.min(enrolment.place.dueMs, enrolment.place.lookMs ?? Infinity);
      if (!found || atMs < found.atMs) found = { enrolment, atMs };
    }
    return found;
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
