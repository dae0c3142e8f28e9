/**
 * Whether a rule holds for a contact at an instant, and the next instant at which that could change by time alone. Pure: no clock, no
 * database. What has no value is never equal to anything, as in audiences (contacts/audience.match.ts).
 */
import type { MessageRule, Often, Rule, RuleTest, Value, Where } from '../../../contract/campaign.ts';
import type { Test } from '../../../contract/audience.ts';
import { parseIsoTime } from '../../base/clock.ts';
import { passes } from '../../contacts/audience.match.ts';
import { durationMs } from './duration.ts';
import type { Around, Facts, Seen } from './facts.ts';
import { didOf } from './message.ts';
import { valueAt } from './reading.ts';

/** `flipsMs`: Infinity when time alone changes nothing. `lacks`: an attribute that was asked for and is not there. */
type Truth = { holds: boolean; flipsMs: number; lacks: boolean };

/** Asks a rule. */
export function evaluate(rule: Rule, facts: Facts, around: Around): Truth {
  if ('all' in rule || 'any' in rule) {
    const all = 'all' in rule;
    const parts = (all ? rule.all : rule.any).map((one) => evaluate(one, facts, around));
    return {
      holds: all ? parts.every(({ holds }) => holds) : parts.some(({ holds }) => holds),
      flipsMs: Math.min(...parts.map(({ flipsMs }) => flipsMs)),
      lacks: parts.some(({ lacks, holds }) => lacks && !holds),
    };
  }
  if ('not' in rule) {
    const truth = evaluate(rule.not, facts, around);
    return { ...truth, holds: !truth.holds };
  }
  if ('did' in rule) return often(rule.did, rule, facts, around);
  if ('did_not' in rule) {
    const truth = often(rule.did_not, rule, facts, around);
    return { ...truth, holds: !truth.holds };
  }
  if ('message' in rule) {
    const asked = didOf(rule.message);
    return often(asked.did, asked, facts, around);
  }
  if ('createdWithin' in rule) {
    const untilMs = facts.contact.createdMs + durationMs(rule.createdWithin)!;
    const holds = around.asOfMs <= untilMs;
    return { holds, flipsMs: holds ? untilMs + 1 : Infinity, lacks: false };
  }
  return leaf(rule, facts, around);
}

/** Whether an event is one that is looked for: by its properties, and by those it shares with the trigger. */
export function isLookedFor(
  looked: { where?: Where; match?: Readonly<Record<string, string>> },
  event: Pick<Seen, 'properties'>,
  facts: Facts,
  around: Around,
): boolean {
  if (looked.where && !whereHolds(looked.where, event, facts, around)) return false;
  return Object.entries(looked.match ?? {}).every(([own, of]) => {
    const value = valueAt(event.properties, own);
    return value !== undefined && sameValue(value, valueAt(around.trigger?.properties, of));
  });
}

/** Whether the properties of an event are what they must be. */
export function whereHolds(
  where: Where,
  event: Pick<Seen, 'properties'>,
  facts: Facts,
  around: Around,
): boolean {
  if ('all' in where) return where.all.every((one) => whereHolds(one, event, facts, around));
  if ('any' in where) return where.any.some((one) => whereHolds(one, event, facts, around));
  if ('not' in where) return !whereHolds(where.not, event, facts, around);
  const { property, ...test } = where;
  return passes(looksUp(test, facts, around), valueAt(event.properties, property));
}

type Leaf = Exclude<
  Rule,
  | { all: Rule[] }
  | { any: Rule[] }
  | { not: Rule }
  | { did: string }
  | { did_not: string }
  | { message: MessageRule }
  | { createdWithin: string }
>;

function leaf(rule: Leaf, facts: Facts, around: Around): Truth {
  const never = (holds: boolean): Truth => ({ holds, flipsMs: Infinity, lacks: false });
  if ('inList' in rule) return never(facts.lists.has(rule.inList));
  if ('tagged' in rule) return never(facts.tags.has(rule.tagged));
  if ('inSegment' in rule) return never(facts.segments.has(rule.inSegment));
  if ('hasChannel' in rule) throw new Error('a rule that is asked of the store alone');
  if ('createdBefore' in rule) return never(facts.contact.createdMs < parseIsoTime(rule.createdBefore)!);
  if ('createdAfter' in rule) return never(facts.contact.createdMs > parseIsoTime(rule.createdAfter)!);
  if ('trigger' in rule) {
    const { trigger, ...test } = rule;
    return never(passes(looksUp(test, facts, around), valueAt(around.trigger?.properties, trigger)));
  }
  const { value, test } = subjectOf(rule, facts);
  return { ...never(passes(looksUp(test, facts, around), value)), lacks: value === undefined };
}

function subjectOf(rule: Extract<Leaf, { attribute: string } | { field: string }>, facts: Facts) {
  if ('attribute' in rule) {
    const { attribute, ...test } = rule;
    return { value: valueAt(facts.contact.attributes, attribute), test };
  }
  const { field, ...test } = rule;
  return { value: facts.contact[field] ?? undefined, test };
}

/** The test with what it looks up in its place; what is not there is equal to nothing. */
function looksUp(test: RuleTest, facts: Facts, around: Around): Test {
  const found = (value: Value | undefined): unknown => {
    if (typeof value !== 'object') return value;
    const there =
      'trigger' in value
        ? valueAt(around.trigger?.properties, value.trigger)
        : valueAt(facts.contact.attributes, value.attribute);
    return there === undefined || typeof there === 'object' ? NOTHING : there;
  };
  const made: Record<string, unknown> = { ...test };
  for (const name of ['is', 'isNot', 'greaterThan', 'lessThan'] as const)
    if (test[name] !== undefined) made[name] = found(test[name]);
  return made;
}

/** Equal to no value there can be. */
const NOTHING = Symbol('nothing');

/** How often something was done: at least once unless it says otherwise. */
function often(name: string, rule: Often, facts: Facts, around: Around): Truth {
  const { asOfMs } = around;
  const withinMs = rule.within === undefined ? undefined : durationMs(rule.within)!;
  const [since, until] = rule.between ?? [rule.since];
  const fromMs = withinMs === undefined ? (since ? parseIsoTime(since)! : -Infinity) : asOfMs - withinMs;
  const untilMs = until === undefined ? Infinity : parseIsoTime(until)!;
  const atLeast = rule.atLeast ?? (rule.atMost === undefined ? 1 : 0);
  const atMost = rule.atMost ?? Infinity;
  const none: Truth = { holds: atLeast === 0, flipsMs: Infinity, lacks: false };
  const stat = facts.stat(name);
  if (!stat) return none;
  if (!rule.where && fromMs === -Infinity)
    return { ...none, holds: stat.count >= atLeast && stat.count <= atMost };
  if (stat.lastMs < fromMs) return none;
  const counted = facts
    .events(name, fromMs)
    .filter(({ atMs }) => atMs < untilMs)
    .filter((event) => !rule.where || whereHolds(rule.where, event, facts, around));
  const count = counted.length;
  const holds = count >= atLeast && count <= atMost;
  if (withinMs === undefined) return { ...none, holds };
  // The next to leave the window that matters: the one that makes it too few, or few enough.
  const matters = [atLeast, atMost + 1].filter((n) => n >= 1 && n <= count).map((n) => counted[n - 1]!.atMs);
  return { holds, flipsMs: Math.min(...matters.map((atMs) => atMs + withinMs + 1)), lacks: false };
}

function sameValue(a: unknown, b: unknown): boolean {
  return a === b || (typeof a === 'object' && JSON.stringify(a) === JSON.stringify(b));
}

/** The names that a rule counts, with how far back it looks (ms; Infinity for all there is). */
export function namesIn(rule: Rule): { name: string; backMs: number }[] {
  if ('all' in rule) return rule.all.flatMap(namesIn);
  if ('any' in rule) return rule.any.flatMap(namesIn);
  if ('not' in rule) return namesIn(rule.not);
  if ('message' in rule) return namesIn(didOf(rule.message));
  const name = 'did' in rule ? rule.did : 'did_not' in rule ? rule.did_not : undefined;
  if (name === undefined) return [];
  const { within, where, since, between } = rule as Often;
  const backMs = within === undefined ? (where || since || between ? Infinity : 0) : durationMs(within)!;
  return [{ name, backMs }];
}

/** For how long at most a rule asks whether somebody is known (ms); 0 where it does not. */
export function agesIn(rule: Rule): number {
  if ('all' in rule || 'any' in rule) return Math.max(...('all' in rule ? rule.all : rule.any).map(agesIn));
  if ('not' in rule) return agesIn(rule.not);
  return 'createdWithin' in rule ? durationMs(rule.createdWithin)! : 0;
}

/** Whether a rule asks for lists or tags. */
export function asksSets(rule: Rule): boolean {
  if ('all' in rule) return rule.all.some(asksSets);
  if ('any' in rule) return rule.any.some(asksSets);
  if ('not' in rule) return asksSets(rule.not);
  return 'inList' in rule || 'tagged' in rule;
}

/** The keys of segments that a rule names. */
export function segmentsIn(rule: Rule): string[] {
  if ('all' in rule) return rule.all.flatMap(segmentsIn);
  if ('any' in rule) return rule.any.flatMap(segmentsIn);
  if ('not' in rule) return segmentsIn(rule.not);
  return 'inSegment' in rule ? [rule.inSegment] : [];
}
