/** What goes on the wire for one recipient: the address, its own headers and key, how long it lives, and what is told of nobody. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Content } from '../../../contract/content.ts';
import type { Workspace } from '../../accounts/workspaces.ts';
import type { Db, Sql } from '../../db/pool.ts';
import { isFault } from '../../base/fault.ts';
import type { Person, Reachable } from '../../contacts/person.ts';
import { compile } from '../../content/compile.ts';
import type { OpenIntegration } from '../../senders/senders.ts';
import type { Subject } from '../outcome/decide.ts';
import { toWire, variablesOf, type Draft } from './wire.ts';
import { withPixel } from './opens.ts';
import { isCutOff, whereNow } from './shown.ts';
import { threadOptions } from './threads.ts';
import { most, togetherKey } from './together.ts';

const NOW = 1_700_000_000_000;
const AHEAD = 500_000;
const item = {
  bucket: 7,
  ownerId: 7,
  causeId: 8,
  seq: 2,
  attempt: 0,
  stream: 0,
  workspaceId: 3,
  dueMs: NOW,
};
const at = (channel: string, address: string, destinationId = 1): Reachable => ({
  destinationId,
  channel,
  integrationId: null,
  address,
  status: 'active',
  blocks: null,
  lastInboundMs: null,
  linkedMs: 0,
});
const ann: Person = {
  contactId: 7,
  workspaceId: 3,
  externalId: null,
  givenName: 'Ann',
  surname: null,
  attributes: null,
  timeZone: null,
  locale: null,
  disconnectedMs: null,
  destinations: [at('email', 'ann@people.example', 1), at('sms', '+15550001', 2)],
};
const ready = (content: Content) => {
  const compiled = compile(content);
  if (isFault(compiled)) throw new Error(compiled.message);
  return compiled;
};
const HELLO: Content = { type: 'text', subject: 'Hello', text: 'Hello' };

/** Ann's message on a channel. */
function wire(
  channel: 'email' | 'sms',
  more: {
    draft?: Partial<Draft>;
    settings?: Record<string, unknown>;
    content?: Content;
    person?: Person;
  } = {},
) {
  const subject = { item, channel, vars: null } as unknown as Subject;
  const draft = {
    item,
    bulk: false,
    class: 'transactional',
    expiresMs: NOW + AHEAD + 90_500,
    compiled: ready(more.content ?? HELLO),
    wasUnknown: false,
    ...more.draft,
  } as Draft;
  const open = {
    adapter: { channel },
    integration: { id: 5 },
    idempotent: true,
    bulkIdempotent: false,
    canTell: true,
    callbackBase: 'https://parley.example/status?ref=',
  } as unknown as OpenIntegration;
  const own = {
    unsubscribeUrl: () => 'https://parley.example/u/1',
    pixelUrl: () => 'https://parley.example/o/1',
  };
  const workspace = { id: 3, name: 'Shop', settings: more.settings ?? {}, clockAheadMs: AHEAD } as Workspace;
  const person = more.person ?? ann;
  const destination = person.destinations.find((one) => one.channel === channel)!;
  const made = toWire({ own, nowMs: NOW }, draft, subject, open, destination, person, workspace);
  assert.ok('outgoing' in made, JSON.stringify(made));
  const { outgoing } = made;
  const mail = outgoing.rendered.channel === 'email' ? outgoing.rendered : undefined;
  return { outgoing, subject, mail, headers: mail?.headers };
}

test('a delivery has a key and a place for its receipts of its own, and lives as long as its workspace’s clock says', () => {
  const { outgoing, subject } = wire('sms');
  assert.deepEqual(
    [outgoing.ref, outgoing.idempotencyKey, outgoing.callbackUrl, outgoing.to, outgoing.ttlS],
    ['8.7.2', '8.7.2', 'https://parley.example/status?ref=8.7.2', '+15550001', 90],
  );
  assert.deepEqual([subject.idempotent, subject.canTell], [true, true]);
  assert.equal(wire('sms', { draft: { bulk: true } }).subject.idempotent, false, 'in batches it is not');
});

test('marketing by mail is left by one click, and nothing else is', () => {
  const leaves = (draft: Partial<Draft>) => wire('email', { draft }).headers?.['List-Unsubscribe'];
  assert.equal(leaves({ class: 'marketing' }), '<https://parley.example/u/1>');
  assert.equal(leaves({ class: 'transactional' }), undefined);
  assert.equal(leaves({ class: 'authentication' }), undefined);
  const { headers } = wire('email', { draft: { class: 'marketing' } });
  assert.equal(headers?.['List-Unsubscribe-Post'], 'List-Unsubscribe=One-Click');
});

test('what goes out by itself says so, what is said in a conversation does not', () => {
  assert.equal(wire('email').headers?.['Auto-Submitted'], 'auto-generated');
  assert.equal(wire('email', { draft: { conversationId: 9 } }).headers?.['Auto-Submitted'], undefined);
});

test('a mail is watched for being opened only where the workspace asks for it', () => {
  const html: Content = { ...HELLO, html: '<p>Hello</p>' };
  const seen = (settings: Record<string, unknown>) =>
    /parley\.example\/o\/1/.test(wire('email', { settings, content: html }).mail!.html ?? '');
  assert.deepEqual([seen({}), seen({ trackOpens: true })], [false, true]);
});

test('text messages that take several are counted, on SMS alone', () => {
  const content: Content = { type: 'text', text: 'x'.repeat(400) };
  assert.equal(wire('sms', { content }).subject.segments, 3);
  assert.equal(wire('sms').subject.segments, undefined);
  assert.equal(wire('email', { content: { ...content, subject: 'x' } }).subject.segments, undefined);
});

test('a message may name the other addresses of its recipient, but for an id of WhatsApp, which is no phone number', () => {
  const workspace = { name: 'Shop' };
  const of = (person: Person, destination = person.destinations[0]!) =>
    variablesOf(person, destination, workspace).contact as Record<string, unknown>;
  assert.deepEqual([of(ann)['phone'], of(ann)['email']], ['+15550001', 'ann@people.example']);
  const onWhatsApp = { ...ann, destinations: [at('whatsapp', 'US.1234567890123456')] };
  assert.deepEqual([of(onWhatsApp)['phone'], of(onWhatsApp)['email']], [null, null]);
});

test('who looks at the web chat is written to there, who does not elsewhere; whoever has no web chat, anywhere', () => {
  const [web, sms] = [at('webchat', 'w', 1), at('sms', '+1', 2)];
  assert.deepEqual(whereNow([web, sms], true), [web]);
  assert.deepEqual(whereNow([web, sms], false), [sms]);
  assert.deepEqual(whereNow([sms], true), [sms]);
  assert.deepEqual(whereNow([web], false), [web], 'there is nowhere else');
  const gone = { ...sms, status: 'inactive' as const };
  assert.deepEqual(whereNow([web, gone], false), [web, gone], 'what is out of use is nowhere');
});

test('marketing names the way out where it is asked for, on any channel; what is no marketing has none', () => {
  const content: Content = { type: 'text', text: 'News. Out: {{ links.unsubscribe }}' };
  const textOf = (draft: Partial<Draft>) => {
    const { rendered } = wire('sms', { draft, content }).outgoing;
    return 'text' in rendered ? rendered.text : undefined;
  };
  assert.equal(textOf({ class: 'marketing' }), 'News. Out: https://parley.example/u/1');
  assert.throws(() => textOf({ class: 'transactional' }), /links.unsubscribe|unsubscribe/);
});

test('so many go together as five hundred items are, one batch at the least; what campaigns send by itself', () => {
  assert.deepEqual(
    [[], [500], [501], [500, 1], [200, 300, 1], [1, 600], [600, 1]].map((sizes) => most(sizes)),
    [0, 1, 1, 1, 2, 1, 1],
  );
  const key = (distributed: boolean, stream: number) =>
    togetherKey(
      { placement: { distributed } } as Sql,
      { lane: { lane: 3 }, stream } as Parameters<typeof togetherKey>[1],
    );
  assert.deepEqual([key(false, 0), key(false, -5), key(true, 0), key(true, -5)], [1, -1, 4, -4]);
});

test('the picture that tells of opening stands at the end of what is seen, and a mail without HTML has none', () => {
  const mail = { channel: 'email', subject: 'x', text: 'x' } as Parameters<typeof withPixel>[0];
  const seen = (html?: string) => withPixel(html === undefined ? mail : { ...mail, html }, 'U').html;
  const pixel = '<img src="U" width="1" height="1" alt="">';
  assert.equal(seen(), undefined);
  assert.equal(seen('<p>x</p>'), `<p>x</p>${pixel}`);
  assert.equal(
    seen('<body><pre></body></pre>x</BODY></html>'),
    `<body><pre></body></pre>x${pixel}</BODY></html>`,
  );
});

test('an answer joins the thread of the last mail that its person wrote', async () => {
  const asked: unknown[] = [];
  const found = [
    { conversationId: 9, externalId: 'b@x', references: ['a@x', 'b@x', 'no <id>'], subject: 'Parcel' },
    { conversationId: 10, externalId: 'c@x', references: [], subject: 'AW: Parcel' },
    { conversationId: 11, externalId: 'two words', references: [], subject: null },
  ];
  const db = ((_texts: TemplateStringsArray, ...values: unknown[]) => {
    asked.push(...values);
    return Promise.resolve(found);
  }) as unknown as Db;
  const person = {
    ...ann,
    destinations: [
      { ...at('email', 'a@x.example'), lastInboundMs: 5 },
      { ...at('email', 'b@x.example', 2), lastInboundMs: 9 },
      { ...at('sms', '+1', 3), lastInboundMs: 99 },
    ],
  };
  const answers = [9, 10, 11].map((conversationId) => ({ contactId: 7, conversationId }));
  const options = await threadOptions(db, answers, new Map([[7, person]]));
  assert.deepEqual(asked.at(-1), [9, 9, 9], 'the last of several');
  assert.deepEqual(
    [...options],
    [
      [9, { subject: 'Re: Parcel', headers: { 'In-Reply-To': '<b@x>', References: '<a@x> <b@x>' } }],
      [10, { subject: 'AW: Parcel', headers: { 'In-Reply-To': '<c@x>', References: '<c@x>' } }],
    ],
  );
  assert.equal((await threadOptions(db, answers, new Map([[7, ann]]))).size, 0, 'who wrote no mail');
});

test('what was said to an account before it disconnected is cut off: all of a run or a campaign, else what its devices were to be told', () => {
  const account = { ...ann, disconnectedMs: 100, destinations: [at('push', 't', 1), at('sms', '+1', 2)] };
  const cut = (more: Partial<Draft> & { stream?: number }, person: Person = account) =>
    isCutOff({ item: { ...item, stream: more.stream ?? 0 }, saidMs: 100, ...more } as Draft, person);
  assert.deepEqual(
    [cut({ stream: 5 }), cut({ stream: -5 }), cut({}), cut({ channel: 'push' }), cut({ channel: 'sms' })],
    [true, true, false, true, false],
  );
  assert.deepEqual([cut({ destinationId: 1 }), cut({ destinationId: 2, channel: 'push' })], [true, false]);
  assert.equal(cut({ stream: 5, saidMs: 101 }), false, 'said since');
  assert.equal(cut({ stream: 5 }, { ...account, disconnectedMs: null }), false);
});
