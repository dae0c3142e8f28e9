/** SMTP against a real server on a socket: what arrives, what each reply means, and where the last dot lies. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { spawnSync } from 'node:child_process';
import { extract } from 'letterparser';
import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer, type SMTPServerSession } from 'smtp-server';
import { addressGuard } from '../../base/addressGuard.ts';
import { httpClient } from '../../base/http.ts';
import type { ErrorClass } from '../../../contract/channels.ts';
import type { CallbackRequest, Outcome, Outgoing, Settings } from '../adapter.ts';
import { conformance, withSender } from '../testing/conformance.ts';
import { listen, startFake, type Fake, type FakeMode } from '../testing/fake.ts';
import { smtp } from './adapter.ts';
import { nameOf } from './name.ts';
import { ENHANCED_CODES, REPLY_CODES } from './outcomes.ts';

/** A reply at a step; nothing is 250. `cut` breaks the connection off at that step. */
type MailAnswer = { mail?: string; rcpt?: string; data?: string };
type Arrived = {
  envelope: SMTPServerSession['envelope'];
  source: string;
  user: string | undefined;
  secure: boolean;
};
type FakeSmtp = Fake<MailAnswer> & { readonly arrived: Arrived[]; last(): Promise<Email> };

const PASSWORD = 'correct-horse-battery';

/** smtp-server behind a socket of ours, so that it can also say what is no SMTP. */
async function startFakeSmtp(): Promise<FakeSmtp> {
  const script: (MailAnswer | FakeMode)[] = [];
  const arrived: Arrived[] = [];
  const sockets = new Set<Socket>();
  const answer = (): MailAnswer => (typeof script[0] === 'object' ? script[0] : {});
  const reply = (text: string | undefined): Error | null => {
    if (text === undefined) return null;
    return Object.assign(new Error(text.slice(4)), { responseCode: Number(text.slice(0, 3)) });
  };
  const cut = (session: SMTPServerSession): void => {
    for (const socket of sockets) if (socket.remotePort === session.remotePort) socket.resetAndDestroy();
  };
  const server = new SMTPServer({
    authOptional: true,
    allowInsecureAuth: true,
    hideDSN: false,
    logger: false,
    onAuth: (auth, _session, done) =>
      auth.password === PASSWORD
        ? done(null, { user: auth.username })
        : done(reply('535 5.7.8 no such login')),
    onMailFrom: (_address, _session, done) => done(reply(answer().mail)),
    onRcptTo(_address, session, done) {
      if (answer().rcpt !== 'cut') return done(reply(answer().rcpt));
      script.shift();
      return cut(session);
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        if (answer().data === 'cut') cut(session);
      });
      stream.on('end', () => {
        const { envelope, user, secure } = session;
        arrived.push({
          envelope,
          user: user as string | undefined,
          secure,
          source: Buffer.concat(chunks).toString(),
        });
        const now = script.shift();
        if (now === 'hang') return;
        if (now === 'reset') return cut(session);
        done(reply(typeof now === 'object' ? now.data : undefined), 'queued as 1');
      });
    },
  });
  server.on('error', () => {});
  const front = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    const [now] = script;
    if (now === 'garbage' || now === 'html' || now === 'empty') {
      script.shift();
      if (now === 'empty') socket.end();
      else socket.end(now === 'html' ? '<html>It works!</html>\r\n' : '\u0000\u0001 no mail server\r\n');
      return;
    }
    server.server.emit('connection', socket);
  });
  const port = await listen(front);
  return {
    url: `smtp://127.0.0.1:${port}`,
    arrived,
    checked: false,
    count: () => arrived.length,
    last: () => PostalMime.parse(arrived.at(-1)!.source),
    // A refusal before the message ends with the next one scripted.
    answerNext(...answers) {
      script.length = 0;
      script.push(...answers);
    },
    violations: () => [],
    close: () =>
      new Promise((resolve) => {
        front.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

const settings = (url: string): Settings => ({
  host: new URL(url).hostname,
  port: Number(new URL(url).port),
  user: 'sunshine',
  password: PASSWORD,
  from: '"Zon ☀" <hallo@mail.example>',
  bounceAddress: 'bounce@mail.example',
  verifyCertificate: false,
});
const message: Outgoing = {
  ref: 'dlv_01',
  idempotencyKey: 'key_01',
  to: 'ada@mail2.example',
  rendered: {
    channel: 'email',
    subject: 'Héllo ☀',
    text: 'plain\n.\ndots',
    html: '<b>html</b>',
    replyTo: 'answers@mail.example',
    headers: {
      'List-Unsubscribe': '<https://x.example/u/1>, <mailto:u@x.example>',
      'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
    },
  },
  callbackUrl: 'https://msg.example.org/callbacks/int_1/status?ref=dlv_01',
};
/** Nothing waits for it: what a busy machine needs to connect, log in and hand a mail over. */
const DEADLINE_MS = 3000;
const opened = { adapter: smtp, settings, deadlineMs: DEADLINE_MS };
const NAME = nameOf(message.ref, message.callbackUrl);
const MESSAGE_ID = `<${NAME}@mail.example>`;

const handedIn = (mail: string): CallbackRequest => ({
  method: 'POST',
  url: 'https://msg.example.org/callbacks/int_1/mail',
  purpose: 'mail',
  query: {},
  headers: { 'content-type': 'message/rfc822' },
  body: Buffer.from(mail),
});

test('the SMTP adapter keeps the adapter contract', async (t) => {
  const fake = await startFakeSmtp();
  t.after(() => fake.close());
  await conformance(t, {
    ...opened,
    fake,
    // The suite waits for silence.
    settings: (url) => ({ ...settings(url), timeoutS: 1 }),
    message,
    success: { answer: {}, externalIds: [MESSAGE_ID], receipts: false },
    refused: { answer: { rcpt: '550 5.1.1 user unknown' }, code: '5.1.1', class: 'recipient' },
    transient: { answer: { rcpt: '450 4.2.1 try later' }, code: '4.2.1', class: 'transient' },
    throttled: { answer: { rcpt: '421 4.7.0 too many' }, code: '4.7.0' },
    broken: { answer: { data: '554 5.3.0 trouble' }, kind: 'deferred' },
    malformed: { garbage: 'deferred', html: 'deferred', empty: 'deferred' },
    echo: (secret) => ({ rcpt: `550 5.1.1 no ${secret} here` }),
    callbacks: {
      genuine: [
        {
          name: 'a bounce',
          request: handedIn(
            `To: bounce+${NAME}@mail.example\r\nFrom: MAILER-DAEMON@mx.example\r\nSubject: failure notice\r\n\r\nHi. This is the qmail-send program.\r\n<ada@mail2.example>: no such user (#5.1.1)\r\n`,
          ),
          receipts: [{ ref: message.ref, state: 'failed', code: '5.1.1', class: 'recipient' }],
        },
        {
          name: 'an answer',
          request: handedIn('From: Ada <ada@mail2.example>\r\nIn-Reply-To: ' + MESSAGE_ID + '\r\n\r\nHello'),
          inbound: [{ from: 'ada@mail2.example', text: 'Hello', replyTo: MESSAGE_ID }],
        },
      ],
      forged: [
        { name: 'another purpose', request: { ...handedIn('From: a@b.c\r\n\r\nx'), purpose: 'status' } },
      ],
      malformed: [{ name: 'nobody wrote it', request: handedIn('Subject: x\r\n\r\nx') }],
    },
  });
});

test('what arrives: parts, headers, envelope and message id', async (t) => {
  const fake = await startFakeSmtp();
  t.after(() => fake.close());
  fake.answerNext({});
  await withSender(opened, fake.url, (sender) => sender.send(message));
  const mail = await fake.last();
  const { envelope, user } = fake.arrived[0]!;
  equal(mail.subject, 'Héllo ☀');
  equal(mail.text?.trimEnd(), 'plain\n.\ndots\n\n--\nUnsubscribe: https://x.example/u/1');
  equal(
    mail.html?.trim(),
    '<b>html</b>\n<p style="font-size:12px"><a href="https://x.example/u/1">Unsubscribe</a></p>',
  );
  deepEqual([mail.from?.address, mail.from?.name], ['hallo@mail.example', 'Zon ☀']);
  equal(mail.replyTo?.[0]?.address, 'answers@mail.example');
  equal(mail.messageId, MESSAGE_ID);
  const header = (key: string) => mail.headers.find((one) => one.key === key)?.value;
  equal(header('list-unsubscribe'), '<https://x.example/u/1>, <mailto:u@x.example>');
  equal(header('list-unsubscribe-post'), 'List-Unsubscribe=One-Click');
  equal(envelope.mailFrom && envelope.mailFrom.address, `bounce+${NAME}@mail.example`);
  deepEqual(
    envelope.rcptTo.map(({ address }) => address),
    ['ada@mail2.example'],
  );
  equal(envelope.dsn?.envid, NAME);
  equal(user, 'sunshine');
});

test('a header with a line break in it adds no header', async (t) => {
  const fake = await startFakeSmtp();
  t.after(() => fake.close());
  fake.answerNext({});
  const rendered = {
    channel: 'email' as const,
    subject: 'x\r\nBcc: eve@x.example',
    text: 'x',
    headers: { 'X-A': 'a\r\nX-B: b' },
  };
  await withSender(opened, fake.url, (sender) => sender.send({ ...message, rendered }));
  const mail = await fake.last();
  deepEqual(
    mail.headers.filter(({ key }) => key === 'bcc' || key === 'x-b'),
    [],
  );
});

test('connections are kept and used again', async (t) => {
  const fake = await startFakeSmtp();
  t.after(() => fake.close());
  fake.answerNext();
  const one = (url: string): Settings => ({ ...settings(url), maxConnections: 1 });
  const outcomes = await withSender({ ...opened, settings: one }, fake.url, (sender) =>
    Promise.all(Array.from({ length: 20 }, (_, at) => sender.send({ ...message, ref: `dlv_${at}` }))),
  );
  deepEqual(
    outcomes.map(({ kind }) => kind),
    Array.from({ length: 20 }, () => 'accepted'),
  );
  deepEqual(
    outcomes.flatMap((outcome) => ('externalIds' in outcome ? outcome.externalIds : [])),
    Array.from({ length: 20 }, (_, at) => `<${nameOf(`dlv_${at}`, message.callbackUrl)}@mail.example>`),
  );
});

test('each reply at its step', async (t) => {
  const fake = await startFakeSmtp();
  t.after(() => fake.close());
  const cases: [MailAnswer, Outcome['kind'], string, ErrorClass | undefined][] = [
    [{ rcpt: '550 5.1.1 user unknown' }, 'refused', '5.1.1', 'recipient'],
    [{ rcpt: '550 no such user' }, 'refused', '550', 'recipient'],
    [{ rcpt: '450 4.2.1 greylisted' }, 'deferred', '4.2.1', 'transient'],
    [{ rcpt: '452 4.2.2 full' }, 'deferred', '4.2.2', 'transient'],
    [{ rcpt: '552 5.2.2 mailbox full' }, 'deferred', '5.2.2', 'transient'],
    [{ rcpt: '552 mailbox full' }, 'deferred', '552', 'transient'],
    [{ rcpt: '550 5.0.0 said 5.2.2 mailbox full' }, 'deferred', '5.2.2', 'transient'],
    [{ rcpt: '550 5.5.0 mailbox unavailable' }, 'refused', '5.5.0', 'recipient'],
    [{ rcpt: '550 5.7.1 blocked' }, 'refused', '5.7.1', 'blocked'],
    [{ mail: '553 5.1.8 sender domain unknown' }, 'deferred', '5.1.8', 'config'],
    [{ mail: '550 sender refused' }, 'deferred', '550', 'config'],
    [{ mail: '452 4.3.1 no space' }, 'deferred', '4.3.1', 'transient'],
    [{ mail: '530 5.7.0 log in first' }, 'deferred', '5.7.0', 'config'],
    [{ data: '552 5.3.4 too big' }, 'refused', '5.3.4', 'content'],
    [{ data: '552 too big' }, 'refused', '552', 'content'],
    [{ data: '554 5.6.0 malformed' }, 'refused', '5.6.0', 'content'],
    [{ data: '550 5.7.26 DMARC' }, 'refused', '5.7.26', 'blocked'],
    [{ data: '451 4.7.1 later' }, 'deferred', '4.7.1', 'transient'],
    [{ data: '421 4.7.0 closing' }, 'deferred', '4.7.0', 'rate'],
    [{ rcpt: 'cut' }, 'deferred', 'ESOCKET', 'transient'],
  ];
  for (const [answer, kind, code, meaning] of cases)
    await t.test(JSON.stringify(answer), async () => {
      fake.answerNext(answer);
      const outcome = await withSender(opened, fake.url, (sender) => sender.send(message));
      equal(outcome.kind, kind, JSON.stringify(outcome));
      ok('code' in outcome);
      equal(outcome.code, code);
      equal('class' in outcome ? outcome.class : undefined, meaning);
    });
});

test('a connection that breaks in the middle of the message is safe to repeat, one behind it is not', async (t) => {
  const fake = await startFakeSmtp();
  t.after(() => fake.close());
  const rendered = {
    channel: 'email' as const,
    subject: 'x',
    text: 'All work and no play. '.repeat(500_000),
  };
  fake.answerNext({ data: 'cut' });
  const half = await withSender(opened, fake.url, (sender) => sender.send({ ...message, rendered }));
  equal(half.kind, 'deferred');
  equal(fake.count(), 0);
  fake.answerNext('reset');
  const whole = await withSender(opened, fake.url, (sender) => sender.send(message));
  equal(whole.kind, 'unclear');
});

test('a message that is refused leaves the next one on the same connection alone', async (t) => {
  const fake = await startFakeSmtp();
  t.after(() => fake.close());
  await withSender(opened, fake.url, async (sender) => {
    fake.answerNext({ rcpt: '550 5.1.1 gone' });
    equal((await sender.send(message)).kind, 'refused');
    fake.answerNext({});
    equal((await sender.send(message)).kind, 'accepted');
    fake.answerNext('reset');
    equal((await sender.send(message)).kind, 'unclear');
    fake.answerNext({});
    equal((await sender.send(message)).kind, 'accepted');
  });
  // Each message once, but for the one whose fate is not known: it is not sent again by itself.
  equal(fake.count(), 3);
});

test('login, encryption and name of the server', async (t) => {
  const fake = await startFakeSmtp();
  t.after(() => fake.close());
  const send = (change: Settings, url = fake.url) =>
    withSender({ ...opened, settings: (at) => ({ ...settings(at), ...change }) }, url, (sender) =>
      sender.send(message),
    );
  const config = (outcome: Outcome) =>
    deepEqual([outcome.kind, 'class' in outcome && outcome.class], ['deferred', 'config']);
  await t.test('a wrong password holds the integration', async () => {
    const outcome = await send({ password: 'not-the-password' });
    config(outcome);
    ok(!JSON.stringify(outcome).includes('not-the-password'));
  });
  await t.test('a certificate that cannot be verified too', async () =>
    config(await send({ verifyCertificate: true })),
  );
  await t.test('STARTTLS is used when offered', async () => {
    fake.answerNext({});
    equal((await send({})).kind, 'accepted');
    equal(fake.arrived.at(-1)?.secure, true);
  });
  await t.test('a name that does not exist is transient', async () => {
    const outcome = await send({ host: 'mail.invalid' });
    deepEqual([outcome.kind, 'class' in outcome && outcome.class], ['deferred', 'transient']);
  });
  await t.test('an address that is none is refused', async () => {
    const outcome = await withSender(opened, fake.url, (sender) => sender.send({ ...message, to: 'a b<c' }));
    deepEqual([outcome.kind, 'class' in outcome && outcome.class], ['refused', 'recipient']);
  });
});

const PYTHON = `
import email, email.policy, json, sys
mail = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)
print(json.dumps([part.get_filename() for part in mail.iter_attachments()]))`;

test('names of files in any script are what another program reads (RFC 2231, RFC 2047)', async (t) => {
  const fake = await startFakeSmtp();
  const files = await startFake();
  t.after(() => Promise.all([fake.close(), files.close()]));
  const names = [
    'Übersicht – März 2026.pdf',
    '請求書 11月.pdf',
    'счёт №5.pdf',
    'فاتورة.pdf',
    'a "quoted" name; with = and, signs.pdf',
    'back\\slash and percent 100%.pdf',
    'smile 😀.pdf',
    `${'длинное имя '.repeat(12)}.pdf`,
    "it's* (1).pdf",
    'bill.pdf',
  ];
  const attachments = names.map((name, at) => ({ url: `${files.url}/${at}`, name }));
  await withSender(opened, fake.url, async (sender) => {
    fake.answerNext({});
    files.answerNext(
      ...names.map((name) => ({ status: 200, headers: { 'content-type': 'application/pdf' }, body: name })),
    );
    const rendered = { channel: 'email', subject: 'Fïles ☀', text: 'x', attachments } as const;
    equal((await sender.send({ ...message, rendered })).kind, 'accepted');
  });
  const { source } = fake.arrived.at(-1)!;
  // A reader that shares no code with what writes here; it leaves quoted pairs as they are, and puts blanks into names of several parts.
  const read = extract(source);
  const simple = (name: string | undefined) =>
    name !== undefined && !['\\', 'длинное'].some((odd) => name.includes(odd));
  deepEqual(read.attachments?.map(({ filename }) => filename).filter(simple), names.filter(simple));
  // Python's, where there is one, reads them all.
  const python = spawnSync('python3', ['-c', PYTHON], { input: source, encoding: 'utf8' });
  if (!python.error) deepEqual(JSON.parse(python.stdout), names);
  equal(read.subject, 'Fïles ☀');
});

test('attachments are fetched once, and what cannot be fetched is told before anything is sent', async (t) => {
  const fake = await startFakeSmtp();
  const files = await startFake();
  t.after(() => Promise.all([fake.close(), files.close()]));
  const withFile = (name: string): Outgoing => ({
    ...message,
    rendered: {
      channel: 'email',
      subject: 'x',
      text: 'x',
      attachments: [{ url: `${files.url}/${name}?v=1` }],
    },
  });
  await withSender(opened, fake.url, async (sender) => {
    fake.answerNext({}, {});
    files.answerNext({ status: 200, headers: { 'content-type': 'application/pdf' }, body: '%PDF-1.7' });
    for (const _ of [1, 2]) equal((await sender.send(withFile('bill.pdf'))).kind, 'accepted');
    equal(files.count(), 1);
    const [attachment] = (await fake.last()).attachments;
    deepEqual([attachment?.filename, attachment?.mimeType], ['bill.pdf', 'application/pdf']);
    equal(Buffer.from(attachment!.content as ArrayBuffer).toString(), '%PDF-1.7');
    files.answerNext({ status: 404 }, { status: 500 }, 'reset');
    const outcomes = [];
    for (const _ of [1, 2, 3]) outcomes.push(await sender.send(withFile('other.pdf')));
    deepEqual(
      outcomes.map((outcome) => [outcome.kind, 'code' in outcome && outcome.code]),
      [
        ['refused', 'attachment'],
        ['deferred', 'attachment'],
        ['deferred', 'attachment'],
      ],
    );
  });
  equal(fake.count(), 2);
});

test('the document explains every code', () => {
  const doc = readFileSync(join(import.meta.dirname, '../../../docs/channels/smtp.md'), 'utf8');
  for (const [code, meaning] of [...ENHANCED_CODES, ...REPLY_CODES])
    match(doc, new RegExp(`\\| ${code}(\\.x)? \\|[^\\n]*\\| ${meaning} \\|`));
  for (const name of Object.keys(smtp.settings))
    ok(doc.includes(`\`${name}\``), `${name} is not in the document`);
});

test('a mail host that is a private address is not connected to, by number or by name', async () => {
  const http = httpClient({ connections: 1 });
  // Also by whoever brings no guard along: nothing fails open.
  for (const [host, tools] of [
    ['127.0.0.1', { guard: addressGuard([]) }],
    ['localhost', { guard: addressGuard([]) }],
    ['::1', { guard: addressGuard([]) }],
    ['127.0.0.1', {}],
  ] as const) {
    const sender = smtp.open(
      { host, port: 9, from: 'a@example.com' },
      { http, ...tools, deadlineMs: DEADLINE_MS, nowMs: () => 0 },
    );
    const outcome = await sender.send({
      ref: 'a.b.0',
      idempotencyKey: 'a',
      to: 'b@example.com',
      callbackUrl: '',
      rendered: { channel: 'email', subject: 's', text: 't' },
    });
    equal(outcome.kind, 'deferred', host);
    ok('detail' in outcome && /private address/.test(outcome.detail), host);
    await sender.close();
  }
  await http.close();
});
