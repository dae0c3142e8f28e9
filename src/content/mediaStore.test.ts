/** Files of conversations: one list of rules for both stores, and an upload that lands in a bucket. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { buffer } from 'node:stream/consumers';
import { startBucket } from '../../test/support/bucket.ts';
import { testDatabase } from '../../test/support/database.ts';
import { newIntegration } from '../../test/support/messages.ts';
import { callApi, must, newWorkspace, startWorld } from '../../test/support/world.ts';
import { systemClock } from '../base/clock.ts';
import { readConfig } from '../base/config.ts';
import { hmac } from '../base/crypto.ts';
import { isFault } from '../base/fault.ts';
import { toHex24 } from '../base/ids.ts';
import { silentLog } from '../base/log.ts';
import { findFile, keepFile, removeFile, type MediaStore, type Upload } from './mediaStore.ts';
import { diskStore } from './mediaStore.disk.ts';
import { s3Store } from './mediaStore.s3.ts';

const dataDir = await mkdtemp(path.join(tmpdir(), 'parley-files-'));
const bucket = await startBucket();
const errors: object[] = [];
const log = { ...silentLog, error: (fields: object) => void errors.push(fields) };
const inBucket = (env: Record<string, string> = {}) =>
  s3Store({ config: must(readConfig({ ...bucket.env, ...env })), clock: systemClock, log });
const stores: Record<string, MediaStore> = { 'on disk': diskStore({ dataDir }), 'in a bucket': inBucket() };
const database = await testDatabase();
after(async () => {
  for (const store of Object.values(stores)) await store.close();
  await bucket.close();
  await rm(dataDir, { recursive: true, force: true });
});

const ADDRESS = /^https:\/\/parley\.example\/files\/([0-9a-f]{24})\/([\w-]{32})\/([\w.-]+)$/;
const WORKSPACE = 77;
const placeOf = (files: MediaStore) => ({ files, publicUrl: () => 'https://parley.example' });

async function keep(files: MediaStore, upload: Partial<Upload>) {
  const given = { bytes: Buffer.from('x'), name: 'a.bin', mediaType: 'image/png', ...upload };
  const url = must(await keepFile(placeOf(files), WORKSPACE, given));
  const [, workspace, token, name] = ADDRESS.exec(url) as unknown as [string, string, string, string];
  return { url, workspace, token, name };
}

/** The file, with its bytes. */
async function find(files: MediaStore, workspace: string, token: string) {
  const found = must(await findFile({ files }, workspace, token));
  if (!found) return undefined;
  const { name, mediaType, sizeBytes } = found;
  const about = { name, mediaType, sizeBytes };
  const content = found.content();
  return { ...about, bytes: content instanceof Uint8Array ? Buffer.from(content) : await buffer(content) };
}

for (const [where, files] of Object.entries(stores)) {
  describe(`files ${where}`, () => {
    test('come back byte for byte, with name and media type', async () => {
      const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
      // The last is larger than what the client takes of an answer unless told.
      for (const bytes of [every, Buffer.alloc(0), Buffer.from('\r\n\r\n'), Buffer.alloc(3_000_001, every)]) {
        const { workspace, token } = await keep(files, { bytes, name: 'Rechnung-7.pdf' });
        const found = await find(files, workspace, token);
        assert.ok(found, `${bytes.length} bytes`);
        assert.ok(found.bytes.equals(bytes), `${bytes.length} bytes`);
        assert.equal(found.sizeBytes, bytes.length);
        assert.deepEqual([found.name, found.mediaType], ['Rechnung-7.pdf', 'image/png']);
      }
    });

    test('the view of a larger buffer is kept as what it shows', async () => {
      const bytes = new Uint8Array(Buffer.from('before shown after')).subarray(7, 12);
      const { workspace, token } = await keep(files, { bytes });
      assert.equal((await find(files, workspace, token))?.bytes.toString(), 'shown');
    });

    test('what is not there is undefined, whatever the address', async () => {
      const { workspace, token } = await keep(files, {});
      const odd = [
        '',
        '..',
        '../'.repeat(8),
        `${token}/`,
        token.slice(1),
        'é'.repeat(32),
        `${token}?a`,
        '%2e%2e',
      ];
      for (const other of ['x'.repeat(32), ...odd])
        assert.equal(await find(files, workspace, other), undefined, other);
      for (const other of ['0'.repeat(24), '..', '', workspace.toUpperCase() + 'A'])
        assert.equal(await find(files, other, token), undefined, other);
    });

    test('removed once, and by its own workspace only', async () => {
      for (const bytes of [Buffer.from('x'), Buffer.alloc(0)]) {
        const { url, workspace, token } = await keep(files, { bytes });
        const other = await keep(files, {});
        assert.equal(await removeFile({ files }, WORKSPACE + 1, url), false);
        assert.ok(await find(files, workspace, token));
        assert.equal(await removeFile({ files }, WORKSPACE, url), true);
        assert.equal(await find(files, workspace, token), undefined);
        assert.equal(await removeFile({ files }, WORKSPACE, url), false);
        assert.ok(await find(files, other.workspace, other.token));
      }
      for (const url of ['', 'no url', 'https://parley.example/files/', 'https://elsewhere.example/a.png'])
        assert.equal(await removeFile({ files }, WORKSPACE, url), false, url);
    });

    test('of a workspace that is no more they go some at a time, and those of another stay', async () => {
      const [gone, stays] = ['a'.repeat(24), 'b'.repeat(24)];
      const keyOf = (workspace: string, n: number) => ({ workspace, token: String(n).repeat(32) });
      const file = { bytes: Buffer.from('x'), name: 'a', mediaType: 'image/png' };
      for (const n of [1, 2, 3, 4, 5])
        for (const one of [gone, stays]) must(await files.put(keyOf(one, n), file));
      assert.deepEqual([await files.removeSome(gone, 2), await files.removeSome(gone, 2)], [2, 2]);
      // Two at once, and once more than there is anything.
      await Promise.all([files.removeSome(gone, 2), files.removeSome(gone, 2)]);
      assert.equal(await files.removeSome(gone, 2), 0);
      assert.equal(await files.removeSome('c'.repeat(24), 2), 0);
      for (const n of [1, 2, 3, 4, 5]) {
        assert.equal(await files.get(keyOf(gone, n)), undefined);
        assert.ok(await files.get(keyOf(stays, n)));
      }
    });

    test('odd names and media types do no harm', async () => {
      const names = [
        '',
        '.',
        '..',
        '../../etc/passwd',
        'Größe 木 🙂.pdf',
        'a\r\nx-amz-acl: public-read',
        'a"b;c',
        '\0',
      ];
      for (const given of [...names, 'n'.repeat(5_000), '?a=b#c', '%2F%2e', 'content', 'kept.json']) {
        const { workspace, token, name } = await keep(files, { name: given });
        assert.ok(name.length <= 100 && !/[^\w.-]/.test(name), given);
        assert.equal((await find(files, workspace, token))?.name, name, given);
      }
      for (const mediaType of ['text/plain; charset="ü"', 'a\r\nb: c', '木', 'x'.repeat(255)]) {
        const { workspace, token } = await keep(files, { mediaType });
        assert.equal((await find(files, workspace, token))?.mediaType, mediaType);
      }
      const long = await keep(files, { mediaType: 'x'.repeat(5_000) });
      assert.ok(await find(files, long.workspace, long.token));
    });
  });
}

describe('a bucket in bad weather', () => {
  const files = stores['in a bucket']!;
  const key = { workspace: '0'.repeat(24), token: 'x'.repeat(32) };
  const file = { bytes: Buffer.from('x'), name: 'a', mediaType: 'image/png' };

  test('a key that is wrong is a fault that is logged, without the secret, and nothing is kept', async () => {
    const before = bucket.objects.size;
    for (const [env, code] of [
      [{ PARLEY_S3_SECRET_KEY: 'wrong-secret' }, 'SignatureDoesNotMatch'],
      [{ PARLEY_S3_ACCESS_KEY: 'wrong' }, 'InvalidAccessKeyId'],
      [{ PARLEY_S3_REGION: 'us-east-1' }, 'AuthorizationHeaderMalformed'],
      [{ PARLEY_S3_BUCKET: 'not-there' }, 'NoSuchBucket'],
    ] as const) {
      const wrong = inBucket(env);
      const asked = [() => wrong.put(key, file), () => wrong.get(key), () => wrong.remove(key)];
      for (const ask of [...asked, () => wrong.removeSome(key.workspace, 9)]) {
        const got = await ask();
        assert.ok(isFault(got), code);
        assert.equal(got.fault, 'unavailable');
        const logged = JSON.stringify(errors.at(-1));
        assert.match(logged, new RegExp(code));
        assert.doesNotMatch(logged, /wrong-secret/);
      }
      await wrong.close();
    }
    assert.equal(bucket.objects.size, before);
  });

  test('one 5xx is tried again; a second is a fault', async () => {
    bucket.next.push({ status: 503, code: 'SlowDown' });
    assert.equal(await files.put(key, file), undefined);
    bucket.next.push({ status: 500, code: 'InternalError' });
    assert.ok(!isFault(await files.get(key)));
    bucket.next.push({ status: 503, code: 'SlowDown' }, { status: 503, code: 'SlowDown' });
    assert.ok(isFault(await files.get(key)));
    assert.equal(await files.remove(key), true);
  });

  test('for a key that may not list, what is missing is denied, and missing all the same', async () => {
    bucket.mayList = false;
    assert.equal(await files.get(key), undefined);
    assert.equal(await files.remove(key), false);
    assert.equal(
      await files.removeSome(key.workspace, 9),
      0,
      'what cannot be found keeps nothing from going',
    );
    assert.match(
      JSON.stringify(errors.at(-1)),
      new RegExp(`files/${key.workspace}/`),
      'and where it is, is said',
    );
    bucket.mayList = true;
  });

  test('an object of somebody else is given as a file without a name', async () => {
    bucket.objects.set(`files/${key.workspace}/${key.token}`, { bytes: Buffer.from('hm'), headers: {} });
    const found = await files.get(key);
    assert.ok(found && !isFault(found));
    assert.deepEqual([found.name, found.mediaType, found.sizeBytes], ['file', 'application/octet-stream', 2]);
  });
});

test('settings of a bucket are all there or none', () => {
  const faults = (env: Record<string, string>) => {
    const read = readConfig(env);
    return 'faults' in read ? read.faults : [];
  };
  assert.deepEqual(faults(bucket.env), []);
  const { PARLEY_S3_REGION: region, ...others } = bucket.env;
  assert.deepEqual(faults(others), []);
  assert.equal(must(readConfig(others)).s3Region, 'us-east-1');
  for (const name of Object.keys(others)) {
    const [first, ...more] = faults({ ...bucket.env, [name]: ' ' });
    assert.match(first!, new RegExp(`^${name}: is needed too, as PARLEY_S3_`));
    assert.deepEqual(more, []);
  }
  assert.equal(faults({ PARLEY_S3_REGION: region }).length, 4);
  for (const endpoint of ['ftp://a.example', 'https://a.example/?b=c', 's3.example', 'https://a.example#b'])
    assert.match(faults({ ...bucket.env, PARLEY_S3_ENDPOINT: endpoint })[0]!, /^PARLEY_S3_ENDPOINT: /);
  for (const name of ['..', 'a/b', 'Upper', 'a'])
    assert.match(faults({ ...bucket.env, PARLEY_S3_BUCKET: name })[0]!, /^PARLEY_S3_BUCKET: /);
});

test('a mail whose file the bucket does not take is answered 503, and taken in when it comes again', async () => {
  const world = await startWorld(database.connection, bucket.env);
  try {
    const { id } = await newWorkspace(world.ctx, 'live');
    const mailgun = await newIntegration(world.ctx, id, 'mailgun', {
      apiKey: 'key',
      domain: 'mg.shop.example',
      signingKey: 'signing-key',
      incomingAddress: 'answers@mg.shop.example',
    });
    const timestamp = String(Math.floor(world.ctx.clock.nowMs() / 1000));
    const token = 'a'.repeat(50);
    const form = new FormData();
    const fields = {
      timestamp,
      token,
      signature: hmac('sha256', 'signing-key', timestamp + token, 'hex'),
      sender: 'bea@people.example',
      from: 'Bea <bea@people.example>',
      recipient: 'answers@mg.shop.example',
      'body-plain': 'Here it is',
      'Message-Id': '<one@people.example>',
    };
    for (const [name, value] of Object.entries(fields)) form.set(name, value);
    form.set('attachment-1', new Blob(['%PDF-1.7'], { type: 'application/pdf' }), 'invoice.pdf');
    const url = `${world.url}/callbacks/${toHex24(mailgun.id)}/${mailgun.callbackKey}/inbound`;
    const post = async () => (await fetch(url, { method: 'POST', body: form })).status;
    const messages = async () =>
      await world.ctx.sql<{ content: { mediaUrl: string } }[]>`
        SELECT content FROM messages WHERE external_id = 'one@people.example'`;

    bucket.next.push({ status: 503, code: 'SlowDown' }, { status: 503, code: 'SlowDown' });
    assert.equal(await post(), 503);
    assert.equal((await messages()).length, 0);
    assert.equal(await post(), 200);
    const [kept] = await messages();
    assert.equal(await (await fetch(kept!.content.mediaUrl)).text(), '%PDF-1.7');
    const count = bucket.objects.size;
    assert.equal(await post(), 200);
    assert.equal(bucket.objects.size, count, 'the repeat left no file');
  } finally {
    await world.stop();
  }
});

test('an attachment uploaded through the Sunshine door lands in the bucket and is served', async () => {
  const world = await startWorld(database.connection, bucket.env);
  try {
    const app = await newWorkspace(world.ctx, 'test');
    const { authorization } = app;
    const at = `/v1.1/apps/${app.appId}/attachments`;
    const bytes = Buffer.alloc(2_000_000, '%PDF-1.4 invoice');
    const upload = async () => {
      const form = new FormData();
      form.set('source', new Blob([bytes], { type: 'application/pdf' }), 'Rechnung Mai.pdf');
      const made = await fetch(world.url + at, { method: 'POST', headers: { authorization }, body: form });
      return { status: made.status, body: (await made.json()) as { mediaUrl: string } };
    };
    const { status, body } = await upload();
    assert.equal(status, 201, JSON.stringify(body));
    const key = new URL(body.mediaUrl).pathname.slice(1).replace('/Rechnung_Mai.pdf', '');
    assert.ok(bucket.objects.get(key)?.bytes.equals(bytes), key);
    assert.ok(!(await readdir(world.config.dataDir)).includes('files'), 'nothing is on disk');

    const served = await fetch(body.mediaUrl);
    assert.equal(served.status, 200);
    assert.equal(served.headers.get('content-type'), 'application/pdf');
    assert.equal(served.headers.get('content-disposition'), 'inline; filename="Rechnung_Mai.pdf"');
    assert.ok(Buffer.from(await served.arrayBuffer()).equals(bytes));

    const remove = () => callApi(world, authorization, 'POST', `${at}/remove`, { mediaUrl: body.mediaUrl });
    assert.equal((await remove()).status, 200);
    assert.ok(!bucket.objects.has(key));
    assert.equal((await fetch(body.mediaUrl)).status, 404);
    assert.equal((await remove()).status, 404);

    await bucket.close();
    assert.equal((await upload()).status, 503);
    assert.equal((await fetch(body.mediaUrl)).status, 503);
    assert.equal((await remove()).status, 503);
  } finally {
    await world.stop();
  }
});
