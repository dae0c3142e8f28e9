/**
 * The text of a mail that came as HTML only. What is quoted is marked with `>`, as in a mail of text, so that it is told apart in
 * the same way. Reads as a stream: no tree, so nothing that nests a million times.
 *
 * postal-mime (4.0.0) converts HTML only where a mail has text besides, and exports no function for it. What it makes there is worse
 * for people: quotes are not marked, style sheets outside `head` are shown as text, `1 < 2 and 3 > 2` becomes `1 2`, a list stands in
 * one line.
 */
import { Parser } from 'htmlparser2';

const BLOCKS = new Set(
  'address article aside center dd div dl dt fieldset figure footer form h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section table tr ul'.split(
    ' ',
  ),
);
/** A line above and below it. */
const APART = new Set(['p', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'blockquote']);
const UNSEEN = new Set(['head', 'style', 'script', 'title', 'template', 'noscript']);
/** Deeper than this quotes are all alike. */
const DEEPEST = 5;

/** The text that a reader sees. */
export function textOfHtml(html: string): string {
  const lines: string[] = [];
  let line = '';
  let quoted = 0;
  let unseen = 0;
  const breakLine = () => {
    const said = line.replaceAll(/[ \t\n\r\f]+/g, ' ').trim();
    lines.push(quoted ? `${'>'.repeat(Math.min(quoted, DEEPEST))} ${said}`.trimEnd() : said);
    line = '';
  };
  const endBlock = (name: string) => {
    if (line.trim()) breakLine();
    if (APART.has(name) && !isBare(lines.at(-1))) breakLine();
  };
  const parser = new Parser({
    onopentag(name) {
      if (UNSEEN.has(name)) unseen++;
      else if (name === 'br') breakLine();
      else if (name === 'blockquote' || BLOCKS.has(name)) endBlock(name);
      else if (name === 'td' || name === 'th') line += ' ';
      if (name === 'li') line += '- ';
      if (name === 'blockquote') quoted++;
    },
    ontext(text) {
      if (!unseen) line += text;
    },
    onclosetag(name) {
      if (UNSEEN.has(name)) unseen--;
      else if (name === 'blockquote' || BLOCKS.has(name)) endBlock(name);
      if (name === 'blockquote') quoted--;
    },
  });
  parser.end(html);
  if (line.trim()) breakLine();
  while (lines.length && isBare(lines.at(-1))) lines.pop();
  return lines
    .join('\n')
    .replaceAll('\u00a0', ' ')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim();
}

function isBare(line: string | undefined): boolean {
  return line === undefined || /^>*$/.test(line);
}
