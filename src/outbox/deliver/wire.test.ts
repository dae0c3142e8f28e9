/** What goes on the wire for one recipient: the address, its own headers and key, how long it lives, and what is told of nobody. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Content } from '../../../contract/content.ts';
import type { Workspace } from '../../accounts/workspaces.ts';
import { isFault } from '../../base/fault.ts';
import type { Person, Reachable } from '../../contacts/person.ts';
import { compile } from '../../content/compile.ts';
import type { OpenIntegration } from '../../senders/senders.ts';
import type { Subject } from '../outcome/decide.ts';
import { toWire, variablesOf, type Draft } from './wire.ts';
import { whereNow } from './shown.ts';

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
