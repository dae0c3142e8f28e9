/**
 * The text of a mail that came as HTML only. What is quoted is marked with `>`, as in a mail of text, so that it is told apart in
 * the same way. Reads tokens in one pass and keeps no tree and no stack of tags, only how many of a few kinds are open: linear in
 * the HTML, however deep it nests. The library's parser keeps a stack at whose front it inserts: 500 kB of nested `<div>` took it
 * 11 s.
 *
 * postal-mime (4.0.0) converts HTML only where a mail has text besides, and exports no function for it. What it makes there is worse
 * for people: quotes are not marked, style sheets outside `head` are shown as text, `1 < 2 and 3 > 2` becomes `1 2`, a list stands in
 * one line.
 */
import { Tokenizer, type TokenizerCallbacks } from 'htmlparser2';

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
/** Names and attributes are read so far. */
const NAME_LENGTH = 20;
const ATTRIBUTE_LENGTH = 200;

/** The text that a reader sees. */
export function textOfHtml(html: string): string {
  const page = new Page();
  const tag: Tag = { name: '', attribute: '', attributes: new Map() };
  const short = (start: number, end: number, most: number) => html.slice(start, Math.min(end, start + most));
  const tokens: TokenizerCallbacks = {
    onopentagname(start, end) {
      tag.name = short(start, end, NAME_LENGTH).toLowerCase();
      tag.attributes.clear();
    },
    onattribname(start, end) {
      tag.attribute = short(start, end, NAME_LENGTH).toLowerCase();
    },
    onattribdata(start, end) {
      if (!READ.has(tag.attribute)) return;
      const before = tag.attributes.get(tag.attribute) ?? '';
      if (before.length < ATTRIBUTE_LENGTH)
        tag.attributes.set(tag.attribute, before + short(start, end, ATTRIBUTE_LENGTH).toLowerCase());
    },
    onattribentity() {},
    onattribend() {},
    onopentagend: () => page.open(tag),
    // HTML knows no elements that close themselves: `<p/>` opens one.
    onselfclosingtag: () => page.open(tag),
    onclosetag: (start, end) => page.close(short(start, end, NAME_LENGTH).toLowerCase().trim()),
    ontext: (start, end) => page.say(html.slice(start, end)),
    ontextentity: (codepoint) => page.say(String.fromCodePoint(codepoint)),
    oncdata() {},
    oncomment() {},
    ondeclaration() {},
    onprocessinginstruction() {},
    onend() {},
  };
  const tokenizer = new Tokenizer({ xmlMode: false, decodeEntities: true }, tokens);
  tokenizer.write(html);
  tokenizer.end();
  return page.text();
}

type Tag = { name: string; attribute: string; attributes: Map<string, string> };

/** Attributes that tell a quote from what somebody set in. */
const READ = new Set(['type', 'cite', 'class', 'style', 'id', 'name']);

/** Lines as they come about. */
class Page {
  private readonly lines: string[] = [];
  private line = '';
  /** Whether the line has more in it than white space. */
  private isSaid = false;
  private quotes = 0;
  /** For each `blockquote` that is open, whether it is a quote; one in excess of these is as those before it. */
  private readonly blockquotes: boolean[] = [];
  private readonly unseen = new Map<string, number>();
  private hidden = 0;
  private divs = 0;
  /** The divisions that hold a quote or what introduces it, by how many were open around them. */
  private readonly quoting: number[] = [];

  open(tag: Tag): void {
    const { name, attributes } = tag;
    if (UNSEEN.has(name)) return this.hide(name, 1);
    // What is written after a head that was not closed is seen.
    if (name === 'body') return this.hide('head', -1);
    if (name === 'br') return this.breakLine();
    if (name === 'blockquote' || BLOCKS.has(name)) this.endBlock(name);
    if (name === 'td' || name === 'th') this.say(' ');
    if (name === 'li') this.say('- ');
    if (name === 'blockquote') this.openQuote(attributes);
    if (name === 'div') {
      if (this.quoting.length < MOST_OPEN && isQuoting(attributes)) {
        this.quoting.push(this.divs);
        this.quotes++;
      }
      this.divs++;
    }
  }

  close(name: string): void {
    if (UNSEEN.has(name)) return this.hide(name, -1);
    if (name === 'blockquote' || BLOCKS.has(name)) this.endBlock(name);
    if (name === 'blockquote' && this.blockquotes.pop()) this.quotes--;
    if (name === 'div' && this.divs > 0) {
      this.divs--;
      if (this.quoting.at(-1) === this.divs) {
        this.quoting.pop();
        this.quotes--;
      }
    }
  }

  say(text: string): void {
    if (this.hidden) return;
    this.line += text;
    this.isSaid ||= /\S/.test(text);
  }

  text(): string {
    if (this.isSaid) this.breakLine();
    while (this.lines.length && isBare(this.lines.at(-1))) this.lines.pop();
    return this.lines
      .join('\n')
      .replaceAll('\u00a0', ' ')
      .replaceAll(/\n{3,}/g, '\n\n')
      .trim();
  }

  private hide(name: string, by: number): void {
    const open = this.unseen.get(name) ?? 0;
    if (open + by < 0) return;
    this.unseen.set(name, open + by);
    this.hidden += by;
  }

  private openQuote(attributes: ReadonlyMap<string, string>): void {
    const isQuote = !isSetIn(attributes);
    if (this.blockquotes.length >= MOST_OPEN) return;
    this.blockquotes.push(isQuote);
    if (isQuote) this.quotes++;
  }

  private breakLine(): void {
    const said = this.line.replaceAll(/[ \t\n\r\f]+/g, ' ').trim();
    const { quotes } = this;
    this.lines.push(quotes ? `${'>'.repeat(Math.min(quotes, DEEPEST))} ${said}`.trimEnd() : said);
    this.line = '';
    this.isSaid = false;
  }

  private endBlock(name: string): void {
    if (this.isSaid) this.breakLine();
    else this.line = '';
    if (APART.has(name) && !isBare(this.lines.at(-1))) this.breakLine();
  }
}

/** More quotes within each other than any mail has: those further in are as those around them. */
const MOST_OPEN = 1000;

/** Gmail and others set a paragraph in by a `blockquote` without a border: nobody is quoted by that. */
function isSetIn(attributes: ReadonlyMap<string, string>): boolean {
  if (attributes.has('type') || attributes.has('cite') || attributes.has('class')) return false;
  return /border:\s*(?:none|0)/.test(attributes.get('style') ?? '');
}

/**
 * What Gmail and Thunderbird put "On Friday Ann wrote:" in, and Yahoo, Proton, Zoho, Outlook on phones and on the web, GMX and
 * Spark all of a quote: in whatever language.
 */
function isQuoting(attributes: ReadonlyMap<string, string>): boolean {
  return (
    QUOTING_CLASS.test(attributes.get('class') ?? '') ||
    QUOTING_NAME.test(attributes.get('id') ?? '') ||
    QUOTING_NAME.test(attributes.get('name') ?? '')
  );
}

const QUOTING_CLASS =
  /(?:^|\s)(?:gmail_attr|moz-cite-prefix|yahoo_quoted|protonmail_quote|zmail_extra|ms-outlook-mobile-reference-message)(?:\s|$)/;
const QUOTING_NAME =
  /^(?:mail-editor-reference-message-container|olk_src_body_section|messagereplysection|quote)$/;

function isBare(line: string | undefined): boolean {
  return line === undefined || /^>*$/.test(line);
}
