/** Mail that comes back: bounces of every kind, complaints, answers, and mail that is made to do harm. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Callback, CallbackRequest, Settings } from '../adapter.ts';
import { eximReport } from '../testing/contracts/exim.ts';
import { smtp } from './adapter.ts';
import { nameOf } from './name.ts';

const URL = 'https://msg.example.org/callbacks/0123/secret-key/mail';
const REF = 'c1.p1.0';
const NAME = nameOf(REF, URL);
const VERP = `bounce+${NAME}@shop.example`;
const settings: Settings = { bounceAddress: 'bounce@shop.example', incomingAddress: 'answers@shop.example' };

type Envelope = { from?: string; to?: string };
async function receive(mail: string | Buffer, { from, to }: Envelope = {}, url = URL): Promise<Callback> {
  const request: CallbackRequest = {
    method: 'POST',
    url,
    purpose: 'mail',
    query: {},
    headers: {
      'content-type': 'message/rfc822',
      ...(from === undefined ? {} : { 'x-envelope-from': `<${from}>` }),
      ...(to === undefined ? {} : { 'x-envelope-to': to }),
    },
    body: Buffer.from(typeof mail === 'string' ? mail.replaceAll(/\r?\n/g, '\r\n') : mail),
  };
  return smtp.receive!(request, settings);
}

async function parsed(mail: string | Buffer, envelope: Envelope = {}, url = URL) {
  const callback = await receive(mail, envelope, url);
  ok(callback.kind === 'parsed', JSON.stringify(callback));
  equal(callback.answer.status, 200);
  return callback;
}

/** A bounce as RFC 3464 has it. */
const dsn = ({
  status = 'Status: 5.1.1',
  action = 'failed',
  perMessage = '',
  returned = `Message-ID: <${NAME}@shop.example>`,
  words = 'Your mail came back.',
  headers = '',
} = {}) => `From: Mail Delivery System <MAILER-DAEMON@mx.example>
To: bounce@shop.example
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
${headers}MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

${words}

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example
${perMessage}
Final-Recipient: rfc822; ada@people.example
Action: ${action}
${status}

--b
Content-Type: text/rfc822-headers

${returned}
Subject: Hello

--b--
`;

test('a bounce: who, what and why', async () => {
  const diagnostic = 'Status: 5.0.0\nDiagnostic-Code: smtp; 550-5.1.1 The account does\n 550 5.1.1 not exist';
  const { receipts, inbound } = await parsed(dsn({ status: diagnostic }));
  deepEqual(inbound, []);
  deepEqual(receipts, [
    {
      ref: REF,
      state: 'failed',
      about: ['ada@people.example'],
      code: '5.1.1',
      class: 'recipient',
      detail: '550-5.1.1 The account does 550 5.1.1 not exist',
    },
  ]);
});

test('why a mail came back: the telling code first, then the reply, then words', async (t) => {
  const table: [status: string, words: string, code: string, meaning: string][] = [
    ['Status: 5.1.1', '', '5.1.1', 'recipient'],
    ['Status: 5.2.2', '', '5.2.2', 'transient'],
    ['Status: 5.7.26', '', '5.7.26', 'blocked'],
    ['Status: 5.4.7', '', '5.4.7', 'expired'],
    ['Status: 4.4.7', '', '4.4.7', 'expired'],
    ['Status: 4.2.2', '', '4.2.2', 'expired'],
    ['Status: 5.0.0', '  ada@people.example\n    5.2.2 mailbox full', '5.2.2', 'transient'],
    ['Status: 5.0.0\nDiagnostic-Code: smtp; 550 No such user here', '', '550', 'recipient'],
    ['Status: 5.0.0\nDiagnostic-Code: smtp; 550 Message rejected as spam', '', '550', 'blocked'],
    ['Status: 5.0.0\nDiagnostic-Code: smtp; 552 over quota', '', '552', 'transient'],
    ['Status: 5.0.0\nDiagnostic-Code: smtp; 554 go away', '', '554', 'blocked'],
    ['Status: 5.0.0\nDiagnostic-Code: smtp; 550 no', '', '550', 'transient'],
    ['Status: 5.0.0', 'ada@people.example\n    Unrouteable address', '5.0.0', 'recipient'],
    ['Status: 5.0.0', 'all hosts have been failing; retry timeout exceeded', '5.0.0', 'expired'],
    ['Status: 5.0.0', 'Something happened.', '5.0.0', 'transient'],
    ['X-Nothing: x', 'Something happened.', 'bounced', 'transient'],
  ];
  for (const [status, words, code, meaning] of table)
    await t.test(`${status} ${words}`, async () => {
      const [receipt] = (await parsed(dsn({ status, words: words || 'x' }))).receipts;
      deepEqual([receipt?.state, receipt?.code, receipt?.class], ['failed', code, meaning]);
    });
});

test('the detail of a bounce in words begins where it tells something', async () => {
  const words =
    'This message was created automatically.\nSorry.\n\n  ada@people.example\n    Unrouteable address';
  equal(
    (await parsed(dsn({ status: 'Status: 5.0.0', words }))).receipts[0]?.detail,
    'ada@people.example Unrouteable address',
  );
});

test('delivered is told, delayed and relayed say nothing', async () => {
  deepEqual((await parsed(dsn({ action: 'delivered', status: 'Status: 2.0.0' }))).receipts, [
    { ref: REF, state: 'delivered', about: ['ada@people.example'] },
  ]);
  for (const action of ['delayed', 'relayed', 'expanded', 'nonsense'])
    deepEqual((await parsed(dsn({ action }))).receipts, [], action);
});

test('what names the delivery: the bounce address, the envelope id or the id of the mail; each with our signature', async () => {
  const none = 'Message-ID: <x@shop.example>';
  const count = async (mail: string, envelope?: Envelope, url?: string) =>
    (await parsed(mail, envelope, url)).receipts.length;
  equal(await count(dsn({ returned: none }), { from: '', to: VERP }), 1);
  equal(await count(dsn({ returned: none }), { from: '', to: VERP.toUpperCase() }), 1);
  equal(await count(dsn({ returned: none, headers: `Delivered-To: ${VERP}\n` })), 1);
  equal(await count(dsn({ returned: none, perMessage: `Original-Envelope-ID: ${NAME}\n` })), 1);
  equal(await count(dsn()), 1);
  equal(await count(dsn({ returned: none })), 0);
  const forged = NAME.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
  for (const name of [
    forged,
    REF,
    `${REF}-`,
    nameOf(REF, URL.replace('secret-key', 'other')),
    nameOf('c1.p2.0', 'x/y/z'),
  ])
    equal(
      await count(
        dsn({
          returned: `Message-ID: <${name}@shop.example>`,
          perMessage: `Original-Envelope-ID: ${name}\n`,
        }),
        { from: '', to: `bounce+${name}@shop.example` },
      ),
      0,
      name,
    );
  equal(await count(dsn(), {}, URL.replace('secret-key', 'another')), 0, 'another integration’s');
});

test('a bounce that is no report, at its address', async (t) => {
  const plain = (subject: string, from: string, text: string, more = '') =>
    `From: ${from}\nTo: ${VERP}\nSubject: ${subject}\n${more}\n${text}\n`;
  const qmail =
    'Hi. This is the qmail-send program at mx.example.\n\n<ada@people.example>:\nSorry, no mailbox here by that name. (#5.1.1)';
  const failed = async (mail: string) => {
    const { receipts, inbound } = await parsed(mail, { from: '', to: VERP });
    return [receipts.map(({ ref, state, class: why }) => [ref, state, why]).flat(), inbound.length];
  };
  await t.test('qmail', async () =>
    deepEqual(await failed(plain('failure notice', 'MAILER-DAEMON@mx.example', qmail)), [
      [REF, 'failed', 'recipient'],
      0,
    ]),
  );
  await t.test('an old Exim', async () =>
    deepEqual(
      await failed(
        plain(
          'Mail delivery failed',
          'Mailer-Daemon@x.example',
          'Unrouteable address',
          'X-Failed-Recipients: a@x.example\n',
        ),
      ),
      [[REF, 'failed', 'recipient'], 0],
    ),
  );
  await t.test('words alone say that it came back, not why', async () =>
    deepEqual(await failed(plain('Onbestelbaar: Hallo', 'x@mx.example', 'Helaas.')), [
      [REF, 'failed', 'transient'],
      0,
    ]),
  );
  await t.test('a warning that it takes longer', async () =>
    deepEqual(
      await failed(plain('Warning: message delayed 4 hours', 'MAILER-DAEMON@x.example', 'still trying')),
      [[], 0],
    ),
  );
  await t.test('out of office goes to the bounce address too, and is no bounce', async () =>
    deepEqual(
      await failed(
        plain('Automatic reply: Hello', 'ada@people.example', 'I am away.', 'Auto-Submitted: auto-replied\n'),
      ),
      [[], 0],
    ),
  );
});

test('a complaint: whoever got the mail had it, and wants no more', async () => {
  const arf = (type: string, id: string) => `From: fbl@provider.example
To: answers@shop.example
Subject: complaint
MIME-Version: 1.0
Content-Type: multipart/report; report-type="feedback-report"; boundary="b"

--b
Content-Type: text/plain

Somebody complained.
--b
Content-Type: message/feedback-report

Feedback-Type: ${type}
User-Agent: Example/1.0
Version: 1
Original-Rcpt-To: <somebody-else@people.example>

--b
Content-Type: message/rfc822

From: shop@shop.example
To: somebody-else@people.example
Message-ID: <${id}@shop.example>

Buy now
--b--
`;
  const complained = await parsed(arf('abuse', NAME));
  deepEqual(complained.receipts, [{ ref: REF, state: 'delivered' }]);
  deepEqual(
    complained.inbound.map(({ handledKeyword, ofDelivery, from }) => [handledKeyword, ofDelivery, from]),
    [['complaint', REF, '']],
  );
  for (const odd of [arf('not-spam', NAME), arf('abuse', REF)]) {
    const { receipts, inbound } = await parsed(odd);
    deepEqual([receipts, inbound], [[], []]);
  }
});

test('a bounce of a bounce, and a bounce that somebody forwards, are not ours', async () => {
  const inner = dsn().replaceAll('boundary=b', 'boundary=c').replaceAll('--b', '--c');
  const outer = dsn({ returned: 'Message-ID: <other@mx.example>' }).replace(
    'text/rfc822-headers\n\nMessage-ID: <other@mx.example>\nSubject: Hello',
    `message/rfc822\n\n${inner}`,
  );
  deepEqual((await parsed(outer)).receipts, []);
  const forward = `From: Ada <ada@people.example>\nTo: answers@shop.example\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=f\n\n--f\n\nThis came back, why?\n--f\nContent-Type: message/rfc822\n\n${inner}\n--f--\n`;
  const { receipts, inbound } = await parsed(forward);
  deepEqual(receipts, []);
  equal(inbound[0]?.text, 'This came back, why?');
  equal(inbound[0]?.media.length, 1);
});

const ANSWER = `From: =?utf-8?Q?Zo=C3=AB_L=C3=B6we?= <zoe@people.example>
To: answers@shop.example
Subject: =?utf-8?B?UmU6IEdyw7bDn2U=?=
Message-ID: <abc@people.example>
In-Reply-To: <${NAME}@shop.example>
References: <older@x.example> <${NAME}@shop.example>
Date: Fri, 20 Nov 2026 09:12:00 +0100
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=m

--m
Content-Type: multipart/related; boundary=r

--r
Content-Type: multipart/alternative; boundary=a

--a
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

J=E4, gr=F6=DFer

On Fri, Nov 20, 2026 at 9:00 AM Shop <shop@shop.example> wrote:
> Larger?
--a
Content-Type: text/html; charset=utf-8

<p>J\u00e4, gr\u00f6\u00dfer</p>
--a--
--r
Content-Type: image/png; name=logo.png
Content-ID: <logo@x>
Content-Disposition: inline; filename=logo.png
Content-Transfer-Encoding: base64

iVBORw0KGgo=
--r--
--m
Content-Type: application/pdf; name="=?utf-8?Q?Gr=C3=B6=C3=9Fe.pdf?="
Content-Disposition: attachment
Content-Transfer-Encoding: base64

JVBERi0xLjc=
--m
Content-Type: application/pkcs7-signature; name=smime.p7s
Content-Disposition: attachment

x
--m--
`;

test('an answer: the words without the quote, the whole, the files, and which mail it answers', async () => {
  const [message, ...more] = (
    await parsed(ANSWER, { from: 'zoe@people.example', to: 'answers@shop.example' })
  ).inbound;
  equal(more.length, 0);
  const { media, raw, fullText, ...rest } = message!;
  deepEqual(rest, {
    externalId: 'abc@people.example',
    from: 'zoe@people.example',
    to: 'answers@shop.example',
    text: 'Jä, größer',
    profileName: 'Zoë Löwe',
    subject: 'Re: Größe',
    replyTo: `<${NAME}@shop.example>`,
    references: ['older@x.example', `${NAME}@shop.example`],
    atMs: Date.UTC(2026, 10, 20, 8, 12),
  });
  ok(fullText!.includes('> Larger?'));
  ok(String(raw['html']).includes('<p>Jä'));
  deepEqual(
    media.map(({ name, mediaType, bytes }) => [
      name,
      mediaType,
      Buffer.from(bytes!).toString('latin1').slice(0, 4),
    ]),
    [
      ['Größe.pdf', 'application/pdf', '%PDF'],
      ['logo.png', 'image/png', '\x89PNG'],
    ],
  );
});

test('HTML alone is read as text', async () => {
  const [message] = (
    await parsed('From: a@x.example\nContent-Type: text/html\n\n<p>Yes</p><blockquote>Is it?</blockquote>')
  ).inbound;
  equal(message?.text, 'Yes');
});

test('a mail without an id is known by its bytes; an id that is too long too', async () => {
  const id = async (mail: string) => (await parsed(mail)).inbound[0]!.externalId;
  const one = await id('From: a@x.example\n\nHello');
  equal(await id('From: a@x.example\n\nHello'), one);
  ok((await id('From: a@x.example\n\nHello!')) !== one);
  ok((await id(`From: a@x.example\nMessage-ID: <${'x'.repeat(5000)}@x>\n\nHello`)).length < 255);
});

test('what no person wrote is no answer', async (t) => {
  const headers = [
    'Auto-Submitted: auto-replied',
    'Auto-Submitted: auto-generated (vacation)',
    'Precedence: bulk',
    'Precedence: list',
    'List-Id: <x.example>',
    'X-Autoreply: yes',
    'Return-Path: <>',
    'Content-Type: multipart/report; report-type=disposition-notification; boundary=x',
  ];
  for (const header of headers)
    await t.test(header, async () =>
      deepEqual((await parsed(`From: a@x.example\n${header}\n\nI am away`)).inbound, []),
    );
  await t.test('null sender', async () =>
    deepEqual((await parsed('From: a@x.example\n\nx', { from: '', to: 'answers@shop.example' })).inbound, []),
  );
  await t.test('the mail system', async () =>
    deepEqual((await parsed('From: MAILER-DAEMON@x.example\n\nx')).inbound, []),
  );
  await t.test('a person says no', async () =>
    equal((await parsed('From: a@x.example\nAuto-Submitted: no\n\nx')).inbound.length, 1),
  );
});

test('a person who writes to the bounce address is told; one who knows a name of ours is heard', async () => {
  const mail = 'From: a@x.example\n\nHello';
  const refused = await receive(mail, { from: 'a@x.example', to: 'bounce@shop.example' });
  deepEqual([refused.kind, refused.answer.status], ['malformed', 422]);
  equal((await parsed(mail, { from: 'a@x.example', to: VERP })).inbound.length, 1);
  equal((await parsed(mail, { from: 'a@x.example', to: 'Answers+x@shop.example' })).inbound.length, 1);
});

test('senders that cannot be answered', async (t) => {
  const odd = [
    '',
    'undisclosed:;',
    'a@x.example, b@x.example',
    'a b@x.example',
    '<>',
    '"a@b" <x>',
    `${'a'.repeat(300)}@x.example`,
    'a@x\0.example',
  ];
  for (const from of odd)
    await t.test(JSON.stringify(from.slice(0, 40)), async () => {
      const callback = await receive(`From: ${from}\n\nHello`);
      if (callback.kind === 'parsed')
        for (const { from: sender } of callback.inbound) ok(/^[^\s@,<>]+@[^\s@,<>]+$/.test(sender), sender);
      else equal(callback.kind, 'malformed');
    });
  await t.test('a name of its own with 8-bit letters is fine', async () =>
    equal((await parsed('From: Zoë <zoë@münchen.example>\n\nHello')).inbound[0]?.from, 'zoë@münchen.example'),
  );
});

test('what cannot be stored is left out', async () => {
  const [message] = (
    await parsed('From: "A\0B" <a@x.example>\nSubject: x\0y\nMessage-ID: <\0i@x>\n\nHel\0lo')
  ).inbound;
  ok(!JSON.stringify(message).includes(String.raw`\u0000`));
  equal(message?.text, 'Hello');
});

test('mails that are made to do harm are read or refused, and soon', async (t) => {
  const head = 'From: a@x.example\nMIME-Version: 1.0\n';
  const part = (index: number) =>
    `--b\nContent-Type: text/plain; name=f${index}.txt\nContent-Disposition: attachment\n\nx\n`;
  const nest = (depth: number) => {
    const open = Array.from(
      { length: depth },
      (_, at) => `Content-Type: multipart/mixed; boundary=b${at}\n\n--b${at}\n`,
    );
    return `${head}${open.join('')}\n\nhello\n`;
  };
  const table: [name: string, mail: string, kind: Callback['kind']][] = [
    [
      '10,000 parts',
      `${head}Content-Type: multipart/mixed; boundary=b\n\n${Array.from({ length: 10_000 }, (_, at) => part(at)).join('')}--b--`,
      'malformed',
    ],
    [
      '10,000 texts',
      `${head}Content-Type: multipart/mixed; boundary=b\n\n${'--b\n\nx\n'.repeat(10_000)}--b--`,
      'malformed',
    ],
    ['nested 8 times', nest(8), 'parsed'],
    ['nested 40 times', nest(40), 'malformed'],
    ['mails in mails', `${head}${'Content-Type: message/rfc822\n\n'.repeat(1000)}x`, 'parsed'],
    ['a header of 1 MB', `${head}X-A: ${'x'.repeat(1_000_000)}\n\nx`, 'malformed'],
    ['100,000 headers', `${head}${'A: b\n'.repeat(100_000)}\n\nx`, 'malformed'],
    [
      'blanks',
      `${head}Auto-Submitted: ${' '.repeat(100_000)}x\nReturn-Path: ${' \n '.repeat(10_000)}x\n\nx`,
      'parsed',
    ],
    ['references', `${head}References: ${'<a@b> '.repeat(40_000)}\n\nx`, 'parsed'],
    ['recipients', `${head}To: ${`bounce+${NAME.slice(0, -1)}z@x.example, `.repeat(4000)}\n\nx`, 'parsed'],
    [
      '2 MB of delimiters',
      `${head}Content-Type: multipart/mixed; boundary=b\n\n${'--b\n'.repeat(500_000)}`,
      'malformed',
    ],
    ['20 MB of line breaks', `${head}\n${'\n'.repeat(10_000_000)}`, 'parsed'],
    ['a long text', `${head}\n${'On 1 a@b.c wrote\n'.repeat(100_000)}`, 'parsed'],
    ['long HTML', `${head}Content-Type: text/html\n\n${'<div><a href="'.repeat(100_000)}`, 'parsed'],
    ['a long report', dsn({ status: `Status: 5.1.1\n${'X: y\n'.repeat(100_000)}` }), 'parsed'],
    [
      'many recipients in a report',
      dsn({ status: `Status: 5.1.1\n\n${'Action: failed\n\n'.repeat(10_000)}` }),
      'parsed',
    ],
  ];
  for (const [name, mail, kind] of table)
    await t.test(name, async () => {
      const before = process.cpuUsage();
      const callback = await receive(mail);
      equal(callback.kind, kind);
      if (callback.kind === 'parsed') {
        ok(callback.receipts.length <= 20);
        for (const { media, text } of callback.inbound) ok(media.length <= 50 && text.length <= 100_000);
      }
      ok(process.cpuUsage(before).user < 10_000_000, 'takes too long');
    });
});

test('any bytes are read: nothing is thrown, and a receipt has a name of ours', async () => {
  const seeds = [dsn(), ANSWER, dsn({ perMessage: `Original-Envelope-ID: ${NAME}\n` })].map((mail) =>
    Buffer.from(mail),
  );
  const mutated = fc
    .tuple(
      fc.constantFrom(...seeds),
      fc.array(fc.tuple(fc.nat(), fc.nat(200), fc.uint8Array({ maxLength: 30 })), { maxLength: 8 }),
    )
    .map(([seed, cuts]) => {
      let mail = seed;
      for (const [at, length, put] of cuts) {
        const from = at % (mail.length + 1);
        mail = Buffer.concat([mail.subarray(0, from), put, mail.subarray(from + length)]);
      }
      return mail;
    });
  const anything = fc.oneof(
    mutated,
    fc.uint8Array({ maxLength: 500 }).map((bytes) => Buffer.from(bytes)),
  );
  await fc.assert(
    fc.asyncProperty(anything, fc.option(fc.string(), { nil: undefined }), async (mail, to) => {
      const callback = await receive(mail, to === undefined ? {} : { to });
      if (callback.kind === 'parsed') for (const { ref } of callback.receipts) equal(ref, REF);
    }),
    { numRuns: 500 },
  );
});

test('bounces as Exim writes them, of mails of ours only', async () => {
  const receipts = [];
  for (const action of ['failed', 'delivered'] as const) {
    receipts.push(...(await parsed(eximReport(action, `${NAME}@shop.example`))).receipts);
    deepEqual((await parsed(eximReport(action, 'somebody-else@shop.example'))).receipts, []);
  }
  deepEqual(
    receipts.map(({ ref, state, code, class: why }) => [ref, state, code, why]),
    [
      [REF, 'failed', '5.2.2', 'transient'],
      [REF, 'delivered', undefined, undefined],
    ],
  );
});
