/** Reads what must hold of a contact or an event. Pure; what it returns is what was written. */
import { AUDIENCE_LIMITS, FIELDS, TESTS } from '../../../contract/audience.ts';
import {
  CAMPAIGN_LIMITS,
  MESSAGE_STATES,
  type Looked,
  type Rule,
  type Where,
} from '../../../contract/campaign.ts';
import { CHANNELS } from '../../../contract/channels.ts';
import { parseIsoTime } from '../../base/clock.ts';
import { EVENT_LIMITS } from '../events/time.ts';
import {
  breaks,
  durationAt,
  keyAt,
  listAt,
  objectAt,
  oneOf,
  pathAt,
  recordAt,
  textAt,
  wholeAt,
  wordAt,
} from './reading.ts';

const LEAVES = [
  'attribute',
  'trigger',
  'field',
  'createdBefore',
  'createdAfter',
  'createdWithin',
  'inList',
  'tagged',
  'did',
  'did_not',
  'message',
  'inSegment',
  'hasChannel',
] as const;
const OFTEN = ['where', 'atLeast', 'atMost', 'within', 'since', 'between'] as const;
/** How far back events are asked for: they are kept 400 days. */
const MOST_BACK_MS = 400 * 86_400_000;
/** Since when somebody is known is kept with them. */
const MOST_KNOWN_MS = 3_650 * 86_400_000;

/** What is left of the conditions there may be; `isAsked` of a rule that only the store is asked, once. */
type Budget = { left: number; isAsked?: true };

/** What is asked of people by hand: by itself as a segment's, but that segments and channels may be named. */
export function askedRuleAt(value: unknown, path: string): Rule {
  const rule = ruleAt(value, path, { left: CAMPAIGN_LIMITS.conditions, isAsked: true });
  standsAlone(rule, path, { isAsked: true });
  return rule;
}

/** What is asked of a segment's rule: it holds by itself, whatever set anything off, and names no other. */
export function segmentRuleAt(value: unknown, path: string): Rule {
  const rule = ruleAt(value, path);
  standsAlone(rule, path);
  return rule;
}

function standsAlone(rule: Rule, path: string, { isAsked = false } = {}): void {
  if ('all' in rule || 'any' in rule) {
    const [name, parts] = 'all' in rule ? (['all', rule.all] as const) : (['any', rule.any] as const);
    return parts.forEach((one, i) => standsAlone(one, `${path}.${name}[${i}]`, { isAsked }));
  }
  if ('not' in rule) return standsAlone(rule.not, `${path}.not`, { isAsked });
  if ('trigger' in rule) breaks(`${path}.trigger`, 'is of a campaign: nothing sets a segment off');
  if ('inSegment' in rule && !isAsked) breaks(`${path}.inSegment`, 'a segment names no other segment');
  // As a circle of steps has a wait of a minute: time alone takes people out and in again, and sets off what goes by it each time.
  const [often, at] =
    'message' in rule ? [rule.message, `${path}.message`] : [rule as { within?: string }, path];
  if (!isAsked && often.within !== undefined) durationAt(often.within, `${at}.within`, 60_000, MOST_BACK_MS);
  if (looksUp(rule)) breaks(path, 'a segment looks no value up: what it tests with must be written in it');
}

/** Whether a test anywhere in it has a value that is to be looked up. */
function looksUp(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return Array.isArray(value) && value.some(looksUp);
  return Object.entries(value).some(([key, inner]) =>
    ['is', 'isNot', 'greaterThan', 'lessThan'].includes(key)
      ? typeof inner === 'object' && inner !== null
      : looksUp(inner),
  );
}

/** A rule. */
export function ruleAt(
  value: unknown,
  path: string,
  budget: Budget = { left: CAMPAIGN_LIMITS.conditions },
  depth = 1,
): Rule {
  const nested = nestedAt(value, path, budget, depth, (inner, at) => ruleAt(inner, at, budget, depth + 1));
  if (nested) return value as Rule;
  const given = recordAt(value, path);
  const kind = LEAVES.find((name) => Object.hasOwn(given, name));
  if (!kind) breaks(path, `must have one of all, any, not, ${LEAVES.join(', ')}`);
  switch (kind) {
    case 'attribute':
    case 'trigger':
    case 'field':
      testAt(given, kind, path);
      if (kind === 'field' && !(FIELDS as readonly unknown[]).includes(given['field']))
        breaks(`${path}.field`, `must be one of ${FIELDS.join(', ')}`);
      break;
    case 'createdBefore':
    case 'createdAfter':
      objectAt(given, path, [kind]);
      timeAt(given[kind], `${path}.${kind}`);
      break;
    case 'createdWithin':
      objectAt(given, path, [kind]);
      durationAt(given[kind], `${path}.${kind}`, 60_000, MOST_KNOWN_MS);
      break;
    case 'message':
      objectAt(given, path, ['message']);
      messageAt(given['message'], `${path}.message`);
      break;
    case 'inSegment':
      objectAt(given, path, ['inSegment']);
      keyAt(given['inSegment'], `${path}.inSegment`);
      break;
    case 'hasChannel':
      objectAt(given, path, ['hasChannel']);
      if (!budget.isAsked) breaks(`${path}.hasChannel`, 'is asked of people on their page only');
      wordAt(given['hasChannel'], `${path}.hasChannel`, CHANNELS);
      break;
    case 'inList':
    case 'tagged':
      objectAt(given, path, [kind]);
      textAt(given[kind], `${path}.${kind}`);
      break;
    case 'did':
      objectAt(given, path, ['did', ...OFTEN]);
      oftenAt(given, 'did', path, budget);
      break;
    case 'did_not':
      objectAt(given, path, ['did_not', 'where', 'within', 'since', 'between']);
      oftenAt(given, 'did_not', path, budget);
  }
  return value as Rule;
}

function messageAt(value: unknown, path: string): void {
  const given = objectAt(value, path, [
    'state',
    'of',
    'step',
    'atLeast',
    'atMost',
    'within',
    'since',
    'between',
  ]);
  wordAt(given['state'], `${path}.state`, MESSAGE_STATES);
  if (given['of'] !== undefined) keyAt(given['of'], `${path}.of`);
  if (given['step'] !== undefined) keyAt(given['step'], `${path}.step`);
  timesAt(given, path);
}

/** What the properties of an event must be. */
export function whereAt(
  value: unknown,
  path: string,
  budget: Budget = { left: CAMPAIGN_LIMITS.conditions },
  depth = 1,
): Where {
  const nested = nestedAt(value, path, budget, depth, (inner, at) => whereAt(inner, at, budget, depth + 1));
  if (!nested) testAt(recordAt(value, path), 'property', path);
  return value as Where;
}

/** An event that is looked for. */
export function lookedAt(given: Record<string, unknown>, path: string): Looked {
  nameAt(given['event'], `${path}.event`);
  if (given['where'] !== undefined) whereAt(given['where'], `${path}.where`);
  if (given['match'] !== undefined) matchAt(given['match'], `${path}.match`);
  return given as Looked;
}

/** Which properties of an event and of the trigger must be equal. */
export function matchAt(value: unknown, path: string): Readonly<Record<string, string>> {
  const pairs = Object.entries(recordAt(value, path));
  if (pairs.length < 1 || pairs.length > 10) breaks(path, 'must name 1 to 10 properties');
  for (const [own, of] of pairs) {
    pathAt(own, path);
    pathAt(of, `${path}.${own}`);
  }
  return value as Readonly<Record<string, string>>;
}

/** A name of events. */
export function nameAt(value: unknown, path: string): string {
  return textAt(value, path, EVENT_LIMITS.name);
}

function nestedAt(
  value: unknown,
  path: string,
  budget: Budget,
  depth: number,
  inner: (value: unknown, path: string) => unknown,
): boolean {
  if (depth > CAMPAIGN_LIMITS.depth) breaks(path, `is nested deeper than ${CAMPAIGN_LIMITS.depth}`);
  budget.left -= 1;
  if (budget.left < 0) breaks(path, `has more than ${CAMPAIGN_LIMITS.conditions} conditions`);
  const given = recordAt(value, path);
  const kind = (['all', 'any', 'not'] as const).find((name) => Object.hasOwn(given, name));
  if (!kind) return false;
  objectAt(given, path, [kind]);
  if (kind === 'not') inner(given['not'], `${path}.not`);
  else
    listAt(given[kind], `${path}.${kind}`, 1, CAMPAIGN_LIMITS.conditions).forEach((one, i) =>
      inner(one, `${path}.${kind}[${i}]`),
    );
  return true;
}

/** A test of a value that is named by `subject`. */
export function testAt(
  given: Record<string, unknown>,
  subject: 'attribute' | 'trigger' | 'field' | 'property' | 'path',
  path: string,
): void {
  objectAt(given, path, [subject, ...TESTS]);
  if (subject !== 'field') pathAt(given[subject], `${path}.${subject}`);
  const test = oneOf(given, TESTS, path);
  const value = given[test];
  const at = `${path}.${test}`;
  if (test === 'exists') {
    if (typeof value !== 'boolean') breaks(at, 'must be true or false');
  } else if (test === 'in')
    listAt(value, at, 1, AUDIENCE_LIMITS.values).forEach((one, i) => scalarAt(one, `${at}[${i}]`));
  else if (test === 'startsWith') textAt(value, at, AUDIENCE_LIMITS.text, 0);
  else if (typeof value === 'object' && value !== null && test !== 'contains') {
    const from = oneOf(objectAt(value, at, ['trigger', 'attribute']), ['trigger', 'attribute'], at);
    pathAt((value as Record<string, unknown>)[from], `${at}.${from}`);
  } else {
    scalarAt(value, at);
    if ((test === 'greaterThan' || test === 'lessThan') && typeof value === 'boolean')
      breaks(at, 'must be a number or a text');
  }
}

function scalarAt(value: unknown, path: string): void {
  if (typeof value === 'string') textAt(value, path, AUDIENCE_LIMITS.text, 0);
  else if (typeof value !== 'boolean' && !(typeof value === 'number' && Number.isFinite(value)))
    breaks(path, 'must be a text, a number, true or false');
}

function oftenAt(
  given: Record<string, unknown>,
  kind: 'did' | 'did_not',
  path: string,
  budget: Budget,
): void {
  nameAt(given[kind], `${path}.${kind}`);
  if (given['where'] !== undefined) whereAt(given['where'], `${path}.where`, budget);
  timesAt(given, path);
}

/** How often, and how long ago. */
function timesAt(given: Record<string, unknown>, path: string): void {
  const most = CAMPAIGN_LIMITS.counted;
  if (given['atLeast'] !== undefined) wholeAt(given['atLeast'], `${path}.atLeast`, 1, most);
  if (given['atMost'] !== undefined) wholeAt(given['atMost'], `${path}.atMost`, 0, most - 1);
  const { atLeast, atMost } = given as { atLeast?: number; atMost?: number };
  if (atLeast !== undefined && atMost !== undefined && atLeast > atMost)
    breaks(`${path}.atMost`, 'must be as much as atLeast, or more');
  if (['within', 'since', 'between'].filter((name) => given[name] !== undefined).length > 1)
    breaks(path, 'must have at most one of within, since, between');
  if (given['within'] !== undefined) durationAt(given['within'], `${path}.within`, 1_000, MOST_BACK_MS);
  if (given['since'] !== undefined) timeAt(given['since'], `${path}.since`);
  if (given['between'] === undefined) return;
  const times = listAt(given['between'], `${path}.between`, 2, 2);
  times.forEach((time, i) => timeAt(time, `${path}.between[${i}]`));
  if (parseIsoTime(times[0] as string)! >= parseIsoTime(times[1] as string)!)
    breaks(`${path}.between`, 'must be an earlier and a later time');
}

function timeAt(value: unknown, path: string): void {
  if (typeof value !== 'string' || parseIsoTime(value) === undefined)
    breaks(path, 'must be a time with a zone, such as 2026-11-20T08:00:00Z');
}
