/** Mails taken apart: what other programs write, and what nobody should. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { createTransport } from 'nodemailer';
import { textOfHtml } from './htmlText.ts';
import { mailboxesIn, readMail, wordsIn, type Mail } from './mime.ts';

function read(mail: string | Buffer): Mail {
  const bytes = typeof mail === 'string' ? Buffer.from(mail.replaceAll('\n', '\r\n'), 'latin1') : mail;
  const read = readMail(bytes, textOfHtml);
  ok(read);
  return read;
}
const utf8 = (text: string) => Buffer.from(text).toString('latin1');

test('the text: encodings and charsets', () => {
  const table: [head: string, body: string, text: string][] = [
    ['', 'plain', 'plain'],
    ['', utf8('größer'), 'größer'],
    ['', 'gr\xf6\xdfer', 'größer'],
    ['Content-Type: text/plain; charset=us-ascii', utf8('größer'), 'größer'],
    ['Content-Type: text/plain; charset="ISO-8859-15"', '\xa4 5', '€ 5'],
    ['Content-Type: text/plain; charset=koi8-r', '\xf0\xd2\xc9', 'При'],
    ['Content-Type: text/plain; charset=unheard-of', utf8('größer'), 'größer'],
    ['Content-Type: text/plain; charset=utf-8', 'gr\xf6\xdfer', 'größer'],
    ['Content-Transfer-Encoding: BASE64', 'Z3LDtsOf\nZXI=', 'größer'],
    ['Content-Transfer-Encoding: base64', '!', ''],
    ['Content-Transfer-Encoding: base64', 'Z3I=\nw7bDn2Vy\n===\nIQ==', 'größer!'],
    ['Content-Transfer-Encoding: base64', 'aGk=\n_____\nTo leave: leave@x.example', 'hi'],
    ['Content-Transfer-Encoding: (as told) "base64";', 'aGk=', 'hi'],
    ['Content-Type: text/html (as told); charset=utf-8', '<p>a</p>', 'a'],
    ['Content-Type: "text/html"; charset=utf-8', '<p>a</p>', 'a'],
    ['Content-Transfer-Encoding: quoted-printable', 'a=3Db=\nc =C3=B6 =ZZ =', 'a=bc ö =ZZ ='],
    ['Content-Transfer-Encoding: 8bit', utf8('ö'), 'ö'],
    ['Content-Type: text/plain; format=flowed', 'one \ntwo\n\n-- \nme', 'one two\r\n\r\n-- \r\nme'],
    ['Content-Type: text/plain; format=flowed; delsp=yes', 'on \ne', 'one'],
    ['Content-Type: text/plain; format=flowed', '> a \n> b\n c', '> a b\r\nc'],
    ['Content-Type: text/html', '<p>a</p>b', 'a\n\nb'],
  ];
  for (const [head, body, text] of table) {
    const said = read(`${head}${head ? '\n' : ''}\n${body}`).text;
    equal(said.replaceAll('\r\n', '\n'), text.replaceAll('\r\n', '\n'), `${head} ${body}`);
  }
});

test('headers: folded, repeated, odd, absent', () => {
  const { header, headers } = read(
    'Subject: one\n two\nX: 1\nX: 2\nno header\nEmpty:\n: nothing\nY : 3\n\nbody',
  );
  equal(header('subject'), 'one two');
  equal(header('x'), '1');
  equal(header('empty'), undefined);
  equal(headers.filter(({ name }) => name === 'x').length, 2);
  equal(read('\nbody').text.trim(), 'body');
  equal(read('Subject: x').header('subject'), 'x');
  equal(read(Buffer.from('Subject: x\n\nunix')).text, 'unix');
  equal(read(Buffer.alloc(0)).text, '');
  equal(wordsIn('=?utf-8?Q?gr=C3=B6?= =?iso-8859-1?B?32Vy?='), 'größer');
  deepEqual(mailboxesIn('"Löwe, Zoë" <z@x.example>, team: a@x.example, b@x.example;, nobody'), [
    { address: 'z@x.example', name: 'Löwe, Zoë' },
    { address: 'a@x.example', name: '' },
    { address: 'b@x.example', name: '' },
  ]);
});

test('names of files in every spelling', () => {
  const names = [
    'name.pdf|Content-Disposition: attachment; filename=name.pdf',
    'a "b" c.pdf|Content-Disposition: attachment; filename="a \\"b\\" c.pdf"',
    'größe.pdf|Content-Disposition: attachment; filename="=?utf-8?Q?gr=C3=B6=C3=9Fe.pdf?="',
    "größe.pdf|Content-Disposition: attachment; filename*=utf-8''gr%C3%B6%C3%9Fe.pdf",
    "größe.pdf|Content-Disposition: attachment; filename*=iso-8859-1'de'gr%F6%DFe.pdf",
    'a long name.pdf|Content-Disposition: attachment; filename*0="a long "; filename*1="name.pdf"',
    'a lö name.pdf|Content-Disposition: attachment; filename*0*=utf-8\'\'a%20l%C3%B6; filename*1=" name.pdf"',
    'my (1).pdf|Content-Disposition: attachment; filename=my (1).pdf (as told); size=1',
    'name.pdf|Content-Disposition: attachment;; inline; filename  =  "name.pdf" (as told); size=1',
    'name.pdf|Content-Disposition: attachment; filename="name.pdf',
    'typed.pdf|Content-Type: application/pdf; name="typed.pdf"\nContent-Disposition: attachment',
    '|Content-Disposition: attachment; filename=',
  ];
  for (const one of names) {
    const [name, head] = one.split('|');
    const type = head!.startsWith('Content-Type') ? '' : 'Content-Type: application/pdf\n';
    equal(read(`${type}${head}\n\nx`).files[0]?.name, name, head);
  }
});

test('parts: nested, not ended, not begun, with text around them', () => {
  const mixed = (body: string, more = '') =>
    read(`Content-Type: multipart/mixed; boundary="a b"${more}\n\n${body}`);
  equal(mixed('preamble\n--a b\n\none\n--a b\t \n\ntwo\n--a b--\nepilogue\n--a b\n\nthree').text, 'one\ntwo');
  equal(mixed('--a b\n\none').text, 'one');
  // No part that was announced: what there is, is the text.
  equal(mixed('--a bc\n\none\n --a b\n').text.replaceAll('\r', ''), '--a bc\n\none\n --a b\n');
  equal(mixed('nothing').text, 'nothing');
  equal(mixed('').text, '');
  equal(mixed('--a b\n--a b\n\n\n--a b--').text.trim(), '');
  equal(read('Content-Type: multipart/mixed\n\nno boundary').text, 'no boundary');
  // Another boundary than the one that is named, or none named: the parts show it.
  const other =
    'preamble\n--x/y\nContent-Type: text/plain\n\none\n--x/y\nContent-Type: text/html\n\n<p>two</p>\n--x/y--\nend';
  equal(mixed(other).text, 'one\ntwo');
  equal(read(`Content-Type: multipart/mixed\n\n${other}`).text, 'one\ntwo');
  const inner = (type: string, first: string, second: string) =>
    `--a b\nContent-Type: ${type}; boundary=c\n\n--c\nContent-Type: text/plain\n\n${first}\n--c\nContent-Type: text/html\n\n${second}\n--c--\n`;
  equal(mixed(`${inner('multipart/alternative', 'plain', '<p>html</p>')}--a b--`).text, 'plain');
  equal(mixed(`${inner('multipart/alternative', '', '<p>html</p>')}--a b--`).text, 'html');
  // A list's footer does not hide what stands above it.
  equal(
    mixed(
      '--a b\nContent-Type: text/html\n\n<p>Hello</p>\n--a b\nContent-Type: text/plain\n\nfooter\n--a b--',
    ).text,
    'Hello\nfooter',
  );
  const { files } = mixed('--a b\nContent-Type: message/rfc822\n\nSubject: inner\n\nhidden\n--a b--');
  deepEqual(
    files.map(({ mediaType, bytes }) => [mediaType, Buffer.from(bytes).toString()]),
    [['message/rfc822', 'Subject: inner\r\n\r\nhidden']],
  );
  const related = read(
    'Content-Type: multipart/related; boundary=r\n\n--r\nContent-Type: image/png\nContent-ID: <x>\n\np\n--r\nContent-Type: image/png\n\nq\n--r--',
  );
  deepEqual(
    related.files.map(({ isShown }) => isShown),
    [true, false],
  );
});

test('what a mail library writes is read as it was meant', async () => {
  const transport = createTransport({ streamTransport: true, buffer: true });
  const words = fc
    .string({ unit: 'grapheme', maxLength: 200 })
    .map((text) => text.replaceAll(/[\p{Cc}\p{Cs}\p{Cn}]/gu, ''));
  const name = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
    .map((text) => text.replaceAll(/[\p{Cc}\p{Cs}\p{Cn}\s/\\"]/gu, '') || 'x');
  const file = fc.record({
    filename: name,
    content: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  });
  await fc.assert(
    fc.asyncProperty(
      words,
      words,
      fc.array(file, { maxLength: 3 }),
      fc.boolean(),
      async (subject, text, attachments, withHtml) => {
        const html = withHtml ? { html: '<p>other</p>' } : {};
        const { message } = await transport.sendMail({
          from: 'a@x.example',
          to: 'b@x.example',
          subject,
          text,
          attachments,
          ...html,
        });
        const mail = read(message as Buffer);
        const oneSpace = (words: string) => words.replaceAll(/\s+/g, ' ').trim();
        equal(oneSpace(wordsIn(mail.header('subject'))), oneSpace(subject));
        if (text.trim()) equal(mail.text.trim(), text.trim());
        deepEqual(
          mail.files.map(({ name: filename, bytes }) => [filename, Buffer.from(bytes).toString('hex')]),
          attachments.map(({ filename, content }) => [filename, content.toString('hex')]),
        );
      },
    ),
    { numRuns: 200 },
  );
});

/** Reads a mail of 25 MB, made of one unit again and again, and says what it took beside the mail, bytes. */
const READS = `
  const [head, unit, mime, htmlText] = process.argv.slice(1);
  const { readMail } = await import(mime);
  const { textOfHtml } = await import(htmlText);
  const mail = Buffer.alloc(25 * 2 ** 20, unit);
  mail.write(head);
  const before = process.memoryUsage.rss();
  readMail(mail, textOfHtml);
  console.log(process.resourceUsage().maxRSS * 1024 - before);
`;

test('a mail of 25 MB takes no more than a few times its size, whatever it is made of', async (t) => {
  const mixed = 'Content-Type: multipart/mixed; boundary=b\n\n';
  const encoded = (encoding: string) => `${mixed}--b\nContent-Transfer-Encoding: ${encoding}\n`;
  const table: [name: string, head: string, unit: string][] = [
    ['a long text', '\n', `${'x'.repeat(75)}\n`],
    ['a table', `${mixed}--b\nContent-Type: text/csv\n\n`, '2026-11-20;12;ok;3\n'],
    ['HTML', 'Content-Type: text/html\n\n', '<p>Lorem ipsum</p>\n'],
    ['a file', `${encoded('base64')}Content-Type: application/pdf\n\n`, `${'QUFB'.repeat(19)}\n`],
    ['base64, padded in each group', `${encoded('base64')}Content-Type: application/pdf\n\n`, 'QUE='],
    ['quoted-printable', `${encoded('quoted-printable')}\n`, '=C3=B6'],
    ['one line', '\n', 'x'],
    ['line breaks', '\n', '\n'],
    ['delimiters', mixed, '--b\n'],
    ['delimiters that are not declared', mixed, '--c\n'],
    ['a diff', `${mixed}--b\n\n`, '--- b\n'],
  ];
  const places = ['./mime.ts', './htmlText.ts'].map((name) => new URL(name, import.meta.url).href);
  for (const [name, head, unit] of table)
    await t.test(name, () => {
      const args = ['--input-type=module', '--eval', READS, head, unit, ...places];
      const child = spawnSync(process.execPath, args, { encoding: 'utf8' });
      equal(child.status, 0, child.stderr);
      ok(Number(child.stdout) < 100 * 2 ** 20, `${Math.round(Number(child.stdout) / 2 ** 20)} MB`);
    });
});
