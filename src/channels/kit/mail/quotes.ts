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
  GROUPWISE,
  HEADER_SETS,
  type HeaderSet,
  OPENS,
  ORIGINAL,
  ORIGINAL_THEN,
  QUOTING,
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
  const whole = text.replaceAll('\r\n', '\n').trim();
  if (FORWARDED_SUBJECT.test(beginningOf(subject, LONGEST_LINE))) return whole;
  const written = whole.replaceAll(BROKEN_ADDRESS, '$1>').split('\n');
  // Marks of direction stand around names and at the ends of lines where a script runs to the left: they are looked past.
  const lines = DIRECTION.test(text) ? written.map((line) => line.replaceAll(DIRECTIONS, '')) : written;
  const marks = marksOf(lines);
  const kept: string[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!;
    if (line.length <= LONGEST_LINE && FORWARDED.test(line) && !ORIGINAL.test(line)) {
      kept.push(...written.slice(at));
      break;
    }
    if (isAnswered(lines, at)) break;
    // Proton: a rule, and then "On Friday … wrote:" below it.
    const isRule = marks.attributions.size > 0 && ORIGINAL.test(beginningOf(line, LONGEST_LINE));
    if (isRule && marks.attributions.has(nextSaidAt(lines, at + 1))) continue;
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
    } else if (!isMarked(line) || !marks.areQuotes(at)) kept.push(written[at]!.trimEnd());
  }
  const said = kept
    .join('\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim();
  return said || whole;
}

function isMarked(line: string | undefined): boolean {
  return line !== undefined && /^ {0,3}>/.test(line);
}

function nextSaid(lines: readonly string[], from: number): string | undefined {
  return lines[nextSaidAt(lines, from)];
}

/** Where the next line stands that says something; -1 when none near does. */
function nextSaidAt(lines: readonly string[], from: number): number {
  const next = lines.slice(from, from + HEADER_LINES).findIndex((line) => line.trim() !== '');
  return next < 0 ? -1 : from + next;
}

/** An attribution that Gmail has wrapped within its address: what stands on the next line is no mark. */
const BROKEN_ADDRESS = /(<[^\s<>]{1,64}@[^\s<>]{1,190})\n>(?=[^\n>]{0,40}[:：][ \t]*(?:\n|$))/g;

const DIRECTIONS = /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const DIRECTION = new RegExp(DIRECTIONS.source);

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
  if (DASHED.test(lines[at]!) && WROTE.test(last) && DATED.test(last)) return 1;
  const isQuoted = isMarked(nextSaid(lines, at + 1));
  let words = '';
  for (let count = 1; count <= ATTRIBUTION_LINES && count <= at + 1; count++) {
    const line = undashed(lines[at - count + 1]!);
    if (!line || isMarked(line) || line.length > ATTRIBUTION_LENGTH) return 0;
    words = words ? `${line} ${words}` : line;
    if (words.length > ATTRIBUTION_LENGTH) return 0;
    const isNamed = isQuoted && words.length <= SHORT && isNamedAlone(words, !lines[at - count]?.trim());
    if (isNamed || isAttribution(words, isQuoted)) return count + isBegunAbove(lines, at - count, words);
  }
  return 0;
}

/** Zoho draws lines around it: "---- On Tue, 24 Nov 2026 … Shop&lt;shop@shop.example&gt; wrote ---". */
const DASHED = /^\s{0,3}-{3,20} [^\n]{10,300}@[^\n]{3,200} -{3,20}\s*$/;

function undashed(line: string): string {
  const plain = line.trim();
  return plain.startsWith('---') && plain.length <= ATTRIBUTION_LENGTH
    ? plain
        .replaceAll(/^-+ | -+$/g, '')
        .replaceAll('&lt;', '<')
        .replaceAll('&gt;', '>')
    : plain;
}

/** What stands on a line above: Apple Mail's Polish "Wiadomość napisana przez Shop" above the address, "On Nov 21, 2026," above the hour. */
function isBegunAbove(lines: readonly string[], above: number, words: string): number {
  const line = lines[above]?.trim() ?? '';
  if (words.startsWith('<')) return /^wiadomość napisana przez\b/i.test(line) ? 1 : 0;
  const isDay = line.length <= SHORT && line.endsWith(',') && OPENS.test(line) && DATED.test(line);
  return isDay && !OPENS.test(words) ? 1 : 0;
}

/** "I called on 20 November. On Friday …": a sentence before it is somebody's own. */
const SENTENCE = /[^\s.]{3,}[.!?。！？]\s+\p{Lu}/u;

function isAttribution(words: string, isQuoted: boolean): boolean {
  if (!/[:：]\s*$|작성$|wrote$/.test(words)) return false;
  // "On Thursday Ann wrote:" right above marked lines; not the last line alone of one that is wrapped, "a écrit :".
  const isShort = isQuoted && words.length <= SHORT && OPENS.test(words) && WROTE.test(words);
  if (isShort && /\p{L}/u.test(words.replace(OPENS, '').replace(WROTE, ''))) return true;
  const isAddressed = ADDRESSED.test(words);
  if (!DATED.test(words)) return false;
  // Without marks below it people's own "on 3 December at ten she wrote:" looks the same, but for the address.
  if (!isQuoted && !isAddressed) return false;
  const wrote = WROTE.test(words);
  if (!wrote && !(isAddressed && isQuoted)) return false;
  const before = beginningOf(words, 120);
  if (SENTENCE.test(before.replace(/\b\p{L}{1,5}\. /gu, ''))) return false;
  return (
    OPENS.test(words) || /^[\p{L}\p{M}]{0,12}[.,،]?\s?\(?\p{Nd}/u.test(words) || STARTS_NAMED.test(words)
  );
}

/** A name and an address, or a weekday, before the day: "Shop <shop@shop.example> schreef op 20 nov", "pt., 20 lis 2026". */
const STARTS_NAMED =
  /^(?:[^<>:]{0,80}[<(（[][^\s<>]{3,250}@[^\s<>]{3,250}[>)）\]]|"?[^:,.!?]{1,60}"? (?:wrote|schreef|schrieb|a écrit|escribió|ha scritto|escreveu|skrev|kirjoitti|napisał|пишет|писал)|\p{L}[\p{L}\p{M}.]{0,15},? (?:\p{L}+ )?\d)/u;

/** Whom it quotes and no day: "Quoting Shop <shop@shop.example>:", "Shop <shop@shop.example> wrote:" with nothing of it on the line above. */
function isNamedAlone(words: string, isFirst: boolean): boolean {
  return (
    (ADDRESSED.test(words) && COLON.test(words) && QUOTING.test(words)) ||
    (isFirst && WROTE_ALONE.test(words))
  );
}

const WROTE_ALONE =
  /^[^<>:]{0,60}<[^\s<>]{3,250}> (?:wrote|schreef|schrieb|a écrit|escribió|ha scritto|escreveu|skrev)\s?:$/;

/** Whether an answered mail begins here: its rule, or its headers. */
function isAnswered(lines: readonly string[], at: number): boolean {
  const line = lines[at]!;
  if (line.length > LONGEST_LINE) return false;
  if (GROUPWISE.test(line)) return true;
  if (RULE.test(line)) return hasHeaders(lines, at + blanksFrom(lines, at + 1) + 1);
  const behindRule = ORIGINAL_THEN.exec(line)?.at(-1);
  if (behindRule !== undefined)
    return HEADER_SETS.some(
      ({ from, behind }) => from.test(behindRule) && behind.every((one) => one.test(behindRule)),
    );
  if (!ORIGINAL.test(line)) return hasHeaders(lines, at);
  const next = beginningOf(nextSaid(lines, at + 1), LONGEST_LINE) ?? '';
  return HEADER_SETS.some(({ from, to, when, about }) =>
    [from, to, when, about].some((one) => one.test(next)),
  );
}

function blanksFrom(lines: readonly string[], from: number): number {
  const next = lines.slice(from, from + HEADER_LINES).findIndex((line) => line.trim() !== '');
  return Math.max(next, 0);
}

/**
 * The headers of a mail as Outlook puts them above it: from whom, when, to whom and about what, each on a line of its own with none
 * empty between them, in one language. From whom is an address, or it was "Sent": people write "From: Amsterdam, To: Paris,
 * Date: 3 May 2027, Subject: a trip", and "To: billing@shop.example" below it, too.
 */
function hasHeaders(lines: readonly string[], from: number): boolean {
  const first = beginningOf(lines[from], LONGEST_LINE) ?? '';
  if (!/[:：]/.test(beginningOf(first, 60))) return false;
  return HEADER_SETS.some(
    // GMX and WEB.DE write the day first.
    (set) => (set.from.test(first) || set.sent.test(first)) && hasOthers(set, lines, from),
  );
}

function hasOthers(
  { from: whose, when, sent, to, about }: HeaderSet,
  lines: readonly string[],
  from: number,
): boolean {
  const end = lines.slice(from, from + HEADER_LINES).findIndex((line) => line.trim() === '');
  const block = lines
    .slice(from, from + (end < 0 ? HEADER_LINES : end))
    .map((line) => beginningOf(line, LONGEST_LINE));
  const day = block.find((line) => when.test(line));
  if (day === undefined || !block.some((line) => about.test(line)) || !block.some((line) => to.test(line)))
    return false;
  if (block.some((line) => whose.test(line) && line.includes('@'))) return true;
  return day !== block[0] && sent.test(day);
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
