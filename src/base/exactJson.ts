/**
 * JSON whose whole numbers are what was written. A double keeps them exactly up to 2^53; beyond it the last digits are lost in
 * silence, and an id is another's.
 */

/** A number that long may be one that is not kept; anything else is read at full speed. */
const LONG = /[\d.]{16}/;

/** A whole number as it was written, where it cannot be kept as a number. */
class Inexact {
  readonly source: string;
  constructor(source: string) {
    this.source = source;
  }
}

/** The value, or the path of the first whole number in it that cannot be kept (`attributes.order`). Throws what JSON.parse throws. */
export function parseExact(text: string): { value: unknown } | { inexact: string } {
  if (!LONG.test(text)) return { value: JSON.parse(text) as unknown };
  const value = parse(text, (source) => new Inexact(source));
  const inexact = pathIn(value, '');
  return inexact === undefined ? { value } : { inexact };
}

/** The value, with whole numbers that cannot be kept as text: for what is taken whatever it says. Throws what JSON.parse throws. */
export function parseLenient(text: string): unknown {
  return LONG.test(text) ? parse(text, (source) => source) : JSON.parse(text);
}

function parse(text: string, instead: (source: string) => unknown): unknown {
  // The third argument is of ES2026; the library's types do not know it.
  const reviver = (_name: string, value: unknown, context: { source?: string }) => {
    const { source } = context;
    const isWhole = typeof value === 'number' && source !== undefined && /^-?\d+$/.test(source);
    return isWhole && BigInt(source) !== BigInt(value) ? instead(source) : value;
  };
  return JSON.parse(text, reviver as (name: string, value: unknown) => unknown);
}

function pathIn(value: unknown, path: string): string | undefined {
  if (value instanceof Inexact) return path;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [name, inner] of Object.entries(value)) {
    const found = pathIn(inner, Array.isArray(value) ? `${path}[${name}]` : path ? `${path}.${name}` : name);
    if (found !== undefined) return found;
  }
  return undefined;
}
