/**
 * Words of a text, as they are kept and looked for: without case and accents, by the rules of Unicode for where words end, so that
 * languages that put no blanks between them have words as well. Pure.
 */

/** More words of one message are not kept, nor more letters of one. */
const MOST_WORDS = 200;
const MOST_LETTERS = 40;
/** Words of a search that are looked for. */
const MOST_ASKED = 8;
/** What is shown of a message around what was found. */
const EXCERPT = { before: 40, length: 160 };

const segmenter = new Intl.Segmenter('und', { granularity: 'word' });

/** A word, and where it stands in the text. */
type Word = { word: string; from: number; to: number };

function* wordsIn(text: string): Generator<Word> {
  for (const { segment, index, isWordLike } of segmenter.segment(text))
    if (isWordLike) {
      const word = folded(segment).slice(0, MOST_LETTERS);
      if (word) yield { word, from: index, to: index + segment.length };
    }
}

/** What is left of a word when it does not matter how it is written; nothing that a list of words or a query has a meaning for. */
function folded(segment: string): string {
  return segment
    .normalize('NFKD')
    .replaceAll(/[\p{M}\s'\\:&|!()<>*\0]/gu, '')
    .toLowerCase();
}

/** The words of a message, each once, in no order that means anything. */
export function wordsOf(text: string): string[] {
  const found = new Set<string>();
  for (const { word } of wordsIn(text)) {
    found.add(word);
    if (found.size === MOST_WORDS) break;
  }
  return [...found];
}

/** What is looked for: all of `whole`, and a word that begins with `begun`. Undefined when the text has no words. */
export type SearchWords = { whole: string[]; begun: string };

/** What a search asks for. The last word is not written to its end yet. */
export function askedIn(text: string): SearchWords | undefined {
  const words = [...new Set([...wordsIn(text)].map(({ word }) => word))].slice(-MOST_ASKED);
  const begun = words.pop();
  return begun === undefined ? undefined : { whole: words, begun };
}

/** The part of a text in which the words stand, on one line, and where they stand in it. */
type Excerpt = { text: string; marks: [from: number, to: number][] };

/** Shows what was found. */
export function excerptOf(text: string, { whole, begun }: SearchWords): Excerpt {
  const flat = text.replaceAll(/\s/g, ' ');
  const found = [...wordsIn(flat)].filter(({ word }) => whole.includes(word) || word.startsWith(begun));
  const first = found[0]?.from ?? 0;
  let from = Math.max(0, first - EXCERPT.before);
  if (from > 0) from = flat.lastIndexOf(' ', from) + 1 || from;
  const to = Math.min(flat.length, from + EXCERPT.length);
  const before = from > 0 ? '… ' : '';
  const shift = before.length - from;
  return {
    text: (before + flat.slice(from, to) + (to < flat.length ? ' …' : '')).toWellFormed(),
    marks: found
      .filter((one) => one.from >= from && one.to <= to)
      .map((one) => [one.from + shift, one.to + shift]),
  };
}
