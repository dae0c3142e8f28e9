/**
 * What is kept of a contact is looked at: which segments they are in, and what triggers go by. Each look says what holds, what comes of
 * that, and when time alone may change it; then it is looked again. Pure.
 */
import { CAMPAIGN_LIMITS } from '../../../contract/campaign.ts';
import { hash53 } from '../../base/crypto.ts';
import { evaluate, namesIn } from '../match/evaluate.ts';
import type { Seen } from '../match/facts.ts';
import { valueAt } from '../match/reading.ts';
import { nextDate, type DateComes } from '../steps/date.ts';
import type { Changes } from './changes.ts';
import { enter, take } from './engine.ts';
import { keyOfEvent } from './keys.ts';
import type { Campaign, Live, Member, Watch } from './member.ts';
import { isBefore } from './refusal.ts';

/**
 * `hushed`: what is known becomes another, and nothing is set off. `isDue`: it is looked at because time has come. `did`: the event because of
 * which it is looked at. `only`: the watch that is looked at; what became of the others is for whatever changed it. `crossed`: what was found
 * before (`insideBy`), of which nothing was set off yet.
 */
type Look = {
  asOfMs: number;
  isHushed?: boolean;
  isDue?: boolean;
  did?: Did | undefined;
  only?: number;
  crossed?: readonly Crossed[];
};

type Did = Pick<Seen, 'name' | 'atMs'>;

type DateWatch = Extract<Watch, { kind: 'date' }>;

type Crossed = { watch: Watch; isIn: boolean; atMs: number };

/**
 * Rounds in which what comes of a look may change what holds: each round that lets anybody in leads one further, and what has led too far
 * lets nobody in any more.
 */
const ROUNDS = CAMPAIGN_LIMITS.chain + 2;

/** Looks at a contact, and again as long as what comes of it changes what holds. */
export function look(live: Live, member: Member, asked: Look, changes: Changes): void {
  const { asOfMs, isHushed, isDue, did, only, crossed: before = [] } = asked;
  const looked = only === undefined ? live.watches : live.watches.filter(({ id }) => id === only);
  if (isDue && !isHushed) for (const watch of live.watches) fallsDue(live, member, watch, asOfMs, changes);
  let isElsewhere = false;
  for (let round = 0; round < ROUNDS; round++) {
    const { depth } = member;
    member.depth = 0;
    const found = looked.flatMap((watch) => cross(member, watch, asOfMs, changes) ?? []);
    const crossed = round > 0 ? found : [...before, ...found].sort((a, b) => a.watch.id - b.watch.id);
    if (!crossed.length) break;
    isElsewhere ||= crossed.some(({ watch }) => watch.key !== null);
    for (const { watch, isIn, atMs } of isHushed ? [] : crossed)
      if (isIn && watch.key !== null)
        changes.comings.push({ contactId: member.contactId, segmentId: watch.id, atMs });
    if (!isHushed) for (const one of crossed) setOff(live, member, one, { depth, did }, changes);
  }
  if (isElsewhere) askedAgain(live, member, asOfMs, changes);
  const nextMs = Math.min(...live.watches.map((watch) => flipOf(member, watch, asOfMs)));
  if (nextMs < Infinity) changes.look(member, nextMs);
}

/**
 * The segments that somebody comes into, or leaves, by what has just come, before anything is decided by that: a filter that names a segment says
 * what its rule would say in its place. What it sets off is for the look behind it (`crossed`). Nothing where no filter asks for any.
 */
export function insideBy(live: Live, member: Member, asOfMs: number, changes: Changes): readonly Crossed[] {
  if (!live.asksSegments) return [];
  return live.watches.flatMap((watch) =>
    watch.key === null ? [] : (cross(member, watch, asOfMs, changes) ?? []),
  );
}

/** Who is in other segments now is asked by the filters that ask for one at any time. */
function askedAgain(live: Live, member: Member, asOfMs: number, changes: Changes): void {
  const inside = [...member.enrolments.values()];
  for (const enrolment of inside)
    if (enrolment.arm !== null && live.versions.get(enrolment.versionId)?.heedsSegments)
      take(live, member, enrolment, { kind: 'changed' }, asOfMs, changes);
}

/**
 * A date may have come before the campaign asked for it: the contact enters as of each moment after `fromMs` at which it came, except where they
 * entered by it already. `lateBy`: how late what was due at a moment is.
 */
export function catchUpDate(
  live: Live,
  member: Member,
  watchId: number,
  { fromMs, asOfMs, lateBy }: { fromMs: number; asOfMs: number; lateBy: (atMs: number) => number },
  changes: Changes,
): void {
  const watch = live.watches.find(({ id }) => id === watchId);
  if (watch?.kind !== 'date') return;
  for (let one = nextOf(member, watch, fromMs); one && one.atMs <= asOfMs; ) {
    member.lateMs = lateBy(one.atMs);
    comesDue(live, member, watch, one, changes);
    one = nextOf(member, watch, one.atMs);
  }
  member.lateMs = 0;
}

/** Zones are at most so far apart. */
const ZONES_APART_MS = 27 * 3_600_000;

/**
 * They wait by another zone since an instant, where it was `zoneWas` before. A date that was to come after it, and by the new zone had come before,
 * comes then: nobody misses one for that. What came between then and now comes as of its moment, and what is to come is waited for anew.
 */
export function catchUpZone(
  live: Live,
  member: Member,
  moved: { zoneWas: string; sinceMs: number; asOfMs: number; lateBy: (atMs: number) => number },
  changes: Changes,
): void {
  const { zoneWas, sinceMs, asOfMs, lateBy } = moved;
  for (const watch of live.watches) {
    if (watch.kind !== 'date') continue;
    const wanted = nextDate(watch.date, dateValue(member, watch), zoneWas, sinceMs);
    let one = wanted && nextOf(member, watch, sinceMs - ZONES_APART_MS);
    while (one && one.atMs <= sinceMs && one.of !== wanted?.of) one = nextOf(member, watch, one.atMs);
    if (one && one.atMs <= sinceMs) {
      member.lateMs = lateBy(sinceMs);
      comesDue(live, member, watch, { atMs: sinceMs, of: one.of }, changes);
    }
    catchUpDate(live, member, watch.id, { fromMs: sinceMs, asOfMs, lateBy }, changes);
  }
  member.lateMs = 0;
  // What holds of them is as it was: only when they are looked at next is another time.
  look(live, member, { asOfMs, only: NOBODYS }, changes);
}

/** The id of no watch. */
const NOBODYS = 0;

/** Whether it holds now and did not, or the other way; undefined when all is as it was. */
function cross(member: Member, watch: Watch, asOfMs: number, changes: Changes): Crossed | undefined {
  if (watch.kind === 'date' || member.unknown.has(watch.id)) return undefined;
  const was = member.inside.get(watch.id);
  const value = watch.kind === 'value' ? (member.values.get(watch.id) ?? null) : null;
  const isIn =
    watch.kind === 'value'
      ? value !== null
      : evaluate(watch.rule, member.facts, { trigger: null, asOfMs }).holds;
  if (isIn === (was !== undefined) && (was?.value ?? null) === value) return undefined;
  if (isIn) member.inside.set(watch.id, { value });
  else member.inside.delete(watch.id);
  changes.cross(member, watch.id, isIn, value, asOfMs);
  if (watch.key !== null) {
    const segments = new Set(member.facts.segments);
    if (isIn) segments.add(watch.key);
    else segments.delete(watch.key);
    member.facts = { ...member.facts, segments };
  }
  return { watch, isIn, atMs: asOfMs };
}

/** `depth`: how many campaigns have led to each other to what changed. */
function setOff(
  live: Live,
  member: Member,
  { watch, isIn, atMs }: Crossed,
  { depth, did }: { depth: number; did: Did | undefined },
  changes: Changes,
): void {
  // What was done long ago counts in what it is counted in, and sets nothing off by that either.
  const counts = did && watch.kind === 'rule' && namesIn(watch.rule).some(({ name }) => name === did.name);
  const agoMs = counts ? atMs - did.atMs : 0;
  for (const { campaign, on } of live.onWatch.get(watch.id) ?? []) {
    if (watch.kind === 'rule' && (on === 'entered') !== isIn) continue;
    if (isBefore(campaign, atMs)) continue;
    if (agoMs > campaign.version.triggersWithinMs) {
      changes.refuse(member, campaign.id, 'too_old', atMs);
      continue;
    }
    const properties = propertiesOf(watch, member);
    const name = watch.kind === 'value' ? '$changed' : `$${on}`;
    const trigger = seen(name, watch, atMs, properties);
    begin(live, member, campaign, depth > 0 ? { ...trigger, depth } : trigger, changes);
  }
}

/** A date that comes at this very moment; what else falls due is seen by looking. Who has moved since it came is not set off by it again. */
function fallsDue(live: Live, member: Member, watch: Watch, atMs: number, changes: Changes): void {
  const coming = watch.kind === 'date' ? nextOf(member, watch, atMs - 1) : undefined;
  if (watch.kind === 'date' && coming?.atMs === atMs) comesDue(live, member, watch, coming, changes);
}

/** Lets the contact in by a date that has come, unless they entered by it already. */
function comesDue(
  live: Live,
  member: Member,
  watch: DateWatch,
  { atMs, of }: DateComes,
  changes: Changes,
): void {
  const properties = { attribute: watch.date.attribute, date: dateValue(member, watch) };
  const trigger = seen('$date', watch, atMs, properties, of);
  for (const { campaign } of live.onWatch.get(watch.id) ?? []) {
    const by = member.entries.under(campaign.id, keyOfEvent(campaign.version, trigger))?.trigger;
    if (by?.key !== trigger.key || by.atMs !== atMs) begin(live, member, campaign, trigger, changes);
  }
}

function begin(live: Live, member: Member, campaign: Campaign, trigger: Seen, changes: Changes): void {
  const who = { live, member, campaign, asOfMs: trigger.atMs, changes };
  enter(who, trigger, keyOfEvent(campaign.version, trigger));
}

/** What set it off, as rules and messages see it. It is derived, so that it is the same when it is done again. */
function seen(
  name: string,
  watch: Watch,
  atMs: number,
  properties: Record<string, unknown>,
  of: string | number = atMs,
): Seen {
  return { name, atMs, receivedMs: atMs, key: hash53(`${name} ${watch.id} ${of}`), order: 0, properties };
}

function propertiesOf(watch: Watch, member: Member): Record<string, unknown> {
  if (watch.key !== null) return { segment: watch.key };
  if (watch.kind === 'value')
    return { attribute: watch.path, value: valueAt(member.facts.contact.attributes, watch.path) ?? null };
  if (watch.kind === 'date') return {};
  const { rule } = watch;
  if ('inList' in rule) return { list: rule.inList };
  if ('tagged' in rule) return { tag: rule.tagged };
  if (!('attribute' in rule)) return {};
  return {
    attribute: rule.attribute,
    value: valueAt(member.facts.contact.attributes, rule.attribute) ?? null,
  };
}

/** When time alone may change it. */
function flipOf(member: Member, watch: Watch, asOfMs: number): number {
  if (watch.kind === 'value') return Infinity;
  if (watch.kind === 'date') return nextOf(member, watch, asOfMs)?.atMs ?? Infinity;
  const { flipsMs } = evaluate(watch.rule, member.facts, { trigger: null, asOfMs });
  return flipsMs > asOfMs ? flipsMs : asOfMs + 1;
}

function nextOf(member: Member, watch: DateWatch, afterMs: number): DateComes | undefined {
  return nextDate(watch.date, dateValue(member, watch), member.facts.zone, afterMs);
}

function dateValue(member: Member, { date }: DateWatch): unknown {
  return valueAt(member.facts.contact.attributes, date.attribute);
}
