/**
 * Campaigns as files: YAML 1.2 core or JSON, names instead of ids, keys in one order, what is the default left out. What is written
 * here reads back as the same campaign, and writing that again gives the same text.
 */
import { isNode, isScalar, Lexer, LineCounter, parseDocument, stringify, visit, type Document } from 'yaml';
import { TESTS } from '../../contract/audience.ts';
import type { CampaignFile } from '../../contract/campaign.ts';
import { breaks, type Fault } from '../base/fault.ts';
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

/** What a file says, which may itself have a `fault` and a `message`; or why it could not be read. */
export type FileRead = { campaign: unknown } | Fault;

/**
 * What is in a file, YAML or JSON. Refused is what would be read as something else than it says: aliases, since a few lines of them may stand for
 * gigabytes, tags that mean nothing here, and numbers that are not kept as they are written.
 */
export function parseFile(text: string): FileRead {
  if (nestsTooDeep(text)) return unread(`opens more than ${MOST_DEEP} brackets within each other`);
  if (hasTooMany(text)) return unread(`has more than ${MOST_TOKENS} words and signs`);
  const lineCounter = new LineCounter();
  const document = parseDocument(text, {
    version: '1.2',
    schema: 'core',
    lineCounter,
    // Holds each key against each (100 s for 20,000), and looks for the place of each error from the beginning (140 s for 130,000 commas).
    uniqueKeys: false,
    prettyErrors: false,
  });
  const [error] = [...document.errors, ...document.warnings];
  const odd = error ? { rule: error.message, at: error.pos[0] } : oddIn(document);
  if (odd) {
    const { line, col } = lineCounter.linePos(odd.at);
    return unread(`${odd.rule} at line ${line}, column ${col}`);
  }
  try {
    return { campaign: document.toJS({ maxAliasCount: 0 }) as unknown };
  } catch (error) {
    return unread((error as Error).message);
  }
}

function unread(rule: string): Fault {
  return breaks('file', rule);
}

/**
 * More words and signs, spaces between them counted, than a campaign of the largest size has (9 for 20 characters where a branch follows each
 * wait). Each costs, and most where it is wrong: a file of `[]` lines took 3 s, and is refused in a twentieth of that.
 */
const MOST_TOKENS = 120_000;

function hasTooMany(text: string): boolean {
  // A character is at most one, and the end of a value one that has none.
  if (text.length <= MOST_TOKENS / 2) return false;
  let count = 0;
  for (const _token of new Lexer().lex(text)) if (++count > MOST_TOKENS) return true;
  return false;
}

/** More brackets than any campaign opens: they are counted before they are read, which takes seconds where there are 100,000. */
const MOST_DEEP = 500;

function nestsTooDeep(text: string): boolean {
  let open = 0;
  for (let at = 0; at < text.length; at++) {
    const one = text[at];
    if (one === '[' || one === '{') open++;
    else if ((one === ']' || one === '}') && open > 0) open--;
    if (open > MOST_DEEP) return true;
  }
  return false;
}

/** The first key that is there twice, or number that would be another. */
function oddIn(document: Document): { rule: string; at: number } | undefined {
  let found: { rule: string; at: number } | undefined;
  const tell = (rule: string, node: unknown): symbol => {
    found = { rule, at: isNode(node) ? (node.range?.[0] ?? 0) : 0 };
    return visit.BREAK;
  };
  visit(document, {
    Map(_, { items }) {
      const keys = new Set<string>();
      for (const { key } of items) {
        const name = isScalar(key) ? String(key.value) : String(key);
        if (keys.has(name)) return tell(`${name} is there twice`, key);
        keys.add(name);
      }
      return undefined;
    },
    Scalar(_, node) {
      const { value } = node;
      if (typeof value !== 'number') return undefined;
      const isKept = Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value);
      return isKept ? undefined : tell(`${node.source ?? value} is no number that is kept exactly`, node);
    },
  });
  return found;
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
