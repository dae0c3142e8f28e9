/** E-mail through Mailgun, both ways: what goes there, what its webhooks teach, and an answer that becomes a thread. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { toHex24 } from '../src/base/ids.ts';
import { resolvePeople } from '../src/contacts/resolve/resolve.ts';
import { testDatabase } from './support/database.ts';
import { deliveriesOf, newConsoleKey, newIntegration, reaches, sendMessage } from './support/messages.ts';
import { startReceiver } from './support/receiver.ts';
import { until } from './support/until.ts';
import { callApi, newWorkspace, startWorld, type World } from './support/world.ts';

const DOMAIN = 'mg.shop.example';
const SENDS = `/v3/${DOMAIN}/messages`;

const database = await testDatabase();
const provider = await startReceiver();
let world: World;
let app: Awaited<ReturnType<typeof newWorkspace>>;
let mailgun: Awaited<ReturnType<typeof newIntegration>>;
let consoleKey: string;
let count = 0;

before(async () => {
  provider.answer(SENDS, { status: 200, body: '{"id":"<queued@mailgun>","message":"Queued. Thank you."}' });
  world = await startWorld(database.connection, { PARLEY_PROVIDER_DEADLINE_MS: '2000' });
  app = await newWorkspace(world.ctx, 'live');
  mailgun = await newIntegration(world.ctx, app.id, 'mailgun', {
    apiKey: 'key',
    domain: DOMAIN,
    signingKey: 'signing-key',
    incomingAddress: `answers@${DOMAIN}`,
    baseUrl: provider.url('').replace(/\/$/, ''),
  });
  consoleKey = await newConsoleKey(world.ctx, app.id);
});
after(() => world.stop());

const api = async (method: string, path: string, body?: object) => {
  const { status, json } = await callApi(
    world,
    consoleKey,
    method,
    `/api/workspaces/${app.appId}${path}`,
    body,
  );
  assert.ok(status < 300, JSON.stringify(json));
  return json;
};
const send = async (address: string, content: object, more: object = {}) => {
  const destination = { channel: 'email', address };
  return await sendMessage(world, { appId: app.appId, consoleKey }, { destination, content, ...more });
};

/** The fields of the last mail to an address, as Mailgun got them. */
async function mailTo(address: string): Promise<FormData> {
  const calls = await Promise.all(
    provider.received(SENDS).map(async ({ body, headers }) => {
      const type = String(headers['content-type']);
      return await new Response(body, { headers: { 'content-type': type } }).formData();
    }),
  );
  const found = calls.findLast((form) => form.getAll('to').includes(address));
  assert.ok(found, `no mail to ${address}`);
  return found;
}

function signature() {
  const timestamp = String(Math.floor(world.ctx.clock.nowMs() / 1000));
  const token = String(++count).padStart(50, 'a');
  return {
    timestamp,
    token,
    signature: createHmac('sha256', 'signing-key')
      .update(timestamp + token)
      .digest('hex'),
  };
}

const urlOf = (purpose: string) =>
  `${world.url}/callbacks/${toHex24(mailgun.id)}/${mailgun.callbackKey}/${purpose}`;

/** An event of Mailgun about a delivery; answers the status. */
async function tell(ref: string, event: object, signed: object = signature()): Promise<number> {
  const data = {
    id: `event-${++count}`,
    timestamp: world.ctx.clock.nowMs() / 1000,
    message: { headers: { 'message-id': `${ref}@${DOMAIN}` } },
    'user-variables': { ref },
    ...event,
  };
  const response = await fetch(urlOf('status'), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ signature: signed, 'event-data': data }),
  });
  return response.status;
}

/** A mail of a person, as a route of Mailgun forwards it. */
async function write(from: string, fields: Record<string, string>): Promise<void> {
  const form = new FormData();
  const all = { ...signature(), sender: from, from, recipient: `answers@${DOMAIN}`, ...fields };
  for (const [name, value] of Object.entries(all)) form.set(name, value);
  assert.equal((await fetch(urlOf('inbound'), { method: 'POST', body: form })).status, 200);
}

async function sent(address: string, content: object, more: object = {}) {
  const messageId = await send(address, content, more);
  const delivery = await reaches(world.ctx, messageId, 'accepted');
  const ref = (await mailTo(address)).get('v:ref') as string;
  return { messageId, delivery, ref };
}

/** What becomes of one more message to the address, of a class. */
async function next(address: string, messageClass: string): Promise<string> {
  const messageId = await send(address, { type: 'text', text: 'Again' }, { class: messageClass });
  return await until('the message is sent or suppressed', async () => {
    const [delivery] = await deliveriesOf(world.ctx, messageId);
    return delivery!.state === 4 ? 'sent' : delivery!.state === 11 ? delivery!.code! : undefined;
  });
}

const blockedOf = async (address: string) => {
  const { contacts } = await api('GET', `/contacts?search=${encodeURIComponent(address)}`);
  const { destinations } = await api('GET', `/contacts/${contacts[0].id}`);
  return destinations.map((one: Record<string, unknown>) => [one['blocked'], one['blockedReason']]);
};

test('text, HTML, attachment and inline picture arrive as they are', async () => {
  provider.answer('/logo.png', { status: 200, headers: { 'content-type': 'image/png' }, body: 'PNG' });
  provider.answer('/a.pdf', { status: 200, headers: { 'content-type': 'application/pdf' }, body: 'PDF' });
  await sent('ann@people.example', {
    type: 'text',
    text: 'Your invoice',
    subject: 'Invoice 12',
    html: '<p><img src="cid:logo.png"> Your invoice</p>',
    attachments: [
      { url: provider.url('/logo.png'), name: 'logo.png' },
      { url: provider.url('/a.pdf'), name: 'a.pdf' },
    ],
  });
  const form = await mailTo('ann@people.example');
  assert.deepEqual([form.get('subject'), form.get('text')], ['Invoice 12', 'Your invoice']);
  assert.match(form.get('html') as string, /cid:logo\.png/);
  const files = ['inline', 'attachment'].map((name) => form.get(name) as File);
  assert.deepEqual(
    files.map(({ name, type }) => [name, type]),
    [
      ['logo.png', 'image/png'],
      ['a.pdf', 'application/pdf'],
    ],
  );
});

test('an answer is in the conversation without what was quoted, the whole is kept, and our answer joins its thread', async () => {
  const { ref } = await sent('bea@people.example', { type: 'text', text: 'Coming?', subject: 'Friday' });
  const whole = 'Yes, at eight.\r\n\r\nOn Thursday Shop wrote:\r\n> Coming?';
  await write('Bea <bea@people.example>', {
    subject: 'Re: Friday',
    'body-plain': whole,
    'stripped-text': 'Yes, at eight.',
    'Message-Id': '<two@people.example>',
    'In-Reply-To': `<${ref}@${DOMAIN}>`,
    References: `<${ref}@${DOMAIN}>`,
  });
  const { contacts } = await api('GET', '/contacts?search=bea@people.example');
  assert.equal(contacts.length, 1, 'the answer is of who was written to');
  const { entries } = await api('GET', `/contacts/${contacts[0].id}/history`);
  const [answer, first] = entries.map((one: Record<string, unknown>) => one['message']);
  assert.deepEqual([answer.content.text, answer.content.subject], ['Yes, at eight.', 'Re: Friday']);
  assert.equal(answer.source.mail.fullText, whole);
  assert.equal(answer.conversationId, first.conversationId);

  const reply = await sent('bea@people.example', { type: 'text', text: 'See you.' });
  const form = await mailTo('bea@people.example');
  assert.equal(form.get('h:In-Reply-To'), '<two@people.example>');
  assert.equal(form.get('h:References'), `<${ref}@${DOMAIN}> <two@people.example>`);
  assert.equal(form.get('subject'), 'Re: Friday');
  assert.equal(form.get('h:Message-Id'), `<${reply.ref}@${DOMAIN}>`);
  await sent('bea@people.example', { type: 'text', text: 'By the way', subject: 'Saturday' });
  assert.equal((await mailTo('bea@people.example')).get('subject'), 'Saturday');
});

test('who wrote no mail, and a mail without an id, have no thread', async () => {
  await sent('cas@people.example', { type: 'text', text: 'Hello' });
  assert.equal((await mailTo('cas@people.example')).get('h:In-Reply-To'), null);
  await write('cas@people.example', { subject: 'x', 'body-plain': 'Hi', 'stripped-text': 'Hi' });
  await sent('cas@people.example', { type: 'text', text: 'Hello again' });
  assert.equal((await mailTo('cas@people.example')).get('h:In-Reply-To'), null);
});

test('a bounce: failed with the code of the other server, and the address is suppressed', async () => {
  const { messageId, ref } = await sent('gone@people.example', { type: 'text', text: 'Hello' });
  const bounced = {
    event: 'failed',
    severity: 'permanent',
    reason: 'bounce',
    recipient: 'gone@people.example',
    'delivery-status': { code: 550, 'enhanced-code': '5.1.1', message: 'No such user' },
  };
  assert.equal(await tell(ref, { ...bounced, severity: 'temporary' }), 200);
  assert.equal(await tell(ref, bounced), 200);
  const failed = await reaches(world.ctx, messageId, 'failed');
  assert.deepEqual([failed.code, failed.detail], ['5.1.1', 'No such user']);
  assert.deepEqual(await blockedOf('gone@people.example'), [
    [['transactional', 'marketing', 'authentication'], 'dead address (5.1.1)'],
  ]);
  assert.notEqual(await next('gone@people.example', 'transactional'), 'sent');
});

test('delivered first and bounced later: the state stays, the address is suppressed', async () => {
  const { messageId, ref } = await sent('late@people.example', { type: 'text', text: 'Hello' });
  assert.equal(await tell(ref, { event: 'delivered', recipient: 'late@people.example' }), 200);
  await reaches(world.ctx, messageId, 'delivered');
  const status = { code: 550, 'enhanced-code': '5.1.1', message: 'No such user' };
  const late = { event: 'failed', severity: 'permanent', reason: 'bounce', 'delivery-status': status };
  for (let time = 0; time < 2; time++)
    assert.equal(await tell(ref, { ...late, recipient: 'late@people.example' }), 200);
  const { code, detail } = await reaches(world.ctx, messageId, 'delivered');
  assert.deepEqual([code, detail], ['5.1.1', 'No such user']);
  const [log] = await world.ctx.sql<{ n: number }[]>`
    SELECT count(*) AS n FROM consent_log WHERE workspace_id = ${app.id} AND address = 'late@people.example'`;
  assert.equal(log!.n, 1, 'told twice, written once');
  assert.notEqual(await next('late@people.example', 'transactional'), 'sent');
});

test('12.17 a complaint ends what it was about and marketing, and no password reset; an unsubscription at Mailgun ends marketing; neither is something that was said', async () => {
  const complained = await sent('cross@people.example', { type: 'text', text: 'Hello' });
  for (let time = 0; time < 2; time++)
    await tell(complained.ref, { event: 'complained', id: 'complaint-1', recipient: 'cross@people.example' });
  const [log] = await world.ctx.sql<{ n: number }[]>`
    SELECT count(*) AS n FROM consent_log WHERE workspace_id = ${app.id} AND reason = 'complaint'`;
  assert.equal(log!.n, 1, 'told twice, written once');
  assert.deepEqual(await blockedOf('cross@people.example'), [[['transactional', 'marketing'], 'complaint']]);
  assert.notEqual(await next('cross@people.example', 'transactional'), 'sent');
  assert.equal(await next('cross@people.example', 'authentication'), 'sent');
  const left = await sent('left@people.example', { type: 'text', text: 'Hello' });
  await tell(left.ref, { event: 'unsubscribed', recipient: 'left@people.example' });
  assert.deepEqual(await blockedOf('left@people.example'), [[['marketing'], 'stop']]);
  assert.notEqual(await next('left@people.example', 'marketing'), 'sent');
  assert.equal(await next('left@people.example', 'transactional'), 'sent');
  for (const { messageId } of [complained, left]) await reaches(world.ctx, messageId, 'delivered');
  const [row] = await world.ctx.sql<{ n: number }[]>`
    SELECT count(*) AS n FROM messages WHERE workspace_id = ${app.id} AND direction = 'in' AND content ->> 'text' = ''`;
  assert.equal(row!.n, 0);
});

test('opened is read, unless a program opened it; a forged event changes nothing', async () => {
  const { messageId, ref } = await sent('dee@people.example', { type: 'text', text: 'Hello' });
  const opened = { event: 'opened', recipient: 'dee@people.example' };
  assert.equal(await tell(ref, opened, { ...signature(), signature: 'f0' }), 406);
  await tell(ref, { ...opened, 'client-info': { bot: 'apple' } });
  await tell(ref, { event: 'delivered', recipient: 'dee@people.example' });
  await reaches(world.ctx, messageId, 'delivered');
  await tell(ref, opened);
  await reaches(world.ctx, messageId, 'read');
});

const PEOPLE = 300;
const MJML = `<mjml><mj-body><mj-section><mj-column><mj-text>Hi {{ contact.givenName }}</mj-text>
  <mj-button href="https://shop.example/?for={{ contact.givenName }}">Go</mj-button></mj-column></mj-section></mj-body></mjml>`;

test('a personalised broadcast in MJML: few calls, each person their own words, and one click ends it', async () => {
  const made = await world.ctx.queue.transact((tx) =>
    resolvePeople(
      tx,
      world.ctx.ids,
      world.ctx.clock.nowMs(),
      Array.from({ length: PEOPLE }, (_, n) => ({
        workspaceId: app.id,
        identities: [{ kind: 'email' as const, value: `n${n}@crowd.example` }],
        destinations: [{ channel: 'email' as const, integrationId: null, address: `n${n}@crowd.example` }],
        profile: { givenName: `Ann${n} & Co` },
      })),
      'first',
    ),
  );
  const tag = await api('POST', '/tags', { name: 'crowd' });
  await api('POST', `/tags/${tag.id}/members`, { add: made.map(({ contactId }) => toHex24(contactId)) });
  const before = provider.received(SENDS).length;
  const { id } = await api('POST', '/broadcasts', {
    name: 'News',
    channel: 'email',
    class: 'marketing',
    audience: { include: { tags: ['crowd'] } },
    content: {
      type: 'text',
      text: 'Hi {{ contact.givenName }}',
      subject: 'For {{ contact.givenName }}',
      mjml: MJML,
    },
  });
  await api('POST', `/broadcasts/${id}/start`);
  await until('all are sent', async () => (await api('GET', `/broadcasts/${id}`)).state === 'done');
  const calls = provider.received(SENDS).slice(before);
  assert.ok(calls.length < PEOPLE / 3, `${calls.length} calls`);
  const mails = new Map<string, Record<string, string>>();
  for (const { body, headers } of calls) {
    const type = String(headers['content-type']);
    const form = await new Response(body, { headers: { 'content-type': type } }).formData();
    const variables = JSON.parse((form.get('recipient-variables') as string | null) ?? '{}');
    for (const address of form.getAll('to') as string[]) {
      const fill = (text: string) =>
        text.replaceAll(/%recipient\.(\w+)%/g, (_, name: string) => variables[address][name]);
      assert.ok(!mails.has(address), `twice to ${address}`);
      mails.set(address, Object.fromEntries([...form].map(([name, value]) => [name, fill(value as string)])));
    }
  }
  assert.equal(mails.size, PEOPLE);
  for (const n of [0, 7, PEOPLE - 1]) {
    const mail = mails.get(`n${n}@crowd.example`)!;
    assert.equal(mail['subject'], `For Ann${n} & Co`);
    assert.match(mail['text']!, new RegExp(`^Hi Ann${n} & Co\n`));
    assert.ok(mail['html']!.includes(`Hi Ann${n} &amp; Co`) && mail['html']!.includes('<table'));
  }
  const mine = mails.get('n7@crowd.example')!;
  assert.equal(mine['h:List-Unsubscribe-Post'], 'List-Unsubscribe=One-Click');
  const leave = /^<(.+)>$/.exec(mine['h:List-Unsubscribe']!)![1]!;
  const left = await fetch(leave, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'List-Unsubscribe=One-Click',
  });
  assert.equal(left.status, 200);
  assert.deepEqual(await blockedOf('n7@crowd.example'), [[['marketing'], 'unsubscribed']]);
});

test('a picture of our own tells of opening with Mailgun, too, when the workspace asks for it', async () => {
  await api('PATCH', '', { settings: { trackOpens: true } });
  const { messageId } = await sent('eve@people.example', { type: 'text', text: 'Hello' });
  const picture = /<img src="([^"]+\/o\/[^"]+)"/.exec(
    (await mailTo('eve@people.example')).get('html') as string,
  )![1]!;
  assert.equal((await fetch(picture)).status, 200);
  await reaches(world.ctx, messageId, 'read');
  await api('PATCH', '', { settings: { trackOpens: false } });
  await sent('fay@people.example', { type: 'text', text: 'Hello' });
  assert.ok(!((await mailTo('fay@people.example')).get('html') as string).includes('/o/'));
});
