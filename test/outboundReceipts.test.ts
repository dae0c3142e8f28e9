/** What phones tell of pushes by the key that anybody reads out of an app: of a push that is out, and of nothing else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { STATE } from '../src/ledger/states.ts';
import { errors, startOutbound } from './outboundProduct.ts';
import { until } from './support/until.ts';

const product = await startOutbound();
const { post, person, keys, sql, call, base } = product;
const byPublic = { 'x-outbound-key': keys.public };

const ok = async (path: string, body: unknown, headers: Record<string, string> = byPublic) => {
  const said = await post(path, body, headers);
  assert.deepEqual([said.status, said.text], [200, ''], `${path} ${JSON.stringify(body)}`);
};

type Row = { cause: number; contact: number; seq: number; state: number; ref: string };

/** Sends somebody a text; the delivery once it is in a state. */
async function sent(userId: string, state: number, more: object = {}) {
  const { id } = await person(userId);
  const said = await call('POST', `${base}/messages`, {
    contactId: id,
    content: { type: 'text', text: 'Hello' },
    ...more,
  });
  assert.equal(said.status, 202, JSON.stringify(said.body));
  const find = async (): Promise<Row | undefined> => {
    const [row] = await sql<Omit<Row, 'ref'>[]>`
      SELECT d.cause_id AS cause, d.contact_id AS contact, d.seq, d.state FROM deliveries d
      JOIN identities i ON i.contact_id = d.contact_id WHERE i.value = ${userId} ORDER BY d.cause_id DESC LIMIT 1`;
    return row && { ...row, ref: [row.cause, row.contact, row.seq].map((n) => n.toString(36)).join('.') };
  };
  const row = await until('it is there', async () => {
    const now = await find();
    return now?.state === state ? now : undefined;
  });
  return { ref: row.ref, state: async () => (await find())!.state };
}

/** All that a phone tells of one. */
async function allTold(ref: string, platform = 'ios', more: object = {}): Promise<void> {
  await ok(`/i/${platform}/received`, { _oid: ref, ...more });
  await ok(`/i/${platform}/opened`, { _oid: ref, ...more });
  await ok(`/i/${platform}/uninstall_tracker`, { i: ref, revoked: true, ...more });
}

test('O4 an e-mail is not opened, and its address not given up, by the word of a phone', async () => {
  await ok('/v2/identify', { user_id: 'may', email: 'silent@simulator.test' });
  const mail = await sent('may', STATE.accepted);
  for (const platform of ['ios', 'android']) await allTold(mail.ref, platform);
  assert.equal(await mail.state(), STATE.accepted);
  const [at] = (await person('may')).destinations;
  assert.deepEqual([at.channel, at.status, at.blocked], ['email', 'active', []]);
});

test('O4 a push that waits is not delivered by the word of a phone: it goes out when its time comes', async () => {
  await ok('/v2/apns/register', { user_id: 'wim', token: 'ef'.repeat(32) });
  const hour = (ahead: number) => new Date(Date.now() + ahead * 3600_000).toISOString().slice(11, 16);
  const quietHours = { from: hour(-6), to: hour(10) };
  const set = await call('PATCH', base, { settings: { quietHours } });
  assert.equal(set.status, 200, JSON.stringify(set.body));
  const push = await sent('wim', STATE.held, { class: 'marketing' });
  await allTold(push.ref);
  assert.equal(await push.state(), STATE.held);
  assert.equal((await call('PATCH', base, { settings: { quietHours: null } })).status, 200);
});

test('O4 a push to an Apple device is none that an Android phone tells of, nor one of another user, nor another workspace’s', async () => {
  await ok('/v2/apns/register', { user_id: 'pia', token: 'ab'.repeat(32) });
  await ok('/v2/identify', { user_id: 'ray' });
  const push = await sent('pia', STATE.accepted);
  await allTold(push.ref, 'android');
  await allTold(push.ref, 'ios', { user_id: 'ray' });
  const { public: theirs } = await product.newWorkspace();
  await ok('/i/ios/opened', { _oid: push.ref }, { 'x-outbound-key': theirs });
  assert.equal(await push.state(), STATE.accepted);
  const bad = await post('/i/ios/opened', { _oid: push.ref, user_id: {} }, byPublic);
  assert.equal(bad.status, 400, bad.text);
  // Somebody of whom we do not know is not somebody else; who became the user is the user.
  await ok('/i/ios/received', { _oid: push.ref, user_id: 'not known' });
  assert.equal(await push.state(), STATE.delivered);
  await ok('/v2/identify', { user_id: 'pia-later' }, {});
  await ok('/v2/identify', { user_id: 'pia-later', previous_id: 'pia' }, {});
  await ok('/i/ios/opened', { _oid: push.ref, user_id: 'pia-later', timestamp: 1 });
  const [row] = await sql<
    { state: number }[]
  >`SELECT state FROM deliveries WHERE cause_id = ${Number.parseInt(push.ref.split('.')[0]!, 36)}`;
  assert.equal(row!.state, STATE.read);
});

test('O4 an e-mail whose answer is still to come is no push that a phone could tell of', async () => {
  await ok('/v2/identify', { user_id: 'ned', email: 'hang@simulator.test' });
  const mail = await sent('ned', STATE.queued, {
    contactId: undefined,
    destination: { channel: 'email', address: 'hang@simulator.test' },
  });
  const key = mail.ref.split('.').map((part) => Number.parseInt(part, 36));
  await until(
    'its call is under way',
    async () => (await sql`SELECT FROM flights WHERE ${key[0]!}::bigint = ANY(cause_ids)`).length > 0,
  );
  await allTold(mail.ref);
  assert.equal(await mail.state(), STATE.queued);
});

test('O4 a phone that tells of a push before the answer to its sending is written is believed', async () => {
  await ok('/v2/fcm/register', { user_id: 'tom', token: 'sim:hang 1' });
  const push = await sent('tom', STATE.queued);
  await until('its call is under way', async () => {
    await ok('/i/android/received', { _oid: push.ref });
    return (await push.state()) === STATE.delivered;
  });
});

test('nothing of all this was an error of ours', () => assert.deepEqual(errors, []));
