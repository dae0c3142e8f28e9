/**
 * What a campaign would have done with one contact over what they did: the same functions as the live engine, with a time of its own.
 * An event is taken when it was received; what falls due before that comes first. Pure: nothing is read and nothing is written.
 */
import type { Changes, EffectDone } from '../enrol/changes.ts';
import { onHanded, onUnsent } from '../enrol/cameOf.ts';
import { enter, onEvent } from '../enrol/engine.ts';
import { keyOfCall } from '../enrol/keys.ts';
import type { Seen } from '../match/facts.ts';
import type { Campaign, Live, Member, Taken } from '../enrol/member.ts';
import { Past, PastChanges } from '../enrol/past.ts';

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
  for (const waits of run.past.all(events, { fromMs, toMs, untilMs: toMs + 1 })) if (!waits) yield;
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
  if (begun) toEnd(run.past.hear(begun));
  else toEnd(run.called(campaign, call));
  for (const event of events) {
    toEnd(run.past.firing(event.receivedMs));
    toEnd(run.past.hear(event));
  }
  toEnd(run.past.firing(untilMs));
  return { changes: run.changes, refused: run.changes.refused, sends: run.sends };
}

function toEnd(bits: Generator<unknown, void>): void {
  while (!bits.next().done);
}

type Rehearsed = { begun: Taken | null; call: Seen; events: readonly Taken[]; untilMs: number };

/** Changes that remember every refusal, where a live campaign keeps the last. */
class Trial extends PastChanges {
  readonly refused: { reason: string; atMs: number }[] = [];

  override refuse(member: Member, campaignId: number, reason: string, atMs: number): void {
    super.refuse(member, campaignId, reason, atMs);
    this.refused.push({ reason, atMs });
  }
}

class Run {
  readonly changes = new Trial({ laneOf: () => 0 });
  readonly sends: WouldSend[] = [];
  /** As if nobody had ever been late. */
  readonly past: Past;
  readonly #live: Live;
  readonly #member: Member;
  readonly #judge: Judge;

  constructor(live: Live, member: Member, judge: Judge) {
    this.#live = live;
    this.#member = member;
    this.#judge = judge;
    const settle = () => {
      this.#settle();
      return false;
    };
    this.past = new Past(live, member, this.changes, { lateAt: () => 0, settle });
  }

  called(campaign: Campaign, by: Seen): Generator<boolean, void> {
    const who = { live: this.#live, member: this.#member, campaign, asOfMs: by.atMs, changes: this.changes };
    return this.past.settling(by.atMs, () => enter(who, by, keyOfCall(campaign.version, 'rehearsed')));
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
          { stepKey: step, failed: undefined, atMs: wantedMs, lateMs: 0 },
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
          { stepKey: step, reason: sent.code, atMs: wantedMs, lateMs: 0 },
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
