/**
 * Mails that we compose are, byte for byte, those that the library composes: for random mails of all the kinds there are.
 * `PARLEY_RANDOM_MAILS=10000` tries so many.
 */
import { equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import MailComposer from 'nodemailer/lib/mail-composer';
import { composed, type MailParts } from './compose.ts';

const MAILS = Number(process.env.PARLEY_RANDOM_MAILS ?? 500);

/** A small generator of its own (mulberry32), so that a failure comes again. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

// biome-ignore format: a list
const WORDS = [
  'Hello', 'Ann', 'your', 'order', 'is', 'on', 'its', 'way', '.', '..', '=', '=20', '=?utf-8?Q?odd?=', '"quoted"', 'a,b;c', '<b>', '</b>',
  'naïve', 'Grüße', 'Žluťoučký', '你好世界', 'العربية', 'Привет', '👋🏽', 'e\u0301', '\u00a0', '\t', ' ', '  ', 'From ', 'x'.repeat(77), 'y'.repeat(200),
  'https://msg.example.org/u/0123456789abcdef0123456789abcdef0123456789abcdef?x=1&y=2', '\u200b', '\u007f', '\u0001', '(paren)', "it's", '100%', '\ud83d',
];

function mailOf(pick: () => number): MailParts {
  const one = <T>(list: readonly T[]): T => list[Math.floor(pick() * list.length)]!;
  const words = (most: number, breaks: readonly string[]) => {
    const language = pick() < 0.5 ? WORDS.slice(0, 8) : WORDS;
    let said = '';
    for (let left = Math.floor(pick() * most); left > 0; left--) said += one(language) + one(breaks);
    return said;
  };
  const body = () =>
    words(pick() < 0.01 ? 8000 : one([0, 3, 30, 200]), [
      ' ',
      ' ',
      ' ',
      '',
      '\r\n',
      '\r\n\r\n',
      ' \r\n',
      '\t\r\n',
    ]);
  const name = one(['Sunshine', 'Sun & Shine, Inc.', 'Gr\u00fcn "AG"', '太陽', '']);
  const address = one([
    'hello@mail.example',
    'a.b+c@sub.mail-host.example',
    'UPPER@Mail.Example',
    'ü@mail.example',
    'x@bücher.example',
    '"odd one"@mail.example',
    'a..b@mail.example',
    'a@xn--bcher-kva.example',
  ]);
  const html =
    pick() < 0.6 ? `<!doctype html><html><body>${body()}</body></html>` : pick() < 0.3 ? body() : undefined;
  const headers: Record<string, string> = {};
  if (pick() < 0.5) {
    headers['List-Unsubscribe'] =
      `<https://msg.example.org/u/${'0123456789abcdef'.repeat(Math.floor(pick() * 7))}>, <mailto:leave@mail.example?subject=${words(5, ['%20'])}>`;
    headers['List-Unsubscribe-Post'] = 'List-Unsubscribe=One-Click';
  }
  if (pick() < 0.3) {
    headers['in-reply-to'] = `<${'a'.repeat(Math.floor(pick() * 90))}@mail.example>`;
    headers.References = Array.from(
      { length: Math.floor(pick() * 12) },
      (_, at) => `<${at}.${'b'.repeat(20)}@mail.example>`,
    ).join(one([' ', '  ']));
  }
  if (pick() < 0.1)
    headers[one(['X-Own', 'auto-submitted', 'Content-Language', 'precedence'])] = words(20, [
      ' ',
      '\r\n',
      '',
    ]);
  return {
    from: name ? `${name} <${address}>` : address,
    to: pick() < 0.9 ? `user${Math.floor(pick() * 1e6)}@people.example` : address,
    subject: words(one([0, 5, 20]), [' ', ' ', '', '\n']),
    text: body(),
    ...(html === undefined ? {} : { html }),
    ...(pick() < 0.3
      ? { replyTo: one(['Grün <answers@mail.example>', 'answers@mail.example', '<a@b.example>']) }
      : {}),
    ...(pick() < 0.8 ? { headers } : {}),
    messageId: `<c${Math.floor(pick() * 1e9).toString(36)}.p1.0-0123456789ab@mail.example>`,
    date: new Date(Math.floor(pick() * 2e12)),
    baseBoundary: Math.floor(pick() * 2 ** 48)
      .toString(16)
      .padStart(16, '0'),
  };
}

test('a mail that we compose is that of the library, byte for byte', async () => {
  const pick = random(7);
  let ours = 0;
  for (let n = 0; n < MAILS; n++) {
    const mail = mailOf(pick);
    const bytes = composed(mail);
    if (bytes === undefined) continue;
    ours++;
    const theirs = await new MailComposer(mail).compile().build();
    // Compared as text, so that a difference can be read.
    equal(bytes.toString('latin1'), theirs.toString('latin1'), JSON.stringify(mail));
  }
  ok(ours > MAILS / 3, `only ${ours} of ${MAILS} were composed here`);
});
