/**
 * What somebody wrote in a mail, without what it answers. To lose a person's word is worse than to keep a quote, so only what is
 * certain is cut: words that a mail program writes, with their date, above what is marked as quoted or beside an address; the four
 * headers of an answered mail; lines that are marked. Total, and linear in the text: no expression here runs over more than a few
 * lines, since anybody can send a mail that is made to be slow. When nothing would be left, everything is.
 */
import { beginningOf } from '../../../base/text.ts';
import {
  ADDRESSED,
  DATED,
  FORWARDED,
  FORWARDED_SUBJECT,
  HEADER_SETS,
  type HeaderSet,
  OPENS,
  ORIGINAL,
  RULE,
  WROTE,
} from './attribution.ts';

/** An attribution is wrapped over at most so many lines, and so many characters. */
const ATTRIBUTION_LINES = 4;
const ATTRIBUTION_LENGTH = 400;
/** Lines in which the headers of an answered mail stand. */
const HEADER_LINES = 10;
const LONGEST_LINE = 500;
/** A signature has no more lines than this; what is longer is a text under a line that somebody drew. */
const SIGNATURE_LINES = 6;

/** The text without quoted parts and without a signature. What is forwarded, as the subject may say, is what somebody wants to say. */
export function withoutQuotes(text: string, subject = ''): string {
  const isSentOn = FORWARDED_SUBJECT.test(beginningOf(subject, LONGEST_LINE));
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  const marks = marksOf(lines);
  const kept: string[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!;
    if (line.length <= LONGEST_LINE && FORWARDED.test(line) && !ORIGINAL.test(line)) {
      kept.push(...lines.slice(at));
      break;
    }
    if (isAnswered(lines, at)) {
      if (isSentOn) kept.push(...lines.slice(at));
      break;
    }
    const end =
      SIGNATURE.test(line) && kept.some((one) => one.trim()) ? signatureEnd(lines, at, marks) : undefined;
    if (end !== undefined) {
      at = end - 1;
      continue;
    }
    const attribution = marks.attributions.get(at);
    if (attribution) {
      at += attribution - 1;
      // What follows without marks is the answered mail to its end; with marks, somebody may have written in between.
      if (!isMarked(nextSaid(lines, at + 1))) break;
    } else if (!isMarked(line) || !marks.areQuotes(at)) kept.push(line.trimEnd());
  }
  const said = kept
    .join('\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim();
  return said || text.replaceAll('\r\n', '\n').trim();
}

function isMarked(line: string | undefined): boolean {
  return line !== undefined && /^ {0,3}>/.test(line);
}

function nextSaid(lines: readonly string[], from: number): string | undefined {
  return lines.slice(from, from + HEADER_LINES).find((line) => line.trim() !== '');
}

type Marks = {
  /** How many lines the attribution takes that begins at a line. */
  attributions: ReadonlyMap<number, number>;
  /** Whether marked lines there are a quote: a mail program says so, there are several, or they are a paragraph of their own. */
  areQuotes: (at: number) => boolean;
};

function marksOf(lines: readonly string[]): Marks {
  const attributions = new Map<number, number>();
  let isIntroduced = false;
  let runBegan = 0;
  const long = new Set<number>();
  for (let at = 0; at <= lines.length; at++) {
    const line = lines[at];
    if (isMarked(line)) {
      isIntroduced ||= isIntroduction(line!.replace(/^[\s>]+/, ''));
      continue;
    }
    // A run of marked lines has ended.
    const standsAlone = !lines[runBegan - 1]?.trim() && !line?.trim();
    if (at - runBegan > 1 || standsAlone) for (let one = runBegan; one < at; one++) long.add(one);
    runBegan = at + 1;
    const count = line === undefined ? 0 : attributionEndingAt(lines, at);
    if (count) attributions.set(at - count + 1, count);
  }
  isIntroduced ||= attributions.size > 0;
  return { attributions, areQuotes: (at) => isIntroduced || long.has(at) };
}

function isIntroduction(line: string): boolean {
  return line.length <= ATTRIBUTION_LENGTH && WROTE.test(line) && /\d/.test(line);
}

/** An attribution without a day by number is this short, characters. */
const SHORT = 100;

const COLON = /[:：]\s*$/;

/**
 * How many lines the words "On Friday Ann wrote:" take that end here; 0 when they do not. The fewest that hold all of it: its day or
 * hour, who wrote, and how it begins, so that what somebody wrote right above it is theirs. A line between may be an address alone.
 */
function attributionEndingAt(lines: readonly string[], at: number): number {
  const last = undashed(lines[at]!);
  if (last.length > ATTRIBUTION_LENGTH || (!COLON.test(last) && !WROTE.test(last))) return 0;
  const isQuoted = isMarked(nextSaid(lines, at + 1));
  let words = '';
  for (let count = 1; count <= ATTRIBUTION_LINES && count <= at + 1; count++) {
    const line = undashed(lines[at - count + 1]!);
    if (!line || isMarked(line) || line.length > ATTRIBUTION_LENGTH) return 0;
    words = words ? `${line} ${words}` : line;
    if (words.length > ATTRIBUTION_LENGTH) return 0;
    if (isAttribution(words, isQuoted)) return count + isBegunAbove(lines, at - count, words);
  }
  return 0;
}

/** Zoho draws lines around it: "---- On Tue, 24 Nov 2026 … wrote ---". */
function undashed(line: string): string {
  const plain = line.trim();
  return plain.startsWith('---') && plain.length <= ATTRIBUTION_LENGTH
    ? plain.replaceAll(/^-+ | -+$/g, '')
    : plain;
}

/** Apple Mail's Polish "Wiadomość napisana przez Shop" may stand on a line above the address. */
function isBegunAbove(lines: readonly string[], above: number, words: string): number {
  return words.startsWith('<') && /^wiadomość napisana przez\b/i.test(lines[above]?.trim() ?? '') ? 1 : 0;
}

/** "I called on 20 November. On Friday …": a sentence before it is somebody's own. */
const SENTENCE = /[^\s.]{3,}[.!?。！？]\s+\p{Lu}/u;

function isAttribution(words: string, isQuoted: boolean): boolean {
  if (!/[:：]\s*$|작성$|wrote$/.test(words)) return false;
  // "On Thursday Ann wrote:" right above marked lines.
  if (isQuoted && words.length <= SHORT && OPENS.test(words) && WROTE.test(words)) return true;
  if (!DATED.test(words)) return false;
  const isAddressed = ADDRESSED.test(words);
  // Without marks below it people's own "on 3 December at ten she wrote:" looks the same, but for the address.
  if (!isQuoted && !isAddressed) return false;
  const wrote = WROTE.test(words);
  if (!wrote && !(isAddressed && isQuoted)) return false;
  const before = beginningOf(words, 120);
  if (SENTENCE.test(before.replace(/\b\p{L}{1,5}\. /gu, ''))) return false;
  return OPENS.test(words) || /^\p{L}{0,12}[.,]?\s?\(?\d/u.test(words) || STARTS_NAMED.test(words);
}

/** A name and an address, or a weekday, before the day: "Shop <shop@shop.example> schreef op 20 nov", "pt., 20 lis 2026". */
const STARTS_NAMED =
  /^(?:[^<>:]{0,80}[<(（[][^\s<>]{3,250}@[^\s<>]{3,250}[>)）\]]|"?[^:,.!?]{1,60}"? (?:wrote|schreef|schrieb|skrev|kirjoitti|napisał|пишет)|\p{L}[\p{L}\p{M}.]{0,15},? (?:\p{L}+ )?\d)/u;

/** Whether an answered mail begins here: its rule, or its headers. */
function isAnswered(lines: readonly string[], at: number): boolean {
  const line = lines[at]!;
  if (line.length > LONGEST_LINE) return false;
  if (RULE.test(line)) return hasHeaders(lines, at + blanksFrom(lines, at + 1) + 1);
  if (!ORIGINAL.test(line)) return hasHeaders(lines, at);
  const next = beginningOf(nextSaid(lines, at + 1), LONGEST_LINE) ?? '';
  return HEADER_SETS.some(({ from, to, when }) => [from, to, when].some((one) => one.test(next)));
}

function blanksFrom(lines: readonly string[], from: number): number {
  const next = lines.slice(from, from + HEADER_LINES).findIndex((line) => line.trim() !== '');
  return Math.max(next, 0);
}

/**
 * The headers of a mail as Outlook puts them above it: from whom, when, to whom and about what, each on a line of its own with none
 * empty between them, in one language. An address, or the word "Sent", must be among them: people write "From: Amsterdam, To: Paris,
 * Date: 3 May 2027, Subject: a trip", too.
 */
function hasHeaders(lines: readonly string[], from: number): boolean {
  const first = beginningOf(lines[from], LONGEST_LINE) ?? '';
  if (!/[:：]/.test(beginningOf(first, 60))) return false;
  return HEADER_SETS.some((set) => set.from.test(first) && hasOthers(set, lines, from));
}

function hasOthers({ when, sent, to, about }: HeaderSet, lines: readonly string[], from: number): boolean {
  const end = lines.slice(from, from + HEADER_LINES).findIndex((line) => line.trim() === '');
  const block = lines
    .slice(from, from + (end < 0 ? HEADER_LINES : end))
    .map((line) => beginningOf(line, LONGEST_LINE));
  const day = block.find((line) => when.test(line));
  if (day === undefined || !block.some((line) => about.test(line)) || !block.some((line) => to.test(line)))
    return false;
  return sent.test(day) || block.some((line) => line.includes('@'));
}

/** RFC 3676 §4.3, with its space: `--` alone is a line that somebody drew. */
const SIGNATURE = /^-- $/;

/** Where the signature that begins at a line ends: at a quote, or with the mail. Undefined when it is none: too long for one. */
function signatureEnd(lines: readonly string[], at: number, marks: Marks): number | undefined {
  let said = 0;
  for (let next = at + 1; next < lines.length; next++) {
    const line = lines[next]!;
    if (marks.attributions.has(next) || isMarked(line) || isAnswered(lines, next)) return next;
    if (line.trim()) said++;
    if (said > SIGNATURE_LINES || next - at > 3 * SIGNATURE_LINES) return undefined;
  }
  return lines.length;
}
