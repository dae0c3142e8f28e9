/**
 * The one function that takes people through campaigns: the live engine, a preview and a back-test call the same. It knows no database,
 * no clock and no chance: what it is given decides, so what was decided can be decided again.
 */
import {
  CAMPAIGN_LIMITS,
  type DateStep,
  type SendStep,
  type Step,
  type WaitForStep,
  type WaitStep,
} from '../../../contract/campaign.ts';
import { hash32 } from '../../base/crypto.ts';
import { durationMs } from '../match/duration.ts';
import { evaluate } from '../match/evaluate.ts';
import type { Around, Facts, Seen } from '../match/facts.ts';
import { attributesFrom, changeOf, factsAfter, type ChangeStep, type Alteration } from './changed.ts';
import { comesAt } from './date.ts';
import { drawn } from './drawn.ts';
import { flipsAt, letsOn } from './filter.ts';
import { END } from './flow.ts';
import { handedKindOf, isWait, type HandedKind } from './kinds.ts';
import { nextInWindow } from './local.ts';
import { endingBy, leftBy, takesOut } from './exits.ts';
import { cameTo, comesTo } from './moved.ts';
import type { Effect, Ending, Given, Stepped, Place, Run, Stimulus, StepDecision } from './run.ts';
import { edgeOfSend, isOfSend, zoneTold } from './told.ts';
import { after, AWAITED_MS, SEND_TELLS, windowOf, type Version } from './version.ts';
import { retimed } from './retimed.ts';
import { endOf, endsWait, graceMsOf, isLate, isTooLate, restOver, restsUntil } from './waits.ts';

/** Takes somebody on from where they stand. `asOfMs` is when it happens: the time of what is due, the arrival of an event. */
export function step(version: Version, run: Run, facts: Facts, stimulus: Stimulus, asOfMs: number): Stepped {
  const walk = new Walk(version, run, facts, stimulus, asOfMs);
  walk.take(stimulus);
  return walk.outcome();
}

class Walk {
  readonly #version: Version;
  readonly #run: Run;
  #facts: Facts;
  readonly #lateMs: number;
  /** By how much of that a pause kept what is taken now from its time. */
  readonly #keptMs: number;
  readonly #effects: Effect[] = [];
  readonly #why: StepDecision[] = [];
  #asOfMs: number;
  #place: Place;
  #ended: Ending | undefined;
  #steps = 0;

  constructor(version: Version, run: Run, facts: Facts, stimulus: Stimulus, asOfMs: number) {
    this.#version = version;
    this.#run = run;
    this.#facts = facts;
    this.#asOfMs = asOfMs;
    this.#keptMs = stimulus.kind === 'due' ? (run.place.lateMs ?? 0) : 0;
    this.#lateMs = (stimulus.lateMs ?? 0) + this.#keptMs;
    const { lookMs: _looked, ...place } = run.place;
    this.#place = place;
  }

  take(stimulus: Stimulus): void {
    const asksFilter = stimulus.kind !== 'enter' && stimulus.kind !== 'handed';
    if (this.#version.file.checkFilter === 'always' && asksFilter && !this.#passesFilter()) return;
    if (stimulus.kind === 'handed') return this.#handed(stimulus.step, stimulus.failed);
    if (stimulus.kind === 'event') return this.#hear(stimulus.event, stimulus.isStill);
    if (stimulus.kind === 'resumed') return this.#resume();
    if (stimulus.kind === 'changed') return this.#retime();
    if (stimulus.kind === 'refreshed') return this.#refresh();
    if (stimulus.kind === 'enter') return this.#enter();
    // What came before its time was only to look at the filter again.
    if (this.#asOfMs < this.#place.dueMs) return;
    if (this.#place.phase === 'go') return this.#go(this.#place.step);
    this.#due();
  }

  outcome(): Stepped {
    const place = this.#place;
    const lookMs = this.#ended ? Infinity : flipsAt(this.#version, this.#facts, this.#around());
    return {
      // The filter may fail by time alone: looked at then.
      place: lookMs < place.dueMs && lookMs > this.#asOfMs ? { ...place, lookMs } : place,
      ...(this.#ended ? { ended: this.#ended } : {}),
      effects: this.#effects,
      why: this.#why,
    };
  }

  #around(): Around {
    return { trigger: this.#run.trigger, asOfMs: this.#asOfMs };
  }

  #tell(what: string, more: { step?: string; detail?: string } = {}): void {
    this.#why.push({ seq: this.#place.seq++, atMs: this.#asOfMs, what, ...more });
  }

  #end(ended: Ending, detail?: string): undefined {
    this.#ended = ended;
    this.#tellHere('completed' in ended ? 'completed' : `exited: ${ended.exited}`, detail);
  }

  #tellHere(what: string, detail?: string): void {
    this.#tell(what, { step: this.#place.step, ...(detail === undefined ? {} : { detail }) });
  }

  #passesFilter(): boolean {
    if (letsOn(this.#version, this.#facts, this.#around())) return true;
    this.#end({ exited: 'filter' });
    return false;
  }

  /** An event, for whoever waits or is to leave. Waits come before exits; in what stands still nobody goes on, and who is to leave does. */
  #hear(event: Seen, isStill?: true): void {
    const current = isStill ? undefined : this.#current();
    if (current && this.#place.phase === 'sent') this.#heardOfSend(current, event);
    else if (current && 'wait_for' in current && this.#ends(current.wait_for, event))
      this.#done(current.wait_for, event);
    else this.#noteLate(event);
    if (this.#ended) return;
    const isOut = takesOut(this.#version, event, this.#run, this.#facts, this.#around());
    if (isOut) this.#end(endingBy(event), event.name);
  }

  /** Who has done since what set them off what takes them out is out of it: it came before that did, or before they were decided on. */
  #enter(): void {
    const left = leftBy(this.#version, this.#run, this.#facts, this.#around());
    if (left) this.#end(endingBy(left), left.name);
    else this.#go(this.#place.step);
  }

  /** What came while it stood still counts as if it came now: a wait that it ends is over, and what became of a message is known. */
  #resume(): void {
    const current = this.#current();
    const { phase, sinceMs } = this.#place;
    if (current && phase === 'sent') {
      const told = SEND_TELLS.flatMap((name) => this.#facts.events(name));
      for (const one of told) if (one.atMs >= sinceMs && this.#heardOfSend(current, one)) return;
    } else if (current && 'wait_for' in current) {
      const found = this.#found(current.wait_for, sinceMs);
      if (found) this.#done(current.wait_for, found);
    } else this.#retime();
  }

  #retime(): void {
    const comes = retimed(this.#current(), this.#place, this.#facts, this.#asOfMs);
    if (comes) this.#place = { ...this.#place, ...comes };
    if (comes) this.#tellHere('waits', this.#facts.zone);
  }

  /** What was sent, or is about to be, is not sent again. */
  #refresh(): void {
    const current = this.#current();
    if (!current || this.#place.phase || !isWait(current)) return;
    this.#place = cameTo(current.key, this.#place, this.#asOfMs);
    this.#goFrom(current);
  }

  /** What was waited for comes when the time for it is over: that is told, once, and changes nothing. */
  #noteLate(event: Seen): void {
    const { steps } = this.#version;
    if (!isLate(steps, event, { ...this.#run, place: this.#place }, this.#facts, this.#around())) return;
    const { [event.name]: key, ...missed } = this.#place.missed!;
    this.#place.missed = missed;
    this.#tell('late', { step: key!, detail: event.name });
  }

  #heardOfSend(current: Step, event: Seen): boolean {
    if (!('send' in current) || !isOfSend(event, this.#run.id, current.key)) return false;
    const heard = edgeOfSend(current.send.await, event);
    if (heard) this.#follow(...heard);
    return heard !== undefined;
  }

  /** Something fell due at the step. */
  #due(): void {
    const current = this.#current();
    if (!current) return this.#end({ exited: 'step_removed' });
    if ('wait_for' in current) {
      const wait = current.wait_for;
      const found = this.#found(wait, this.#place.sinceMs);
      if (found) return this.#done(wait, found);
      // It was to be looked at sooner, since it seemed to be done.
      const restMs = restOver(current, this.#place, this.#facts.zone)!;
      if (restMs > this.#asOfMs) return this.#wait(restMs, wait.event);
      this.#place.missed = { ...this.#place.missed, [wait.event]: current.key };
      // The time that was waited, without the grace.
      this.#asOfMs = Math.max(this.#place.sinceMs, this.#asOfMs - graceMsOf(wait));
      return this.#follow('timeout', `no ${wait.event} within ${wait.timeout}`);
    }
    if (this.#place.phase === 'sent') return this.#follow('failed', 'nothing was heard of it');
    // What waits for a wall is asked again: zone and date may be others by now.
    if (this.#place.phase === 'spread' || 'wait_until' in current) return this.#goFrom(current);
    // The wall by which it was set may be another's by now: their next such time is waited for.
    const { zone } = this.#facts;
    const isElsewhere = this.#place.zone !== undefined && this.#place.zone !== zone;
    if ('wait' in current && isElsewhere && restsUntil(current.wait, zone, this.#asOfMs) > this.#asOfMs)
      return this.#rest(current.wait, zone, this.#asOfMs);
    this.#follow('next');
  }

  #current(): Step | undefined {
    return this.#version.steps[this.#version.index.get(this.#place.step) ?? -1];
  }

  /** Goes along an edge, and on as far as nothing is waited for. */
  #follow(edge: string, detail?: string): void {
    this.#go(this.#on(this.#version.index.get(this.#place.step)!, edge, detail));
  }

  #goFrom(current: Step): void {
    const next = this.#visit(current, this.#version.index.get(current.key)!);
    if (next !== undefined) this.#go(next);
  }

  #go(first: string): void {
    let next: string | undefined = first;
    while (next !== undefined && !this.#ended) {
      if (next === END) return this.#end({ completed: true });
      const at = this.#version.index.get(next);
      if (at === undefined) return this.#end({ exited: 'step_removed' });
      if (!this.#come(next)) return;
      if (++this.#steps > CAMPAIGN_LIMITS.instantSteps) {
        // The rest in another turn, so that no turn is long.
        return this.#stays('go');
      }
      next = this.#visit(this.#version.steps[at]!, at);
    }
  }

  /** Comes to a step; false when it was come back to too often. */
  #come(key: string): boolean {
    this.#place = comesTo(this.#version, this.#place, key, this.#asOfMs);
    if ((this.#place.passes?.[key] ?? 0) <= CAMPAIGN_LIMITS.cyclePasses) return true;
    this.#end({ exited: 'expired' }, `came back to ${key} ${CAMPAIGN_LIMITS.cyclePasses} times`);
    return false;
  }

  /** Takes a step; the next, or undefined when it waits or ended. */
  #visit(current: Step, at: number): string | undefined {
    if ('send' in current) return this.#send(current.key, current.send, at);
    if ('wait' in current) {
      const { zone } = this.#facts;
      return this.#rest(current.wait, zone, this.#asOfMs + durationMs(current.wait.for)!);
    }
    if ('wait_until' in current) {
      const { wait_until: until } = current;
      if ('attribute' in until) return this.#untilDate(until, at);
      const zone = until.zone ?? this.#facts.zone;
      const opensMs = nextInWindow(windowOf(until), zone, this.#asOfMs);
      this.#place.zone = zone;
      if (opensMs > this.#asOfMs) return this.#wait(opensMs, zone);
      return this.#on(at, 'next', 'within its hours');
    }
    if ('wait_for' in current) return this.#waitFor(current.wait_for, at);
    if ('branch' in current) {
      const found = current.branch.find(({ when }) => evaluate(when, this.#facts, this.#around()).holds);
      return found ? this.#chosen(current.key, found.to) : this.#on(at, 'else');
    }
    if ('split' in current)
      return this.#chosen(
        current.key,
        drawn(current.split, `${this.#version.campaignId}:${current.key}:${this.#run.contactId}`),
      );
    if ('stop' in current) return this.#end({ exited: current.stop.reason, isStop: true });
    if ('start' in current) return this.#start(current.key, current.start.campaign, at);
    const handed = handedKindOf(current);
    if (handed) return this.#hand(current.key, handed, at);
    return this.#change(current as ChangeStep, at);
  }

  #start(key: string, campaign: string, at: number): string {
    if (this.#run.isShadow) return this.#on(at, 'next', 'left out: of the holdout');
    this.#gives(key, { do: 'start', campaign });
    return this.#on(at, 'next', campaign);
  }

  /** Another room does it, in this very transaction; its word is waited for. */
  #hand(key: string, kind: HandedKind, at: number): string | undefined {
    if (this.#run.isShadow)
      return this.#on(at, kind === 'webhook' ? 'ok' : 'next', 'left out: of the holdout');
    this.#gives(key, { do: 'hand', kind });
    this.#tell('hands on', { step: key, detail: kind });
    this.#place.phase = 'sent';
    this.#place.dueMs = this.#asOfMs + this.#lateMs + AWAITED_MS;
    return undefined;
  }

  #handed(key: string, failed: string | undefined): void {
    const current = this.#current();
    if (!current || current.key !== key || this.#place.phase !== 'sent') return;
    if (failed !== undefined) return this.#follow('failed', failed);
    this.#follow('webhook' in current ? 'ok' : 'next', 'done');
  }

  #gives(key: string, effect: Given): void {
    this.#effects.push({ seq: this.#place.seq, step: key, atMs: this.#asOfMs, ...effect });
  }

  /** What is to be done at the step is done later; it is as late then as it was. */
  #stays(phase: 'go' | 'spread'): void {
    this.#place.phase = phase;
    if (this.#keptMs) this.#place.lateMs = this.#keptMs;
  }

  #on(at: number, edge: string, detail?: string): string {
    this.#tellHere(edge, detail);
    return after(this.#version, at, edge);
  }

  #chosen(key: string, to: string): string {
    this.#tell('took', { step: key, detail: to });
    return to;
  }

  #wait(dueMs: number, detail: string): undefined {
    this.#place.dueMs = dueMs;
    this.#tellHere('waits', detail);
  }

  #rest(wait: WaitStep, zone: string, restMs: number): undefined {
    if (wait.thenAt !== undefined) this.#place.zone = zone;
    return this.#wait(restsUntil(wait, zone, restMs), zoneTold(wait.thenAt, zone));
  }

  /** Waits for a date; the day that it is may come no more, or have come at this very instant. */
  #untilDate(until: DateStep, at: number): string | undefined {
    const { contact, zone } = this.#facts;
    const comesMs = comesAt(until, contact.attributes, zone, this.#asOfMs);
    if (typeof comesMs === 'string') return this.#on(at, 'missed', comesMs);
    if (comesMs > this.#asOfMs) return this.#wait(comesMs, zone);
    return this.#on(at, 'next', `the time of ${until.attribute}`);
  }

  #waitFor(wait: WaitForStep, at: number): string | undefined {
    const found = this.#found(wait, this.#asOfMs);
    if (found) {
      this.#note(wait, found);
      return this.#on(at, 'done', wait.event);
    }
    return this.#wait(this.#asOfMs + durationMs(wait.timeout)! + graceMsOf(wait), wait.event);
  }

  #done(wait: WaitForStep, event: Seen): void {
    this.#note(wait, event);
    this.#follow('done', wait.event);
  }

  /** What ended a wait ends no other, and what it says is kept of the contact where that is asked for. */
  #note({ event: name, save }: WaitForStep, event: Seen): void {
    this.#place.heard = { ...this.#place.heard, [name]: [event.atMs, event.key] };
    if (!save || this.#run.isShadow) return;
    const attributes = attributesFrom(save, event.properties);
    if (attributes) this.#makes({ do: 'set', attributes });
  }

  /** Changes the contact, for what comes behind to see; false where that cannot be. */
  #makes(change: Alteration): boolean {
    const facts = factsAfter(this.#facts, change);
    if (!facts) return false;
    this.#gives(this.#place.step, change);
    this.#facts = facts;
    return true;
  }

  /** The first of what was done already that ends a wait which began at `sinceMs`. */
  #found(wait: WaitForStep, sinceMs: number): Seen | undefined {
    const run = { ...this.#run, place: { ...this.#place, sinceMs } };
    return endOf(wait, run, this.#facts, this.#around());
  }

  #ends(wait: WaitForStep, event: Seen): boolean {
    return endsWait(wait, event, { ...this.#run, place: this.#place }, this.#facts, this.#around());
  }

  #send(key: string, send: SendStep, at: number): string | undefined {
    if (send.spread !== undefined && this.#place.phase !== 'spread') {
      this.#stays('spread');
      const offset = (hash32(`${this.#run.contactId}:${key}`) >>> 0) % durationMs(send.spread)!;
      return this.#wait(this.#asOfMs + offset, `within ${send.spread}`);
    }
    delete this.#place.phase;
    if (isTooLate(send, this.#lateMs)) return this.#on(at, 'suppressed', 'too_late');
    if (this.#version.file.checkFilter !== 'never' && !this.#passesFilter()) return undefined;
    const { isShadow } = this.#run;
    this.#gives(key, { do: isShadow ? 'would_send' : 'send' });
    this.#tell(isShadow ? 'would have sent' : 'sends', { step: key });
    if (isShadow || (send.await ?? 'none') === 'none') return after(this.#version, at, 'next');
    this.#place.phase = 'sent';
    this.#place.dueMs = this.#asOfMs + this.#lateMs + AWAITED_MS;
    return undefined;
  }

  #change(current: ChangeStep, at: number): string {
    if (this.#run.isShadow) return this.#on(at, 'next', 'left out: of the holdout');
    if (!this.#makes(changeOf(current))) return this.#on(at, 'failed', 'more attributes than may be kept');
    return this.#on(at, 'next');
  }
}
