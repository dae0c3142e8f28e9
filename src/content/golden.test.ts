/**
 * What every channel makes of every kind of content, kept in `golden/<channel>.json`. To accept a change, delete
 * the file: the next run writes it, fails to say so, and the one after passes.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { CHANNELS } from '../../contract/channels.ts';
import { CONTENT_SCHEMAS, type Content, type ContentType } from '../../contract/content.ts';
import { checkContent } from './check.ts';
import { renderOn } from './render.ts';
import type { RenderOptions } from './renderOptions.ts';

const link = { type: 'link', text: 'Our shop', uri: 'https://shop.example/a?b=1&c=2' } as const;
const reply = (text: string, payload = text.toUpperCase()) => ({ type: 'reply', text, payload }) as const;
const long = 'A choice whose label does not fit a button';

const CASES: Readonly<Record<string, Content>> = {
  text: { type: 'text', text: 'Hello 👋 from https://shop.example/now.' },
  'text with subject, html and attachment': {
    type: 'text',
    text: 'Your invoice.',
    subject: 'Invoice 12',
    html: '<p>Your <b>invoice</b>.</p>',
    attachments: [{ url: 'https://files.example/12.pdf', mediaType: 'application/pdf', name: 'invoice.pdf' }],
  },
  'text with link': { type: 'text', text: 'Look <here> & "there"', actions: [link] },
  'text with two links': { type: 'text', text: 'Look', actions: [link, { ...link, text: 'Help' }] },
  'text with replies': { type: 'text', text: 'Coming?', actions: [reply('Yes'), reply('No')] },
  'text with four replies': {
    type: 'text',
    text: 'Which?',
    actions: [reply('One'), reply('Two'), reply('Three'), reply(long, 'LONG')],
  },
  'text with eleven replies': {
    type: 'text',
    text: 'Which?',
    actions: Array.from({ length: 11 }, (_, i) => reply(`Choice ${i + 1}`)),
  },
  'text with the same reply twice': {
    type: 'text',
    text: 'Ok?',
    actions: [reply('Ok', 'A'), reply('Ok', 'B')],
  },
  'text with postback, webview and buy': {
    type: 'text',
    text: 'Your basket',
    actions: [
      { type: 'postback', text: 'Empty it', payload: 'EMPTY' },
      { type: 'webview', text: 'See it', uri: 'https://shop.example/w', fallback: 'https://shop.example/f' },
      { type: 'buy', text: 'Pay', amount: 1250, currency: 'eur' },
      { type: 'share' },
    ],
  },
  'text asking for the location': {
    type: 'text',
    text: 'Where are you?',
    actions: [{ type: 'locationRequest', text: 'Send location' }],
  },
  'text with sender id': { type: 'text', text: 'Code 1234', senderId: 'Parley' },
  'text for push': {
    type: 'text',
    text: 'Back in stock',
    title: 'Good news',
    deepLink: 'shop://item/7',
    category: 'stock',
    push: { badge: 2, collapseKey: 'stock-7', imageUrl: 'https://img.example/7.png' },
    metadata: { item: 7, sale: true },
  },
  'text for voice': {
    type: 'text',
    text: 'Uw afspraak is morgen.',
    voice: { voice: 'Polly.Lotte-Neural', language: 'nl-NL' },
    actions: [reply('Bevestigen', 'Y'), reply('Afzeggen', 'N')],
  },
  'text with override': {
    type: 'text',
    text: 'Hi',
    override: { whatsapp: { payload: { type: 'sticker', sticker: { link: 'https://img.example/s.webp' } } } },
  },
  image: {
    type: 'image',
    mediaUrl: 'https://img.example/cat.jpg',
    mediaType: 'image/jpeg',
    altText: 'A cat',
  },
  'image with text and replies': {
    type: 'image',
    mediaUrl: 'https://img.example/cat.jpg',
    text: 'Nice?',
    actions: [reply('Yes'), reply('No')],
  },
  'image of a kind WhatsApp does not show': {
    type: 'image',
    mediaUrl: 'https://img.example/cat.gif',
    mediaType: 'image/gif',
    text: 'Moves',
  },
  file: {
    type: 'file',
    mediaUrl: 'https://files.example/terms.pdf?v=2',
    mediaType: 'application/pdf',
    text: 'Our terms',
    title: 'terms.pdf',
  },
  'voice note': { type: 'file', mediaUrl: 'https://files.example/hi.ogg', mediaType: 'audio/ogg' },
  location: {
    type: 'location',
    coordinates: { lat: 52.37, long: 4.89 },
    location: { name: 'Office', address: 'Dam 1' },
  },
  carousel: {
    type: 'carousel',
    items: [
      {
        title: 'Tacos',
        description: 'Beef & cheese',
        mediaUrl: 'https://img.example/t.jpg',
        actions: [link],
      },
      { title: 'Ramen', actions: [{ type: 'postback', text: 'Order', payload: 'RAMEN' }, link] },
    ],
  },
  card: {
    type: 'carousel',
    items: [
      {
        title: 'Tacos',
        description: 'Beef & cheese',
        mediaUrl: 'https://img.example/t.jpg',
        actions: [{ type: 'postback', text: 'Order', payload: 'TACOS' }],
      },
    ],
  },
  'list of choices': {
    type: 'list',
    text: 'What will it be?',
    items: [
      {
        title: 'Tacos',
        description: 'Beef',
        actions: [{ type: 'postback', text: 'Order', payload: 'TACOS' }],
      },
      { title: 'Ramen', actions: [{ type: 'postback', text: 'Order', payload: 'RAMEN' }] },
    ],
  },
  list: { type: 'list', items: [{ title: 'Tacos', actions: [link] }, { title: 'Ramen' }], actions: [link] },
  form: {
    type: 'form',
    fields: [
      { type: 'text', name: 'name', label: 'Your name' },
      {
        type: 'select',
        name: 'size',
        label: 'Size',
        options: [
          { name: 's', label: 'Small' },
          { name: 'l', label: 'Large' },
        ],
      },
    ],
  },
  formResponse: {
    type: 'formResponse',
    fields: [
      { type: 'text', name: 'name', label: 'Your name', text: 'Ann' },
      { type: 'select', name: 'size', label: 'Size', select: [{ name: 's', label: 'Small' }] },
    ],
  },
  template: { type: 'template', name: 'welcome' },
  nativeTemplate: {
    type: 'nativeTemplate',
    template: {
      namespace: 'ns_1',
      name: 'order_update',
      language: { policy: 'deterministic', code: 'en' },
      components: [
        { type: 'header', parameters: [{ type: 'image', image: { link: 'https://img.example/o.jpg' } }] },
        { type: 'body', parameters: [{ type: 'text', text: 'Ann' }] },
        { type: 'button', sub_type: 'url', index: 0, parameters: [{ type: 'text', text: '12' }] },
      ],
    },
  },
  'nativeTemplate, reconstructed': {
    type: 'nativeTemplate',
    template: { name: 'order_update', language: { code: 'en' } },
    text: 'Hi Ann, your order is on its way.',
  },
  announcement: {
    type: 'announcement',
    title: 'Open day',
    text: 'Come and see us.',
    mediaUrl: 'https://img.example/open.png',
    actions: [link],
  },
};

const OPTIONS: Readonly<Record<string, RenderOptions>> = {
  plain: {},
  mms: { from: '+15005550006', mms: true },
};

for (const channel of CHANNELS) {
  test(`N2: ${channel} shows every kind of content as it did`, () => {
    const variants = channel === 'sms' ? ['plain', 'mms'] : ['plain'];
    const shown: Record<string, unknown> = {};
    for (const [name, content] of Object.entries(CASES)) {
      for (const variant of variants) {
        shown[variant === 'plain' ? name : `${name} (${variant})`] = renderOn(
          channel,
          content,
          OPTIONS[variant],
        );
      }
    }
    const folder = new URL('golden/', import.meta.url);
    const file = new URL(`${channel}.json`, folder);
    if (!existsSync(file)) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(file, `${JSON.stringify(shown, null, 2)}\n`);
      assert.fail(`golden/${channel}.json was missing and has been written: read it, commit it, run again`);
    }
    assert.deepEqual(JSON.parse(JSON.stringify(shown)), JSON.parse(readFileSync(file, 'utf8')));
  });
}

test('the cases are content, and cover every type', () => {
  for (const [name, content] of Object.entries(CASES)) assert.deepEqual(checkContent(content), content, name);
  const types = new Set<ContentType>(Object.values(CASES).map((content) => content.type));
  assert.deepEqual([...types].sort(), Object.keys(CONTENT_SCHEMAS).sort());
});
