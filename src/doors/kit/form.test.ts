/** Bodies of parts: what forms of browsers and programs hold is read; what is none, or made to be slow, is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFault } from '../../base/fault.ts';
import { readForm } from './form.ts';

const TYPE = 'multipart/form-data; boundary=b';
const read = async (body: string | Buffer, contentType = TYPE) => {
  const form = await readForm({ contentType, rawBody: Buffer.from(body) });
  if (isFault(form)) return form.message;
  const { source, fields } = form;
  return [source.name, source.mediaType, Buffer.from(source.bytes).toString(), fields];
};
const part = (head: string, content: string) =>
  `--b\r\nContent-Disposition: form-data; ${head}\r\n\r\n${content}\r\n`;
const file = part('name="source"; filename="a.txt"', 'xx');
const MALFORMED = 'The body is not well-formed multipart/form-data.';

test('a form as browsers write it, whatever is in the file and in the names', async () => {
  for (const content of ['hello', '\r\n--b\r\n\r\n--', '--b--\r\n', '\r\n', '\0é']) {
    const form = new FormData();
    form.set('source', new Blob([content], { type: 'image/PNG' }), 'na"me é.png');
    form.set('empty', '');
    form.set('näme', 'wört');
    const response = new Response(form);
    const type = response.headers.get('content-type')!;
    const got = await read(Buffer.from(await response.arrayBuffer()), type);
    assert.deepEqual(got, ['na"me é.png', 'image/png', content, { empty: '', näme: 'wört' }]);
  }
});

test('what programs write besides', async () => {
  const cases: [body: string, got: unknown, type?: string][] = [
    [`before\r\n${file}--b--\r\nafter`, ['a.txt', 'text/plain', 'xx', {}]],
    [`${file}--b--`, ['a.txt', 'text/plain', 'xx', {}]],
    [
      file.replaceAll('--b', '--a b') + '--a b--',
      ['a.txt', 'text/plain', 'xx', {}],
      TYPE.replace('=b', '="a b"'),
    ],
    // A boundary with blanks behind it, and one that another begins with.
    [file.replace('--b\r', '--b \t\r') + '--b--', ['a.txt', 'text/plain', 'xx', {}]],
    [
      part('name="source"; filename="a.txt"', '1\r\n--bb\r\n2') + '--b--',
      ['a.txt', 'text/plain', '1\r\n--bb\r\n2', {}],
    ],
    // A part without a line of its own.
    [
      '--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n' + file + '--b--',
      ['a.txt', 'text/plain', 'xx', { x: '' }],
    ],
    // Of several files so named the first.
    [file + part('name="source"; filename="b"', 'yy') + '--b--', ['a.txt', 'text/plain', 'xx', {}]],
  ];
  for (const [body, got, type] of cases) assert.deepEqual(await read(body, type ?? TYPE), got, body);
});

test('what is none is refused', async () => {
  for (const body of [
    '',
    '\r\n',
    '--b',
    file,
    `${file}--`,
    '--b\r\n\r\n--b--',
    file.replace('name="source"; ', '') + '--b--',
  ])
    assert.equal(await read(body), MALFORMED, body);
  assert.equal(await read(`${file}--b--`, 'multipart/form-data'), MALFORMED);
  assert.match(String(await read(`${file}--b--`, 'text/plain')), /must be multipart/);
  assert.equal(await read(part('name="x"', '1') + '--b--'), 'source: is required, as a file');
  assert.equal(await read('--b--'), 'source: is required, as a file');
  assert.equal(await read(file.replace('xx', '') + '--b--'), 'source: is empty');
  assert.match(String(await read(part('name="x"', '\0') + file + '--b--')), /U\+0000/);
});

test('very many parts, headers and what nearly ends a part are refused, however they come', async () => {
  const many = (text: string, times: number) => text.repeat(times);
  for (const body of [
    many(part('name="x"', ''), 60),
    `--b\r\n${many('X: y\r\n', 5_000)}\r\n\r\n--b--`,
    part(`name="${many('a', 20_000)}"`, ''),
    part('name="source"; filename="a"', many('\r\n--bx', 1_500)) + '--b--',
  ])
    assert.equal(await read(body), MALFORMED, body.slice(0, 80));
});
