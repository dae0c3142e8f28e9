/**
 * What somebody wrote in a mail, without what it answers. Total, and linear in the text: no expression here runs over more than
 * a few lines, since anybody can send a mail that is made to be slow. When nothing would be left, everything is.
 */

/** An attribution is wrapped over at most so many lines, and so many characters. */
const ATTRIBUTION_LINES = 4;
const ATTRIBUTION_LENGTH = 400;
/** Lines in which the headers of an answered mail stand. */
const HEADER_LINES = 8;
const LONGEST_LINE = 500;

/** The text without quoted parts and without what follows a signature mark. */
export function withoutQuotes(text: string): string {
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  const kept: string[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!;
    if (isCut(lines, at)) break;
    const attribution = attributionAt(lines, at);
    if (attribution) {
      at += attribution - 1;
      // What follows without marks is the answered mail to its end; with marks, somebody may have written in between.
      if (!isMarked(nextSaid(lines, at + 1))) break;
    } else if (!isMarked(line)) kept.push(line.trimEnd());
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

/** RFC 3676 §4.3; many clients lose its space. */
const SIGNATURE = /^-- ?$/;
/** English, Dutch, German, French, Spanish, Italian, Portuguese, Danish and Norwegian, Swedish, Polish. */
const ORIGINAL =
  /^\s{0,3}-{2,20} ?(?:original message|oorspronkelijk bericht|urspr(?:ü|ue)ngliche nachricht|message d['’]origine|message original|mensaje original|messaggio originale|mensagem original|oprindelig (?:meddelelse|besked)|opprinnelig melding|ursprungligt meddelande|(?:oryginalna )?wiadomość(?: oryginalna)?) ?-{2,20}\s*$/i;
/** Outlook draws a line above the headers of what is answered. */
const RULE = /^\s{0,3}_{10,100}\s*$/;

function isCut(lines: readonly string[], at: number): boolean {
  const line = lines[at]!;
  if (line.length > LONGEST_LINE) return false;
  if (SIGNATURE.test(line) || ORIGINAL.test(line)) return true;
  if (RULE.test(line)) return headersAt(lines, at + 1);
  return FROM.test(line) && headersAt(lines, at);
}

const FROM = /^\s{0,3}\*?(?:from|van|von|de|da|fra|från|od)\s?:\*?\s/i;
const OTHERS = [
  /^\s{0,3}\*?(?:sent|date|verzonden|datum|gesendet|envoyé|enviado(?: el)?|fecha|inviato|data|sendt|dato|skickat|wysłano)\s?:/i,
  /^\s{0,3}\*?(?:to|aan|an|à|para|a|til|till|do)\s?:/i,
  /^\s{0,3}\*?(?:subject|onderwerp|betreff|objet|asunto|oggetto|assunto|emne|ämne|temat)\s?:/i,
];

/** The headers of a mail as Outlook puts them above it: who, and two of when, to whom and about what. */
function headersAt(lines: readonly string[], from: number): boolean {
  const block = lines.slice(from, from + HEADER_LINES).map((line) => line.slice(0, LONGEST_LINE));
  if (!block.some((line) => FROM.test(`${line} `))) return false;
  return OTHERS.filter((other) => block.some((line) => other.test(line))).length >= 2;
}

const WROTE =
  /(?:^|\s)(?:wrote|schreef|schrieb|a écrit|écrit|escribió|ha scritto|escreveu|skrev|kirjoitti|napisał(?:\(a\)|a)?|pisze)(?=[\s:,]|$)/i;

/**
 * How many lines the words "On Friday Ann wrote:" take that stand here; 0 when they do not. They end in a colon, have a day or
 * an hour in them, and an address, a year or a quoted line after them: people write "she wrote:" too.
 */
function attributionAt(lines: readonly string[], at: number): number {
  let words = '';
  for (let count = 1; count <= ATTRIBUTION_LINES; count++) {
    const line = lines[at + count - 1]?.trim();
    if (!line || isMarked(line)) return 0;
    words = words ? `${words} ${line}` : line;
    if (words.length > ATTRIBUTION_LENGTH) return 0;
    if (!words.endsWith(':')) continue;
    const isOne = WROTE.test(words) && /\d/.test(words);
    if (!isOne) return 0;
    const isSure = /@[^\s@]+\.|(?:19|20)\d\d/.test(words) || isMarked(nextSaid(lines, at + count));
    return isSure ? count : 0;
  }
  return 0;
}
