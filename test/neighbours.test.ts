/**
 * Workspaces that are alike in everything (support/alike.ts). What one reads is its own, and what it changes is its own: whichever
 * statement forgot whose rows it is about shows here, also where no id is guessed (that is oracles.test.ts).
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { VIEWS } from '../contract/inboxViews.ts';
import { toHex24 } from '../src/base/ids.ts';
import { ROUTES as CONSOLE } from '../src/doors/console/routes.ts';
import { ROUTES as SUNSHINE } from '../src/doors/sunshine/routes.ts';
import { ROUTES as WEB1ON1 } from '../src/doors/web1on1/routes.ts';
import { errors, jwt } from './sunshineProduct.ts';
import { CHANGES, TRIED, play, populate, settled, sql, TEXT, url, type Side } from './support/alike.ts';
import type { Json } from './web1on1Product.ts';

let older: Side;
let own: Side;
let younger: Side;

before(async () => {
  older = await populate();
  own = await populate();
  younger = await populate();
});

type Reading = { method: string; path: string };

/** Every id of a workspace as doors write it, by the table it is of. */
async function idsOf({ bot: { workspaceId } }: Side): Promise<Map<string, string>> {
  const tables = await sql<{ name: string }[]>`
    SELECT c.relname AS name FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND 2 = (SELECT count(*) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname IN ('id', 'workspace_id') AND a.atttypid = 'bigint'::regtype)`;
  const found = new Map<string, string>();
  for (const { name } of tables)
    for (const { id } of await sql.unsafe<{ id: number }[]>(
      `SELECT id FROM ${name} WHERE workspace_id = $1`,
      [workspaceId],
    ))
      for (const written of [toHex24(id), String(id)]) found.set(written, name);
  const members = await sql<{ id: number }[]>`
    SELECT operator_id AS id FROM memberships WHERE workspace_id = ${workspaceId}`;
  for (const { id } of members) found.set(toHex24(id), 'operators');
  return found;
}

/** What is asked besides what routes are for reading: with a body, or a query. */
const ASKED: readonly (readonly [method: string, path: string, body?: Json])[] = [
  ['POST', '/contacts/query', { rule: { inList: 'Regulars' } }],
  ['POST', '/contacts/query', { rule: { inSegment: 'regulars' } }],
  ['POST', '/contacts/query', {}],
  ['POST', '/contacts/query', { rule: { attribute: 'plan', is: 'pro' } }],
  ['POST', '/audiences/count', { rule: { inList: 'Regulars' }, how: 'count' }],
  ['POST', '/audiences/sample', { rule: { attribute: 'plan', is: 'pro' } }],
  ['POST', '/broadcasts/forecast', { channel: 'sms', content: TEXT, audience: { include: { all: true } } }],
  ['POST', '/render', { content: TEXT, channel: 'sms', contactId: '{contactId}' }],
  ['POST', '/segments/try', { rule: { inList: 'Regulars' } }],
  ['POST', '/campaigns/{campaignId}/hand/forecast', { audience: { include: { lists: ['{lists}'] } } }],
  ['POST', '/numbers/lookup', { numbers: ['+14155550101', '+14155550102'] }],
  ...VIEWS.map((view) => ['GET', `/conversations?view=${view}`] as const),
  ['GET', '/contacts?search=ann'],
  ['GET', '/contacts?search=%2B14155550101'],
  ['GET', '/contacts?setId={lists}'],
  ['GET', '/contacts?setId={lists}&search=ann'],
  ['GET', '/contacts?search=a'],
  ['GET', '/contacts?search=bob@example'],
  ['GET', '/reconcile?contact={contactId}'],
  ['GET', '/reconcile?broadcast={broadcastId}'],
  ['GET', '/reconcile/taken?broadcast={broadcastId}'],
  ['GET', '/broadcasts/{broadcastId}/answers?kind=replied'],
  ['GET', '/campaigns/{campaignId}/since?since=2026-01-01T00:00:00Z'],
  [
    'POST',
    '/broadcasts/people',
    { channel: 'sms', content: TEXT, audience: { include: { lists: ['{lists}'] } } },
  ],
  ['POST', '/audiences/count', { rule: { inList: 'Regulars' }, how: 'estimate' }],
  ['GET', '/messages/search?q=hello'],
  ['GET', '/why?contact={contactId}&message={messageId}'],
  ['GET', '/why?contact={bob}&broadcast={broadcastId}'],
  ['GET', '/simulator/messages?channel=sms&address=%2B14155550101'],
  ['GET', '/broadcasts/{broadcastId}/recipients?state=delivered'],
  ['GET', '/backtests/{backtestId}/path?contact={contactId}'],
  ['GET', '/contacts/merge?survivingId={contactId}&discardedId={bob}'],
];

/** All that can be read in one workspace, with ids of it, or with another's. */
function asksOf(side: Side, ids = side.ids): [asked: string, ask: () => Promise<string>][] {
  const sunshine = `Bearer ${jwt(side.bot, { scope: 'app' })}`;
  const doors: [name: string, root: string, authorization: string, routes: readonly Reading[]][] = [
    ['console', side.base, side.token, CONSOLE.filter(({ of }) => of === 'workspace')],
    ['sunshine', `/v1.1/apps/${side.bot.appId}`, sunshine, SUNSHINE],
    ['web1on1', '/v2', `Bearer ${side.bot.token}`, WEB1ON1],
  ];
  const plainly = doors.flatMap(([door, root, authorization, routes]) =>
    routes.flatMap(({ method, path }): ReturnType<typeof asksOf> => {
      const at = filled(ids, door, path);
      if (method !== 'GET' || at === undefined || path === '/event-stream') return [];
      const ask = async () => {
        const response = await fetch(url + root + at, { headers: { authorization } });
        return `${response.status} ${await response.text()}`;
      };
      return [[`${door} ${path}`, ask]];
    }),
  );
  const told = ASKED.map(([method, path, body]): ReturnType<typeof asksOf>[number] => [
    `${method} ${path} ${JSON.stringify(body) ?? ''}`,
    async () => {
      const answer = await side.ask(method, path, body, { ids });
      return `${answer.status} ${JSON.stringify(answer.body)}`;
    },
  ]);
  return [...plainly, ...told];
}

/** What says when it was asked, or how often. */
const VOLATILE = new Set([
  '/pairing',
  '/clock/advances',
  '/reconcile?broadcast={broadcastId}',
  '/reconcile/taken?broadcast={broadcastId}',
  '/clock/advances/:advanceId',
  '/connect/secret',
  '/integrations/:integrationId/callbacks',
  '/keys/:keyId/jwt',
  '/appusers/:userId/authcode',
  '/integrations/health',
  '/integrations/:integrationId/health',
  '/members',
  '/users',
  '/event-stream',
  '/requests',
  '/clock',
  '/settled',
  '/idempotency',
]);
/** What a parameter is called in the paths of doors that name everything `:id`. */
const PLAIN: Record<string, string> = {
  conversations: 'conversationId',
  messages: 'messageId',
  contacts: 'contactId',
  channels: 'inbox',
};

function filled(ids: Side['ids'], door: string, path: string): string | undefined {
  const [first] = path.split('/').filter(Boolean);
  const named = (name: string) => {
    if (name === 'setId') return ids[first!];
    if (name === 'userId') return ids['contactId'];
    return ids[door === 'web1on1' ? (PLAIN[first!] ?? '') : name];
  };
  const at = path.replaceAll(/:(\w+)/g, (all, name: string) => named(name) ?? all);
  return at.includes(':') ? undefined : at;
}

/** An answer without what of it is one workspace's alone: ids, refs, times, secrets, and what is drawn. */
function plain(answer: string): string {
  const text = answer
    .replaceAll(/[0-9a-f]{24,}/g, '<id>')
    .replaceAll(/\b[0-9a-z]{10}\.[0-9a-z]{10}\.(\d)/g, '<ref>.$1')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)/g, '<time>')
    .replaceAll(/\b\d{10}\.\d+\b/g, '1')
    .replaceAll(/\b\d{13,16}\b/g, '1')
    .replaceAll(/whsec_[^"]+|msg_\w+|\/c\/\w+/g, '<drawn>')
    .replaceAll(/"slug":"\w+"|"name":"[A-Z][a-z]+ [A-Z][a-z]+"/g, '"drawn":1');
  const [, status, body] = /^(\d+) (.*)$/s.exec(text)!;
  return /^[[{]/.test(body!) ? `${status} ${JSON.stringify(unordered(JSON.parse(body!)))}` : text;
}

/** Not every list has an order. */
function unordered(value: Json): Json {
  if (Array.isArray(value))
    return value.map(unordered).toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, unordered(inner)]));
}

test('what one reads is its own, and all of it', async () => {
  const others = new Map([...(await idsOf(older)), ...(await idsOf(younger))]);
  const alike = new Map(asksOf(older));
  assert.ok(alike.size > 170 && others.size > 200, `${alike.size} answers, ${others.size} ids`);
  const wrong: string[] = [];
  for (const [asked, ask] of asksOf(own)) {
    const answer = await ask();
    const strange = idsIn(answer).find((id) => others.has(id));
    if (strange) wrong.push(`${asked} tells of ${others.get(strange)} of another`);
    if (VOLATILE.has(asked.split(' ')[1]!)) continue;
    const [said, also] = [plain(answer), plain(await alike.get(asked)!())];
    let at = 0;
    while (at < said.length && said[at] === also[at]) at++;
    const part = (text: string) => text.slice(Math.max(0, at - 60), at + 60);
    if (said !== also) wrong.push(`${asked}: ${part(said)}, and of another ${part(also)}`);
  }
  assert.deepEqual(wrong, []);
});

const idsIn = (text: string) => text.match(/[0-9a-f]{24}|\b\d{16}\b/g) ?? [];

test('by the ids of another nothing is read and nothing changed', async () => {
  const before = await Promise.all([older, younger].map(rowsOf));
  const wrong: string[] = [];
  for (const other of [older, younger]) {
    const named = new Set(Object.values(other.ids));
    const others = await idsOf(other);
    for (const [asked, ask] of asksOf(own, other.ids)) {
      const answer = await ask();
      // What was asked for may be said again.
      const strange = idsIn(answer).find((id) => others.has(id) && !named.has(id));
      if (strange) wrong.push(`${asked} tells of ${others.get(strange)} of another`);
      if (answer.startsWith('200') && / .*:\w+Id(\/|$)/.test(asked))
        wrong.push(`${asked}: ${answer.slice(0, 99)}`);
    }
    for (const [, method, path, body] of [...CHANGES, ...TRIED]) {
      // Of many at once each is answered for itself.
      if (method === 'GET' || path.endsWith('/bulk') || !/\{\w+\}/.test(path + JSON.stringify(body)))
        continue;
      const { status } = await own.ask(method, path, body, { ids: other.ids });
      if (status < 400) wrong.push(`${method} ${path}: ${status}`);
    }
  }
  assert.deepEqual(wrong, []);
  assert.deepEqual(await Promise.all([older, younger].map(rowsOf)), before);
});

/** What a workspace has, as text, by table. */
async function rowsOf({ bot }: Side): Promise<Record<string, string[]>> {
  const tables = await sql<{ name: string; column: string }[]>`
    SELECT c.relname AS name, a.attname AS column FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE a.attname IN ('workspace_id', 'client_workspace_id') AND NOT a.attisdropped
      AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace`;
  const rows: Record<string, string[]> = {};
  // What was asked is noted in the own workspace, a while later.
  for (const { name, column } of tables.filter((table) => table.name !== 'request_log')) {
    const found = await sql.unsafe<{ row: string }[]>(
      `SELECT t::text AS row FROM ${name} t WHERE ${column} = $1 ORDER BY 1`,
      [bot.workspaceId],
    );
    if (found.length) rows[name] = found.map(({ row }) => row);
  }
  return rows;
}

test('what one changes, ends and erases is its own', async () => {
  const before = await Promise.all([older, younger].map(rowsOf));
  for (const rows of before)
    assert.ok(Object.keys(rows).length > 40, `rows of ${Object.keys(rows).length} tables`);
  await play(own, CHANGES);
  await settled(older);
  await settled(younger);
  assert.deepEqual(await Promise.all([older, younger].map(rowsOf)), before);
});

test('none of it was an error of ours', () => {
  assert.deepEqual(errors, []);
});
