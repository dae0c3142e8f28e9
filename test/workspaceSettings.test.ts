/**
 * A workspace as its owner has it: changed by two at once; what it keeps for fewer days than the install; and deleted, of which no row is
 * left and nothing more leaves.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { countOldRows, deleteOldRows } from '../src/accounts/keeping.ts';
import { createKey } from '../src/accounts/keys.ts';
import { removeWorkspaces, type Removing } from '../src/accounts/removal.ts';
import { toHex24 } from '../src/base/ids.ts';
import { findFile, keepFile } from '../src/content/mediaStore.ts';
import { lockRemoval } from '../src/accounts/sql.removal.ts';
import { allLanes, holdLane } from '../src/queue/lanes/still.ts';
import { caller, type Json } from './consoleProduct.ts';
import { testDatabase } from './support/database.ts';
import { startTwilioSink, type TwilioSink } from './support/twilioSink.ts';
import { until } from './support/until.ts';
import { must, newContacts, newTwilio, newWorkspace, startWorld, type World } from './support/world.ts';

const database = await testDatabase();
const { sql } = database;
let world: World;
let sink: TwilioSink;
before(async () => {
  sink = await startTwilioSink();
  world = await startWorld(database.connection, { PARLEY_RATE_LIMIT: '0' });
});
after(async () => {
  await world.stop();
  await sink.close();
});

async function keyOf(workspaceId: number, role: string) {
  const { ctx } = world;
  const of = { owner: { workspaceId }, door: 'console' as const, name: role, scopes: [role as 'owner'] };
  const made = must(await sql.begin((tx) => createKey(tx, ctx, { ...of, nowMs: ctx.clock.nowMs() })));
  return caller(world.url, made.token);
}

/** A workspace with people, and something of most of what there is. */
async function lived(from: number) {
  const { ctx } = world;
  const app = await newWorkspace(ctx, 'live');
  const twilio = await newTwilio(ctx, app.id, sink.url);
  const ids = await newContacts(ctx, app.id, 40, from);
  const call = await keyOf(app.id, 'owner');
  const base = `/api/workspaces/${toHex24(app.id)}`;
  const ok = async (method: string, path: string, body?: object): Promise<Json> => {
    const answer = await call(method, `${base}${path}`, body);
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const people = ids.map(toHex24);
  const list = await ok('POST', '/lists', { name: 'Regulars' });
  await ok('POST', `/lists/${list.id}/members`, { add: people });
  await ok('POST', '/segments', { key: 'regulars', rule: { inList: 'Regulars' } });
  await ok('POST', '/templates', { name: 'hello', content: { type: 'text', text: 'Hello' } });
  await ok('POST', '/saved-replies', { shortcut: 'hi', text: 'Hi' });
  await ok('POST', '/webhooks', {
    door: 'sunshine',
    target: 'https://127.0.0.1:9/x',
    triggers: ['message:appUser'],
  });
  const file = await call('POST', `${base}/imports?name=x`, 'phone\n+15557654321\n', {
    'content-type': 'text/csv',
  });
  assert.equal(file.status, 201, JSON.stringify(file.body));
  await ok('POST', '/exports', { who: { setId: list.id } });
  const first = people[0]!;
  await ok('POST', '/messages', { contactId: first, content: { type: 'text', text: 'Hello' } });
  await until('it is out', async () => sink.countOf(`+1555${from}`) > 0);
  return { ...app, ids, call, base, ok, twilio, from, list };
}

/** How many rows each table with a column of workspaces has of one. */
async function rowsOf(workspaceId: number): Promise<Map<string, number>> {
  const columns = await sql<{ table: string; column: string }[]>`
    SELECT c.relname AS table, a.attname AS column FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE a.attname IN ('workspace_id', 'client_workspace_id') AND NOT a.attisdropped
      AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace`;
  assert.ok(columns.length > 80, `${columns.length} tables name a workspace`);
  const found = new Map<string, number>();
  for (const { table, column } of columns) {
    const [row] = await sql.unsafe<{ n: number }[]>(
      `SELECT count(*)::int AS n FROM ${table} WHERE ${column} = $1`,
      [workspaceId],
    );
    if (row!.n > 0) found.set(table, row!.n);
  }
  return found;
}

/** Housekeeping some minutes later; each `step` is all that one process gets done before it dies. `outside`: how files fare. */
function removing(step = false, outside?: () => Promise<number>): Removing {
  const { ctx } = world;
  const rooms = ctx
    .rooms()
    .map((room) => (room.removeOutside && outside ? { ...room, removeOutside: outside } : room));
  let nowMs = ctx.clock.nowMs() + 10 * 60_000;
  // Of a process that dies, the clock says that its time is over after one step.
  const clock = { ...ctx.clock, nowMs: () => (step ? (nowMs += 25_000) : ctx.clock.nowMs() + 600_000) };
  const lanes = () => allLanes(sql);
  return { sql, ids: ctx.ids, clock, log: ctx.log, rooms, lanes, holdLane };
}

test('of two who change a workspace at once the second is told what the first has changed, and nothing of his stands', async () => {
  const app = await newWorkspace(world.ctx, 'live');
  const call = await keyOf(app.id, 'owner');
  const at = `/api/workspaces/${toHex24(app.id)}`;
  const { revision } = (await call('GET', at)).body;
  const change = (body: object, seen: number) => call('PATCH', at, body, { 'if-match': `"${seen}"` });
  const settings = { trackOpens: true };
  const both = await Promise.all([
    change({ timeZone: 'Europe/Paris', settings }, revision),
    change({ timeZone: 'Europe/Rome', settings: { ...settings, trackClicks: true } }, revision),
  ]);
  const [won, lost] = both[0].status === 200 ? both : both.toReversed();
  assert.deepEqual([won!.status, won!.body.revision], [200, revision + 1]);
  assert.deepEqual([lost!.status, lost!.body.error.code], [412, 'precondition_failed']);
  assert.match(
    lost!.body.error.message,
    /changed settings\.trackOpens, (settings\.trackClicks, )?timeZone|changed settings\.trackClicks, settings\.trackOpens, timeZone/,
  );
  const now = (await call('GET', at)).body;
  assert.deepEqual([now.timeZone, now.settings], [won!.body.timeZone, won!.body.settings]);
  // Who has looked again is let through, and so is whoever names no revision.
  assert.equal((await change({ name: 'Again' }, revision + 1)).status, 200);
  assert.match((await change({ name: 'Late' }, revision + 1)).body.error.message, /changed name meanwhile/);
  assert.equal((await call('PATCH', at, { name: 'Anyhow' })).status, 200);
  for (const odd of ['W/"1"', '"x"', '1.5'])
    assert.equal((await call('PATCH', at, { name: 'x' }, { 'if-match': odd })).status, 400, odd);
  const [entry] = (await call('GET', `${at}/audit?action=workspace.update&limit=1`)).body.entries;
  assert.deepEqual(entry.detail, { name: { from: 'Again', to: 'Anyhow' } });
});

/** Files of a workspace, and how many of them are there. */
async function keptFiles(workspaceId: number) {
  const { ctx } = world;
  const file = { bytes: Buffer.from('x'), name: 'a.png', mediaType: 'image/png' };
  const urls: string[] = [];
  for (let n = 0; n < 3; n += 1) urls.push(must(await keepFile(ctx, workspaceId, file)));
  return async () => {
    const found = urls.map((url) => {
      const [, , workspace, token] = new URL(url).pathname.split('/');
      return findFile(ctx, workspace!, token!);
    });
    return (await Promise.all(found)).filter((one) => one !== undefined).length;
  };
}

test('no row and no file of a deleted workspace is left, whatever dies on the way, and another one loses none', async () => {
  const [gone, stays] = [await lived(3_000_000), await lived(4_000_000)];
  const before = await rowsOf(stays.id);
  assert.ok(before.size > 20, [...before.keys()].join(' '));
  const [files, others] = [await keptFiles(gone.id), await keptFiles(stays.id)];
  const { id } = await gone.ok('POST', '/broadcasts', {
    name: 'later',
    channel: 'sms',
    audience: { include: { all: true } },
    content: { type: 'text', text: 'Later' },
  });
  await gone.ok('POST', `/broadcasts/${id}/schedule`, { at: '2060-01-01T00:00:00Z' });
  const [waits] = await sql<{ row: Json }[]>`
    SELECT to_jsonb(d) AS row FROM due d WHERE workspace_id = ${gone.id} ORDER BY due_ms DESC LIMIT 1`;
  assert.ok(waits!.row.due_ms > Date.UTC(2059, 0), 'it waits in a lane');
  assert.equal((await gone.call('POST', `${gone.base}/delete`, { name: 'Test' })).status, 204);
  // What is under way when it is asked for is over first.
  const atOnce = {
    ...removing(),
    clock: { ...world.ctx.clock, nowMs: () => world.ctx.clock.nowMs() + 120_000 },
  };
  await removeWorkspaces(atOnce);
  const stepOf = async () => {
    const [at] = await sql<
      { step: string }[]
    >`SELECT step FROM workspace_removals WHERE workspace_id = ${gone.id}`;
    return at!.step;
  };
  assert.equal(await stepOf(), '');
  assert.equal((await rowsOf(gone.id)).get('contacts'), 40);
  // One process is at it, and no other.
  await sql.begin(async (tx) => {
    assert.ok(await lockRemoval(tx, gone.id));
    assert.equal(await lockRemoval(world.ctx.sql, gone.id), undefined);
  });
  const away = () => Promise.reject(new Error('the store is away'));
  // Processes die after a step each, the first between two files; then two go on at once, and the store of files is away.
  const dies = async () => {
    assert.equal(await world.ctx.files.removeSome(toHex24(gone.id), 1), 1);
    throw new Error('it died');
  };
  for (let n = 0; n < 10 || (await stepOf()) === 'lanes'; n += 1)
    assert.deepEqual(await removeWorkspaces(removing(true, n === 0 ? dies : away)), []);
  assert.equal(await files(), 2);
  assert.ok(!['', 'lanes'].includes(await stepOf()), 'it goes on where it was');
  // Something comes in once its table was gone through.
  await sql`INSERT INTO due SELECT * FROM jsonb_populate_record(NULL::due, ${waits!.row}::jsonb)`;
  const [one, other] = [removeWorkspaces(removing(false, away)), removeWorkspaces(removing(false, away))];
  assert.deepEqual((await Promise.all([one, other])).flat(), [], 'it is not done while a file may be left');
  assert.deepEqual([...(await rowsOf(gone.id)).keys()], ['workspace_removals'], 'rows do not wait for files');
  const done = await Promise.all([removeWorkspaces(removing()), removeWorkspaces(removing())]);
  while (!done.flat().includes(gone.id)) done.push(await removeWorkspaces(removing()));
  assert.deepEqual([...(await rowsOf(gone.id)).keys()], []);
  assert.equal((await sql`SELECT 1 FROM workspaces WHERE id = ${gone.id}`).length, 0);
  const parts = ['set_members', 'segment_members', 'live_log', 'caps', 'participants'];
  for (const table of parts) {
    const column = table === 'participants' ? 'conversation_id' : 'contact_id';
    const of = table === 'participants' ? 'conversations' : 'contacts';
    const orphans = await sql.unsafe(
      `SELECT 1 FROM ${table} t WHERE NOT EXISTS (SELECT FROM ${of} o WHERE o.id = t.${column})`,
    );
    assert.equal(orphans.length, 0, `${table} has rows of nobody`);
  }
  const [told] = await sql<{ detail: Json }[]>`
    SELECT detail FROM audit_log WHERE action = 'workspace.removed' AND subject = ${`workspace:${gone.id}`}`;
  assert.equal(told!.detail.name, 'Test');
  const now = await rowsOf(stays.id);
  // What is under way there goes on.
  for (const table of ['due', 'timers', 'feed', 'feed_failures', 'event_arrivals', 'campaign_tasks'])
    before.delete(table);
  for (const [table, n] of before)
    assert.ok((now.get(table) ?? 0) >= n, `${table}: ${n}, then ${now.get(table)}`);
  assert.equal((await stays.call('GET', stays.base)).status, 200);
  assert.deepEqual([await files(), await others()], [0, 3]);
});

test('what a workspace keeps for fewer days goes when it is older, once a day, and nothing else does', async () => {
  const [short, usual] = [await lived(5_000_000), await lived(6_000_000)];
  const { ctx } = world;
  const kept = await short.ok('GET', '/kept?messages=31&audit=40');
  assert.equal(kept.installDays.messages, 180);
  assert.deepEqual(kept.older, { messages: 0, audit: 0 }, 'nothing is as old');
  for (const odd of ['messages=0', 'messages=x', 'audit=3651'])
    assert.equal((await short.call('GET', `${short.base}/kept?${odd}`)).status, 400, odd);
  const set = (keptDays: object) => short.call('PATCH', short.base, { settings: { keptDays } });
  assert.equal((await set({ messages: 30 })).body.error.field, 'settings.keptDays.messages');
  assert.equal((await set({ messages: 31, audit: 90 })).status, 200);

  const round = async (days: number) => {
    const nowMs = ctx.clock.nowMs() + days * 86_400_000;
    const deps = { sql, clock: { nowMs: () => nowMs }, log: ctx.log, rooms: ctx.rooms() };
    // Two processes at once.
    return (await Promise.all([deleteOldRows(deps), deleteOldRows(deps)])).flat();
  };
  const counts = async (workspaceId: number) => {
    const rows = await rowsOf(workspaceId);
    return ['messages', 'deliveries', 'message_words', 'audit_log', 'contacts'].map(
      (one) => rows.get(one) ?? 0,
    );
  };
  const [before, others] = [await counts(short.id), await counts(usual.id)];
  assert.ok(
    before.every((n) => n > 0),
    before.join(),
  );
  const workspace = (await ctx.directory.workspace(short.id))!;
  const later = { days: { messages: 31, audit: 31 }, most: 5, nowMs: ctx.clock.nowMs() + 32 * 86_400_000 };
  const due = await countOldRows(sql, ctx.rooms(), workspace, later);
  assert.deepEqual(due, { messages: 1, audit: 5 }, 'it is said beforehand, up to so many');

  await round(30);
  assert.deepEqual(await counts(short.id), before, 'nothing is as old yet');
  assert.deepEqual(await round(30.5), [], 'and it is not looked at again on that day');
  await round(32);
  assert.deepEqual(await counts(short.id), [0, 0, 0, ...before.slice(3)]);
  await round(91);
  assert.deepEqual(await counts(short.id), [0, 0, 0, 0, before[4]]);
  assert.deepEqual(await counts(usual.id), others);
});

test('what a test workspace keeps is as old as its own clock says', async () => {
  const { ctx } = world;
  const app = await newWorkspace(ctx, 'test');
  const nowMs = ctx.clock.nowMs();
  await sql`
    INSERT INTO contact_events (bucket, contact_id, name_id, at_ms, key, workspace_id, received_ms, flags)
    VALUES (7, 7, 1, ${nowMs}, 1, ${app.id}, ${nowMs}, 0)`;
  const workspace = (await ctx.directory.workspace(app.id))!;
  const olderThan31 = async (daysAhead: number) =>
    await countOldRows(
      sql,
      ctx.rooms(),
      { ...workspace, clockAheadMs: daysAhead * 86_400_000 },
      { days: { events: 31 }, most: 5, nowMs },
    );
  assert.deepEqual([await olderThan31(30), await olderThan31(32)], [{ events: 0 }, { events: 1 }]);
});

test('a workspace is deleted by its owner and its name; its keys open nothing at once, and what is in flight does not leave', async () => {
  const place = await lived(2_000_000);
  const { call, base, ok } = place;
  const admin = await keyOf(place.id, 'admin');
  assert.equal((await admin('POST', `${base}/delete`, { name: 'Test' })).status, 403);
  assert.equal((await admin('GET', `${base}/goes`)).status, 403);
  const goes = await ok('GET', '/goes');
  assert.deepEqual([goes.people, goes.channels, goes.webhooks], [40, 1, 1]);
  const wrong = await call('POST', `${base}/delete`, { name: 'test' });
  assert.deepEqual([wrong.status, wrong.body.error.field], [422, 'name']);

  // One a second: most of them wait when it is deleted.
  const broadcast = await ok('POST', '/broadcasts', {
    name: 'news',
    channel: 'sms',
    class: 'transactional',
    integrationId: toHex24(place.twilio.id),
    audience: { include: { all: true } },
    content: { type: 'text', text: 'News' },
    ratePerS: 1,
  });
  await ok('POST', `/broadcasts/${broadcast.id}/start`);
  const news = () => sink.calls.filter(({ body, to }) => body === 'News' && to.startsWith('+15552')).length;
  await until('it has begun', async () => news() > 0);
  assert.equal((await call('POST', `${base}/delete`, { name: 'Test' })).status, 204);
  assert.equal((await call('GET', base)).status, 401);
  assert.equal((await call('POST', `${base}/messages`, {})).status, 401);
  // What was at the provider then is at most what one second lets go.
  const left = news();
  const due = async () => (await sql`SELECT 1 FROM due WHERE workspace_id = ${place.id}`).length;
  const waited = await due();
  await until('workers have come to what waited', async () => (await due()) <= Math.max(0, waited - 2));
  assert.ok(news() <= left + 1, `${left} had left, and now ${news()}`);
});
