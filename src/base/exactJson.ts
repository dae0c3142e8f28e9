/**
 * JSON whose whole numbers are what was written. A double keeps them exactly up to 2^53; beyond it the last digits are lost in
 * silence, and an id is another's.
 */
import { randomUUID } from 'node:crypto';

/** Whole numbers below 2^53 have at most so many digits. */
const SHORTEST = 16;
/** A number that long, or with such an exponent, may be one that is not kept; anything else is read at full speed. */
const LONG = /\d{16}|\de\+?\d{3}/i;

/** The value, or the path of the first whole number in it that cannot be kept (`attributes.order`). Throws what JSON.parse throws. */
export function parseExact(text: string): { value: unknown } | { inexact: string } {
  const [first] = LONG.test(text) ? inexactIn(text) : [];
  if (!first) return { value: JSON.parse(text) as unknown };
  // In its place a text that stands nowhere else, which is then looked for.
  const mark = randomUUID();
  const marked = JSON.parse(`${text.slice(0, first.from)}"${mark}"${text.slice(first.to)}`) as unknown;
  return { inexact: pathOf(mark, marked) ?? '' };
}

/** The value, with whole numbers that cannot be kept as text: for what is taken whatever it says. Throws what JSON.parse throws. */
export function parseLenient(text: string): unknown {
  const found = LONG.test(text) ? [...inexactIn(text)] : [];
  let written = '';
  let at = 0;
  for (const { from, to } of found) {
    written += `${text.slice(at, from)}"${text.slice(from, to)}"`;
    at = to;
  }
  return JSON.parse(written + text.slice(at)) as unknown;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const NUMBER = /[-+.\deE]*/y;

/**
 * Where whole numbers stand that a double does not keep. Texts are passed over: an id in one may be all digits. (A reviver of JSON.parse
 * is told of numbers as they were written, too, and takes half a second for 250,000 values.)
 */
function* inexactIn(text: string): Generator<{ from: number; to: number }> {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfText(text, at);
    else if (code === 0x2d || (code >= 0x30 && code <= 0x39)) {
      NUMBER.lastIndex = at;
      NUMBER.test(text);
      const to = NUMBER.lastIndex;
      if (isInexact(text.slice(at, to))) yield { from: at, to };
      at = to - 1;
    }
  }
}

/** Where the quote stands that ends a text. */
function endOfText(text: string, from: number): number {
  let at = from;
  do {
    at = text.indexOf('"', at + 1);
    if (at < 0) return text.length;
  } while (isEscaped(text, at));
  return at;
}

function isEscaped(text: string, at: number): boolean {
  let before = at;
  while (text.charCodeAt(before - 1) === BACKSLASH) before--;
  return (at - before) % 2 === 1;
}

/** The largest double has 309 digits: one that is longer is not kept, and is not made a number to see that. */
const MOST_DIGITS = 310;

function isInexact(source: string): boolean {
  // Beyond the largest double it is infinite, which JSON writes as null.
  if (source.includes('e') || source.includes('E')) return !Number.isFinite(Number(source));
  if (source.length < SHORTEST || !/^-?\d+$/.test(source)) return false;
  return source.length > MOST_DIGITS || BigInt(source) !== BigInt(Number(source));
}

function pathOf(mark: string, value: unknown): string | undefined {
  if (value === mark) return '';
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [name, inner] of Object.entries(value)) {
    const below = pathOf(mark, inner);
    if (below === undefined) continue;
    const here = Array.isArray(value) ? `[${name}]` : name;
    return below === '' || below.startsWith('[') ? here + below : `${here}.${below}`;
  }
  return undefined;
}
