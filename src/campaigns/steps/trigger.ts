/** Reads what sets a campaign off. Pure. */
import { CAMPAIGN_LIMITS } from '../../../contract/campaign.ts';
import { minuteOfText } from '../match/duration.ts';
import {
  breaks,
  durationAt,
  flagAt,
  keyAt,
  objectAt,
  oneOf,
  pathAt,
  recordAt,
  textAt,
  wordAt,
} from '../match/reading.ts';
import { matchAt, nameAt, testAt, whereAt } from '../match/rule.ts';
import { offsetMs } from './date.ts';

const KINDS = [
  'event',
  'event_without',
  'attribute',
  'segment',
  'list',
  'tag',
  'date',
  'grant',
  'order',
  'form',
  'api',
  'hand',
] as const;
type Kind = (typeof KINDS)[number];

/** A trigger. */
export function triggerAt(value: unknown, path: string): void {
  const given = objectAt(value, path, KINDS);
  const kind = oneOf(given, KINDS, path);
  READERS[kind](given[kind], `${path}.${kind}`);
}

const READERS: Readonly<Record<Kind, (value: unknown, path: string) => void>> = {
  event(value, path) {
    const given = objectAt(value, path, ['did', 'where']);
    nameAt(given['did'], `${path}.did`);
    optionalWhere(given, path);
  },
  event_without(value, path) {
    const given = objectAt(value, path, ['did', 'not', 'within', 'where', 'notWhere', 'match']);
    nameAt(given['did'], `${path}.did`);
    optionalWhere(given, path);
    nameAt(given['not'], `${path}.not`);
    durationAt(given['within'], `${path}.within`, 1_000, CAMPAIGN_LIMITS.waitMs);
    if (given['notWhere'] !== undefined) whereAt(given['notWhere'], `${path}.notWhere`);
    if (given['match'] !== undefined) matchAt(given['match'], `${path}.match`);
  },
  attribute(value, path) {
    const given = recordAt(value, path);
    if (given['changed'] === undefined) {
      testAt(given, 'path', path);
      return notLookedUp(given, path);
    }
    objectAt(given, path, ['path', 'changed']);
    pathAt(given['path'], `${path}.path`);
    if (given['changed'] !== true) breaks(`${path}.changed`, 'must be true');
  },
  segment: (value, path) => crossingAt(value, path, keyAt),
  list: (value, path) => crossingAt(value, path, textAt),
  tag: (value, path) => crossingAt(value, path, textAt),
  date: dateAt,
  grant: madeAt,
  order: madeAt,
  form(value, path) {
    const given = objectAt(value, path, ['answered', 'where']);
    if (given['answered'] !== undefined) textAt(given['answered'], `${path}.answered`);
    optionalWhere(given, path);
  },
  api: isTrue,
  hand: isTrue,
};

function isTrue(value: unknown, path: string): void {
  if (value !== true) breaks(path, 'must be true');
}

function optionalWhere(given: Record<string, unknown>, path: string): void {
  if (given['where'] !== undefined) whereAt(given['where'], `${path}.where`);
}

function madeAt(value: unknown, path: string): void {
  const given = objectAt(value, path, ['on', 'where']);
  wordAt(given['on'], `${path}.on`, ['created', 'deleted']);
  optionalWhere(given, path);
}

function crossingAt(value: unknown, path: string, read: (name: unknown, path: string) => unknown): void {
  const given = objectAt(value, path, ['entered', 'left']);
  const on = oneOf(given, ['entered', 'left'], path);
  read(given[on], `${path}.${on}`);
}

/** It begins to hold by itself: there is nothing that it could be looked up in. */
function notLookedUp(given: Record<string, unknown>, path: string): void {
  for (const test of ['is', 'isNot', 'greaterThan', 'lessThan'])
    if (typeof given[test] === 'object') breaks(`${path}.${test}`, 'must be a text, a number, true or false');
}

/** The date in an attribute, and when of it. */
export function dateAt(
  value: unknown,
  path: string,
  keys: readonly string[] = ['attribute', 'offset', 'at', 'yearly'],
): void {
  const given = objectAt(value, path, keys);
  pathAt(given['attribute'], `${path}.attribute`);
  const { offset, at } = given;
  if (offset !== undefined) {
    const ms = typeof offset === 'string' ? offsetMs(offset) : undefined;
    if (ms === undefined || Math.abs(ms) > CAMPAIGN_LIMITS.waitMs)
      breaks(`${path}.offset`, 'must be a duration of up to 400 days such as 2d, or -3d for before');
  }
  const minute = typeof at === 'string' ? minuteOfText(at) : undefined;
  if (at !== undefined && (minute === undefined || minute > 1439))
    breaks(`${path}.at`, 'must be a time of day such as 09:00');
  if (given['yearly'] !== undefined) flagAt(given['yearly'], `${path}.yearly`);
}
