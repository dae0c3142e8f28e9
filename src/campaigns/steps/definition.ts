/**
 * Reads a campaign as it is written: every rule that can be told without the store. What is not built is refused by name, so that
 * nothing is accepted that is not carried out. Pure.
 */
import { CHANNELS, MESSAGE_CLASSES, type MessageClass } from '../../../contract/channels.ts';
import { CAMPAIGN_LIMITS, DAYS, type CampaignFile, type Goal } from '../../../contract/campaign.ts';
import type { Fault } from '../../base/fault.ts';
import { isFault } from '../../base/fault.ts';
import { isTimeZone } from '../../base/zones.ts';
import { checkAttributes } from '../../contacts/profile.ts';
import { checkSetName } from '../../contacts/sets.ts';
import { checkContent } from '../../content/check.ts';
import { compile } from '../../content/compile.ts';
import {
  breaks,
  durationAt,
  flagAt,
  keyAt,
  listAt,
  objectAt,
  oneOf,
  pathAt,
  reading,
  recordAt,
  textAt,
  wholeAt,
  wordAt,
} from '../match/reading.ts';
import { lookedAt, ruleAt } from '../match/rule.ts';
import { basisPoints, minuteOfText } from '../match/duration.ts';
import { checkFlow } from './flow.ts';
import { strayIn } from './said.ts';
import { dateAt, triggerAt } from './trigger.ts';
import { STEP_KINDS, type StepKind } from './kinds.ts';

/** What a campaign may say, in the order in which it is written. */
export const CAMPAIGN_KEYS = [
  'parley',
  'key',
  'name',
  'trigger',
  'filter',
  'checkFilter',
  'entry',
  'cooldown',
  'whileActive',
  'triggersWithin',
  'holdout',
  'planned',
  'goals',
  'exits',
  'steps',
] as const;
/** The campaign in `value`, or the first rule it breaks. */
export function readCampaign(value: unknown, path = 'campaign'): CampaignFile | Fault {
  return reading(() => {
    const given = objectAt(value, path, CAMPAIGN_KEYS);
    if (given['parley'] !== 'campaign/1') breaks(`${path}.parley`, 'must be campaign/1');
    keyAt(given['key'], `${path}.key`);
    if (given['name'] !== undefined) textAt(given['name'], `${path}.name`);
    triggerAt(given['trigger'], `${path}.trigger`);
    if (given['filter'] !== undefined) ruleAt(given['filter'], `${path}.filter`);
    if (given['checkFilter'] !== undefined)
      wordAt(given['checkFilter'], `${path}.checkFilter`, ['before_send', 'never', 'always']);
    entryAt(given, path);
    if (given['holdout'] !== undefined) {
      const points = basisPoints(textAt(given['holdout'], `${path}.holdout`));
      if (points === undefined || points < 1 || points > 9_000)
        breaks(`${path}.holdout`, 'must be a share from 0.01% to 90%, such as 10%');
    }
    if (given['planned'] !== undefined) wholeAt(given['planned'], `${path}.planned`, 200, 1e9);
    listAt(given['steps'], `${path}.steps`, 1, CAMPAIGN_LIMITS.steps).forEach((step, i) =>
      stepAt(step, `${path}.steps[${i}]`),
    );
    const campaign = given as CampaignFile;
    goalsAt(given, path);
    checkFlow(campaign, path);
    return campaign;
  });
}

function entryAt(given: Record<string, unknown>, path: string): void {
  const { entry } = given;
  if (typeof entry === 'object' && entry !== null)
    pathAt(objectAt(entry, `${path}.entry`, ['per'])['per'], `${path}.entry.per`);
  else if (entry !== undefined && entry !== 'once' && entry !== 'every')
    breaks(`${path}.entry`, 'must be once, every or { per: path }');
  if (given['cooldown'] !== undefined)
    durationAt(given['cooldown'], `${path}.cooldown`, 1_000, CAMPAIGN_LIMITS.waitMs);
  if (given['whileActive'] !== undefined)
    wordAt(given['whileActive'], `${path}.whileActive`, ['ignore', 'restart', 'refresh', 'alongside']);
  if (given['triggersWithin'] !== undefined)
    durationAt(given['triggersWithin'], `${path}.triggersWithin`, 0, 30 * 86_400_000);
}

function goalsAt(given: Record<string, unknown>, path: string): void {
  const keys = new Set<string>();
  const goals =
    given['goals'] === undefined ? [] : listAt(given['goals'], `${path}.goals`, 1, CAMPAIGN_LIMITS.goals);
  const known = ['key', 'event', 'where', 'match', 'within', 'value', 'currency', 'primary', 'exit'];
  goals.forEach((goal, i) => {
    const at = `${path}.goals[${i}]`;
    const inner = objectAt(goal, at, known);
    const key = keyAt(inner['key'], `${at}.key`);
    if (keys.has(key)) breaks(`${at}.key`, 'is there twice');
    keys.add(key);
    lookedAt(inner, at);
    durationAt(inner['within'], `${at}.within`, 60_000, CAMPAIGN_LIMITS.waitMs);
    if (inner['value'] !== undefined) pathAt(inner['value'], `${at}.value`);
    const { currency } = inner;
    if (currency !== undefined && !(typeof currency === 'string' && /^[A-Z]{3}$/.test(currency)))
      breaks(`${at}.currency`, 'must be a code of three letters, such as EUR');
    if (inner['primary'] !== undefined) flagAt(inner['primary'], `${at}.primary`);
    if (inner['exit'] !== undefined) flagAt(inner['exit'], `${at}.exit`);
  });
  if ((goals as Goal[]).filter(({ primary }) => primary).length > 1)
    breaks(`${path}.goals`, 'must have at most one that is primary');
  if (given['exits'] === undefined) return;
  listAt(given['exits'], `${path}.exits`, 1, CAMPAIGN_LIMITS.exits).forEach((exit, i) =>
    lookedAt(objectAt(exit, `${path}.exits[${i}]`, ['event', 'where', 'match']), `${path}.exits[${i}]`),
  );
}

function stepAt(value: unknown, path: string): void {
  const given = objectAt(value, path, ['key', 'then', ...STEP_KINDS]);
  keyAt(given['key'], `${path}.key`);
  const kind = oneOf(given, STEP_KINDS, path);
  READERS[kind](given[kind], `${path}.${kind}`);
}

const READERS: Readonly<Record<StepKind, (value: unknown, path: string) => void>> = {
  send: sendAt,
  wait(value, path) {
    const given = objectAt(value, path, ['for', 'thenAt']);
    durationAt(given['for'], `${path}.for`, 1_000, CAMPAIGN_LIMITS.waitMs);
    if (given['thenAt'] !== undefined) timeOfDayAt(given['thenAt'], `${path}.thenAt`, 1439);
  },
  wait_until(value, path) {
    if (typeof value === 'object' && value !== null && 'attribute' in value)
      return dateAt(value, path, ['attribute', 'offset', 'at']);
    const given = objectAt(value, path, ['days', 'from', 'to', 'zone']);
    timeOfDayAt(given['from'], `${path}.from`, 1439);
    timeOfDayAt(given['to'], `${path}.to`, 1440);
    if (given['from'] === given['to']) breaks(`${path}.to`, 'must be another time than from');
    if (given['days'] !== undefined)
      listAt(given['days'], `${path}.days`, 1, 7).forEach((day, i) =>
        wordAt(day, `${path}.days[${i}]`, DAYS),
      );
    if (given['zone'] !== undefined && !isTimeZone(textAt(given['zone'], `${path}.zone`)))
      breaks(`${path}.zone`, 'must be a time zone, such as Europe/Amsterdam');
  },
  wait_for(value, path) {
    const given = objectAt(value, path, [
      'event',
      'where',
      'match',
      'timeout',
      'grace',
      'since',
      'of',
      'save',
    ]);
    lookedAt(given, path);
    durationAt(given['timeout'], `${path}.timeout`, 1_000, CAMPAIGN_LIMITS.waitMs);
    if (given['grace'] !== undefined) flagAt(given['grace'], `${path}.grace`);
    const { since } = given;
    if (typeof since === 'object' && since !== null)
      durationAt(
        objectAt(since, `${path}.since`, ['ago'])['ago'],
        `${path}.since.ago`,
        1_000,
        CAMPAIGN_LIMITS.waitMs,
      );
    else if (since !== undefined) wordAt(since, `${path}.since`, ['trigger', 'step']);
    if (given['of'] !== undefined) keyAt(given['of'], `${path}.of`);
    if (given['save'] !== undefined) savedAt(given['save'], `${path}.save`);
  },
  branch(value, path) {
    listAt(value, path, 1, CAMPAIGN_LIMITS.branches).forEach((one, i) => {
      const given = objectAt(one, `${path}[${i}]`, ['to', 'when']);
      keyAt(given['to'], `${path}[${i}].to`);
      ruleAt(given['when'], `${path}[${i}].when`);
    });
  },
  split(value, path) {
    const weights = Object.entries(recordAt(value, path));
    if (weights.length < 2 || weights.length > CAMPAIGN_LIMITS.branches)
      breaks(path, `must have 2 to ${CAMPAIGN_LIMITS.branches} ways`);
    for (const [key, weight] of weights) {
      keyAt(key, path);
      if (typeof weight !== 'number' || !(weight > 0) || weight > 1e6)
        breaks(`${path}.${key}`, 'must be a weight above 0');
    }
  },
  set(value, path) {
    const given = recordAt(value, path);
    if (!Object.keys(given).length) breaks(path, 'must name an attribute');
    const odd = checkAttributes(given, path);
    if (odd) breaks(odd.field ?? path, odd.message.replace(`${odd.field}: `, ''));
  },
  tag(value, path) {
    const given = objectAt(value, path, ['add', 'remove']);
    if (given['add'] === undefined && given['remove'] === undefined) breaks(path, 'must have add or remove');
    for (const what of ['add', 'remove'] as const)
      if (given[what] !== undefined)
        listAt(given[what], `${path}.${what}`, 1, 20).forEach((name, i) =>
          tagAt(name, `${path}.${what}[${i}]`),
        );
  },
  webhook: (value, path) => void recordAt(value, path),
  group_chat: (value, path) => void recordAt(value, path),
  form: (value, path) => void recordAt(value, path),
  connect: (value, path) => void recordAt(value, path),
  start: (value, path) => void keyAt(objectAt(value, path, ['campaign'])['campaign'], `${path}.campaign`),
  stop: (value, path) => void textAt(objectAt(value, path, ['reason'])['reason'], `${path}.reason`, 64),
};

function tagAt(value: unknown, path: string): void {
  const odd = checkSetName(value, path);
  if (odd) throwFault(odd);
}

function savedAt(value: unknown, path: string): void {
  const given = recordAt(value, path);
  if (!Object.keys(given).length) breaks(path, 'must name an attribute');
  const odd = checkAttributes(given, path);
  if (odd) breaks(odd.field ?? path, odd.message.replace(`${odd.field}: `, ''));
  for (const [name, property] of Object.entries(given)) pathAt(property, `${path}.${name}`);
}

function sendAt(value: unknown, path: string): void {
  const keys = [
    'template',
    'content',
    'variants',
    'class',
    'channel',
    'await',
    'lateBy',
    'spread',
    'cancelOnExit',
  ];
  const given = objectAt(value, path, keys);
  const messageClass =
    given['class'] === undefined ? 'marketing' : wordAt(given['class'], `${path}.class`, MESSAGE_CLASSES);
  if (oneOf(given, ['template', 'content', 'variants'], path) === 'variants')
    variantsAt(given['variants'], `${path}.variants`, messageClass);
  else saidAt(given, path, messageClass);
  if (given['channel'] !== undefined) wordAt(given['channel'], `${path}.channel`, [...CHANNELS, 'best']);
  if (given['await'] !== undefined)
    wordAt(given['await'], `${path}.await`, ['none', 'accepted', 'delivered']);
  if (given['lateBy'] !== undefined)
    durationAt(given['lateBy'], `${path}.lateBy`, 60_000, CAMPAIGN_LIMITS.waitMs);
  if (given['spread'] !== undefined) durationAt(given['spread'], `${path}.spread`, 60_000, 7 * 86_400_000);
  if (given['cancelOnExit'] !== undefined) flagAt(given['cancelOnExit'], `${path}.cancelOnExit`);
}

/** What is said: a template's name, or the content itself. */
function saidAt(given: Record<string, unknown>, path: string, messageClass: MessageClass): void {
  if (oneOf(given, ['template', 'content'], path) === 'template') {
    textAt(given['template'], `${path}.template`, 512);
    return;
  }
  const content = checkContent(given['content'], `${path}.content`);
  if (isFault(content)) throwFault(content);
  const odd = unreadIn(given['content'], content, `${path}.content`);
  if (odd !== undefined) breaks(odd, 'is not known');
  const compiled = compile(content, { path: `${path}.content` });
  if (isFault(compiled)) throwFault(compiled);
  const stray = strayIn(compiled, messageClass);
  if (stray !== undefined) breaks(`${path}.content`, stray);
}

/** The first key of a content that none of its kind has: messages leave it out, and in a file it is one that was meant otherwise. */
function unreadIn(given: unknown, read: unknown, path: string): string | undefined {
  if (typeof given !== 'object' || given === null) return undefined;
  for (const [key, inner] of Object.entries(given)) {
    const at = Array.isArray(given) ? `${path}[${key}]` : `${path}.${key}`;
    if (typeof read !== 'object' || read === null || !Object.hasOwn(read, key)) return at;
    const odd = unreadIn(inner, (read as Record<string, unknown>)[key], at);
    if (odd !== undefined) return odd;
  }
  return undefined;
}

function variantsAt(value: unknown, path: string, messageClass: MessageClass): void {
  const keys = new Set<string>();
  let points = 0;
  listAt(value, path, 2, CAMPAIGN_LIMITS.variants).forEach((one, i) => {
    const at = `${path}[${i}]`;
    const given = objectAt(one, at, ['key', 'share', 'template', 'content']);
    const key = keyAt(given['key'], `${at}.key`);
    if (keys.has(key)) breaks(`${at}.key`, 'is there twice');
    keys.add(key);
    const share = basisPoints(textAt(given['share'], `${at}.share`));
    if (share === undefined || share < 1) breaks(`${at}.share`, 'must be a share from 0.01% on, such as 50%');
    points += share;
    saidAt(given, at, messageClass);
  });
  if (points !== 10_000) breaks(path, `must be shares of 100% together, and are ${points / 100}%`);
}

function throwFault(found: Fault): never {
  const field = found.field ?? 'content';
  return breaks(
    field,
    found.message.startsWith(`${field}: `) ? found.message.slice(field.length + 2) : found.message,
  );
}

function timeOfDayAt(value: unknown, path: string, most: number): void {
  const minute = typeof value === 'string' ? minuteOfText(value) : undefined;
  if (minute === undefined || minute > most) breaks(path, 'must be a time of day such as 09:00');
}
