/** Meta's callbacks: the collected vector and examples, statuses, every kind of message, people without a number. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { hmac } from '../../base/crypto.ts';
import { httpClient } from '../../base/http.ts';
import type { CallbackRequest, Inbound, Receipt } from '../adapter.ts';
import { contractOf } from '../testing/contract.ts';
import { WHATSAPP, WHATSAPP_INCOMING, WHATSAPP_SIGNED } from '../testing/contracts/whatsapp.ts';
import { startFake } from '../testing/fake.ts';
import { SUITE_DEADLINE_MS, SUITE_NOW_MS } from '../testing/conformance.ts';
import { whatsapp } from './adapter.ts';
import { fetchMedia, mediaRequest } from './media.ts';

const SECRET = 'meta-app-secret-0123456789abcdef';
const NUMBER = '106540352242922';
const settings = { phoneNumberId: NUMBER, accessToken: 'token-0123', appSecret: SECRET };

const post = (body: string): CallbackRequest => ({
  method: 'POST',
  url: 'https://msg.example.org/callbacks/int_1/key/inbound',
  purpose: 'inbound',
  query: {},
  headers: { 'x-hub-signature-256': `sha256=${hmac('sha256', SECRET, Buffer.from(body), 'hex')}` },
  body: Buffer.from(body),
});
const metadata = { display_phone_number: '15550783881', phone_number_id: NUMBER };
const read = (...changes: { field?: string; value: Record<string, unknown> }[]) => {
  const entry = changes.map(({ field = 'messages', value }) => ({
    id: '1022',
    changes: [{ field, value: { messaging_product: 'whatsapp', metadata, ...value } }],
  }));
  const callback = whatsapp.receive!(
    post(JSON.stringify({ object: 'whatsapp_business_account', entry })),
    settings,
  );
  ok(callback.kind === 'parsed');
  equal(callback.answer.status, 200);
  return callback;
};
const contacts = [{ profile: { name: 'Ada' }, wa_id: '16505551234' }];
const inbound = (message: Record<string, unknown>, people: unknown[] = contacts): Inbound | undefined =>
  read({
    value: {
      contacts: people,
      messages: [{ from: '16505551234', id: 'wamid.1', timestamp: '1749416383', ...message }],
    },
  }).inbound[0];
const receipts = (...statuses: Record<string, unknown>[]): Receipt[] =>
  read({
    value: {
      statuses: statuses.map((given) => ({
        id: 'wamid.9',
        timestamp: '1750030073',
        recipient_id: '1',
        ...given,
      })),
    },
  }).receipts;

test('signatures: the vector of the contract', () => {
  const { appSecret, body, header } = WHATSAPP_SIGNED;
  const request = { ...post(body), headers: { 'x-hub-signature-256': header } };
  const callback = whatsapp.receive!(request, { ...settings, appSecret });
  ok(callback.kind === 'parsed');
  deepEqual(callback.receipts, [
    {
      externalId: 'wamid.Zm9v',
      state: 'failed',
      atMs: 1_764_000_000_000,
      code: '131026',
      class: 'recipient',
      detail: 'Nicht zustellbar ☀',
    },
  ]);
  equal(whatsapp.receive!(request, { ...settings, appSecret: `${appSecret}x` }).kind, 'forged');
  equal(whatsapp.receive!(request, { phoneNumberId: NUMBER }).kind, 'forged');
});

test('signatures are over the bytes: escaped text is not written anew', () => {
  const body = JSON.stringify({ object: 'x', entry: [] }).replace('x', '\\u00e9\\/');
  equal(whatsapp.receive!(post(body), settings).kind, 'parsed');
});

test('the kinds of message that the contract names are all understood', () => {
  for (const { message, seen } of WHATSAPP_INCOMING) {
    const given = { from: '31600000001', id: 'wamid.aW4=', timestamp: '1764000000', ...message };
    const { inbound } = read({ value: { messages: [given] } });
    const [one] = inbound;
    const shown = one?.movedTo ? '(a changed number)' : one?.location ? '(a place)' : one?.text;
    deepEqual([inbound.length, shown], [1, seen], JSON.stringify(message));
  }
  const groups = [{ timestamp: '1764000000', group_id: 'g', type: 'group_create', request_id: 'r' }];
  for (const field of ['group_lifecycle_update', 'group_settings_update', 'group_participants_update'])
    deepEqual(read({ field, value: { groups } }).inbound, [], field);
});

test('statuses: every state, the reference, and what a failure means', () => {
  const opaque = { biz_opaque_callback_data: 'c.1.a' };
  const base = { externalId: 'wamid.9', ref: 'c.1.a', atMs: 1_750_030_073_000 };
  const failed = (errors?: unknown[]) =>
    receipts({ status: 'failed', ...opaque, ...(errors ? { errors } : {}) })[0];
  deepEqual(
    receipts(
      ...['sent', 'delivered', 'read', 'played', 'deleted', 'warped', 'constructor', '__proto__'].map(
        (status) => ({
          status,
          ...opaque,
        }),
      ),
    ),
    [
      { ...base, state: 'accepted' },
      { ...base, state: 'delivered' },
      { ...base, state: 'read' },
      { ...base, state: 'read' },
    ],
  );
  const error = {
    code: 131049,
    title: 'Not delivered',
    message: 'Not delivered',
    error_data: { details: 'To maintain a healthy ecosystem' },
  };
  deepEqual(failed([error]), {
    ...base,
    state: 'failed',
    code: '131049',
    class: 'hold_24h',
    detail: 'Not delivered: To maintain a healthy ecosystem',
  });
  equal(failed([{ code: 131050 }])?.class, 'optout');
  equal(failed([{ code: 131026, title: 'Message undeliverable' }])?.class, 'recipient');
  deepEqual([failed()?.code, failed()?.class], ['failed', 'transient']);
  // Sent by another program through the same number: nothing of ours to name.
  deepEqual(receipts({ status: 'read', biz_opaque_callback_data: '{"user": 56}' }), [
    { externalId: 'wamid.9', state: 'read', atMs: base.atMs },
  ]);
});

test('a batch of several entries, and a repeat of it, read the same', () => {
  const value = (id: string) => ({
    contacts,
    messages: [{ from: '16505551234', id, timestamp: '1', type: 'text', text: { body: id } }],
    statuses: [{ id, status: 'read', timestamp: '2', biz_opaque_callback_data: id }],
  });
  const batch = () =>
    read({ value: value('a') }, { value: value('b') }, { field: 'flows', value: value('c') });
  deepEqual(
    [batch().inbound.map(({ externalId }) => externalId), batch().receipts.map(({ ref }) => ref)],
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
  );
  deepEqual(batch(), batch());
});

test('what was said to another number of the same app is left to that number', () => {
  const other = { metadata: { ...metadata, phone_number_id: '999999' } };
  const message = { from: '16505551234', id: 'a', timestamp: '1', type: 'text', text: { body: 'x' } };
  const callback = read({
    value: {
      ...other,
      contacts,
      messages: [message],
      statuses: [{ id: 'b', status: 'read', timestamp: '1' }],
    },
  });
  equal(callback.inbound.length, 0);
  // A receipt names its delivery by our own reference.
  equal(callback.receipts.length, 1);
});

test('every kind of message', async (t) => {
  const from = { from: '16505551234', profile: { name: 'Ada' } };
  const has = (message: Record<string, unknown>, expected: Partial<Inbound>) => {
    const { externalId, from: who, to, atMs, profileName, ...rest } = inbound(message)!;
    deepEqual(
      [externalId, who, to, atMs, profileName],
      ['wamid.1', '+16505551234', '+15550783881', 1_749_416_383_000, 'Ada'],
    );
    // What a kind has beyond others is with the message, and with the person's last facts.
    const { from: _from, profile: _profile, type, ...more } = expected.raw!;
    const facts = Object.keys(more).length ? { facts: { kind: type ?? 'text', ...more } } : {};
    deepEqual(rest, { text: '', media: [], ...facts, ...expected });
  };
  await t.test('files are named, not fetched', () => {
    has(
      {
        type: 'document',
        document: { id: '77', mime_type: 'application/pdf', filename: 'a.pdf', caption: 'Here' },
      },
      {
        text: 'Here',
        media: [{ url: 'whatsapp-media:77', mediaType: 'application/pdf', name: 'a.pdf' }],
        raw: { ...from, type: 'document' },
      },
    );
    has(
      { type: 'audio', audio: { id: '78', mime_type: 'audio/ogg; codecs=opus', voice: true } },
      {
        media: [{ url: 'whatsapp-media:78', mediaType: 'audio/ogg; codecs=opus' }],
        raw: { ...from, type: 'audio', voice: true },
      },
    );
    for (const type of ['image', 'video', 'sticker'])
      has(
        { type, [type]: { id: '79', mime_type: 'image/webp' } },
        { media: [{ url: 'whatsapp-media:79', mediaType: 'image/webp' }], raw: { ...from, type } },
      );
  });
  await t.test('a place', () => {
    has(
      {
        type: 'location',
        location: { latitude: 37.4, longitude: -122.1, name: 'Philz', address: 'Forest Ave' },
      },
      {
        location: { lat: 37.4, long: -122.1, name: 'Philz', address: 'Forest Ave' },
        raw: { ...from, type: 'location' },
      },
    );
    has(
      { type: 'location', location: { latitude: 137, longitude: 0 } },
      { text: '[location]', raw: { ...from, type: 'location', location: { latitude: 137, longitude: 0 } } },
    );
  });
  await t.test('buttons, lists and forms', () => {
    const context = { from: '15550783881', id: 'wamid.ours' };
    has(
      { type: 'button', button: { text: 'Yes', payload: 'YES' }, context },
      { text: 'Yes', payload: 'YES', replyTo: 'wamid.ours', raw: { ...from, type: 'button' } },
    );
    for (const kind of ['button_reply', 'list_reply'])
      has(
        { type: 'interactive', interactive: { type: kind, [kind]: { id: 'a', title: 'A' } }, context },
        { text: 'A', payload: 'a', replyTo: 'wamid.ours', raw: { ...from, type: 'interactive' } },
      );
    const form = (json: string) => ({
      type: 'nfm_reply',
      nfm_reply: { body: 'Sent', response_json: json, name: 'flow' },
    });
    const answered = form('{"flow_token":"t","rating":"Good","days":[1,2],"again":true}');
    has(
      { type: 'interactive', interactive: answered },
      {
        text: 'Sent\nrating: Good\nagain: true',
        raw: {
          ...from,
          type: 'interactive',
          interactive: answered,
          answers: { flow_token: 't', rating: 'Good', days: [1, 2], again: true },
        },
      },
    );
    for (const odd of ['', '{', '[1]', 'null'])
      equal(inbound({ type: 'interactive', interactive: form(odd) })?.text, 'Sent');
    equal(inbound({ type: 'interactive', interactive: { type: 'hologram_reply' } })?.text, '[interactive]');
  });
  await t.test('reactions, advertisements, forwarded and unknown things keep what they have', () => {
    const reaction = { message_id: 'wamid.ours', emoji: '👍' };
    has(
      { type: 'reaction', reaction },
      { text: '👍', replyTo: 'wamid.ours', raw: { ...from, type: 'reaction', reaction } },
    );
    const referral = { source_url: 'https://fb.me/x', ctwa_clid: 'c' };
    has({ type: 'text', text: { body: 'Hi' }, referral }, { text: 'Hi', raw: { ...from, referral } });
    has(
      { type: 'text', text: { body: 'Hi' }, context: { forwarded: true } },
      { text: 'Hi', raw: { ...from, forwarded: true } },
    );
    const text = '[a kind of message that cannot be shown]';
    has(
      { type: 'hologram', hologram: { z: 1 } },
      { text, raw: { ...from, type: 'hologram', hologram: { z: 1 } } },
    );
    const errors = [{ code: 131051 }];
    has({ type: 'unsupported', errors }, { text, raw: { ...from, type: 'unsupported', errors } });
    // What Meta says of polls, of what may be seen once, and of messages that it could not keep: also with a kind that is known.
    const unsupported = { type: 'poll_creation' };
    has(
      { type: 'unsupported', errors, unsupported },
      { text, raw: { ...from, type: 'unsupported', errors, unsupported } },
    );
    const gone = [{ code: 131052, title: 'Media download error' }];
    has(
      { type: 'image', image: {}, errors: gone },
      { text: '[image]', raw: { ...from, type: 'image', errors: gone } },
    );
    has({ type: 'unknown', errors }, { text, raw: { ...from, type: 'unknown', errors } });
    for (const type of ['constructor', '__proto__', 'toString'])
      has({ type, errors }, { text, raw: { ...from, type, errors } });
    const taken = { message_id: 'wamid.ours' };
    has(
      { type: 'reaction', reaction: taken },
      {
        text: '[took a reaction back]',
        replyTo: 'wamid.ours',
        raw: { ...from, type: 'reaction', reaction: taken },
      },
    );
  });
  await t.test('edits and deletions name what they are about', () => {
    const edit = (message: object) => ({ original_message_id: 'wamid.old', message });
    const words = edit({ type: 'text', text: { body: 'On Tuesday' } });
    has(
      { type: 'edit', edit: words },
      { text: 'On Tuesday', replyTo: 'wamid.old', raw: { ...from, type: 'edit', edit: words } },
    );
    const caption = edit({ type: 'image', image: { id: '79', caption: 'Mine' } });
    has(
      { type: 'edit', edit: caption },
      {
        text: 'Mine',
        media: [{ url: 'whatsapp-media:79' }],
        replyTo: 'wamid.old',
        raw: { ...from, type: 'edit', edit: caption },
      },
    );
    const revoke = { original_message_id: 'wamid.old' };
    has(
      { type: 'revoke', revoke },
      { text: '[deleted a message]', replyTo: 'wamid.old', raw: { ...from, type: 'revoke', revoke } },
    );
  });
  await t.test('orders and contacts in words', () => {
    const order = {
      catalog_id: '1',
      text: 'Soon please',
      product_items: [{ product_retailer_id: 'sku', quantity: 2, item_price: 9.5, currency: 'EUR' }],
    };
    has(
      { type: 'order', order },
      { text: 'Soon please\n2 × sku 9.5 EUR', raw: { ...from, type: 'order', order } },
    );
    has(
      { type: 'contacts', contacts: [{}] },
      { text: '[contacts]', raw: { ...from, type: 'contacts', contacts: [{}] } },
    );
  });
  await t.test('whatever the kind and whatever is missing of it, no message is empty', () => {
    const kinds = [
      'text',
      'image',
      'video',
      'audio',
      'document',
      'sticker',
      'location',
      'button',
      'interactive',
    ];
    for (const type of [
      ...kinds,
      'reaction',
      'contacts',
      'order',
      'edit',
      'revoke',
      'unsupported',
      'constructor',
      '__proto__',
    ])
      for (const value of [undefined, null, {}, [], 'x', 7, { message: { type } }]) {
        const said = inbound({ type, [type]: value });
        ok(said && (said.text || said.media.length || said.location), `${type} ${JSON.stringify(value)}`);
      }
  });
  await t.test('a changed number is a move, and nothing that was said', () => {
    const system = (more: object) => inbound({ type: 'system', system: { body: 'x', ...more } });
    const moved = system({ type: 'user_changed_number', wa_id: '16505550000' });
    deepEqual([moved?.from, moved?.movedTo, moved?.text], ['+16505551234', '+16505550000', '']);
    for (const more of [
      { type: 'user_changed_number' },
      { type: 'customer_identity_changed', wa_id: '1650555' },
      {},
    ])
      equal(system(more), undefined);
  });
});

test('who wrote: a number, a user id where there is none, and nobody', () => {
  const text = { type: 'text', text: { body: 'Hi' } };
  const hidden = { user_id: 'US.13491208655302741918', profile: { name: 'Ada', username: 'ada' } };
  const byId = inbound({ ...text, from: undefined, from_user_id: hidden.user_id }, [hidden]);
  deepEqual(
    [byId?.from, byId?.profileName, byId?.raw],
    [
      hidden.user_id,
      'Ada',
      { from: hidden.user_id, profile: { name: 'Ada' }, userId: hidden.user_id, username: 'ada' },
    ],
  );
  equal(inbound({ ...text, from: undefined }, [hidden])?.from, hidden.user_id);
  const both = inbound(text, [{ ...hidden, wa_id: '16505551234' }]);
  deepEqual([both?.from, both?.raw.userId], ['+16505551234', hidden.user_id]);
  equal(inbound({ ...text, from: undefined }, []), undefined);
  equal(inbound({ ...text, id: undefined }), undefined);
  equal(
    inbound(text, [
      { profile: { name: 'B' }, wa_id: '1' },
      { profile: { name: 'C' }, wa_id: '16505551234' },
    ])?.profileName,
    'C',
  );
});

test('a person who stops marketing messages is a keyword without a message', () => {
  const wish = (value: string, category = 'marketing_messages') =>
    read({
      field: 'user_preferences',
      value: {
        contacts,
        user_preferences: [{ wa_id: '16505551234', detail: 'x', category, value, timestamp: 1_731_705_721 }],
      },
    }).inbound;
  deepEqual(wish('stop'), [
    {
      externalId: 'preference:+16505551234:stop:1731705721',
      from: '+16505551234',
      to: '+15550783881',
      text: '',
      media: [],
      handledKeyword: 'stop',
      raw: {
        from: '16505551234',
        profile: { name: 'Ada' },
        preference: { category: 'marketing_messages', value: 'stop' },
      },
      atMs: 1_731_705_721_000,
    },
  ]);
  equal(wish('resume')[0]?.handledKeyword, 'start');
  equal(wish('maybe').length + wish('stop', 'other').length, 0);
});

test('a file: asked for, fetched with the token, and never from elsewhere', async (t) => {
  const fake = await startFake({ contract: await contractOf(WHATSAPP) });
  const elsewhere = await startFake();
  const http = httpClient({ connections: 1 });
  t.after(() => Promise.all([fake.close(), elsewhere.close(), http.close()]));
  const at = { ...settings, baseUrl: `${fake.url}/v25.0` };
  const tools = { http, deadlineMs: SUITE_DEADLINE_MS, nowMs: () => SUITE_NOW_MS };
  const address = (url: string) => ({
    status: 200,
    body: JSON.stringify({
      messaging_product: 'whatsapp',
      url,
      mime_type: 'image/jpeg',
      sha256: 'x',
      file_size: '3',
      id: '77',
    }),
  });

  fake.answerNext(address(`${fake.url}/v25.0/file-77`), { status: 200, body: 'abc' });
  const got = await fetchMedia(at, tools, 'whatsapp-media:77');
  ok(got.kind === 'fetched');
  deepEqual([Buffer.from(got.bytes).toString(), got.mediaType], ['abc', 'image/jpeg']);
  equal(fake.requests[0]!.query.get('phone_number_id'), NUMBER);
  deepEqual(
    fake.requests.map(({ headers }) => headers.authorization),
    ['Bearer token-0123', 'Bearer token-0123'],
  );
  fake.violations();

  fake.answerNext(address(`${elsewhere.url}/x`));
  equal((await fetchMedia(at, tools, 'whatsapp-media:77')).kind, 'refused');
  fake.answerNext(address('http://lookaside.fbsbx.com/x'));
  equal((await fetchMedia(at, tools, 'whatsapp-media:77')).kind, 'refused');
  fake.answerNext(address('https://evilfbsbx.com/x'));
  equal((await fetchMedia(at, tools, 'whatsapp-media:77')).kind, 'refused');
  equal(elsewhere.count(), 0);
  fake.answerNext('hang', 'html');
  equal((await fetchMedia(at, tools, 'whatsapp-media:77')).kind, 'deferred');
  equal((await fetchMedia(at, tools, 'whatsapp-media:77')).kind, 'deferred');
  for (const url of ['https://x.example/1', 'whatsapp-media:../me', 'whatsapp-media:'])
    equal(mediaRequest(at, url), undefined);
});
