/**
 * The first minute of an install, and of any table that has suddenly grown: before Postgres knows how much there is, what reads an
 * audience reads each row a few times, not each row for every other one. Counted in rows read, so that a slow machine changes nothing.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { toHex24 } from '../src/base/ids.ts';
import { ROUTES } from '../src/doors/console/routes.ts';
import { testDatabase } from './support/database.ts';
import { newConsoleKey } from './support/messages.ts';
import { startTwilioSink, type TwilioSink } from './support/twilioSink.ts';
import { until } from './support/until.ts';
import { callApi, newTwilio, newWorkspace, startWorld, type World } from './support/world.ts';

// Answers are looked into freely here.
// oxlint-disable-next-line typescript/no-explicit-any
type Json = any;

const PEOPLE = 5_000;
const database = await testDatabase();
const { sql } = database;
let world: World;
let sink: TwilioSink;
before(async () => {
  sink = await startTwilioSink();
  world = await startWorld(database.connection);
  const tables = await sql<{ name: string }[]>`
    SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind = 'r'`;
  for (const { name } of tables) await sql.unsafe(`ALTER TABLE ${name} SET (autovacuum_enabled = false)`);
});
after(async () => {
  await world.stop();
  await sink.close();
});

/** Rows read so far, but for what the machinery looks at by itself. Sessions tell what they did when they end, at the latest. */
async function rowsRead(): Promise<number> {
  const ended = await sql<{ pid: number }[]>`
    WITH idle AS MATERIALIZED (
      SELECT pid FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'idle')
    SELECT pid FROM idle WHERE pg_terminate_backend(pid)`;
  const pids = ended.map(({ pid }) => pid);
  await until('they have ended', async () => {
    const left = await sql`SELECT 1 FROM pg_stat_activity WHERE pid = ANY(${pids}::integer[])`;
    return left.length === 0;
  });
  const [row] = await sql<{ n: number }[]>`
    SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint AS n FROM pg_stat_user_tables
    WHERE relname NOT IN ('lanes', 'workers', 'streams', 'id_places', 'feed_failures')`;
  return row!.n;
}

/** What was done, and how many rows it read for each person. */
async function perPerson<T>(work: () => Promise<T>): Promise<{ result: T; rows: number }> {
  const from = await rowsRead();
  const result = await work();
  return { result, rows: ((await rowsRead()) - from) / PEOPLE };
}

/** What is about all of a list or broadcast, as far as it is counted: a forecast is about everybody there is, several times. */
const ABOUT_ALL: ReadonlySet<string> = new Set([
  '/broadcasts/:broadcastId/results',
  '/broadcasts/:broadcastId/amiss',
  '/lists',
  '/lists/:setId',
  '/attributes',
]);

/** The workspace that was filled a moment ago; the second test reads what the first has made. */
let filled: {
  call: (method: string, path: string, body?: unknown) => Promise<Json>;
  list: string;
  broadcast: string;
};

test('9.19 without statistics: import, forecast and broadcast to 5,000 at once read each row a few times', async (t) => {
  const { ctx } = world;
  const app = await newWorkspace(ctx, 'live');
  const integration = await newTwilio(ctx, app.id, sink.url);
  const key = await newConsoleKey(ctx, app.id);
  const base = `/api/workspaces/${toHex24(app.id)}`;
  const call = async (method: string, path: string, body?: unknown) => {
    const answer = await callApi(world, key, method, `${base}${path}`, body);
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${JSON.stringify(answer.json)}`);
    return answer.json;
  };
  const rows = Array.from(
    { length: PEOPLE },
    (_, i) => `+1555${4_000_000 + i},n${i}@fresh.example.com,N${i}`,
  );
  const list = await call('POST', '/lists', { name: 'Fresh' });
  const imported = await fetch(`${world.url}${base}/contacts/import?listId=${list.id}`, {
    method: 'POST',
    headers: { authorization: key, 'content-type': 'text/csv' },
    body: `phone,email,givenName\n${rows.join('\n')}\n`,
  });
  assert.match((await imported.text()).trim().split('\n').at(-1)!, /"done":true/);
  const audiences = [{ lists: [list.id as string] }, { all: true }];
  for (const include of audiences) {
    const made = await call('POST', '/broadcasts', {
      name: 'x',
      content: { type: 'text', text: 'Hi {{ contact.givenName }}' },
      channel: 'sms',
      class: 'marketing',
      integrationId: toHex24(integration.id),
      audience: { include },
    });
    const forecast = await perPerson(() => call('GET', `/broadcasts/${made.id}/forecast`));
    assert.equal(forecast.result.matched, PEOPLE);
    const sent = await perPerson(async () => {
      await call('POST', `/broadcasts/${made.id}/start`);
      await until(
        'it is done',
        async () => (await call('GET', `/broadcasts/${made.id}`)).state === 'done',
        60_000,
      );
    });
    t.diagnostic(
      `${JSON.stringify(include)}: forecast ${forecast.rows}, broadcast ${sent.rows} rows read for each person`,
    );
    assert.ok(forecast.rows < 20, `a forecast reads ${forecast.rows} rows for each person`);
    assert.ok(sent.rows < 60, `a broadcast reads ${sent.rows} rows for each person`);
    filled = { call, list: list.id, broadcast: made.id };
  }
});

test('9.19 without statistics: what shows, tells, changes or erases something reads no more than it is about', async (t) => {
  const { call, list, broadcast } = filled;
  const people: Json[] = (await call('GET', '/contacts?limit=5')).contacts;
  const [contactId, other, gone] = people.map(({ id }) => id) as [string, string, string];
  const said = await call('POST', '/messages', { contactId, content: { type: 'text', text: 'Hi' } });
  const ids: Record<string, string> = {
    contactId,
    setId: list,
    broadcastId: broadcast,
    messageId: said.messageId,
    conversationId: said.conversationId,
  };
  const reads = ROUTES.filter(
    ({ kind, path, of }) => kind === 'read' && of === 'workspace' && fits(path, ids),
  );
  assert.ok(reads.length > 25, `${reads.length} routes are tried`);
  const worst: [string, number][] = [];
  for (const { path } of reads) {
    const asked = path.replace(/:(\w+)/g, (_, name: string) => ids[name]!).replace('/workspaces/:id', '');
    // Some want a query and say so; what matters is what they read before they know.
    const read = async () => (await perPerson(() => tried(call('GET', asked)))).rows;
    const rows = await read();
    // What the machinery did by itself meanwhile is counted with it, and is not done again; what a route reads it reads again.
    worst.push([path, rows > mostOf(path) ? Math.min(rows, await read()) : rows]);
  }
  const writes: [string, () => Promise<unknown>][] = [
    ['a search', () => call('GET', '/contacts?search=N4999')],
    ['a search for what all are called', () => call('GET', '/contacts?search=N')],
    ['a search for what all numbers begin with', () => call('GET', '/contacts?search=%2B1555')],
    ['a change', () => call('PATCH', `/contacts/${contactId}`, { givenName: 'New' })],
    ['a tag', () => call('POST', '/messages', { contactId: other, content: { type: 'text', text: 'Hi' } })],
    ['an export', () => call('GET', `/contacts/${other}/export`)],
    ['erasing', () => call('DELETE', `/contacts/${gone}`)],
  ];
  for (const [what, work] of writes) {
    const { rows } = await perPerson(work);
    worst.push([what, rows]);
  }
  for (const [what, rows] of worst) {
    assert.ok(rows <= mostOf(what), `${what} reads ${rows} rows for each person there is`);
  }
  t.diagnostic(
    `of ${worst.length}: ${worst
      .toSorted((a, b) => b[1] - a[1])
      .slice(0, 8)
      .map(([what, rows]) => `${what} ${rows.toFixed(2)}`)
      .join(', ')}`,
  );
});

/** Rows for each person there is, at most: a list reads what it shows and a little more, whatever there is besides. */
function mostOf(what: string): number {
  return what.endsWith('/forecast') ? 8 : ABOUT_ALL.has(what) ? 1.1 : 0.15;
}

function fits(path: string, ids: Record<string, string>): boolean {
  const names = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name!);
  return names.every((name) => name in ids);
}

async function tried(work: Promise<unknown>): Promise<void> {
  await work.catch(() => {});
}
