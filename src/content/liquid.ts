/**
 * Liquid in one string: parsed once, rendered per recipient. Strict in variables and filters, own properties only,
 * bounded in memory and time, and without the tags and filters that read files, evaluate strings or are
 * random: what is rendered depends on the variables alone (and on the date, for `"now" | date`).
 */
import { Liquid, LiquidError, Output, type Template } from 'liquidjs';
import { type RenderFailure, renderFailure } from './failure.ts';
import type { Path } from './variables.ts';

/** A parsed string. `paths` are the variables it reads. */
export type TextTemplate = {
  paths: Path[];
  render(scope: object): string | RenderFailure;
};

const PARSE_LIMIT_CHARS = 300_000;
const RENDER_LIMITS = { renderLimit: 200, memoryLimit: 2_000_000 };
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

const plain = engine();
// Values put into HTML are escaped unless the author says `| raw`.
const html = engine('escape');

/** True when a string may hold Liquid. */
export function hasLiquid(source: string): boolean {
  return source.includes('{{') || source.includes('{%');
}

/** Parses a string; `reason` says why it is not Liquid. */
export function parseLiquid(source: string, format: 'plain' | 'html'): TextTemplate | { reason: string } {
  const liquid = format === 'html' ? html : plain;
  let templates: Template[];
  let paths: Path[];
  try {
    templates = liquid.parse(source);
    templates.forEach(allowLateDefault);
    paths = liquid.globalVariableSegmentsSync(templates, { partials: false }).map(staticPart);
  } catch (error) {
    return { reason: reasonOf(error) };
  }
  const render = (scope: object): string | RenderFailure => {
    try {
      const text: unknown = liquid.renderSync(templates, scope, RENDER_LIMITS);
      const rendered = String(text);
      if (rendered.length <= OUTPUT_LIMIT_CHARS) return rendered;
      return renderFailure('template_error', `the result has more than ${OUTPUT_LIMIT_CHARS} characters`);
    } catch (error) {
      return failureOf(error);
    }
  };
  return { paths, render };
}

function engine(outputEscape?: 'escape'): Liquid {
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
    ...(outputEscape ? { outputEscape } : {}),
  });
  for (const tag of LEFT_OUT_TAGS) delete liquid.tags[tag];
  for (const filter of LEFT_OUT_FILTERS) liquid.unregisterFilter(filter);
  return liquid;
}

const nilDefault = (plain.parse('{{ x | default: nil }}')[0] as Output).value.filters[0]!;

/**
 * `{{ name | capitalize | default: "there" }}` must forgive a missing name too, but liquidjs is lenient only where
 * `default` comes first: put one in front that turns a missing value into nil.
 */
function allowLateDefault(template: Template): void {
  if (template instanceof Output) {
    const filters = template.value.filters;
    if (filters.findIndex((filter) => filter.name === 'default') > 0) filters.unshift(nilDefault);
  }
  const children = template.children?.(false, true).next();
  if (children?.done) children.value.forEach(allowLateDefault);
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
  return error instanceof Error ? error.message : String(error);
}
