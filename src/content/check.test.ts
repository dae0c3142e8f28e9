import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Check } from 'typebox/value';
import { CHANNELS } from '../../contract/channels.ts';
import { CONTENT_SCHEMAS, type Content } from '../../contract/content.ts';
import { LIMITS } from '../../contract/limits.ts';
import { type Fault, isFault } from '../base/fault.ts';
import { checkContent } from './check.ts';
import { compile } from './compile.ts';
import { checkSenderId } from './senderId.ts';
import { readShape } from './shape.ts';

function refused(value: unknown, message: string): void {
  const result = checkContent(value);
  assert.ok(isFault(result), `was taken: ${JSON.stringify(value)}`);
  assert.equal(result.message, message);
  assert.equal(result.field, message.slice(0, message.indexOf(':')));
}

const text = (more: object) => ({ type: 'text', text: 'x', ...more });
const reply = { type: 'reply', text: 'Yes', payload: 'Y' };
const link = { type: 'link', text: 'Go', uri: 'https://example.com' };

test('a fault names the path of the field and the rule', () => {
  refused(null, 'message: must be an object');
  refused({}, 'message.type: is required');
  refused({ type: 'fax' }, `message.type: must be one of ${Object.keys(CONTENT_SCHEMAS).join(', ')}`);
  refused({ type: 'text' }, 'message.text: is required');
  refused({ type: 'text', text: '' }, 'message.text: needs 1 to 4096 characters');
  refused({ type: 'text', text: 7 }, 'message.text: must be a string');
  refused(
    text({ actions: [link, link, { ...reply, payload: '' }] }),
    'message.actions[2].payload: needs 1 to 1000 characters',
  );
  refused(
    text({ actions: [{ type: 'jump' }] }),
    'message.actions[0].type: must be one of link, postback, reply, webview, locationRequest, buy, share',
  );
  refused(
    text({ text: 'a\u0000' }),
    'message.text: must not hold the NUL character or half of a surrogate pair',
  );
  refused(
    text({ text: 'a\ud800' }),
    'message.text: must not hold the NUL character or half of a surrogate pair',
  );
  refused(
    { type: 'location', coordinates: { lat: 91, long: 0 } },
    'message.coordinates.lat: must be a number from -90 to 90',
  );
  refused({ type: 'carousel', items: [] }, 'message.items: needs 1 to 10 entries');
  refused(text({ metadata: { a: {} } }), 'message.metadata.a: must be one of a string, a number, a boolean');
  refused(
    text({ actions: [{ ...link, uri: 'JavaScript:alert(1)' }] }),
    'message.actions[0].uri: must be an absolute URI, such as https://example.com/ or tel:+31201234567',
  );
  refused(
    { type: 'image', mediaUrl: 'ftp://example.com/a' },
    'message.mediaUrl: must be an http or https URL',
  );
});

test('another prefix begins the path', () => {
  const result = checkContent({ type: 'text' }, 'messages[3]');
  assert.equal((result as Fault).message, 'messages[3].text: is required');
});

test('rules that span fields', () => {
  refused(
    text({ actions: [reply, link] }),
    'message.actions[1].type: reply and locationRequest actions cannot be mixed with other types',
  );
  assert.ok(!isFault(checkContent(text({ actions: [reply, { type: 'locationRequest', text: 'Where' }] }))));
  const webview = {
    type: 'webview',
    text: 'Go',
    uri: 'https://a.b',
    fallback: 'https://a.b',
    openOnReceive: true,
  };
  refused(
    {
      type: 'carousel',
      items: [
        { title: 'A', actions: [webview] },
        { title: 'B', actions: [webview] },
      ],
    },
    'message: at most one webview action may have openOnReceive',
  );
  const field = { type: 'text', name: 'a', label: 'A' };
  refused({ type: 'form', fields: [field, field] }, 'message.fields[1].name: must be unique within the form');
  refused(
    { type: 'form', fields: [{ ...field, type: 'select' }] },
    'message.fields[0].options: is required for a select field',
  );
  refused(
    text({ metadata: { a: 'x'.repeat(LIMITS.metadataBytes) } }),
    'message.metadata: needs at most 4096 bytes of keys and values',
  );
  const keys = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, i]));
  refused(text({ metadata: keys(101) }), 'message.metadata: needs at most 100 keys');
  refused({ type: 'template', name: 'a', variables: keys(101) }, 'message.variables: needs at most 100 keys');
});

test('unknown keys are dropped, and what WhatsApp owns is kept whole', () => {
  const template = {
    name: 'a',
    language: { code: 'en' },
    components: [
      { type: 'body', parameters: [{ type: 'text', text: 'x', parameter_name: 'n' }], cards: [{ a: [1] }] },
    ],
    extra: { b: null },
  };
  const given = { type: 'nativeTemplate', template, storage: 'full' };
  assert.deepEqual(checkContent(given), { type: 'nativeTemplate', template });
  assert.deepEqual(checkContent(text({ actions: [{ ...link, url: link.uri }] })), text({ actions: [link] }));
  for (const [polluting, path] of [
    ['{"type":"text","text":"x","metadata":{"__proto__":"y","fault":"z"}}', 'metadata'],
    [
      '{"type":"nativeTemplate","template":{"name":"a","language":{"code":"en"},"extra":{"b":{"__proto__":1}}}}',
      'extra.b',
    ],
  ] as const) {
    const refused = checkContent(JSON.parse(polluting));
    assert.ok(isFault(refused));
    assert.match(refused.message, new RegExp(`${path}[:,]? must not have a key __proto__`));
  }
  const inherited = { type: 'text', text: 'x', metadata: { constructor: 'y', fault: 'z' } };
  assert.deepEqual(checkContent(inherited), inherited);
});

test('W14: a Sender ID has 1 to 11 letters, digits or spaces, and not digits only', () => {
  for (const good of ['Parley', 'A', 'Web1on1 B V', '12345678901a'.slice(1), 'a1'])
    assert.equal(checkSenderId(good), good);
  for (const bad of ['', 'WebOneOnOne14', '12345', '12 34', 'Ünï', 'a-b', ' ', ' ab', 7, null]) {
    const result = checkSenderId(bad, 'meta.SenderID');
    assert.ok(isFault(result), String(bad));
    assert.equal(result.fault, 'unprocessable');
    assert.match(result.message, /^meta\.SenderID: a Sender ID has 1 to 11 letters/);
  }
  const result = checkContent(text({ senderId: '12345' }));
  assert.ok(isFault(result) && result.field === 'message.senderId');
});

/** Objects that come near to content: the right keys with any values. */
const nearly = fc.record(
  {
    type: fc.constantFrom(...Object.keys(CONTENT_SCHEMAS)),
    text: fc.oneof(fc.string(), fc.anything()),
    mediaUrl: fc.oneof(fc.webUrl(), fc.string()),
    mediaType: fc.constantFrom('image/png', 'png', ''),
    items: fc.array(
      fc.record({ title: fc.string(), size: fc.constantFrom('large', 'tiny') }, { requiredKeys: [] }),
    ),
    actions: fc.array(
      fc.record(
        {
          type: fc.constantFrom('link', 'reply', 'postback', 'buy', 'share', 'locationRequest'),
          text: fc.string(),
          uri: fc.oneof(fc.webUrl(), fc.string()),
          payload: fc.string(),
          amount: fc.oneof(fc.integer(), fc.double()),
        },
        { requiredKeys: ['type'] },
      ),
      { maxLength: 3 },
    ),
    coordinates: fc.record({ lat: fc.double(), long: fc.double() }),
    fields: fc.array(
      fc.record({ type: fc.constantFrom('text', 'date'), name: fc.string(), label: fc.string() }),
    ),
    metadata: fc.dictionary(
      // Left out on reading, whatever it holds: TypeBox looks at it.
      fc.string().filter((key) => key !== '__proto__'),
      fc.oneof(fc.string(), fc.boolean(), fc.integer(), fc.constant(null)),
    ),
  },
  { requiredKeys: ['type'] },
);

test('reading a shape agrees with TypeBox', () => {
  let taken = 0;
  fc.assert(
    fc.property(nearly, (value) => {
      const schema = CONTENT_SCHEMAS[value.type as Content['type']];
      const read = readShape(schema, value, 'message');
      if (read.fault?.message.endsWith('surrogate pair')) return;
      if (!read.fault) taken++;
      assert.equal(read.fault === undefined, Check(schema, value), JSON.stringify(read.fault));
      if (!read.fault) assert.ok(Check(schema, read.value));
    }),
    { numRuns: 2000 },
  );
  assert.ok(taken > 20, `only ${taken} were good`);
});

test('any value is answered with content or a fault; content passes again unchanged, and renders everywhere', () => {
  const anything = fc.oneof(fc.anything({ withNullPrototype: true }), nearly);
  fc.assert(
    fc.property(anything, (value) => {
      const once = checkContent(value);
      if (isFault(once)) return;
      assert.deepEqual(checkContent(once), once);
      const compiled = compile(once);
      if (isFault(compiled)) return;
      for (const channel of CHANNELS) assert.ok(compiled.renderFor(channel, {}));
    }),
    { numRuns: 1000 },
  );
});
