/** Mail that comes back, taken by Parley itself: answers into the same conversation, bounces and complaints into suppression. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createTransport } from 'nodemailer';
import { readConfig } from '../src/base/config.ts';
import { fromUuid, toHex24 } from '../src/base/ids.ts';
import { createBroadcast, startBroadcast } from '../src/broadcasts/broadcasts.ts';
import { selectBroadcast } from '../src/broadcasts/sql.ts';
import { stateName } from '../src/ledger/states.ts';
import { CERTIFICATE, KEY } from './support/certificate.ts';
import { testDatabase } from './support/database.ts';
import { startMailSink, type MailSink } from './support/mailSink.ts';
import { deliveriesOf, newConsoleKey, newIntegration, reaches, sendMessage } from './support/messages.ts';
import { startReceiver } from './support/receiver.ts';
import { until } from './support/until.ts';
import { callApi, must, newWorkspace, startWorld, type World } from './support/world.ts';

const database = await testDatabase();
const hook = await startReceiver();
let world: World;
let sink: MailSink;
let app: Awaited<ReturnType<typeof newWorkspace>>;
let consoleKey: string;
let integration: Awaited<ReturnType<typeof newIntegration>>;

const MAIL_ENV = {
  PARLEY_MAIL_HOST: '127.0.0.1',
  PARLEY_MAIL_PORT: '0',
  PARLEY_PROVIDER_DEADLINE_MS: '2000',
};
const settings = (more: Record<string, unknown> = {}) => ({
  host: '127.0.0.1',
  port: sink.port,
  from: 'Shop <shop@shop.example>',
  bounceAddress: 'bounce@shop.example',
  incomingAddress: 'Answers@shop.example',
  ...more,
});

before(async () => {
  sink = await startMailSink();
  world = await startWorld(database.connection, MAIL_ENV);
  app = await newWorkspace(world.ctx, 'live');
  consoleKey = await newConsoleKey(world.ctx, app.id);
  integration = await newIntegration(world.ctx, app.id, 'smtp', settings());
  const made = await callApi(world, app.authorization, 'POST', `/v1.1/apps/${app.appId}/webhooks`, {
    target: hook.url('/hook'),
    triggers: ['message:appUser', 'notification:delivery:failure'],
  });
  assert.equal(made.status, 201, JSON.stringify(made.json));
});
after(async () => {
  await world.stop();
  await sink.close();
});

/** Hands a mail to Parley, as another server does; returns its refusal, or undefined. */
async function mailTo(mail: object, at = world): Promise<{ code: number; text: string } | undefined> {
  const transport = createTransport({ host: '127.0.0.1', port: at.mailPort!, secure: false });
  try {
    await transport.sendMail(mail);
    return undefined;
  } catch (error) {
    const { responseCode = 0, response = String(error) } = error as {
      responseCode?: number;
      response?: string;
    };
    return { code: responseCode, text: response };
  } finally {
    transport.close();
  }
}

async function send(address: string, content: object, more: object = {}): Promise<number> {
  const destination = { channel: 'email', address };
  return await sendMessage(world, { appId: app.appId, consoleKey }, { destination, content, ...more });
}

async function sent(address: string): Promise<{ id: number; mail: (typeof sink.mails)[number] }> {
  const id = await send(address, { type: 'text', text: 'Is Tuesday fine?', subject: 'Your parcel' });
  await reaches(world.ctx, id, 'accepted');
  return { id, mail: sink.to(address).at(-1)! };
}

const said = async (address: string) =>
  await world.ctx.sql<{ id: number; conversationId: number; direction: string; content: any; source: any }[]>`
    SELECT m.id, m.conversation_id AS "conversationId", m.direction, m.content, m.source FROM messages m
    JOIN destinations d ON d.bucket = m.bucket AND d.contact_id = m.contact_id
    WHERE d.address = ${address} AND d.integration_id IS NOT DISTINCT FROM coalesce(
      (SELECT max(integration_id) FROM destinations x WHERE x.address = ${address}), d.integration_id)
    ORDER BY m.id`;

/** A bounce as other servers write it, to an address. */
const bounce = (to: string, about: string, more = '') => ({
  envelope: { from: '', to },
  raw: [
    'From: MAILER-DAEMON@mx.example',
    `To: ${to}`,
    'Subject: Undelivered Mail Returned to Sender',
    'Auto-Submitted: auto-replied',
    'MIME-Version: 1.0',
    'Content-Type: multipart/report; report-type=delivery-status; boundary=b',
    '',
    '--b',
    'Content-Type: text/plain',
    '',
    'Your mail came back.',
    '--b',
    'Content-Type: message/delivery-status',
    '',
    'Reporting-MTA: dns; mx.example',
    ...(more ? [more] : []),
    '',
    `Final-Recipient: rfc822; ${about}`,
    'Action: failed',
    'Status: 5.1.1',
    'Diagnostic-Code: smtp; 550 5.1.1 no such user',
    '--b--',
    '',
  ].join('\r\n'),
});

test('N32 an answer by mail arrives in the same conversation, without what it quotes, and the webhook tells of it', async () => {
  const { mail } = await sent('ann@people.example');
  assert.equal(mail.mail.replyTo?.[0]?.address, 'Answers@shop.example');
  const refused = await mailTo({
    from: 'Ann Other <Ann@people.example>',
    to: 'Answers@shop.example',
    subject: 'Re: Your parcel',
    inReplyTo: mail.mail.messageId!,
    references: [mail.mail.messageId!],
    messageId: '<answer-1@people.example>',
    text: 'Yes, at nine.\n\nOn Fri, Nov 20, 2026 at 9:12 AM Shop <shop@shop.example> wrote:\n\n> Is Tuesday fine?\n',
    attachments: [{ filename: 'map.pdf', content: Buffer.from('%PDF-1.7'), contentType: 'application/pdf' }],
  });
  assert.equal(refused, undefined);
  const [out, back] = await said('ann@people.example');
  assert.equal(back!.conversationId, out!.conversationId);
  assert.equal(back!.content.text, 'Yes, at nine.');
  assert.equal(back!.content.subject, 'Re: Your parcel');
  assert.equal(await (await fetch(back!.content.mediaUrl)).text(), '%PDF-1.7');
  assert.equal(back!.source.repliesTo.externalId, mail.mail.messageId);
  assert.equal(back!.source.repliesTo.messageId, out!.id);
  assert.match(back!.source.mail.fullText, /> Is Tuesday fine\?/);
  await until('the webhook is told', () =>
    hook.received().some(({ body }) => body.includes('Yes, at nine.')),
  );
});

test('an answer from Outlook, HTML only', async () => {
  const { mail } = await sent('otto@people.example');
  const html = `<html><body><div>Ja, gerne.</div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>Von:</b> Shop &lt;shop@shop.example&gt;<br>
<b>Gesendet:</b> Freitag, 20. November 2026 09:12<br><b>An:</b> Otto<br><b>Betreff:</b> Your parcel</div><div>Is Tuesday fine?</div></body></html>`;
  const answer = {
    from: 'otto@people.example',
    to: 'answers@shop.example',
    inReplyTo: mail.mail.messageId!,
    html,
  };
  assert.equal(await mailTo(answer), undefined);
  const [, back] = await said('otto@people.example');
  assert.equal(back!.content.text, 'Ja, gerne.');
});

test('what the business says next stands below the answer in mail programs', async () => {
  const id = await send('ann@people.example', { type: 'text', text: 'See you' });
  await reaches(world.ctx, id, 'accepted');
  const [first, last] = sink.to('ann@people.example');
  const { mail } = last!;
  assert.equal(mail.inReplyTo, '<answer-1@people.example>');
  assert.equal(mail.references, `${first!.mail.messageId} <answer-1@people.example>`);
  assert.equal(mail.subject, 'Re: Your parcel');
});

test('the same mail twice is one message', async () => {
  const mail = {
    envelope: { from: 'bea@people.example', to: 'answers+anything@SHOP.example' },
    raw: 'From: bea@people.example\r\nMessage-ID: <twice@people.example>\r\n\r\nHello\r\n',
  };
  for (let repeat = 0; repeat < 2; repeat++) assert.equal(await mailTo(mail), undefined);
  assert.equal((await said('bea@people.example')).length, 1);
});

test('mail for others is refused, and Parley relays nothing', async () => {
  for (const to of [
    'nobody@shop.example',
    'someone@elsewhere.example',
    'shop@shop.example',
    `${'a'.repeat(60)}@shop.example`,
  ]) {
    const refusal = await mailTo({ from: 'a@x.example', to, text: 'x' });
    assert.equal(refusal?.code, 550, to);
    assert.match(refusal.text, /5\.1\.1/);
  }
});

test('a bounce: the delivery has failed, the address is dead, and the next broadcast leaves it out', async () => {
  const to = 'gone@people.example';
  const { id, mail } = await sent(to);
  assert.equal(await mailTo(bounce(mail.from, to)), undefined);
  const failed = await reaches(world.ctx, id, 'failed');
  assert.deepEqual([failed.code, failed.detail], ['5.1.1', '550 5.1.1 no such user']);
  const next = await reaches(world.ctx, await send(to, { type: 'text', text: 'Hello again' }), 'suppressed');
  assert.equal(next.code, 'dead');
  const { ctx } = world;
  const nowMs = ctx.clock.nowMs();
  const input = {
    name: 'news',
    channel: 'email',
    class: 'transactional',
    integrationId: integration.id,
    audience: { include: { all: true } },
    content: { type: 'text', text: 'News', subject: 'News' },
  };
  const made = must(
    await ctx.queue.transact((tx) => createBroadcast(ctx.broadcasts, tx, app.id, input, nowMs)),
  );
  await ctx.queue.transact((tx) => startBroadcast(ctx.broadcasts, tx, app.id, made.id, nowMs));
  await until('it is done', async () => (await selectBroadcast(ctx.sql, app.id, made.id))?.state === 'done');
  assert.equal(sink.to(to).length, 1);
  assert.ok(sink.to('ann@people.example').length > 1);
});

test('a notification that comes back is told as a failure', async () => {
  const to = 'left@people.example';
  const { status, json } = await callApi(
    world,
    app.authorization,
    'POST',
    `/v1.1/apps/${app.appId}/notifications`,
    {
      destination: { integrationId: toHex24(integration.id), destinationId: to },
      author: { role: 'appMaker' },
      message: { type: 'text', text: 'Your parcel is here' },
    },
  );
  assert.equal(status, 201);
  await reaches(world.ctx, fromUuid(json.notification._id)!, 'accepted');
  const { from } = sink.to(to).at(-1)!;
  // Twice, since servers do that.
  for (let repeat = 0; repeat < 2; repeat++) assert.equal(await mailTo(bounce(from, to)), undefined);
  const calls = () =>
    hook
      .received()
      .filter(
        ({ body }) => body.includes(json.notification._id) && body.includes('notification:delivery:failure'),
      );
  await until('the webhook is told', () => calls().length > 0);
  assert.equal(calls().length, 1);
});

test('a bounce that was made up changes nothing', async () => {
  const to = 'safe@people.example';
  const { id, mail } = await sent(to);
  const [, name, tag] = /\+(.+)-([0-9a-f]{12})@/.exec(mail.from)!;
  const wrong = tag!.replace(/^./, (first) => (first === '0' ? '1' : '0'));
  for (const forged of [
    `bounce+${name}@shop.example`,
    `bounce+${name}-${wrong}@shop.example`,
    'bounce@shop.example',
  ])
    assert.equal(await mailTo(bounce(forged, to, `Original-Envelope-ID: ${name}`)), undefined);
  const [delivery] = await deliveriesOf(world.ctx, id);
  assert.equal(stateName(delivery!.state), 'accepted');
  await reaches(world.ctx, await send(to, { type: 'text', text: 'Hello' }), 'accepted');
});

test('what is said of another address, to which somebody had the mail sent on, does not make ours dead', async () => {
  const to = 'moved@people.example';
  const { id, mail } = await sent(to);
  assert.equal(await mailTo(bounce(mail.from, 'elsewhere@other.example')), undefined);
  await reaches(world.ctx, id, 'failed');
  await reaches(world.ctx, await send(to, { type: 'text', text: 'Hello' }), 'accepted');
});

test('a complaint ends everything, for whom the mail went to and nobody else', async () => {
  const to = 'cross@people.example';
  const { mail } = await sent(to);
  const report = {
    envelope: { from: '', to: 'answers@shop.example' },
    raw: [
      'From: fbl@provider.example',
      'Subject: complaint',
      'MIME-Version: 1.0',
      'Content-Type: multipart/report; report-type=feedback-report; boundary=b',
      '',
      '--b',
      'Content-Type: message/feedback-report',
      '',
      'Feedback-Type: abuse',
      'Original-Rcpt-To: <ann@people.example>',
      '',
      '--b',
      'Content-Type: text/rfc822-headers',
      '',
      `Message-ID: ${mail.mail.messageId}`,
      'To: ann@people.example',
      '',
      '--b--',
      '',
    ].join('\r\n'),
  };
  for (let repeat = 0; repeat < 2; repeat++) assert.equal(await mailTo(report), undefined);
  await reaches(world.ctx, await send(to, { type: 'text', text: 'Your invoice' }), 'suppressed');
  const told = await world.ctx.sql`
    SELECT reason FROM consent_log WHERE address = ANY(${[to, 'ann@people.example']}::text[])`;
  assert.deepEqual(
    told.map(({ reason }) => reason),
    ['complaint'],
    'told twice, written once, and never of the address that the report names',
  );
});

test('who leaves by the button of a mail program that knows no links is out of marketing, whatever address they write from; a made-up name is not heard', async () => {
  const to = 'leaver@people.example';
  const market = () => send(to, { type: 'text', text: 'Spring' }, { class: 'marketing' });
  await reaches(world.ctx, await market(), 'accepted');
  const { mail } = sink.to(to).at(-1)!;
  const header = mail.headers.find(({ key }) => key === 'list-unsubscribe')!.value;
  const [, link, leave] = /^<(https?:\S+)>, <mailto:(\S+)\?subject=unsubscribe>$/.exec(
    header.replaceAll(/\s+/g, ' '),
  )!;
  assert.ok(link!.startsWith(world.url));
  assert.match(leave!, /^bounce\+\S+@shop\.example$/);
  assert.ok(leave!.split('@')[0]!.length <= 64, 'a local part has 64 characters');
  const leaves = (at: string, subject = 'unsubscribe', from = 'other-name@people.example') =>
    mailTo({
      from,
      to: at,
      subject,
      text: '',
      messageId: `<${subject.trim().length}.leave@people.example>`,
      date: new Date(0),
    });
  // A name that was made up, an answer that only speaks of it, and a machine's notice change nothing.
  await leaves(leave!.replace(/-[0-9a-f]{12}@/, '-000000000000@'));
  await leaves(leave!, 'Re: unsubscribe?');
  await reaches(world.ctx, await market(), 'accepted');
  for (let repeat = 0; repeat < 2; repeat++) assert.equal(await leaves(leave!, ' Unsubscribe'), undefined);
  const suppressed = await reaches(world.ctx, await market(), 'suppressed');
  assert.equal(suppressed.code, 'opted_out_channel');
  await reaches(
    world.ctx,
    await send(to, { type: 'text', text: 'Your invoice' }, { class: 'transactional' }),
    'accepted',
  );
  const told = await world.ctx.sql`SELECT reason FROM consent_log WHERE address = ${to}`;
  assert.equal(told.length, 1);
  const mails = sink.to(to).map(({ mail: one }) => one.headers.some(({ key }) => key === 'list-unsubscribe'));
  assert.equal(mails.at(-1), false, 'an invoice has no way out');
});

test('an out-of-office notice is no answer', async () => {
  const { mail } = await sent('away@people.example');
  const notice = (to: string) => ({
    from: 'away@people.example',
    to,
    subject: 'Out of office',
    headers: { 'Auto-Submitted': 'auto-replied' },
    text: 'Back on Monday',
  });
  for (const to of [mail.from, 'answers@shop.example']) assert.equal(await mailTo(notice(to)), undefined);
  assert.equal((await said('away@people.example')).filter(({ direction }) => direction === 'in').length, 0);
});

test('trouble here is 451, and the mail is taken when it comes again', async () => {
  const mail = {
    envelope: { from: 'dan@people.example', to: 'answers@shop.example' },
    raw: 'From: dan@people.example\r\nMessage-ID: <later@people.example>\r\n\r\nHello\r\n',
  };
  await world.ctx.sql`ALTER TABLE inbound_seen RENAME TO inbound_gone`;
  const refusal = await mailTo(mail);
  await world.ctx.sql`ALTER TABLE inbound_gone RENAME TO inbound_seen`;
  assert.equal(refusal?.code, 451, JSON.stringify(refusal));
  assert.equal((await said('dan@people.example')).length, 0);
  assert.equal(await mailTo(mail), undefined);
  assert.equal((await said('dan@people.example')).length, 1);
});

test('an address belongs to the integration that named it first; a bounce address may be shared', async () => {
  const other = await newWorkspace(world.ctx, 'live');
  const thief = await newIntegration(world.ctx, other.id, 'smtp', settings());
  const key = await newConsoleKey(world.ctx, other.id);
  const destination = { channel: 'email', address: 'fay@people.example' };
  const id = await sendMessage(
    world,
    { appId: other.appId, consoleKey: key },
    { destination, content: { type: 'text', text: 'Hi' } },
  );
  await reaches(world.ctx, id, 'accepted');
  assert.equal(await mailTo(bounce(sink.to('fay@people.example')[0]!.from, 'fay@people.example')), undefined);
  await reaches(world.ctx, id, 'failed');
  const reader = await newIntegration(
    world.ctx,
    other.id,
    'smtp',
    settings({ incomingAddress: 'x@other.example', bounceAddress: 'answers@shop.example' }),
  );
  assert.equal(
    await mailTo({ from: 'eve@people.example', to: 'answers@shop.example', text: 'For the shop' }),
    undefined,
  );
  const rows = await world.ctx.sql<{ workspaceId: number }[]>`
    SELECT workspace_id AS "workspaceId" FROM messages WHERE content->>'text' = 'For the shop'`;
  assert.deepEqual(
    rows.map(({ workspaceId }) => workspaceId),
    [app.id],
  );
  for (const { id: gone } of [thief, reader]) {
    await world.ctx.sql`UPDATE integrations SET deleted_ms = 1 WHERE id = ${gone}`;
    world.ctx.directory.forget(gone);
  }
});

test('a mail handed in by HTTP is the same', async () => {
  const url = `${world.url}/callbacks/${toHex24(integration.id)}/${integration.callbackKey}/mail`;
  const post = async (body: string | Buffer, headers: Record<string, string> = {}, at = url) =>
    (
      await fetch(at, {
        method: 'POST',
        headers: { 'content-type': 'message/rfc822', ...headers },
        body: body as string,
      })
    ).status;
  const mail = 'From: gil@people.example\r\nMessage-ID: <http@people.example>\r\n\r\nBy HTTP\r\n';
  assert.equal(
    await post(mail, { 'x-envelope-from': '<gil@people.example>', 'x-envelope-to': 'answers@shop.example' }),
    200,
  );
  assert.equal((await said('gil@people.example'))[0]!.content.text, 'By HTTP');
  assert.equal(await post(mail, { 'content-type': 'application/x-unheard-of' }), 200);
  assert.equal((await said('gil@people.example')).length, 1);
  assert.equal(await post(mail, {}, url.replace(integration.callbackKey, 'wrong')), 404);
  assert.equal(await post(mail, {}, url.replace(/mail$/, 'status')), 404);
  assert.equal(await post(''), 422);
  assert.equal(await post(Buffer.from([0xff, 0xfe, 0])), 422);
  assert.equal((await fetch(url)).status, 422);
  const large = `From: gil@people.example\r\nMessage-ID: <large@x>\r\nContent-Type: application/zip; name=a.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n${'QUJD'.repeat(4_000_000)}\r\n`;
  assert.equal(await post(large), 200);
  assert.equal(await post('x'.repeat(26 * 1024 * 1024)), 413);
});

/** A dialogue with the listener, line by line. */
async function dial(port: number, greeting = /^220 /) {
  const socket: Socket = connect(port, '127.0.0.1');
  let heard = '';
  socket.on('data', (chunk: Buffer) => (heard += chunk.toString()));
  socket.on('error', () => {});
  await once(socket, 'connect');
  const hears = async (reply: RegExp) => {
    const said = await until(
      `it says ${reply}`,
      () => reply.test(heard) || (heard.startsWith('421') && 'no'),
    );
    if (said === 'no') throw new Error(heard);
    heard = '';
  };
  await hears(greeting);
  return {
    socket,
    hears,
    async says(line: string, reply: RegExp) {
      socket.write(`${line}\r\n`);
      await hears(reply);
    },
  };
}

test('what is no mail for us: no relay, no login, no list of users, no endless header', async () => {
  const line = await dial(world.mailPort!);
  await line.says('EHLO x.example', /^250[ -][^]*\n250 /m);
  await line.says('AUTH PLAIN AAAA', /^5\d\d /);
  await line.says('STARTTLS', /^5\d\d /);
  await line.says('VRFY answers@shop.example', /^25[02] |^5\d\d /);
  await line.says('MAIL FROM:<a@x.example>', /^250 /);
  await line.says('RCPT TO:<answers@shop.example\0>', /^5\d\d /);
  await line.says('RCPT TO:<"answers@shop.example"@elsewhere.example>', /^5\d\d /);
  await line.says('RCPT TO:<@shop.example:answers@elsewhere.example>', /^5\d\d /);
  await line.says('RCPT TO:<answers@shop.example>', /^250 /);
  await line.says('DATA', /^354 /);
  await line.says(`From: a@x.example\r\n${'X: y\r\n'.repeat(100_000)}\r\nx\r\n.`, /^554 5\.6\.0/);
  await line.says('MAIL FROM:<zoë@münchen.example> SMTPUTF8', /^250 /);
  await line.says('RCPT TO:<answers@shop.example>', /^250 /);
  await line.says('DATA', /^354 /);
  await line.says('From: zoë@münchen.example\r\nSubject: ß\r\n\r\nGrüße\r\n.', /^250 /);
  assert.equal((await said('zoë@münchen.example'))[0]!.content.text, 'Grüße');
  line.socket.destroy();
});

test('a mail that is too large is refused to its end, and the connection goes on', async () => {
  const line = await dial(world.mailPort!);
  await line.says('HELO x.example', /^250 /);
  await line.says('MAIL FROM:<a@x.example>', /^250 /);
  await line.says('RCPT TO:<answers@shop.example>', /^250 /);
  await line.says('DATA', /^354 /);
  const chunk = `${'x'.repeat(998)}\r\n`.repeat(1024);
  for (let sentMb = 0; sentMb < 27; sentMb++) if (!line.socket.write(chunk)) await once(line.socket, 'drain');
  await line.says('.', /^552 5\.3\.4/);
  await line.says('MAIL FROM:<a@x.example> SIZE=40000000', /^552 /);
  await line.says('NOOP', /^250 /);
  line.socket.destroy();
});

test('a subject or a name whose cut would fall within a character is taken by SMTP and by HTTP, and nothing has half of one', async () => {
  const url = `${world.url}/callbacks/${toHex24(integration.id)}/${integration.callbackKey}/mail`;
  const halves = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]|\ufffd/;
  for (const before of [126, 127, 198, 199, 253, 254, 255]) {
    const long = `${'s'.repeat(before)}😀`;
    const raw = (from: string) =>
      `From: "${long}" <${from}>\r\nTo: answers@shop.example\r\nMessage-ID: <cut.${from}>\r\nSubject: ${long}\r\n` +
      'MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nhello\r\n';
    const [bySmtp, byHttp] = [`cut${before}@people.example`, `cut${before}h@people.example`];
    assert.equal(
      await mailTo({ envelope: { from: bySmtp, to: 'answers@shop.example' }, raw: raw(bySmtp) }),
      undefined,
    );
    const answer = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'message/rfc822',
        'x-envelope-from': byHttp,
        'x-envelope-to': 'answers@shop.example',
      },
      body: raw(byHttp),
    });
    assert.equal(answer.status, 200);
    for (const address of [bySmtp, byHttp]) {
      const [message, ...more] = await said(address);
      assert.equal(more.length, 0);
      const { subject } = message!.content;
      assert.ok(long.startsWith(subject) && subject.length >= Math.min(before, 254), `${before} ${subject}`);
      const [row] = await world.ctx.sql<{ kept: string }[]>`
        SELECT to_jsonb(d)::text AS kept FROM destinations d WHERE address = ${address}`;
      assert.doesNotMatch(subject + row!.kept, halves);
    }
  }
});

test('senders whose names are legal or careless are taken, quoted or not', async () => {
  for (const [at, name] of [
    'ann..b.@docomo.example',
    '.ann@docomo.example',
    '"ann..b"@docomo.example',
    '"ann smith"@people.example',
    '"ann@home"@people.example',
    '"ann\\"s > <x"@people.example',
    "o'neil+x=y@people.example",
    'SRS0=abc=de=people.example=ann@forward.example',
  ].entries()) {
    const line = await dial(world.mailPort!);
    await line.says('EHLO x.example', /^250 /m);
    await line.says(`MAIL FROM:<${name}> SIZE=100`, /^250 /);
    await line.says('RCPT TO:<answers@shop.example>', /^250 /);
    await line.says('DATA', /^354 /);
    const from = /@home|>/.test(name) ? 'other@people.example' : name;
    const id = `<careless-${at}@x.example>`;
    await line.says(`From: ${from}\r\nMessage-ID: ${id}\r\n\r\nHello\r\n.`, /^250 /);
    line.socket.destroy();
  }
  assert.equal((await said('"ann smith"@people.example')).length, 1);
  assert.equal((await said('ann..b.@docomo.example')).length, 1);
});

test('one address does not take all connections, and those that it ends are free again', async () => {
  const own = await startWorld(database.connection, MAIL_ENV);
  const opened: Awaited<ReturnType<typeof dial>>[] = [];
  for (let count = 0; count < 20; count++) opened.push(await dial(own.mailPort!));
  await dial(own.mailPort!, /^421 4\.7\.0/);
  opened[0]!.socket.destroy();
  const { socket } = await until('there is room again', () => dial(own.mailPort!).catch(() => undefined));
  for (const one of [socket, ...opened.map((line) => line.socket)]) one.destroy();
  await own.stop();
});

test('with a certificate of its own the listener offers STARTTLS', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'parley-mail-'));
  const [cert, key] = [join(dir, 'cert.pem'), join(dir, 'key.pem')];
  await writeFile(cert, CERTIFICATE);
  await writeFile(key, KEY);
  const secured = await startWorld(database.connection, {
    ...MAIL_ENV,
    PARLEY_MAIL_TLS_CERT: cert,
    PARLEY_MAIL_TLS_KEY: key,
  });
  const transport = createTransport({
    host: '127.0.0.1',
    port: secured.mailPort!,
    requireTLS: true,
    tls: { ca: CERTIFICATE, servername: 'localhost' },
  });
  await transport.sendMail({ from: 'ivy@people.example', to: 'answers@shop.example', text: 'Sealed' });
  transport.close();
  assert.equal((await said('ivy@people.example'))[0]!.content.text, 'Sealed');
  await secured.stop();
  await rm(dir, { recursive: true });
  const half = readConfig({ PARLEY_MAIL_TLS_CERT: cert });
  assert.deepEqual(half, { faults: ['PARLEY_MAIL_TLS_CERT and PARLEY_MAIL_TLS_KEY: set both or none'] });
});

test('a file that is not there stops the start, and without a host no mail is taken', async () => {
  const env = { ...MAIL_ENV, PARLEY_MAIL_TLS_CERT: '/nowhere/cert', PARLEY_MAIL_TLS_KEY: '/nowhere/key' };
  await assert.rejects(startWorld(database.connection, env), /nowhere/);
  const taken = { ...MAIL_ENV, PARLEY_MAIL_PORT: String(world.mailPort) };
  await assert.rejects(startWorld(database.connection, taken), /EADDRINUSE/);
  const quiet = await startWorld(database.connection, {});
  assert.equal(quiet.mailPort, undefined);
  await quiet.stop();
});

test('stopping: a mail in the middle is taken, who is idle is sent away, nobody new is heard', async () => {
  const second = await startWorld(database.connection, MAIL_ENV);
  const port = second.mailPort!;
  const busy = await dial(port);
  const idle = await dial(port);
  await busy.says('EHLO x.example', /\n250 /);
  await busy.says('MAIL FROM:<hal@people.example>', /^250 /);
  await busy.says('RCPT TO:<answers@shop.example>', /^250 /);
  await busy.says('DATA', /^354 /);
  busy.socket.write('From: hal@people.example\r\nMessage-ID: <middle@x>\r\n\r\nIn the ');
  const stopped = second.stop();
  await idle.hears(/^421 /);
  await busy.says('middle\r\n.', /^250 /);
  await stopped;
  assert.equal((await said('hal@people.example'))[0]!.content.text, 'In the middle');
  const late = connect(port, '127.0.0.1');
  const [error] = await once(late, 'error');
  assert.equal(error.code, 'ECONNREFUSED');
});
