/**
 * What an event, a timer or a change does to one contact: goals, then those who are in a campaign, then who enters one. Pure: it works on
 * what is in hand (`Member`) and gathers what changes (`Changes`); the live engine and a back-test both call it.
 */
import { hash53 } from '../../base/crypto.ts';
import { evaluate, whereHolds } from '../match/evaluate.ts';
import type { Seen } from '../match/facts.ts';
import type { Effect, Stepped, Stimulus } from '../steps/run.ts';
import { withAttributes, withTags } from '../steps/changed.ts';
import { firstPlace } from '../steps/moved.ts';
import { step } from '../steps/step.ts';
import { isOfSends } from '../steps/told.ts';
import { drawArm } from './arms.ts';
import { depthBehind, goesTooFar } from './chain.ts';
import { ofWhom, type Changes } from './changes.ts';
import { countEffect, countTooLate } from './counted.ts';
import { convert } from './goals.ts';
import { missedAt, noteLate } from './late.ts';
import { isBefore, refusalOf } from './refusal.ts';
import { setOffBy } from './triggers.ts';
import { enrolmentIdOf, keyOfEvent } from './keys.ts';
import { ARM, type Arm, type Enrolment, type Entry } from './entry.ts';
import type { Campaign, Live, Member, Taken } from './member.ts';

/** Identify and track often run side by side: who lacks an attribute that is asked for is waited for this long. */
const GRACE_MS = 2 * 60_000;

/** An event. `nowMs` is when it is taken, by the workspace's clock. */
export function onEvent(live: Live, member: Member, event: Taken, nowMs: number, changes: Changes): void {
  member.horizon = Math.max(member.horizon, event.order);
  const reached = convert(live, member, event, changes);
  if (event.isHistory) return;
  const left = member.entries.missing(event.name);
  for (const enrolment of member.enrolments.thatHear((id) => mayHear(live, id, event.name))) {
    if (enrolment.arm === null) continue;
    take(live, member, enrolment, { kind: 'event', event, lateMs: member.lateMs }, event.receivedMs, changes);
  }
  // Who waited for it goes on before they leave for it.
  for (const { goal, entry } of reached) {
    const enrolment = member.enrolments.get(entry.enrolmentId);
    if (enrolment && goal.exit) exit(member, enrolment, 'goal', event.receivedMs, changes);
  }
  noteLate(live, member, left, event, changes);
  offer(live, member, event, { asOfMs: event.receivedMs, nowMs }, changes);
}

/**
 * Whether an event of a name may do anything to who goes by a version. What became of a message is heard by whoever waits for it, also where
 * their version does not ask for it any more; a version that is not live, or of no live campaign, takes whoever goes by it out.
 */
function mayHear(live: Live, versionId: number, name: string): boolean {
  const version = live.versions.get(versionId);
  if (!version || !live.campaigns.has(version.campaignId)) return true;
  return version.takes.has(name) || version.file.checkFilter === 'always' || isOfSends(name);
}

/** Offers an event to the campaigns that it sets off; of who is not known yet it is held until they are. */
export function offer(
  live: Live,
  member: Member,
  event: Seen,
  { asOfMs, nowMs }: { asOfMs: number; nowMs: number },
  changes: Changes,
): void {
  let isHeld = false;
  for (const campaign of setOffBy(live.triggers, event.name, event.properties)) {
    const { trigger, triggersWithinMs } = campaign.version;
    const around = { trigger: event, asOfMs };
    if (isBefore(campaign, event.receivedMs)) continue;
    if (trigger?.where && !whereHolds(trigger.where, event, member.facts, around)) continue;
    if (asOfMs - event.atMs > triggersWithinMs) changes.refuse(member, campaign.id, 'too_old', nowMs);
    else {
      isHeld ||= member.isAnonymous && event.order > 0;
      enter({ live, member, campaign, asOfMs, changes }, event, keyOfEvent(campaign.version, event));
    }
  }
  if (isHeld) changes.held.push({ ...ofWhom(member), event });
}

/** What is known of the contact changed. */
export function onChange(live: Live, member: Member, nowMs: number, changes: Changes): void {
  const inside = [...member.enrolments.values()];
  for (const enrolment of inside) {
    const campaign = live.campaigns.get(enrolment.campaignId);
    if (enrolment.arm === null) {
      // In what stands still nothing is decided: it is when that goes on.
      if (campaign && campaign.paused !== 'all')
        decide({ live, member, campaign, asOfMs: nowMs, changes }, enrolment);
    } else if (live.versions.get(enrolment.versionId)?.heedsChanges)
      take(live, member, enrolment, { kind: 'changed' }, nowMs, changes);
  }
}

/** A timer. `atMs` is when it was due, by the workspace's clock, `lateMs` how long ago that is. */
export function onDue(
  live: Live,
  member: Member,
  enrolment: Enrolment,
  atMs: number,
  lateMs: number,
  changes: Changes,
): void {
  if (enrolment.arm !== null) return take(live, member, enrolment, { kind: 'due', lateMs }, atMs, changes);
  const campaign = live.campaigns.get(enrolment.campaignId);
  if (!campaign) return exit(member, enrolment, 'campaign_ended', atMs, changes);
  // In what stands still it keeps its time, as whoever is in it does.
  if (campaign.paused === 'all' || atMs < enrolment.place.dueMs) return changes.keep(member, enrolment);
  exit(member, enrolment, 'filter', atMs, changes);
}

/** Who may enter which campaign, and when. */
type Entrant = { live: Live; member: Member; campaign: Campaign; asOfMs: number; changes: Changes };

/** Somebody is to enter, because of an event, or because somebody said so under a key. */
export function enter(who: Entrant, trigger: Seen | null, entryKey: number | undefined): void {
  const { member, campaign, asOfMs, changes } = who;
  const refusal = goesTooFar(trigger) ? 'chain' : refusalOf(member, campaign, entryKey, asOfMs);
  if (refusal !== undefined) {
    if (refusal === 'active' && trigger && again(who, trigger, entryKey!)) return;
    return changes.refuse(member, campaign.id, refusal, asOfMs);
  }
  begin(who, trigger, entryKey!);
}

/** Somebody enters of whom the entry rule has been asked. */
function begin(who: Entrant, trigger: Seen | null, entryKey: number): void {
  const { member, campaign, asOfMs, changes } = who;
  const { version } = campaign;
  const enrolment: Enrolment = {
    id: enrolmentIdOf(member.contactId, campaign.id, entryKey),
    contactId: member.contactId,
    campaignId: campaign.id,
    versionId: version.id,
    entryKey,
    epoch: campaign.epoch,
    arm: null,
    variant: null,
    isShadow: false,
    enteredMs: asOfMs,
    trigger,
    place: { ...firstPlace(version, asOfMs), dueMs: asOfMs + GRACE_MS },
  };
  changes.make(enrolment);
  admit(who, enrolment);
}

/**
 * Decides on somebody who waits for it. They may have entered by another way meanwhile: who became one with somebody who is in it, or was
 * under the same key, does not enter besides.
 */
export function decide(who: Entrant, enrolment: Enrolment): void {
  const { member, campaign, asOfMs, changes } = who;
  const refusal = refusalOf(member, campaign, enrolment.entryKey, asOfMs, enrolment);
  if (refusal !== undefined) return exit(member, enrolment, refusal, asOfMs, changes);
  admit(who, enrolment);
}

/** Lets somebody in whom the filter lets in; who lacks an attribute waits a little. */
function admit({ live, member, campaign, asOfMs, changes }: Entrant, enrolment: Enrolment): void {
  const { version } = campaign;
  const { filter } = version.file;
  const around = { trigger: enrolment.trigger, asOfMs };
  const truth = filter ? evaluate(filter, member.facts, around) : undefined;
  if (truth && !truth.holds) {
    if (truth.lacks && asOfMs < enrolment.place.dueMs) {
      member.enrolments.set(enrolment.id, enrolment);
      return changes.keep(member, enrolment);
    }
    return exit(member, enrolment, 'filter', asOfMs, changes);
  }
  const { arm, variant } = drawArm(campaign, member.contactId);
  const entered: Enrolment = {
    ...enrolment,
    // Who waited may have been let in by an earlier version than they enter by.
    versionId: version.id,
    epoch: campaign.epoch,
    arm,
    variant,
    isShadow: arm !== ARM.treated,
    enteredMs: asOfMs,
    place: firstPlace(version, asOfMs),
  };
  const { campaignId, entryKey, id: enrolmentId, versionId, epoch, trigger } = entered;
  const by = { campaignId, entryKey, enrolmentId, versionId, epoch, arm, variant, trigger };
  const came = { enteredMs: asOfMs, reachedMs: null, endedMs: null, ending: null, missed: null };
  const entry: Entry = { ...by, ...came, converted: {} };
  member.entries.add(entry);
  member.enrolments.set(entered.id, entered);
  changes.makeEntry(member, entry);
  changes.count(member, entered as Enrolment & { arm: Arm }, 'entered');
  log(member, entered, changes, {
    seq: entered.place.seq++,
    atMs: asOfMs,
    what: ENTERED[arm],
    ...(trigger ? { detail: trigger.name } : {}),
  });
  const stimulus = { kind: 'enter' as const, lateMs: member.lateMs };
  apply(live, member, entered, step(version, entered, member.facts, stimulus, asOfMs), changes);
}

const ENTERED: Readonly<Record<Arm, string>> = {
  [ARM.treated]: 'entered',
  [ARM.holdout]: 'entered the holdout',
  [ARM.outside]: 'entered the workspace holdout',
};

/**
 * What a trigger does to who is in it already, or waits to be decided on, when they are to start again or to go on with the new one. True where
 * they begin anew, or are decided on by it.
 */
function again(who: Entrant, trigger: Seen, entryKey: number): boolean {
  const { live, member, campaign, asOfMs, changes } = who;
  const { whileActive = 'ignore', filter } = campaign.version.file;
  if (whileActive === 'ignore' || whileActive === 'alongside') return false;
  const enrolment = member.enrolments.firstIn(campaign.id, ({ arm }) => arm !== null);
  if (!enrolment) return waitsAgain(who, trigger, entryKey);
  if (whileActive === 'restart') {
    // Who cannot enter under it once more stays in it, and so does whom the filter would not let in now.
    if (member.entries.hasKey(campaign.id, entryKey)) return false;
    if (filter && !evaluate(filter, member.facts, { trigger, asOfMs }).holds) return false;
    exit(member, enrolment, 'restarted', asOfMs, changes);
    // A cooldown is of who was in it, and they are.
    begin(who, trigger, entryKey);
    return true;
  }
  const version = live.versions.get(enrolment.versionId);
  if (!version) return false;
  const refreshed = { ...enrolment, trigger, place: { ...enrolment.place } };
  const known = member.entries.of(enrolment.id);
  if (known) {
    known.trigger = trigger;
    changes.keepEntry(member, known, true);
  }
  log(member, refreshed, changes, {
    seq: refreshed.place.seq++,
    atMs: asOfMs,
    what: 'refreshed',
    detail: trigger.name,
  });
  apply(
    live,
    member,
    refreshed,
    step(version, refreshed, member.facts, { kind: 'refreshed', lateMs: member.lateMs }, asOfMs),
    changes,
  );
  return false;
}

/** Who only waits to be decided on is, by the trigger that came last: what they lack of the filter may be told beside that one. */
function waitsAgain(who: Entrant, trigger: Seen, entryKey: number): boolean {
  const { member, campaign, asOfMs, changes } = who;
  const { version } = campaign;
  const waiting = member.enrolments.firstIn(campaign.id, () => true);
  if (!waiting) return false;
  if (version.file.whileActive === 'refresh') {
    const place = { ...firstPlace(version, asOfMs), dueMs: asOfMs + GRACE_MS };
    admit(who, { ...waiting, trigger, enteredMs: asOfMs, place });
    return true;
  }
  if (member.entries.hasKey(campaign.id, entryKey)) return false;
  drop(member, waiting, changes);
  begin(who, trigger, entryKey);
  return true;
}

/** Takes somebody on in a campaign. */
export function take(
  live: Live,
  member: Member,
  enrolment: Enrolment,
  stimulus: Stimulus,
  asOfMs: number,
  changes: Changes,
): void {
  const campaign = live.campaigns.get(enrolment.campaignId);
  if (!campaign) return exit(member, enrolment, 'campaign_ended', asOfMs, changes);
  const version = live.versions.get(enrolment.versionId) ?? campaign.version;
  if (campaign.paused === 'all') {
    // Kept as it is, with its timer where a pause has it.
    if (stimulus.kind === 'due') changes.keep(member, enrolment);
    if (stimulus.kind !== 'event') return;
    // Who leaves now does not hear of it again: what they left would go on when it is resumed.
    const left = step(version, enrolment, member.facts, { ...stimulus, isStill: true }, asOfMs);
    return left.ended && apply(live, member, enrolment, left, changes);
  }
  const outcome = step(version, enrolment, member.facts, stimulus, asOfMs);
  const nothing = !outcome.ended && !outcome.why.length && outcome.place.lookMs === enrolment.place.lookMs;
  if (!nothing) apply(live, member, enrolment, outcome, changes);
}

/** Puts what a step came to in hand. */
export function apply(
  live: Live,
  member: Member,
  enrolment: Enrolment,
  outcome: Stepped,
  changes: Changes,
): void {
  const version = live.versions.get(enrolment.versionId) ?? live.campaigns.get(enrolment.campaignId)!.version;
  const next = { ...enrolment, place: outcome.place };
  const counted = next as Enrolment & { arm: Arm };
  for (const why of outcome.why) {
    log(member, next, changes, why);
    countTooLate(member, counted, why, changes);
  }
  for (const effect of outcome.effects) {
    changes.effects.push({ ...ofWhom(member), effect, enrolment: next, version, lateMs: member.lateMs });
    countEffect(member, counted, effect, changes);
    if (effect.do === 'set') member.facts = withAttributes(member.facts, effect.attributes);
    if (effect.do === 'tag') member.facts = withTags(member.facts, effect.add, effect.remove);
    if (effect.do === 'set' || effect.do === 'tag') member.depth = Math.max(member.depth, depthBehind(next));
  }
  if (outcome.ended) {
    const ending = 'completed' in outcome.ended ? 'completed' : outcome.ended.exited;
    // What a campaign sends on its way to a stop of its own is no less sent than what it ends with.
    const sent = 'isStop' in outcome.ended ? outcome.effects.map((effect) => effect.step) : [];
    ended(member, next, ending, outcome.why.at(-1)!.atMs, changes, sent);
  } else {
    member.enrolments.set(next.id, next);
    changes.keep(member, next);
  }
  for (const effect of outcome.effects) if (effect.do === 'start') start(live, member, next, effect, changes);
}

/** Lets somebody enter another campaign. */
function start(
  live: Live,
  member: Member,
  by: Enrolment,
  { campaign: key, seq, atMs }: Extract<Effect, { do: 'start' }>,
  changes: Changes,
): void {
  const campaign = [...live.campaigns.values()].find((one) => one.key === key);
  if (!campaign) return;
  const properties = { ...by.trigger?.properties, campaign: live.campaigns.get(by.campaignId)?.key ?? null };
  const told = { name: '$started', atMs, receivedMs: atMs, key: hash53(`started ${by.id} ${seq}`) };
  const trigger = { ...told, order: 0, depth: depthBehind(by), properties };
  enter({ live, member, campaign, asOfMs: atMs, changes }, trigger, keyOfEvent(campaign.version, trigger));
}

/** Takes somebody out, for a reason from outside its steps; of whom it is not decided yet is refused for it. */
export function exit(
  member: Member,
  enrolment: Enrolment,
  reason: string,
  atMs: number,
  changes: Changes,
): void {
  if (enrolment.arm === null) {
    drop(member, enrolment, changes);
    return changes.refuse(member, enrolment.campaignId, reason, atMs);
  }
  const next = { ...enrolment, place: { ...enrolment.place } };
  log(member, next, changes, {
    seq: next.place.seq++,
    atMs,
    what: `exited: ${reason}`,
    step: next.place.step,
  });
  ended(member, next, reason, atMs, changes);
}

function ended(
  member: Member,
  enrolment: Enrolment,
  ending: string,
  atMs: number,
  changes: Changes,
  kept: readonly string[] = [],
): void {
  drop(member, enrolment, changes);
  const { id: enrolmentId, versionId, campaignId } = enrolment;
  if (ending !== 'completed')
    changes.exits.push({ ...ofWhom(member), enrolmentId, versionId, campaignId, kept });
  const entry = member.entries.of(enrolment.id);
  if (entry) {
    entry.endedMs = atMs;
    entry.ending = ending;
    entry.missed = missedAt(enrolment.place);
    member.entries.left(entry);
    changes.keepEntry(member, entry);
  }
  changes.count(member, enrolment as Enrolment & { arm: Arm }, `ended:${ending}`);
}

function drop(member: Member, enrolment: Enrolment, changes: Changes): void {
  member.enrolments.delete(enrolment.id);
  changes.drop(member, enrolment);
}

/** Writes down what was decided. */
export function log(
  member: Member,
  { id: enrolmentId, campaignId }: Enrolment,
  changes: Changes,
  why: Stepped['why'][number],
): void {
  changes.log.push({ ...ofWhom(member), enrolmentId, campaignId, ...why });
}
