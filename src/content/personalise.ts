/** Finds the Liquid in content once, and afterwards fills it in without looking at the rest. */
import { beginningOf } from '../base/text.ts';
import { type Content, MEDIA_PATTERN, URI_PATTERN } from '../../contract/content.ts';
import { withBraces } from '../base/braces.ts';
import { breaks, type Fault, isFault } from '../base/fault.ts';
import { type RenderFailure, renderFailure } from './failure.ts';
import { hasLiquid, parseLiquid, type TextTemplate } from './liquid.ts';
import type { Path } from './variables.ts';

/** Where the templates are in a value; undefined where there are none. */
type Plan =
  | { kind: 'text'; template: TextTemplate; path: string; valid?: RegExp }
  | { kind: 'parts'; keys: (string | number)[]; plans: Plan[] };

/** Content whose Liquid is parsed. Undefined `fill`: there is none. */
type Personalised = {
  paths: Path[];
  fill?: (scope: object) => Content | RenderFailure;
};

const URI = new RegExp(URI_PATTERN);
const MEDIA = new RegExp(MEDIA_PATTERN);

/** Keys whose strings are written for people or lead somewhere; `valid` must hold once the variables are in. */
const TEMPLATED = new Map<string, RegExp | undefined>([
  ['text', undefined],
  ['subject', undefined],
  ['title', undefined],
  ['html', undefined],
  ['description', undefined],
  ['altText', undefined],
  ['label', undefined],
  ['placeholder', undefined],
  ['address', undefined],
  ['payload', undefined],
  ['uri', URI],
  ['fallback', URI],
  ['deepLink', URI],
  ['mediaUrl', MEDIA],
  ['iconUrl', MEDIA],
  ['imageUrl', MEDIA],
  ['url', MEDIA],
]);
/** Keys below which every string is a template: parameters of WhatsApp's and of stored templates. */
const WHOLLY = new Set(['components', 'variables']);
/** Keys below which nothing is: sent or kept as given. */
const VERBATIM = new Set(['metadata', 'override', 'extraChannelOptions']);

/** Parses the Liquid in every text of the content; the fault names the field that does not parse. */
export function personalise(content: Content, path: string): Personalised | Fault {
  const paths: Path[] = [];
  const plan = planFor(content, '', path, false, paths);
  if (plan === undefined) return { paths };
  if (isFault(plan)) return plan;
  const fill = (scope: object): Content | RenderFailure => {
    const failed: RenderFailure[] = [];
    const filled = fillPart(content, plan, scope, failed) as Content;
    return failed[0] ?? filled;
  };
  return { paths, fill };
}

function planFor(
  value: unknown,
  key: string,
  path: string,
  wholly: boolean,
  paths: Path[],
): Plan | Fault | undefined {
  if (typeof value === 'string') {
    const written = wholly || TEMPLATED.has(key) ? withBraces(value) : '';
    if (!hasLiquid(written)) return undefined;
    const template = parseLiquid(written, key === 'html' ? 'html' : 'plain');
    if ('reason' in template) return breaks(path, `is not valid Liquid: ${template.reason}`);
    paths.push(...template.paths);
    const valid = wholly ? undefined : TEMPLATED.get(key);
    return { kind: 'text', template, path, ...(valid ? { valid } : {}) };
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const keys: (string | number)[] = [];
  const plans: Plan[] = [];
  const inList = Array.isArray(value);
  for (const [name, part] of Object.entries(value)) {
    if (!inList && VERBATIM.has(name)) continue;
    const at = inList ? `${path}[${name}]` : `${path}.${name}`;
    const plan = planFor(part, inList ? key : name, at, wholly || WHOLLY.has(name), paths);
    if (plan === undefined) continue;
    if (isFault(plan)) return plan;
    keys.push(inList ? Number(name) : name);
    plans.push(plan);
  }
  return plans.length === 0 ? undefined : { kind: 'parts', keys, plans };
}

/** A copy of `value` along the plan; all else is shared with the original. Stops at the first failure. */
function fillPart(value: unknown, plan: Plan, scope: object, failed: RenderFailure[]): unknown {
  if (plan.kind === 'text') return fillText(plan, scope, failed);
  const copy = (Array.isArray(value) ? [...(value as unknown[])] : { ...(value as object) }) as Record<
    string | number,
    unknown
  >;
  for (let i = 0; i < plan.keys.length && failed.length === 0; i++) {
    const key = plan.keys[i]!;
    copy[key] = fillPart(copy[key], plan.plans[i]!, scope, failed);
  }
  return copy;
}

function fillText(plan: Plan & { kind: 'text' }, scope: object, failed: RenderFailure[]): string {
  const text = plan.template.render(scope);
  if (typeof text !== 'string') {
    failed.push({ ...text, detail: `${plan.path}: ${text.detail}` });
    return '';
  }
  if (plan.valid && !plan.valid.test(text)) {
    const detail = `${plan.path}: "${beginningOf(text, 100)}" is not an address that can be opened`;
    failed.push(renderFailure('template_uri', detail));
  }
  return text;
}
