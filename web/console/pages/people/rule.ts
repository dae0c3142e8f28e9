/** Rules as the builder edits them: `contract/campaign.ts`'s, told in words, found whole or not. Pure. */
import type { Rule } from '../../../../contract/campaign.ts';
import { counted } from '../../../shared/counted.ts';

/** How the conditions of a group are joined. */
export const JOINS = {
  all: 'all of these hold',
  any: 'one of these holds',
  none: 'none of these holds',
} as const;
/** One of them. */
export type Join = keyof typeof JOINS;

/** A group of conditions; undefined of a single one. */
export function groupOf(rule: Rule): { join: Join; rules: Rule[] } | undefined {
  if ('all' in rule) return { join: 'all', rules: rule.all };
  if ('any' in rule) return { join: 'any', rules: rule.any };
  if ('not' in rule && 'any' in rule.not) return { join: 'none', rules: rule.not.any };
  return undefined;
}

/** The rule of a group. */
export function grouped(join: Join, rules: Rule[]): Rule {
  return join === 'none' ? { not: { any: rules } } : join === 'all' ? { all: rules } : { any: rules };
}

/** What a single condition is about, and how it begins when it is chosen. */
export const ABOUT = {
  attribute: { words: 'attribute', first: { attribute: '', is: '' } },
  field: { words: 'name, locale or id', first: { field: 'givenName', is: '' } },
  inList: { words: 'list', first: { inList: '' } },
  tagged: { words: 'tag', first: { tagged: '' } },
  did: { words: 'did', first: { did: '' } },
  did_not: { words: 'did not', first: { did_not: '' } },
  hasChannel: { words: 'can be reached by', first: { hasChannel: 'sms' } },
  inSegment: { words: 'audience', first: { inSegment: '' } },
  createdAfter: { words: 'known since', first: { createdAfter: '' } },
  createdBefore: { words: 'known before', first: { createdBefore: '' } },
  createdWithin: { words: 'known for at most', first: { createdWithin: '30d' } },
} as const satisfies Record<string, { words: string; first: Rule }>;
/** One of these. */
export type About = keyof typeof ABOUT;

/** Tests of a value, in words. */
export const TESTS = {
  is: 'is',
  isNot: 'is not',
  contains: 'contains',
  startsWith: 'starts with',
  greaterThan: 'is above',
  lessThan: 'is below',
  exists: 'is known',
} as const;
/** One of them. */
export type TestName = keyof typeof TESTS;

type Loose = Readonly<Record<string, unknown>>;

/** What a condition is about; undefined of what this builder has no form for. */
export function aboutOf(rule: Rule): About | undefined {
  const about = (Object.keys(ABOUT) as About[]).find((key) => key in rule);
  if (!about) return undefined;
  const { [about]: _, ...rest } = rule as Loose;
  const names = Object.keys(rest);
  if (about === 'attribute' || about === 'field') {
    const [only, more] = names;
    // “Is known” has no other side in the form: shown as it, what is not known would be told as what is.
    const isSo = only === 'exists' ? rest[only] === true : typeof rest[only ?? ''] !== 'object';
    return only && !more && only in TESTS && isSo ? about : undefined;
  }
  const known = about === 'did' ? ['within', 'atLeast'] : about === 'did_not' ? ['within'] : [];
  return names.every((name) => known.includes(name)) ? about : undefined;
}

/** Whether everything in it is filled in. */
export function isWhole(rule: Rule): boolean {
  const group = groupOf(rule);
  if (group) return group.rules.length > 0 && group.rules.every(isWhole);
  if ('not' in rule) return isWhole(rule.not);
  return Object.entries(rule).every(
    ([name, value]) => value !== '' || ['is', 'isNot'].includes(name) || name === 'startsWith',
  );
}

/** Whether it asks for what no segment may. */
export function asksMore(rule: Rule): boolean {
  const group = groupOf(rule);
  if (group) return group.rules.some(asksMore);
  return 'not' in rule ? asksMore(rule.not) : 'inSegment' in rule || 'hasChannel' in rule;
}

/** A condition in words: all of it, for what is left out would make it another. */
export function wordsOf(rule: Rule): string {
  const group = groupOf(rule);
  if (group) {
    const { join, rules } = group;
    if (join === 'none')
      return rules.length === 1 ? `not ${within(rules[0]!)}` : `none of: ${listed(rules, ' or ')}`;
    return listed(rules, join === 'all' ? ' and ' : ' or ');
  }
  if ('not' in rule) return `not ${within(rule.not)}`;
  const about = (Object.keys(ABOUT) as About[]).find((key) => key in rule);
  if (!about) return JSON.stringify(rule);
  const { [about]: of, ...rest } = rule as Loose;
  if (about === 'attribute' || about === 'field') return `${String(of)} ${testWords(rest)}`;
  if (about === 'createdWithin') return `${ABOUT[about].words} ${spanWords(String(of))}`;
  return [`${ABOUT[about].words} ${String(of)}`, ...oftenWords(rest)].join(' ');
}

const listed = (rules: readonly Rule[], by: string) =>
  rules.map((one) => (rules.length > 1 ? within(one) : wordsOf(one))).join(by);

/** Within others a group stands in brackets. */
function within(rule: Rule): string {
  const group = groupOf(rule);
  return group && (group.rules.length > 1 || group.join === 'none') ? `(${wordsOf(rule)})` : wordsOf(rule);
}

/** A value as it stands. */
const said = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));

function testWords(tests: Loose): string {
  return Object.entries(tests)
    .map(([test, value]) => {
      if (test === 'exists') return value === false ? 'is not known' : TESTS.exists;
      return `${TESTS[test as TestName] ?? test} ${said(value)}`;
    })
    .join(' and ');
}

const UNITS: Readonly<Record<string, string>> = { m: 'minute', h: 'hour', d: 'day', w: 'week' };

/** `30d` is 30 days; what is made of several units stands as it is. */
function spanWords(text: string): string {
  const [, n, unit = ''] = /^(\d+)([mhdw])$/.exec(text) ?? [];
  return n === undefined ? text : counted(Number(n), UNITS[unit]!);
}

/** How often and when something was done. */
function oftenWords({ atLeast, atMost, within: span, since, between, where, ...rest }: Loose): string[] {
  const times = (n: unknown) => counted(Number(n), 'time');
  const often = [
    ...(atLeast === undefined || (atLeast === 1 && atMost === undefined)
      ? []
      : [`at least ${times(atLeast)}`]),
    ...(atMost === undefined ? [] : [`at most ${times(atMost)}`]),
  ];
  return [
    ...(where === undefined ? [] : [`where ${JSON.stringify(where)}`]),
    ...(often.length > 0 ? [often.join(' and ')] : []),
    ...(span === undefined ? [] : [`within ${spanWords(said(span))}`]),
    ...(since === undefined ? [] : [`since ${said(since)}`]),
    ...(Array.isArray(between) ? [`between ${between.join(' and ')}`] : []),
    ...(Object.keys(rest).length > 0 ? [JSON.stringify(rest)] : []),
  ];
}

/** The part of a rule at a path, as the server names it: `rule.all[0].any[1]`. */
export function partAt(rule: Rule, path: string): Rule | undefined {
  let part: unknown = rule;
  for (const [, name, index] of path.matchAll(/\.(\w+)|\[(\d+)\]/g))
    part = (part as Loose | undefined)?.[name ?? index!];
  return part as Rule | undefined;
}

/** What is typed as a value: of the type that the attribute has, where it has one alone; else what reads as a number or true is one. */
export function valueOf(text: string, types: readonly string[] = []): string | number | boolean {
  if (types.length === 1 && types[0] === 'string') return text;
  if (text === 'true' || text === 'false') return text === 'true';
  return /^-?\d+(?:\.\d+)?$/.test(text) && text.length < 16 ? Number(text) : text;
}
