/**
 * Somebody is erased while something about them is on its way: a call whose outcome is not settled yet, a receipt, a message that is being
 * accepted, a file that is being fetched. Whichever is first, no table names them afterwards.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { bucketOf, toHex24 } from '../src/base/ids.ts';
import { createBroadcast, startBroadcast } from '../src/broadcasts/broadcasts.ts';
import { ensureConversations } from '../src/conversations/conversations.ts';
import { STATE } from '../src/ledger/states.ts';
import { accept } from '../src/outbox/accept.ts';
import { erasePerson } from '../src/people/people.ts';
import { testDatabase } from './support/database.ts';
import { MAY_NAME, rowsOf, tablesWith } from './support/named.ts';
import { callAsTwilio, startTwilioSink, type SinkAnswer, type SinkCall } from './support/twilioSink.ts';
import { until } from './support/until.ts';
import {
  callApi,
  must,
  newContacts,
  newTwilio,
  newWorkspace,
  startWorld,
  type World,
} from './support/world.ts';

const database = await testDatabase();
const { sql } = database;
const sink = await startTwilioSink();
let world: World;
before(async () => {
  world = await startWorld(database.connection);
});
after(async () => {
  await world.stop();
  await sink.close();
});

/** What a provider says of a number, naming it. The last digit tells which. */
const ANSWERS: Record<string, (to: string) => SinkAnswer> = {
  accepted: () => 'accept',
  refused: (to) => ({ status: 400, body: JSON.stringify({ code: 21211, message: `no such number ${to}` }) }),
  stopped: (to) => ({ status: 400, body: JSON.stringify({ code: 21610, message: `${to} said stop` }) }),
  deferred: (to) => ({ status: 429, body: JSON.stringify({ code: 20429, message: `${to}: later` }) }),
  unclear: () => 'reset',
};
const KINDS = Object.keys(ANSWERS);
const answerTo = (to: string) => ANSWERS[KINDS[Number(to.slice(-1)) % KINDS.length]!]!(to);

let numbers = 8_000_000;

/** People of a workspace, one for each answer, who are being sent to: their calls are at the provider, who waits. */
async function calling(kind: 'single' | 'run') {
  const { ctx } = world;
  const app = await newWorkspace(ctx, 'live');
  const integration = await newTwilio(ctx, app.id, sink.url);
  const first = (numbers += 100);
  const contactIds = await newContacts(ctx, app.id, KINDS.length, first);
  const phones = contactIds.map((_, i) => `+1555${first + i}`);
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
  const calls: SinkCall[] = [];
  sink.answer = ({ to }) => answerTo(to);
  sink.onCall = async (call) => {
    if (!phones.includes(call.to)) return;
    calls.push(call);
    if (calls.length <= phones.length) await answered;
  };
  const nowMs = ctx.clock.nowMs();
  if (kind === 'run') {
    const input = {
      name: 'x',
      content: { type: 'text', text: 'Hi {{ contact.givenName }}' },
      channel: 'sms',
      audience: { include: { all: true } },
    };
    await ctx.queue.transact(async (tx) => {
      const made = must(await createBroadcast(ctx.broadcasts, tx, app.id, input, nowMs));
      return must(await startBroadcast(ctx.broadcasts, tx, app.id, made.id, nowMs));
    });
  } else
    await ctx.queue.transact(async (tx) => {
      const people = contactIds.map((contactId) => ({ contactId, workspaceId: app.id }));
      const conversations = await ensureConversations(tx, ctx.ids, nowMs, people);
      const sends = people.map(({ contactId, workspaceId }, at) => ({
        workspaceId,
        contactId,
        conversationId: conversations.get(contactId)!.id,
        kind: 'notification' as const,
        class: 'marketing' as const,
        content: { type: 'text' as const, text: `Dear ${phones[at]}` },
        author: {},
        source: { type: 'notification' },
        integrationId: integration.id,
      }));
      return await accept(ctx, tx, nowMs, sends);
    });
  await until('all are called', () => calls.length === phones.length);
  return { app, integration, contactIds, phones, calls, answer };
}

type Scene = Awaited<ReturnType<typeof calling>>;

async function erase({ app, contactIds }: Pick<Scene, 'app' | 'contactIds'>): Promise<void> {
  const { ctx } = world;
  for (const contactId of contactIds)
    await ctx.queue.transact((tx) =>
      erasePerson(ctx, tx, {
        workspaceId: app.id,
        contactId,
        atMs: ctx.clock.nowMs(),
        afterCommit: (run) => run(),
      }),
    );
}

async function landed({ app }: Pick<Scene, 'app'>): Promise<void> {
  await until('nothing is in flight', async () => {
    const [row] = await sql<{ n: number }[]>`
      SELECT (SELECT count(*) FROM flights) + (SELECT count(*) FROM feed WHERE workspace_id = ${app.id}) AS n`;
    return row!.n === 0;
  });
}

async function namesNobody({ contactIds, phones }: Pick<Scene, 'contactIds' | 'phones'>): Promise<void> {
  const marks = [...phones, ...phones.map((phone) => phone.slice(1))];
  assert.deepEqual(await tablesWith(sql, marks, MAY_NAME), []);
  for (const contactId of contactIds) assert.deepEqual(await rowsOf(sql, contactId), []);
}

/** Keeps lanes from whoever settles or erases, until it is released: they wait in the order in which they came. */
async function holdingLanes() {
  const { promise: held, resolve: isHeld } = Promise.withResolvers<void>();
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const done = sql.begin(async (tx) => {
    await tx`SELECT 1 FROM lanes FOR UPDATE`;
    isHeld();
    await released;
  });
  await held;
  return async () => (release(), await done);
}

/** Waits until so many sessions wait for a lock more than before. */
async function waiting(more: number, work: () => void): Promise<void> {
  const count = async () => {
    const [row] = await sql<{ n: number }[]>`
      SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    return row!.n;
  };
  const was = await count();
  work();
  await until('somebody waits for a lock', async () => (await count()) >= was + more);
}

for (const kind of ['single', 'run'] as const) {
  test(`9.3 erased between the call and its settle (${kind}): whatever the provider says, nobody is named`, async () => {
    const scene = await calling(kind);
    await erase(scene);
    scene.answer();
    await landed(scene);
    await namesNobody(scene);
    const rows = await sql<{ state: number; class: number; erased: boolean }[]>`
      SELECT state, class, erased FROM deliveries WHERE contact_id = ANY(${scene.contactIds}::bigint[])`;
    assert.ok(rows.every((row) => row.class === 2 && row.erased));
    assert.ok(
      rows.some(({ state }) => state === STATE.accepted) && rows.some(({ state }) => state === STATE.failed),
    );
    const [blocked] = await sql<{ n: number }[]>`
      SELECT count(*) AS n FROM suppressions WHERE workspace_id = ${scene.app.id} AND address IS NULL`;
    assert.equal(blocked!.n, 2, 'who said stop, and what is no number, stays blocked by its proof');
    // What is told of later, with the number in it.
    for (const { callback } of scene.calls)
      await callAsTwilio(callback, {
        AccountSid: `AC${'0'.repeat(32)}`,
        MessageSid: 'SM1',
        MessageStatus: 'undelivered',
        ErrorCode: '30005',
        ErrorMessage: `${scene.phones[0]} is unknown`,
        To: scene.phones[0]!,
      });
    await landed(scene);
    await namesNobody(scene);
  });

  test(`9.3 erased while the outcome is being settled (${kind}), in both orders`, async () => {
    for (const first of ['settle', 'erase'] as const) {
      const scene = await calling(kind);
      const release = await holdingLanes();
      const erased = Promise.withResolvers<void>();
      const work = {
        settle: scene.answer,
        erase: () => void erase(scene).then(erased.resolve, erased.reject),
      };
      await waiting(1, work[first]);
      work[first === 'settle' ? 'erase' : 'settle']();
      await release();
      await erased.promise;
      await landed(scene);
      await namesNobody(scene);
    }
  });
}

test('9.3 a message that is being accepted while somebody is erased is nobody’s afterwards, in both orders', async () => {
  const { ctx } = world;
  for (const first of ['accept', 'erase'] as const) {
    const app = await newWorkspace(ctx, 'live');
    const { id: integrationId } = await newTwilio(ctx, app.id, sink.url);
    const number = (numbers += 100);
    const [contactId] = await newContacts(ctx, app.id, 1, number);
    const phones = [`+1555${number}`];
    const at = `/v1.1/apps/${app.appId}/appusers/${toHex24(contactId!)}/messages`;
    const say = (text: string) =>
      callApi(world, app.authorization, 'POST', at, { role: 'appMaker', type: 'text', text });
    sink.onCall = () => {};
    sink.answer = () => 'accept';
    assert.equal((await say('Hi')).status, 201);
    await until('it is sent', () => sink.countOf(phones[0]!) === 1);
    await landed({ app });
    assert.ok(integrationId);
    const { promise: held, resolve: isHeld } = Promise.withResolvers<void>();
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const holding = sql.begin(async (tx) => {
      await tx`SELECT 1 FROM conversations WHERE bucket = ${bucketOf(contactId!)} AND contact_id = ${contactId!} FOR UPDATE`;
      isHeld();
      await released;
    });
    await held;
    let erased: Promise<void> | undefined;
    let said: ReturnType<typeof say> | undefined;
    const work = {
      accept: () => void (said = say(`Dear ${phones[0]}`)),
      erase: () => void (erased = erase({ app, contactIds: [contactId!] })),
    };
    await waiting(1, work[first]);
    await waiting(1, work[first === 'accept' ? 'erase' : 'accept']);
    release();
    await holding;
    const { status } = await said!;
    await erased!;
    assert.equal(status, first === 'accept' ? 201 : 404);
    await landed({ app });
    await namesNobody({ contactIds: [contactId!], phones });
  }
});

test('9.3 what somebody sends while they are erased is a new contact’s with its file, and none of the old one is left', async () => {
  const { ctx } = world;
  const app = await newWorkspace(ctx, 'live');
  const { id, callbackKey } = await newTwilio(ctx, app.id, sink.url);
  const number = (numbers += 100);
  const [contactId] = await newContacts(ctx, app.id, 1, number);
  const path = `/2010-04-01/Accounts/AC${'0'.repeat(32)}/Messages/MM1/Media/ME1`;
  sink.files.set(`${sink.url}${path}`, {
    status: 200,
    headers: { 'content-type': 'image/png' },
    body: 'PNG',
  });
  const callback = `${world.url}/callbacks/${toHex24(id)}/${callbackKey}/inbound`;
  const heard = () =>
    callAsTwilio(callback, {
      AccountSid: `AC${'0'.repeat(32)}`,
      MessageSid: `MM${'1'.repeat(32)}`,
      From: `+1555${number}`,
      To: '+15005550000',
      Body: 'me',
      NumMedia: '1',
      MediaUrl0: `${sink.url}${path}`,
      MediaContentType0: 'image/png',
    });
  // Both at once: whichever is first, the message is not the old contact's.
  await Promise.all([heard(), erase({ app, contactIds: [contactId!] })]);
  await landed({ app });
  assert.deepEqual(await rowsOf(sql, contactId!), []);
  const rows = await sql<{ contactId: number; url: string }[]>`
    SELECT contact_id AS "contactId", content ->> 'mediaUrl' AS url FROM messages WHERE workspace_id = ${app.id}`;
  for (const row of rows) {
    assert.notEqual(row.contactId, contactId);
    assert.equal((await fetch(row.url)).status, 200);
  }
});
