/**
 * What rendering a template may cost, in units that are known before the work is done: a character written, read or made by a
 * filter is one; an element of a list ten; a tag, an output, a filter and a turn of a loop fifty, an operand of a condition two hundred. Time
 * cannot be the measure: it would make what is rendered depend on how busy the machine is. Pure.
 */
import {
  defaultOperators,
  filters as ownFilters,
  type Context,
  type Emitter,
  type Liquid,
  type Template,
} from 'liquidjs';
import { dateGiven, isNoDay } from './liquid.dates.ts';
import { checkMade, checkWritten } from './liquid.written.ts';

/** Units that one rendering may cost: up to 40 ms for the worst that we know (a date in a zone, for each turn of a loop). */
export const COST_LIMIT = 1_000_000;
/** `{{` and `{%` that a text may hold: what it costs to parse is known by them and its length. */
export const MOST_MARKS = 2_000;

const PER_NODE = 50;
const PER_ELEMENT = 10;
const PER_OPERAND = 200;
/** Calling a filter; a date goes through time zones, and what a `default` forgives is thrown and caught. */
const PER_FILTER: Readonly<Record<string, number>> = { default: 400, date: 3000 };

type Filter = (this: { context: Context }, value: unknown, ...args: unknown[]) => unknown;

/** How many `{{` and `{%` a text holds, up to one more than it may. */
export function marksIn(source: string): number {
  let count = 0;
  for (let at = source.indexOf('{'); at >= 0 && count <= MOST_MARKS; at = source.indexOf('{', at + 1))
    if (source[at + 1] === '{' || source[at + 1] === '%') count += 1;
  return count;
}

/** The operators, where those that look through a list or text pay for it. */
export const METERED_OPERATORS: typeof defaultOperators = {
  ...defaultOperators,
  contains: paying(defaultOperators['contains'] as Binary),
  '==': paying(defaultOperators['=='] as Binary),
  '!=': paying(defaultOperators['!='] as Binary),
};

type Binary = (left: unknown, right: unknown, context: Context) => boolean;

function paying(compare: Binary): Binary {
  return (left, right, context) => {
    context.memoryLimit.use(sizeOf(left, COST_LIMIT));
    return compare(left, right, context);
  };
}

/** Makes every filter of an engine pay for what it reads, before, and for what it makes. */
export function meterFilters(liquid: Liquid): void {
  for (const [name, given] of Object.entries(ownFilters)) {
    const own = (typeof given === 'function' ? given : given.handler) as Filter;
    const handler: Filter = function (value, ...args) {
      const { memoryLimit } = this.context;
      memoryLimit.use(costOf(name, value, args));
      const made = isNoDay(name, value) ? value : own.call(this, ...dateGiven(name, value, args));
      if (!isGenerator(made)) memoryLimit.use(sizeOf(made, COST_LIMIT));
      checkMade(made, [value, ...args]);
      return made;
    };
    liquid.registerFilter(name, typeof given === 'function' ? handler : { ...given, handler });
  }
}

/** Makes every node of a parsed template pay for itself and for what it writes. */
export function meter(templates: readonly Template[]): void {
  for (const template of templates) {
    const own = template.render.bind(template);
    const cost = PER_NODE + weightOf(template);
    template.render = (context, emitter) => {
      context.memoryLimit.use(cost);
      payToWrite(context, emitter);
      return own(context, emitter);
    };
    const children = childrenOf(template);
    meter(children);
    // A loop with nothing in it turns, too.
    const { templates: body } = template as { templates?: Template[] };
    if (isLoop(template) && Array.isArray(body)) body.push(tickOf(template));
  }
}

/** The nodes directly below a node. */
export function childrenOf(template: Template): Template[] {
  const children = template.children?.(false, true).next();
  return children?.done ? children.value : [];
}

function tickOf({ token }: Template): Template {
  return { token, render: (context: Context) => context.memoryLimit.use(PER_NODE) };
}

function isLoop(template: Template): boolean {
  return 'collection' in template;
}

/** A tag with many conditions looks at all of them each time. */
function weightOf(template: Template): number {
  const { branches } = template as {
    branches?: readonly { value?: Expressed; values?: readonly Expressed[] }[];
  };
  const conditions = (branches ?? []).flatMap(({ value, values }) => [
    ...(values ?? []),
    ...(value ? [value] : []),
  ]);
  return conditions.reduce((sum, one) => sum + PER_OPERAND * (one.initial?.postfix.length ?? 1), 0);
}

type Expressed = { initial?: { postfix: readonly unknown[] } };

const paid = new WeakSet<Emitter>();

function payToWrite(context: Context, emitter: Emitter): void {
  if (paid.has(emitter)) return;
  paid.add(emitter);
  const write = emitter.write.bind(emitter);
  emitter.write = (text) => {
    context.memoryLimit.use(sizeOf(text, COST_LIMIT));
    checkWritten(text);
    write(text);
  };
}

function costOf(name: string, value: unknown, args: readonly unknown[]): number {
  const call = (PER_FILTER[name.replace(/^date_.*/, 'date')] ?? PER_NODE) + sizeOf(value, COST_LIMIT);
  const read = args.reduce((sum: number, arg) => sum + sizeOf(arg, COST_LIMIT), call);
  if (name.startsWith('sort') && Array.isArray(value)) return read * Math.ceil(Math.log2(value.length + 2));
  if (name === 'join' && Array.isArray(value)) return read + value.length * textOf(args[0] ?? ' ').length;
  // A width in a format is so many characters: `%999999999d`.
  if (name.startsWith('date')) return read + widthsIn(textOf(args[0]));
  return read;
}

function widthsIn(format: string): number {
  return (format.match(/\d+/g) ?? []).reduce((sum, width) => sum + Number(width), 0);
}

/** Characters of a text, or of all texts in a list and the lists in it; counting stops once it is more than `most`. */
function sizeOf(value: unknown, most: number): number {
  if (typeof value === 'string') return value.length;
  if (!Array.isArray(value)) return 1;
  let size = 0;
  for (const one of value) {
    size += PER_ELEMENT + sizeOf(one, most - size);
    if (size > most) break;
  }
  return size;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function isGenerator(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'next' in value && 'throw' in value;
}
