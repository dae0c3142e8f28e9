/**
 * A signature of Mailgun's covers a token and no content: it is believed for what it first came with. A provider that calls again is
 * answered as before and nothing happens twice; whoever puts other words under a signature they saw is refused.
 */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { toHex24 } from '../src/base/ids.ts';
import { sweepSignatures } from '../src/receipts/signatures.ts';
import { testDatabase } from './support/database.ts';
import { newIntegration } from './support/messages.ts';
import { newWorkspace, startWorld, type World } from './support/world.ts';

const DOMAIN = 'mg.once.example';
const HOUR_MS = 3600_000;

const database = await testDatabase();
/** Two processes on one database: a retry meets either. */
let worlds: World[];
let app: Awaited<ReturnType<typeof newWorkspace>>;
let mailgun: Awaited<ReturnType<typeof newIntegration>>;
let count = 0;

before(async () => {
  worlds = [await startWorld(database.connection), await startWorld(database.connection)];
  const { ctx } = worlds[0]!;
  app = await newWorkspace(ctx, 'live');
  const settings = { apiKey: 'key', domain: DOMAIN, signingKey: 'signing-key' };
  mailgun = await newIntegration(ctx, app.id, 'mailgun', settings);
});
after(async () => {
  for (const world of worlds) await world.stop();
});

function signature() {
  const timestamp = String(Math.floor(worlds[0]!.ctx.clock.nowMs() / 1000));
  const token = String(++count).padStart(50, 'b');
  const signed = createHmac('sha256', 'signing-key').update(timestamp + token);
  return { timestamp, token, signature: signed.digest('hex') };
}

async function call(purpose: string, contentType: string, body: string, world = worlds[0]!): Promise<number> {
  const url = `${world.url}/callbacks/${toHex24(mailgun.id)}/${mailgun.callbackKey}/${purpose}`;
  return (await fetch(url, { method: 'POST', headers: { 'content-type': contentType }, body })).status;
}

const event = (signed: object, data: object) =>
  JSON.stringify({ signature: signed, 'event-data': { timestamp: 1_700_000_000.5, ...data } });
const complaint = (recipient: string, id = `e-${recipient}`) => ({ event: 'complained', id, recipient });

const mail = (boundary: string, fields: Record<string, string>, file = 'PDF') =>
  [
    ...Object.entries(fields).map(
      ([name, value]) =>
        `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
    ),
    `--${boundary}\r\nContent-Disposition: form-data; name="attachment-1"; filename="a.pdf"\r\n`,
    `Content-Type: application/pdf\r\n\r\n${file}\r\n--${boundary}--\r\n`,
  ].join('');
const postMail = (boundary: string, fields: Record<string, string>, file?: string, world?: World) =>
  call('inbound', `multipart/form-data; boundary=${boundary}`, mail(boundary, fields, file), world);
const letter = (text: string) => ({
  ...signature(),
  from: 'ann@people.example',
  sender: 'ann@people.example',
  recipient: `a@${DOMAIN}`,
  'body-plain': text,
});

const blocked = async (address: string) =>
  (await database.sql`SELECT 1 FROM suppressions WHERE workspace_id = ${app.id} AND address = ${address}`)
    .length;
const kept = async (text: string) =>
  (
    await database.sql`
      SELECT 1 FROM messages WHERE workspace_id = ${app.id} AND content->>'text' = ${text}`
  ).length;

test('an event: a repeat is answered as before, the same signature over another event is refused', async () => {
  const signed = signature();
  const body = event(signed, complaint('first@people.example'));
  for (const world of worlds) assert.equal(await call('status', 'application/json', body, world), 200);
  // The order of keys and spaces are nobody's word.
  const reordered = JSON.stringify(
    Object.fromEntries(Object.entries(JSON.parse(body)).toReversed()),
    null,
    2,
  );
  assert.equal(await call('status', 'application/json', reordered), 200);
  assert.equal(await blocked('first@people.example'), 1);
  const others = [
    complaint('second@people.example'),
    complaint('second@people.example', 'e-first@people.example'),
    { event: 'clicked' },
  ];
  for (const [at, data] of others.entries())
    assert.equal(await call('status', 'application/json', event(signed, data), worlds[at % 2]), 406);
  assert.equal(await blocked('second@people.example'), 0);
});

test('what says nothing to us uses its signature up, too, and so does what is not understood', async () => {
  for (const first of [{ event: 'clicked', id: 'c1' }, { no: 'event' }]) {
    const signed = signature();
    await call('status', 'application/json', event(signed, first));
    const later = event(signed, complaint('third@people.example'));
    assert.equal(await call('status', 'application/json', later), 406);
  }
  assert.equal(await blocked('third@people.example'), 0);
});

test('a mail: a retry under another boundary is the same; other words, another file, another door are not', async () => {
  const fields = letter('Hello once');
  assert.equal(await postMail('one', fields), 200);
  assert.equal(await postMail('two', fields, 'PDF', worlds[1]), 200);
  assert.equal(await kept('Hello once'), 1);
  assert.equal(await postMail('three', { ...fields, 'body-plain': 'Hello forged' }), 406);
  assert.equal(await postMail('three', { ...fields, from: 'eve@people.example' }), 406);
  assert.equal(await postMail('three', fields, 'EXE'), 406);
  const { timestamp, token, signature: signed } = fields;
  const crossed = event({ timestamp, token, signature: signed }, complaint('fourth@people.example'));
  assert.equal(await call('status', 'application/json', crossed), 406);
  assert.deepEqual([await kept('Hello forged'), await blocked('fourth@people.example')], [0, 0]);
});

test('of two contents that come at once under one signature one is believed', async () => {
  const fields = letter('left');
  const statuses = await Promise.all([
    postMail('one', fields, 'PDF', worlds[0]),
    postMail('one', { ...fields, 'body-plain': 'right' }, 'PDF', worlds[1]),
    postMail('two', { ...fields, 'body-plain': 'right' }, 'PDF', worlds[0]),
    postMail('two', fields, 'PDF', worlds[1]),
  ]);
  assert.deepEqual(
    statuses.toSorted((a, b) => a - b),
    [200, 200, 406, 406],
  );
  assert.equal((await kept('left')) + (await kept('right')), 1);
});

test('a call that could not be taken in is taken in when it comes again', async () => {
  const fields = letter('Hello again');
  await database.sql.unsafe(`
    CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no room'; END $$;
    CREATE TRIGGER full_disk BEFORE INSERT ON inbound_seen FOR EACH ROW EXECUTE FUNCTION full_disk()`);
  const status = await postMail('one', fields);
  await database.sql.unsafe('DROP FUNCTION full_disk CASCADE');
  assert.ok(status >= 500, `${status}`);
  assert.equal(await postMail('two', fields), 200);
  assert.equal(await kept('Hello again'), 1);
});

test('signatures are kept as long as they are believed, and no longer', async () => {
  const nowMs = () => worlds[0]!.ctx.clock.nowMs();
  const left = async () => (await database.sql`SELECT 1 FROM callback_signatures`).length;
  assert.ok((await left()) >= 5);
  await sweepSignatures(database.sql, nowMs() + 12 * HOUR_MS);
  assert.ok((await left()) >= 5);
  await sweepSignatures(database.sql, nowMs() + 14 * HOUR_MS);
  assert.equal(await left(), 0);
});
