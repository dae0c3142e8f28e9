/**
 * Liquid in one string: parsed once, rendered per recipient. Strict in variables and filters, own properties only,
 * bounded in what it costs (`liquid.cost.ts`), and without the tags and filters that read files, evaluate strings or are
 * random: what is rendered depends on the variables alone (and on the date, for `"now" | date`).
 */
import { filters, Liquid, LiquidError, Output, Token, type Template } from 'liquidjs';
import { isStorable } from '../base/storable.ts';
import { type RenderFailure, renderFailure } from './failure.ts';
import {
  childrenOf,
  COST_LIMIT,
  marksIn,
  meter,
  METERED_OPERATORS,
  meterFilters,
  MOST_MARKS,
} from './liquid.cost.ts';
import { plainTemplate } from './liquid.plain.ts';
import { checkWritten } from './liquid.written.ts';
import type { Path } from './variables.ts';

/** A parsed string. `paths` are the variables it reads. */
export type TextTemplate = {
  paths: Path[];
  render(scope: object): string | RenderFailure;
};

const PARSE_LIMIT_CHARS = 300_000;
/** Of time only as a net: what a template costs is counted. ms. */
const RENDER_LIMITS = { renderLimit: 1000, memoryLimit: COST_LIMIT };
const OUTPUT_LIMIT_CHARS = 500_000;

// Tags that load other templates; filters that evaluate a string (its variables cannot be known beforehand) or draw lots.
const LEFT_OUT_TAGS = ['include', 'render', 'layout', 'block'];
const LEFT_OUT_FILTERS = [
  'where_exp',
  'reject_exp',
  'group_by_exp',
  'has_exp',
  'find_index_exp',
  'find_exp',
  'sample',
];

const ofText = engine();
// Values put into HTML are escaped unless the author says `| raw`.
const ofHtml = engine(escapeWritten);

/** True when a string may hold Liquid. */
export function hasLiquid(source: string): boolean {
  return source.includes('{{') || source.includes('{%');
}

/** Parses a string; `reason` says why it is not Liquid. */
export function parseLiquid(source: string, format: 'plain' | 'html'): TextTemplate | { reason: string } {
  const liquid = format === 'html' ? ofHtml : ofText;
  if (marksIn(source) > MOST_MARKS) return { reason: `it holds more than ${MOST_MARKS} variables and tags` };
  let templates: Template[];
  let paths: Path[];
  try {
    templates = format === 'html' ? parseHtml(liquid, source) : liquid.parse(source);
    templates.forEach(allowLateDefault);
    paths = variablesOf(liquid, templates).map(staticPart);
  } catch (error) {
    return { reason: reasonOf(error) };
  }
  const plain = plainTemplate(templates, format);
  meter(templates);
  const render = (scope: object): string | RenderFailure => {
    const quick = plain?.(scope);
    if (quick !== undefined && quick.length <= OUTPUT_LIMIT_CHARS) return quick;
    try {
      const text: unknown = liquid.renderSync(templates, scope, RENDER_LIMITS);
      const rendered = sayable(String(text));
      if (rendered.length <= OUTPUT_LIMIT_CHARS) return rendered;
      return renderFailure('template_error', `the result has more than ${OUTPUT_LIMIT_CHARS} characters`);
    } catch (error) {
      return failureOf(error);
    }
  };
  return { paths, render };
}

/**
 * Parses it as it stands; what is no Liquid so, as it was meant: an editor of HTML writes the quotes and signs of `{{ name | default: "you" }}` and
 * of `{% if points > 3 %}` as entities.
 */
function parseHtml(liquid: Liquid, source: string): Template[] {
  try {
    return liquid.parse(source);
  } catch (error) {
    const meant = withoutEntities(source);
    if (meant === source) throw error;
    try {
      return liquid.parse(meant);
    } catch {
      throw error;
    }
  }
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&quot;': '"',
  '&#34;': '"',
  '&#39;': "'",
  '&apos;': "'",
  '&lt;': '<',
  '&gt;': '>',
  '&amp;': '&',
  '&nbsp;': ' ',
};

/** The source with entities within its tags and variables as what they stand for. */
function withoutEntities(source: string): string {
  const pieces: string[] = [];
  let at = 0;
  for (const { index } of source.matchAll(/\{[{%]/g)) {
    if (index < at) continue;
    const end = source.indexOf(source[index + 1] === '{' ? '}}' : '%}', index + 2);
    if (end < 0) break;
    const inner = source.slice(index, end);
    pieces.push(
      source.slice(at, index),
      inner.replaceAll(/&(?:#?\w{2,4});/g, (one) => ENTITIES[one] ?? one),
    );
    at = end;
  }
  return pieces.join('') + source.slice(at);
}

/** A text without what no channel and no store takes: half of a sign (`split: ""` halves an emoji), and U+0000 (`url_decode`, `base64_decode`). */
function sayable(text: string): string {
  return isStorable(text) ? text : text.replaceAll(/\p{Surrogate}|\0/gu, '');
}

/**
 * The variables that a template reads, as segments. Positions are not asked for: liquidjs counts lines from the beginning for each
 * variable, which is quadratic (7 s for 4,000 of them).
 */
function variablesOf(liquid: Liquid, templates: Template[]): unknown[][] {
  const own = Object.getOwnPropertyDescriptor(Token.prototype, 'getPosition')!;
  Token.prototype.getPosition = () => [1, 1];
  try {
    return liquid.globalVariableSegmentsSync(templates, { partials: false });
  } finally {
    Object.defineProperty(Token.prototype, 'getPosition', own);
  }
}

function engine(outputEscape?: typeof escapeWritten): Liquid {
  const liquid = new Liquid({
    strictVariables: true,
    strictFilters: true,
    ownPropertyOnly: true,
    // Lets a missing variable into `default` and into conditions; everything else stays strict.
    lenientIf: true,
    // No template is ever read from disk.
    templates: {},
    // Same result on every server; authors pass the contact's zone: `| date: "%H:%M", contact.timezone`.
    timezoneOffset: 0,
    locale: 'en-US',
    parseLimit: PARSE_LIMIT_CHARS,
    operators: METERED_OPERATORS,
    ...(outputEscape ? { outputEscape } : {}),
  });
  meterFilters(liquid);
  for (const tag of LEFT_OUT_TAGS) delete liquid.tags[tag];
  for (const filter of LEFT_OUT_FILTERS) liquid.unregisterFilter(filter);
  return liquid;
}

/** What is put into HTML is made a text of before it is written. */
function escapeWritten(this: unknown, value: unknown): string {
  checkWritten(value);
  return (filters['escape'] as (value: unknown) => string).call(this, value);
}

const nilDefault = (ofText.parse('{{ x | default: nil }}')[0] as Output).value.filters[0]!;

/**
 * `{{ name | capitalize | default: "there" }}` must forgive a missing name too, but liquidjs is lenient only where
 * `default` comes first: put one in front that turns a missing value into nil.
 */
function allowLateDefault(template: Template): void {
  if (template instanceof Output) {
    const filters = template.value.filters;
    if (filters.findIndex((filter) => filter.name === 'default') > 0) filters.unshift(nilDefault);
  }
  childrenOf(template).forEach(allowLateDefault);
}

/** `attributes[contact.plan].name`: what is known before rendering is `attributes`. */
function staticPart(segments: unknown[]): Path {
  const dynamic = segments.findIndex((segment) => typeof segment === 'object');
  return (dynamic === -1 ? segments : segments.slice(0, dynamic)).map(String);
}

function failureOf(error: unknown): RenderFailure {
  const cause = error instanceof LiquidError ? error.originalError : undefined;
  if (cause && 'variableName' in cause) {
    return renderFailure('template_variable', `variable ${String(cause.variableName)} has no value`);
  }
  return renderFailure('template_error', reasonOf(error));
}

function reasonOf(error: unknown): string {
  const reason = error instanceof Error ? error.message : String(error);
  return reason.includes('limit exceeded') ? 'it costs more to render than a template may' : reason;
}
