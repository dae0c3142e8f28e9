/** The form encoder and decoder, held to the platform's own (undici's) and to each other. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { decodeMultipart, encodeMultipart, type FormPart } from './multipart.ts';

const name = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
  .filter((text) => !/[%\\]/.test(text));
/** Browsers and undici turn a lone line feed in a field into CR LF; files stay as they are. */
const value = fc.string({ unit: 'grapheme', maxLength: 200 }).filter((text) => !/[\r\n]/.test(text));
const part = fc.oneof(
  fc.record({ name, value }, { noNullPrototype: true }),
  fc.record(
    {
      name,
      filename: name,
      mediaType: fc.constantFrom('image/png', 'text/plain; charset=utf-8'),
      content: fc.uint8Array({ maxLength: 500 }),
    },
    { noNullPrototype: true },
  ),
);
const plain = (parts: readonly FormPart[] | undefined) =>
  parts?.map((given) => ('value' in given ? given : { ...given, content: [...given.content] }));

test('what is encoded here is read by the platform, byte for byte', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 6 }), async (parts) => {
      const { contentType, body } = encodeMultipart(parts);
      const read = await new Response(new Uint8Array(body), {
        headers: { 'content-type': contentType },
      }).formData();
      const entries = [...read.entries()];
      equal(entries.length, parts.length);
      for (const [at, given] of parts.entries()) {
        const [readName, readValue] = entries[at]!;
        equal(readName, given.name);
        if ('value' in given) equal(readValue, given.value);
        else {
          ok(readValue instanceof File);
          deepEqual([readValue.name, readValue.type], [given.filename, given.mediaType]);
          deepEqual([...new Uint8Array(await readValue.arrayBuffer())], [...given.content]);
        }
      }
    }),
    { numRuns: 200 },
  );
});

test('and is read here, whatever it holds', () => {
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), (parts) => {
      const { contentType, body } = encodeMultipart(parts);
      deepEqual(plain(decodeMultipart(contentType, body)), plain(parts));
    }),
  );
});

test('a name with a line break or a quote stays one name', () => {
  const parts = [{ name: 'h:X"\r\nContent-Type: text/html', value: 'a\r\n--b\r\n\r\n' }];
  const { contentType, body } = encodeMultipart(parts);
  equal(
    body.toString().split('\r\n')[1],
    'Content-Disposition: form-data; name="h:X%22%0D%0AContent-Type: text/html"',
  );
  deepEqual(decodeMultipart(contentType, body), parts);
});

test('other writers: a preamble, quoted boundaries, RFC 5987 names, padding', () => {
  const body = [
    'preamble',
    '--b b  ',
    'content-disposition: form-data; name=plain',
    '',
    'x',
    '--b b',
    'Content-Disposition: form-data; name="f"; filename*=utf-8\'\'%e2%82%ac.pdf',
    '',
    '',
    '--b b--',
    'epilogue',
  ].join('\r\n');
  deepEqual(plain(decodeMultipart('multipart/form-data; boundary="b b"', Buffer.from(body))), [
    { name: 'plain', value: 'x' },
    { name: 'f', filename: '€.pdf', mediaType: 'application/octet-stream', content: [] },
  ]);
});

test('what is not a form, or is cut short, is refused', () => {
  const { contentType, body } = encodeMultipart([{ name: 'a', value: 'b' }]);
  for (const length of [0, 3, 20, 60, body.length - 5])
    equal(decodeMultipart(contentType, body.subarray(0, length)), undefined, String(length));
  equal(decodeMultipart('multipart/form-data', body), undefined);
  equal(decodeMultipart('text/plain; boundary=b', body), undefined);
  equal(decodeMultipart('multipart/form-data; boundary=other', body), undefined);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
      decodeMultipart('multipart/form-data; boundary=b', Buffer.concat([Buffer.from('--b\r\n'), noise]));
    }),
  );
});
