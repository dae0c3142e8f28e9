/**
 * What strangers and hostile tenants send, at its largest and in the shapes that are worst for whoever reads it: a table, a row for
 * each parser and shape, to be added to with each parser. While the product reads it, it answers everybody else: `/healthz` within
 * 100 ms more than the machine makes an idle product take. On a machine that is busy with other programs it may take longer; then
 * the product's loop must not have been the reason: it used no processor for 100 ms on end.
 */
import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { toHex24 } from '../src/base/ids.ts';
import { testDatabase } from './support/database.ts';
import { newConsoleKey, newIntegration } from './support/messages.ts';
import { startPinger } from './support/pinger.ts';
import { startProcess, type ParleyProcess } from './support/processes.ts';
import { newWorkspace, startWorld, TEST_SECRET } from './support/world.ts';

const MOST_MS = 100;
/** The machine has other work: a loop that is held up is held up each time. */
const TRIES = 4;

const database = await testDatabase();
const dataDir = await mkdtemp(join(tmpdir(), 'parley-strangers-'));
let parley: ParleyProcess;
let pinger: ReturnType<typeof startPinger>;
let paths: { mail: string; mailgun: string; whatsapp: string; preview: string; csv: string; of: string };
let consoleKey: string;
/** The longest that its loop was held. */
let heldMs = 0;

before(async () => {
  const world = await startWorld(database.connection, { PARLEY_ROLES: 'http' });
  const app = await newWorkspace(world.ctx, 'live');
  consoleKey = await newConsoleKey(world.ctx, app.id);
  const smtp = await newIntegration(world.ctx, app.id, 'smtp', {
    host: 'mail.example',
    from: 'shop@shop.example',
  });
  const mailgun = await newIntegration(world.ctx, app.id, 'mailgun', {
    apiKey: 'key',
    domain: 'mg.shop.example',
    signingKey: 'signing-key',
  });
  const whatsapp = await newIntegration(world.ctx, app.id, 'whatsapp', {
    phoneNumberId: '1234567',
    accessToken: 'token',
    appSecret: 'app-secret',
    verifyToken: 'verify',
  });
  const at = ({ id, callbackKey }: typeof smtp, purpose: string) =>
    `/callbacks/${toHex24(id)}/${callbackKey}/${purpose}`;
  paths = {
    mail: at(smtp, 'mail'),
    mailgun: at(mailgun, 'inbound'),
    whatsapp: at(whatsapp, 'events'),
    preview: `/api/workspaces/${toHex24(app.id)}/messages`,
    csv: `/api/workspaces/${toHex24(app.id)}/contacts/import`,
    of: `/api/workspaces/${toHex24(app.id)}`,
  };
  await world.stop();
  parley = await startProcess(
    {
      PARLEY_DATABASE_URL: database.url,
      PARLEY_DATA_DIR: dataDir,
      PARLEY_SECRET: TEST_SECRET,
      PARLEY_PORT: '0',
      PARLEY_ROLES: 'http',
    },
    'watchedChild.ts',
  );
  createInterface({ input: parley.child.stdout! }).on('line', (line) => {
    heldMs = Math.max(heldMs, Number(/^held ([\d.]+)$/.exec(line)?.[1] ?? 0));
  });
  pinger = startPinger(parley.url);
});
after(async () => {
  await pinger.stop();
  await parley.kill();
  await rm(dataDir, { recursive: true, force: true });
});

const MAIL_BYTES = 25 * 1024 * 1024 - 4096;
const MAILGUN_BYTES = 10 * 1024 * 1024 - 65_536;
const MJML_LENGTH = 199_000;

/** A text again and again, up to so many bytes. */
const filled = (text: string, bytes: number) => Buffer.alloc(bytes, text);
const lines = (text: string) => Buffer.from(text.replaceAll('\n', '\r\n'));

/** A mail of the largest size: its first headers, and what fills it. */
const mail = (head: string, filling: string) => () => {
  const first = lines(
    `From: ann@people.example\nMessage-ID: <${randomBytes(8).toString('hex')}@people.example>\n${head}`,
  );
  return {
    path: paths.mail,
    type: 'message/rfc822',
    body: Buffer.concat([first, filled(filling, MAIL_BYTES - first.length)]),
  };
};
const html = (filling: string) => mail('Content-Type: text/html\n\n', filling);
const nested = Array.from({ length: 9 }, (_, at) => 'b'.repeat(at + 1))
  .map((boundary) => `Content-Type: multipart/mixed; boundary=${boundary}\n\n--${boundary}\n`)
  .join('');
const report = (filling: string) =>
  mail(
    'Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n',
    filling,
  );

/** A form of Mailgun's with a field that fills it. */
const mailgunForm = (name: string, filling: string) => () => {
  const timestamp = String(Math.floor(Date.parse(new Date().toISOString()) / 1000));
  const token = randomBytes(25).toString('hex');
  const signature = createHmac('sha256', 'signing-key')
    .update(timestamp + token)
    .digest('hex');
  const fields = {
    timestamp,
    token,
    signature,
    from: 'ann@people.example',
    recipient: 'a@mg.shop.example',
    'body-plain': 'x',
  };
  const part = (field: string, value: string) =>
    `--bb\r\nContent-Disposition: form-data; name="${field}"\r\n\r\n${value}\r\n`;
  return {
    path: paths.mailgun,
    type: 'multipart/form-data; boundary=bb',
    body: Buffer.concat([
      Buffer.from(
        Object.entries(fields)
          .filter(([field]) => field !== name)
          .map(([field, value]) => part(field, value))
          .join(''),
      ),
      Buffer.from(`--bb\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n`),
      filled(filling, MAILGUN_BYTES),
      Buffer.from('\r\n--bb--\r\n'),
    ]),
  };
};

const mjml = (open: string, filling: string) => () => ({
  path: paths.preview,
  type: 'application/json',
  body: Buffer.from(
    JSON.stringify({
      destination: { channel: 'email', address: 'ann@people.example' },
      content: {
        type: 'text',
        text: 'x',
        mjml: open + filling.repeat((MJML_LENGTH - open.length) / filling.length),
      },
    }),
  ),
});

const CSV_BYTES = 16 * 1024 * 1024;
/** A list of people: its beginning, and what fills it. */
const csv = (head: string, filling: string) => () => ({
  path: paths.csv,
  type: 'text/csv',
  body: Buffer.concat([Buffer.from(head), filled(filling, CSV_BYTES)]),
});

/** The same, uploaded to be looked at and begun later. */
const uploaded = (head: string, filling: string) => () => ({
  ...csv(head, filling)(),
  path: `${paths.of}/imports?name=people.csv`,
});

const JSON_BYTES = 4 * 1024 * 1024 - 1024;
/** A body of JSON as large as its route takes: its beginning, what fills it, and its end. */
const json =
  (route: string, [head, filling, end]: [string, string, string], bytes = JSON_BYTES) =>
  () => ({
    path: paths.of + route,
    type: 'application/json',
    body: Buffer.from(
      head + filling.repeat(Math.floor((bytes - head.length - end.length) / filling.length)) + end,
    ),
  });
const forecast = (head: string, filling: string, end: string) =>
  json('/broadcasts/forecast', [head, filling, end]);
const anybody = `"${'a'.repeat(24)}"`;

const UPLOAD_BYTES = 48 * 1024 * 1024;
/** A file of the largest size: the beginning of its form, and what fills it. */
const upload = (head: string, filling: string) => () => ({
  path: `${paths.of}/files`,
  type: 'multipart/form-data; boundary=b',
  body: Buffer.concat([Buffer.from(head), filled(filling, UPLOAD_BYTES), Buffer.from('\r\n--b--\r\n')]),
});
const FILE = '--b\r\nContent-Disposition: form-data; name="source"; filename="a"\r\n\r\n';
const FIELD = '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n';

/** A callback of Meta's, signed, as large as they may be. */
const whatsapp = (body: () => string) => () => {
  const bytes = Buffer.from(body());
  const signature = createHmac('sha256', 'app-secret').update(bytes).digest('hex');
  const headers = { 'x-hub-signature-256': `sha256=${signature}` };
  return { path: paths.whatsapp, type: 'application/json', body: bytes, headers };
};
const WHATSAPP_BYTES = 3 * 1024 * 1024 - 4096;
const events = (text: string) => `{"entry":[{"changes":[{"field":"messages","value":{${text}}}]}]}`;
const each = (times: number, text: (n: number) => string) =>
  Array.from({ length: times }, (_, n) => text(n)).join();
const nestedLists = '['.repeat(WHATSAPP_BYTES / 2) + ']'.repeat(WHATSAPP_BYTES / 2);
const card = '{"name":{"formatted_name":"x"},"phones":[{"phone":"1"}]},';

type Handed = { path: string; type: string; body: Buffer; headers?: Record<string, string> };
const table: [what: string, made: () => Handed][] = [
  ['HTML: nested divisions', html('<div>')],
  ['HTML: nested quotes', html('<blockquote>')],
  ['HTML: cells that open blocks', html('<td><div>')],
  ['HTML: tags that close others', html('<b></i>')],
  ['HTML: comments that do not end', html('<!--')],
  ['HTML: entities', html('&amp')],
  ['HTML: attributes', html('<a b="')],
  ['HTML: blanks between tags', html(' <i> ')],
  ['text: line breaks', mail('\n', '\n')],
  ['text: blanks', mail('\n', ' ')],
  ['text: quotes', mail('\n', '>>>>>>>> \r\n')],
  ['text: attributions', mail('\n', 'On 1 Jan 2026 at 9:00, a@b.example\r\n')],
  ['text: headers of answered mails', mail('\n', 'From: a <a@b.example>\r\n')],
  ['text: flowed', mail('Content-Type: text/plain; format=flowed\n\n', 'x \r\n')],
  ['headers without end', mail('', 'X-Y: z\r\n')],
  ['headers: folding without end', mail('X-Y: z', '\r\n ')],
  ['headers: encoded words', mail('Subject: ', '=?utf-8?Q?=41?= ')],
  ['headers: addresses', mail('To: ', 'a:b;"')],
  ['headers: parameters', mail('Content-Type: text/plain', '; name*0*=%41')],
  ['multipart: parts', mail('Content-Type: multipart/mixed; boundary=b\n\n', '--b\r\n\r\n')],
  [
    'multipart: what is nearly a delimiter',
    mail('Content-Type: multipart/mixed; boundary=b\n\n', '\r\n--bx'),
  ],
  [
    'multipart: a long delimiter',
    mail(`Content-Type: multipart/mixed; boundary=${'a'.repeat(249)}\n\n`, 'a'),
  ],
  ['multipart: nested', mail(nested, '--bbbbbbbbbb')],
  ['base64: padding', mail('Content-Type: a/b\nContent-Transfer-Encoding: base64\n\n', 'a=')],
  ['base64: junk', mail('Content-Type: a/b\nContent-Transfer-Encoding: base64\n\n', '!@ ')],
  ['quoted-printable', mail('Content-Type: a/b\nContent-Transfer-Encoding: quoted-printable\n\n', '=')],
  ['a bounce: blocks', report('a: b\r\n\r\n')],
  ['a bounce: folding', report('Diagnostic-Code: smtp;\r\n ')],
  ['Mailgun: HTML', mailgunForm('body-html', '<div>')],
  ['Mailgun: a name of blanks', mailgunForm('from', ' ')],
  ['Mailgun: headers in JSON', mailgunForm('message-headers', '[')],
  ['Mailgun: a field of quotes', mailgunForm('x"; a="', '"')],
  ['CSV: a quote that does not end', csv('email,name\n"', 'ann@people.example,\n')],
  ['CSV: quotes', csv('email,name\n', '"')],
  ['CSV: quoted quotes', csv('email,name\n"', '""')],
  ['CSV: one line', csv('email,name\n', 'a')],
  ['CSV: separators', csv('email,name\n', ',')],
  ['CSV: a header without end', csv('email', ',name')],
  ['CSV: empty lines', csv('email,name\n', '\n')],
  ['CSV: carriage returns', csv('email,name\r\n', '\r')],
  ['CSV: rows that are none', csv('email,name\n', `${'x'.repeat(99)}\n`)],
  ['CSV: rows of other lengths', csv('email,name\n', 'x@,y,z,"a\nb",\r\n')],
  ['CSV: half characters', csv('email,name\n', '\u0000\ud83d')],
  ['MJML: nested sections', mjml('<mjml><mj-body>', '<mj-section>')],
  [
    'MJML: texts',
    mjml('<mjml><mj-body>', '<mj-section><mj-column><mj-text>x</mj-text></mj-column></mj-section>'),
  ],
  ['MJML: comments', mjml('<mjml><mj-body>', '<!--')],
  ['uploads: a quote that does not end', uploaded('email,name\n"', 'ann@people.example,\n')],
  ['uploads: rows of other lengths', uploaded('email,name\n', 'x@,y,z,"a\nb",\r\n')],
  ['JSON: lists in lists', forecast('{"name":', '[', '')],
  ['JSON: objects in objects', forecast('{"name":', '{"a":', '')],
  ['JSON: digits', forecast('{"name":', '9', '}')],
  ['JSON: fields', forecast('{"name":"x","content":{', '"a":0,', '"a":0}}')],
  ['JSON: values', forecast('{"name":[', '0,', '0]}')],
  ['JSON: values, and a long number', forecast('{"n":1234567890123456,"name":[', '{},', '0]}')],
  ['JSON: escapes', forecast('{"name":"', '\\u0000', '"}')],
  [
    'JSON: an audience by name',
    forecast(
      '{"name":"x","content":{"type":"text","text":"x"},"channel":"sms","audience":{"include":{"contacts":[',
      `${anybody},`,
      `${anybody}]}}}`,
    ),
  ],
  ['campaigns: fields', json('/campaigns', ['{"campaign":{', '"a0":0,', '"a":0}}'], 500_000)],
  ['campaigns: steps', json('/campaigns', ['{"campaign":{"steps":[', '{"wait":"1d"},', '{}]}}'], 500_000)],
  ['segments: rules in rules', json('/segments', ['{"name":"x","rule":', '{"all":[', ''], 100_000)],
  [
    'segments: rules',
    json('/segments', ['{"name":"x","rule":{"all":[', '{"attribute":"a","is":1},', '{}]}}'], 100_000),
  ],
  ['orders: lines', json('/orders/batch', ['{"orders":[{"lineItems":[', '{"name":"x"},', '{}]}]}'])],
  [
    'saved replies: Liquid',
    json('/saved-replies', ['{"name":"x","content":{"type":"text","text":"', '{{a}}', '"}}'], 100_000),
  ],
  ['files: parts', upload('', FIELD)],
  ['files: headers', upload('--b\r\n', 'X: y\r\n')],
  ['files: what is nearly a delimiter', upload(FILE, '\r\n--bx')],
  ['files: lines', upload(FILE, '\r\n')],
  ['WhatsApp: lists in lists', whatsapp(() => `{"entry":${nestedLists}}`)],
  ['WhatsApp: names', whatsapp(() => `{"entry":[],${each(200_000, (n) => `"k${n}":0`)}}`)],
  [
    'WhatsApp: statuses',
    whatsapp(() => events(`"statuses":[${each(60_000, (n) => `{"id":"${n}","status":"sent"}`)}]`)),
  ],
  [
    'WhatsApp: people who wrote',
    whatsapp(() =>
      events(
        `"contacts":[${each(20_000, (n) => `{"wa_id":"${n}","profile":{"name":"x"}}`)}],"messages":[${each(12_000, (n) => `{"from":"x${n}","id":"m${n}","timestamp":"1","type":"text","text":{"body":"x"}}`)}]`,
      ),
    ),
  ],
  [
    'WhatsApp: cards in a message',
    whatsapp(() =>
      events(
        `"messages":[{"from":"31612345678","id":"cards","timestamp":"1","type":"contacts","contacts":[${card.repeat(50_000)}{}]}]`,
      ),
    ),
  ],
  [
    'a push certificate',
    () => ({
      path: `${paths.of}/integrations`,
      type: 'application/json',
      body: Buffer.from(
        JSON.stringify({
          provider: 'apns',
          settings: {
            bundleId: 'a.b',
            certificatePassword: 'x',
            certificate: Buffer.from(`3080${'030200ff'.repeat(180_000)}`, 'hex').toString('base64'),
          },
        }),
      ),
    }),
  ],
  ['MJML: attributes', mjml('<mjml><mj-body><mj-text ', 'a="b" ')],
];

test('while the worst that strangers send is read, everybody else is answered', async (t) => {
  for (const [what, made] of table)
    await t.test(what, async () => {
      let waited: string[] = [];
      for (let attempt = 0; attempt < TRIES; attempt++) {
        const handed = made();
        await pinger.longestMs();
        await fetch(`${parley.url}/healthz`).then((answer) => answer.text());
        const idleMs = await pinger.longestMs();
        heldMs = 0;
        const answer = await fetch(parley.url + handed.path, {
          method: 'POST',
          headers: { 'content-type': handed.type, authorization: consoleKey, ...handed.headers },
          body: new Uint8Array(handed.body),
        });
        await answer.text();
        const longestMs = await pinger.longestMs();
        assert.ok(answer.status < 500, `${what}: ${answer.status}`);
        if (longestMs <= MOST_MS + idleMs || heldMs <= MOST_MS) return;
        waited = [
          ...waited,
          `${longestMs.toFixed(0)} ms (idle ${idleMs.toFixed(0)}, held ${heldMs.toFixed(0)})`,
        ];
      }
      assert.fail(`/healthz took ${waited.join(', ')}`);
    });
});
