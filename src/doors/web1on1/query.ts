/**
 * Queries of lists (api/web1on1.md §B.2): fields with operators, sort, limit, offset, select, populate. Pure; which fields a
 * list knows is the list's business.
 */
import { beginningOf } from '../../base/text.ts';
import { parseIsoTime } from '../../base/clock.ts';
import { breaks, isFault, type Fault } from '../../base/fault.ts';
import { fromHex24 } from '../../base/ids.ts';
import type { Condition } from '../../threads/search.ts';

/** A query that was read. */
export type Query = {
  conditions: Condition[];
  sort: { field: string; descending: boolean }[];
  limit: number;
  offset: number;
  select: string[] | undefined;
  populate: string[];
};

/** What a field holds, so that values can be read. */
export type FieldKind = 'id' | 'text' | 'time' | 'boolean';

/** Entries of a page unless it is said, and at most. */
const PAGE = { usual: 100, most: 2000 };
const RESERVED = ['sort', 'limit', 'offset', 'select', 'populate'];
const MOST_CONDITIONS = 30;

/** Reads a query; `kindOf` says what a field holds, undefined for one that there is not. */
export function readQuery(text: string, kindOf: (field: string) => FieldKind | undefined): Query | Fault {
  const entries = [...new URLSearchParams(text)];
  if (entries.some((entry) => entry.join('').includes('\0') || entry.join('').includes('\uFFFD')))
    return breaks('query', 'must be UTF-8 text without U+0000');
  const query: Query = {
    conditions: [],
    sort: [],
    limit: PAGE.usual,
    offset: 0,
    select: undefined,
    populate: [],
  };
  if (entries.length > MOST_CONDITIONS) return breaks('query', `may name ${MOST_CONDITIONS} fields`);
  for (const [name, value] of entries) {
    if (RESERVED.includes(name)) {
      const broken = readReserved(query, name, value, kindOf);
      if (broken) return broken;
      continue;
    }
    const kind = kindOf(name);
    if (!kind) return breaks(beginningOf(name, 64), 'cannot be searched for');
    const condition = readCondition(name, value, kind);
    if (isFault(condition)) return condition;
    query.conditions.push(condition);
  }
  return query;
}

/** The query of the page after this one. */
export function nextQuery(text: string, { limit, offset }: Pick<Query, 'limit' | 'offset'>): string {
  const params = new URLSearchParams(text);
  params.set('limit', String(limit));
  params.set('offset', String(offset + limit));
  return params.toString();
}

/** The fields of an object that were asked for; all when none were. `id` is always there. */
export function selected<T extends object>(shown: T, fields: readonly string[] | undefined): Partial<T> {
  if (!fields) return shown;
  const tops = new Set(['id', ...fields.map((field) => field.split('.')[0])]);
  return Object.fromEntries(Object.entries(shown).filter(([name]) => tops.has(name))) as Partial<T>;
}

/** The values a query wants a field to be one of; undefined when it does not say. */
export function wanted(query: Query, field: string): string[] | undefined {
  const found = query.conditions.filter((one) => one.field === field && one.op === 'eq');
  return found.length > 0 ? found.flatMap(({ values }) => values.map(String)) : undefined;
}

function readReserved(
  query: Query,
  name: string,
  value: string,
  kindOf: (field: string) => FieldKind | undefined,
): Fault | undefined {
  const words = value.split(/[,\s]+/).filter((word) => word !== '');
  if (name === 'select') query.select = words.length > 0 ? words : undefined;
  else if (name === 'populate') query.populate = words;
  else if (name === 'sort') {
    for (const word of words) {
      const field = word.replace(/^[-+]/, '');
      if (!kindOf(field) || field.includes('.'))
        return breaks('sort', `${beginningOf(field, 64)} is no field to sort by`);
      query.sort.push({ field, descending: word.startsWith('-') });
    }
  } else {
    const number = /^\d{1,9}$/.test(value) ? Number(value) : -1;
    if (name === 'limit' && number < 1)
      return breaks('limit', `must be a whole number from 1 to ${PAGE.most}`);
    if (number < 0) return breaks('offset', 'must be a whole number');
    if (name === 'limit') query.limit = Math.min(number, PAGE.most);
    else query.offset = number;
  }
  return undefined;
}

function readCondition(field: string, given: string, kind: FieldKind): Condition | Fault {
  const [, sign, rest] = /^(>=|<=|>|<|~|\^)?([^]*)$/.exec(given)!;
  const list = sign === undefined ? /^\[([^]*)\]$/.exec(rest!)?.[1] : undefined;
  const texts = list === undefined ? [rest!] : list.split(',');
  const op = sign === '~' ? 'contains' : sign === '^' ? 'prefix' : ((sign ?? 'eq') as Condition['op']);
  if ((op === 'contains' || op === 'prefix') && kind !== 'text')
    return breaks(field, 'is no text, and cannot be searched within');
  if (op !== 'eq' && (kind === 'id' || kind === 'boolean')) return breaks(field, 'can only be equal');
  const values: (string | number)[] = [];
  for (const text of texts) {
    const value = readValue(field, text, kind);
    if (isFault(value)) return value;
    values.push(value);
  }
  return { field, op, values };
}

function readValue(field: string, text: string, kind: FieldKind): string | number | Fault {
  switch (kind) {
    case 'id':
      return /^[0-9a-f]{24}$/i.test(text)
        ? (fromHex24(text) ?? 0)
        : breaks(field, 'must be an id of 24 hex digits');
    case 'boolean':
      return text === 'true' || text === 'false' ? text : breaks(field, 'must be true or false');
    case 'time':
      return (
        parseIsoTime(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : zoned(text)) ??
        breaks(field, 'must be a time, such as 2026-01-31T12:00:00.000Z')
      );
    case 'text':
      return text;
  }
}

/** A time without a zone is in UTC. A plus sign in a query is a space. */
function zoned(text: string): string {
  const time = text.replace(/ (?=\d{2}:?\d{2}$)/, '+');
  return /(?:Z|[+-]\d{2}:?\d{2})$/.test(time) ? time : `${time}Z`;
}
