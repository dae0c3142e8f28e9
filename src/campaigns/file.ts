/**
 * Campaigns as files: YAML 1.2 core or JSON, names instead of ids, keys in one order, what is the default left out. What is written
 * here reads back as the same campaign, and writing that again gives the same text.
 */
import { parseDocument, stringify } from 'yaml';
import { TESTS } from '../../contract/audience.ts';
import type { CampaignFile } from '../../contract/campaign.ts';
import { fault, type Fault } from '../base/fault.ts';
import { CAMPAIGN_KEYS } from './steps/definition.ts';
import { STEP_KINDS } from './steps/kinds.ts';

/** Keys in the order in which they are written. What is written is kept without an order, so that others follow by their names. */
const ORDER = [
  ...CAMPAIGN_KEYS,
  ...STEP_KINDS,
  'then',
  // Edges.
  'next',
  'ok',
  'done',
  'failed',
  'suppressed',
  'missed',
  'else',
  // What is looked for, and tested of it.
  'days',
  'from',
  'to',
  'when',
  'all',
  'any',
  'attribute',
  'path',
  'property',
  'field',
  'did',
  'not',
  'did_not',
  'event',
  'state',
  ...TESTS,
  'atLeast',
  'atMost',
  'within',
  'timeout',
  'of',
  'since',
  'between',
  'for',
  'thenAt',
  'zone',
  'offset',
  'at',
  'yearly',
  // What is said.
  'template',
  'content',
  'variants',
  'share',
  'type',
  'subject',
  'text',
  'class',
  'channel',
  'where',
  'notWhere',
  'match',
  'value',
  'currency',
  'primary',
  'exit',
] as const;
const PLACES = new Map<string, number>(ORDER.map((key, i) => [key, i]));

/** Below these keys names are people's own. */
const FREE = new Set(['set', 'split', 'match', 'save']);

/** The value in a file, YAML or JSON; aliases are refused, since a few lines of them may stand for gigabytes. */
export function parseFile(text: string): unknown {
  const document = parseDocument(text, { version: '1.2', schema: 'core', uniqueKeys: true });
  const [error] = document.errors;
  if (error) return fault('bad_request', `file: ${error.message.split('\n')[0]}`, { field: 'file' });
  try {
    return document.toJS({ maxAliasCount: 0 }) as unknown;
  } catch (error) {
    return fault('bad_request', `file: ${(error as Error).message}`, { field: 'file' });
  }
}

/** True when `parseFile` could not read it. */
export function isUnread(value: unknown): value is Fault {
  return typeof value === 'object' && value !== null && 'fault' in value && 'message' in value;
}

/** The text of a campaign. */
export function fileOf(campaign: CampaignFile): string {
  const { name, ...rest } = campaign;
  const shown = { ...rest, ...(name !== undefined && name !== campaign.key ? { name } : {}) };
  return stringify(ordered(withoutDefaults(shown)), {
    version: '1.2',
    schema: 'core',
    lineWidth: 0,
    aliasDuplicateObjects: false,
  });
}

function withoutDefaults(campaign: object): object {
  const { checkFilter, whileActive, ...rest } = campaign as CampaignFile;
  return {
    ...rest,
    ...(checkFilter === undefined || checkFilter === 'before_send' ? {} : { checkFilter }),
    ...(whileActive === undefined || whileActive === 'ignore' ? {} : { whileActive }),
  };
}

function ordered(value: unknown, isFree = false): unknown {
  if (Array.isArray(value)) return value.map((one) => ordered(one));
  if (typeof value !== 'object' || value === null) return value;
  const place = (key: string) => (isFree ? undefined : PLACES.get(key)) ?? ORDER.length;
  const sorted = Object.entries(value).toSorted(
    ([a], [b]) => place(a) - place(b) || (a < b ? -1 : a > b ? 1 : 0),
  );
  return Object.fromEntries(sorted.map(([key, inner]) => [key, ordered(inner, FREE.has(key))]));
}
