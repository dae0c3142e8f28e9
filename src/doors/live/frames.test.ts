/** What clients of the live channel send: every text is a frame or the reason why it is none, and what the server sends is as its schema says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import Schema from 'typebox/schema';
import { ClientFrame, ServerFrame } from '../../../contract/doors/live.ts';
import { toHex24 } from '../../base/ids.ts';
import { mustBeShaped } from '../kit/answer.ts';
import { readFrame } from './frames.ts';

const ID = toHex24(71);
const GOOD = [
  { type: 'hello', version: 1, token: 't' },
  { type: 'hello', version: 1, token: '', cursor: 'c' },
  { type: 'say', clientId: 'a-1', content: { type: 'text', text: 'Hello' } },
  { type: 'start', clientId: 'a_1' },
  { type: 'typing', on: true },
  { type: 'got', messageIds: [ID] },
  { type: 'got', messageIds: [] },
  { type: 'read', upTo: ID },
  { type: 'history', beforeMs: 0 },
];

test('every kind of frame is read, with our ids', () => {
  for (const frame of GOOD) {
    const read = readFrame(JSON.stringify(frame));
    assert.ok(typeof read !== 'string', `${JSON.stringify(frame)}: ${String(read)}`);
    assert.equal(read.type, frame.type);
    assert.ok(Schema.Check(ClientFrame, frame), 'the schema says so, too');
  }
  assert.deepEqual(readFrame(JSON.stringify({ type: 'got', messageIds: [ID] })), {
    type: 'got',
    messageIds: [71],
  });
  assert.deepEqual(readFrame(JSON.stringify({ type: 'read', upTo: ID })), { type: 'read', upTo: 71 });
});

test('whatever the text, it is a frame or a sentence, and never thrown', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      const read = readFrame(text);
      assert.ok(typeof read === 'string' ? read.length > 0 : read.type.length > 0);
    }),
  );
});

test('one field of a frame that is something else is told by its name, or refused by itself', () => {
  const odd = fc.oneof(
    fc.constant(null),
    fc.integer({ max: -1 }),
    fc.constant({}),
    fc.constant([{}]),
    fc.constant('\u0000'),
  );
  fc.assert(
    fc.property(fc.constantFrom(...GOOD), odd, fc.nat(5), (frame, value, at) => {
      const names = Object.keys(frame).filter((name) => name !== 'type');
      const name = names[at % names.length]!;
      // A token, a cursor and a version may be any text or number: who gave them says whether they are good.
      if (['token', 'cursor'].includes(name) && typeof value === 'string') return;
      if (name === 'version' && typeof value === 'number') return;
      const read = readFrame(JSON.stringify({ ...frame, [name]: value }));
      if (typeof read === 'string') assert.ok(read.startsWith(`${name}:`), read);
      else {
        assert.equal(read.type, 'broken');
        assert.ok('fault' in read && read.fault.field?.startsWith(name), name);
      }
    }),
  );
});

test('what only the business may say is refused by its own name, and the connection goes on', () => {
  const say = (content: unknown) => readFrame(JSON.stringify({ type: 'say', clientId: 'x', content }));
  const form = say({ type: 'form', fields: [{ type: 'text', name: 'a', label: 'A' }] });
  assert.ok(typeof form !== 'string' && form.type === 'broken');
  assert.equal('fault' in form && form.fault.fault, 'bad_request');
  const empty = say({ type: 'text', text: '' });
  assert.ok(typeof empty !== 'string' && empty.type === 'broken' && 'fault' in empty);
});

test('numbers that would not be kept exactly, long lists and long names are told', () => {
  assert.match(String(readFrame('{"type":"history","beforeMs":12345678901234567890}')), /beforeMs/);
  assert.match(
    String(readFrame(JSON.stringify({ type: 'got', messageIds: Array(201).fill(ID) }))),
    /at most 200/,
  );
  assert.match(String(readFrame(JSON.stringify({ type: 'start', clientId: 'x'.repeat(65) }))), /1 to 64/);
  assert.match(
    String(readFrame(JSON.stringify({ type: 'hello', version: 1, token: 'x'.repeat(9_000) }))),
    /token/,
  );
  assert.match(String(readFrame('[]')), /object/);
  assert.match(String(readFrame('{"type":"shout"}')), /^type: must be hello/);
});

test('a frame of the server that its schema does not know is a bug, and told as one', () => {
  const message = { id: ID, from: 'business', content: { type: 'text', text: 'x' }, atMs: 1, state: 'sent' };
  const good = [
    { type: 'alive' },
    { type: 'welcome', version: 1, cursor: '', messages: [message], more: false },
    { type: 'event', cursor: 'c', event: { kind: 'message', message } },
    { type: 'event', cursor: 'c', event: { kind: 'typing', by: 'contact', on: false } },
    { type: 'refused', clientId: 'x', code: 'locked', reason: 'full', retry: false },
  ];
  for (const frame of good) assert.doesNotThrow(() => mustBeShaped('a frame', ServerFrame, frame));
  for (const frame of [
    { type: 'alive', atMs: 1 },
    { type: 'ack' },
    { type: 'event', cursor: 'c', event: { kind: 'state', messageId: ID, state: 'lost', atMs: 1 } },
    { type: 'event', cursor: 'c', event: { kind: 'message', message: { ...message, secret: 1 } } },
  ])
    assert.throws(
      () => mustBeShaped('a frame', ServerFrame, frame),
      /a frame breaks its schema/,
      JSON.stringify(frame),
    );
});
