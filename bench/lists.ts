/**
 * The lists of the console over a store that is full: a million contacts, ten thousand conversations, and of everything else as much. Fills a
 * database of its own, asks every list that comes in pages, page after page, and every other question that the console asks about one thing;
 * says how long each took (p50, p95) as a table, and fails where one is over its budget, with the plan of its slowest statement.
 * `npm run bench:lists -- --contacts 1000000 --conversations 10000`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../src/base/clock.ts';
import { readConfig, type Config } from '../src/base/config.ts';
import { fromHex24 } from '../src/base/ids.ts';
import { silentLog } from '../src/base/log.ts';
import { openStore } from '../src/db/store.ts';
import { ROUTES } from '../src/doors/console/routes.ts';
import { startParley } from '../src/parley.ts';
import { fillPeople } from '../test/support/manyPeople.ts';
import { fillRest, makeOne, type Call, type One } from './listStore.ts';
import { watchStatements } from './listPlans.ts';
import { cpuS, sharedMs } from './measure.ts';
import { percentile } from './notifications.ts';

const BUDGET_MS = 80;
const CALLS = 40;

type Found = { list: string; p50Ms: number; p95Ms: number; cpuMs: number; rows: number; plan?: string };
type Query = Readonly<Record<string, string>>;
type Asked = { path: string; query: Query; nextAs: 'after' | 'before' | undefined };

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      contacts: { type: 'string', default: '1000000' },
      conversations: { type: 'string', default: '10000' },
      only: { type: 'string', default: '' },
    },
  });
  const many = { contacts: Number(values.contacts), conversations: Number(values.conversations) };
  const dataDir = await mkdtemp(join(tmpdir(), 'parley-lists-'));
  const config = readConfig({
    PARLEY_PORT: '0',
    PARLEY_DATA_DIR: dataDir,
    PARLEY_LOG_LEVEL: 'error',
    PARLEY_RATE_LIMIT: '0',
  }) as Config;
  const statements = watchStatements();
  const store = await openStore({ config, clock: systemClock, log: silentLog });
  const parley = await startParley(config, { store });
  try {
    const { workspace, keys } = parley.demo!;
    const ask = askerOf(`${parley.url}/api/workspaces/${workspace.id}`, keys.console.token);
    const call: Call = async (method, path, body) => {
      const answer = await ask(method, path, body);
      if (answer.status >= 300)
        throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
      return answer.body;
    };
    const fromMs = sharedMs();
    const one = await makeOne(call);
    const filling = { sql: store.sql, workspaceId: fromHex24(workspace.id)! };
    const { from, ...ids } = await fillPeople({ ...filling, call: ask, ...many });
    const some = Math.ceil(many.contacts / 5);
    await fillRest({ ...filling, from, one, some, conversations: many.conversations });
    say(`filled in ${((sharedMs() - fromMs) / 1000).toFixed(0)} s: ${JSON.stringify({ ...many, some })}`);
    const found: Found[] = [];
    for (const list of listsOf({ ...ids, ...one }, ids).filter(({ path }) => path.includes(values.only))) {
      const measured = await measure(list, (path) => ask('GET', path), statements);
      found.push(measured);
      say(lineOf(measured));
    }
    for (const { list, plan } of found) if (plan !== undefined) say(`\n${list}\n${plan}`);
    say(
      `\nload average ${loadavg()
        .map((one) => one.toFixed(1))
        .join(' ')}`,
    );
    if (found.some(({ p95Ms }) => p95Ms > BUDGET_MS)) process.exitCode = 1;
  } finally {
    await parley.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

// oxlint-disable-next-line typescript/no-explicit-any
type Reply = { status: number; body: any };

function askerOf(base: string, token: string) {
  return async (method: string, path: string, body?: object | string): Promise<Reply> => {
    const type = typeof body === 'string' ? 'text/csv' : 'application/json';
    const answer = await fetch(base + path, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': type },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === '' ? {} : (JSON.parse(text) as unknown) };
  };
}

/** What is about everybody, or all of somebody, and is no list. */
const WHOLE = /\/(?:forecast|export|report|series|needed|steps|reconcile.*|goes|since|taken|listed|results)$/;
/** What asks something outside. */
const OUTSIDE = /\/(?:templates|listed)$/;

/** The ways in which people narrow lists, below the workspace; `$name` is an id. */
const NARROWED: readonly string[] = [
  '/contacts?search=Ann',
  '/contacts?search=Ann Bo',
  '/contacts?search=+1555',
  '/contacts?search=nobody-at-all',
  '/contacts?setId=$setId',
  '/conversations?view=mine',
  '/conversations?view=unassigned',
  '/conversations?view=snoozed',
  '/conversations?view=closed',
  '/conversations?view=all&q=Ann',
  '/conversations?view=all&unread=true',
  '/conversations?view=all&channel=sms',
  '/conversations?view=all&channel=email',
  '/messages/search?q=parcel',
  '/messages/search?q=nothing-of-it',
  '/simulator/directory?search=Ann',
  '/simulator/messages?channel=sms&address=+14155550199',
  '/broadcasts/$broadcastId/recipients?state=delivered',
  '/broadcasts/$broadcastId/recipients?state=failed',
  '/broadcasts/$broadcastId/recipients?state=held',
  '/broadcasts/$broadcastId/amiss?state=failed',
  '/broadcasts/$broadcastId/answers?kind=replied',
  '/broadcasts/$broadcastId/answers?kind=optedOut',
  '/campaigns/$campaignId/people?step=w',
  '/campaigns/$campaignId/people?ending=completed',
  '/campaigns/$campaignId/people?ending=failed',
  '/campaigns/$campaignId/conversions?goal=bought',
  '/event-stream?type=message.received',
  '/event-stream?type=contact.erased',
  '/event-stream?contact=$contactId',
  '/audit?action=contact.create',
  '/audit?action=contact.erase',
  '/requests?failed=true',
  '/webhooks/$webhookId/calls?state=failed',
  '/webhooks/$webhookId/calls?trigger=nothing',
  '/orders?contactId=$contactId',
  '/templates?q=Copy',
  '/templates?q=nothing',
  '/contacts/$contactId/timeline?kinds=message',
  '/contacts/$contactId/timeline?kinds=consent',
];

/** Every question of a workspace whose ids are known; those about one thing, of the one with most of it. */
function listsOf(ids: One, copies: One): Asked[] {
  const reads = ROUTES.filter(({ kind, of }) => kind === 'read' && of === 'workspace');
  const known: One = { ...ids, setId: copies['setId']!, conversationId: copies['conversationId']! };
  const plain = reads.flatMap(({ path, query }) => {
    const names = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name!);
    if (WHOLE.test(path) || OUTSIDE.test(path) || !names.every((name) => name in known)) return [];
    return [{ path: path.replaceAll(/:(\w+)/g, (_, name: string) => known[name]!), names: query ?? {} }];
  });
  const nextOf = (names: object) =>
    (['after', 'before'] as const).find((name) => name in names && 'limit' in names);
  const narrowed = NARROWED.map((text): Asked => {
    const [at = '', words = ''] = text.split('?');
    const filled = (given: string) => given.replaceAll(/\$(\w+)/g, (_, name: string) => known[name]!);
    const path = filled(at);
    const route = plain.find((one) => one.path === path);
    const query = Object.fromEntries(
      words.split('&').map((word) => filled(word).split('=') as [string, string]),
    );
    return { path, query, nextAs: nextOf(route?.names ?? {}) };
  });
  return [...plain.map(({ path, names }) => ({ path, query: {}, nextAs: nextOf(names) })), ...narrowed];
}

/** Asks for page after page, and from the first again behind the last. */
async function measure(
  { path, query, nextAs }: Asked,
  ask: (path: string) => Promise<Reply>,
  statements: ReturnType<typeof watchStatements>,
): Promise<Found> {
  const to = (more: Query) => `${path}?${new URLSearchParams({ ...query, ...more }).toString()}`;
  let next: Query = {};
  const times: number[] = [];
  let rows = 0;
  const { status } = await ask(to({}));
  const fromS = await cpuS(process.pid);
  for (let n = 0; n < CALLS && status < 400; n++) {
    const fromMs = sharedMs();
    const { body } = await ask(to(next));
    times.push(sharedMs() - fromMs);
    rows = Math.max(
      rows,
      ...Object.values(body as object).map((one) => (Array.isArray(one) ? one.length : 0)),
    );
    next = nextAs === undefined ? {} : placeOfNext(body, nextAs);
  }
  const cpuMs = (((await cpuS(process.pid)) - fromS) * 1000) / CALLS;
  times.sort((a, b) => a - b);
  const words = new URLSearchParams(query);
  const list = `${path}${words.size ? `?${words.toString()}` : ''}${status < 400 ? '' : ` (${status})`}`;
  const p95Ms = times.length ? percentile(times, 0.95) : 0;
  const found = { list, p50Ms: times.length ? percentile(times, 0.5) : 0, p95Ms, cpuMs, rows };
  if (p95Ms <= BUDGET_MS) return found;
  return { ...found, plan: await statements.slowest(() => ask(to(next))) };
}

function placeOfNext(body: { next?: unknown; before?: unknown }, nextAs: 'after' | 'before'): Query {
  const next = body.next ?? (nextAs === 'before' ? body.before : undefined);
  if (next === null || next === undefined) return {};
  return typeof next === 'string' ? { [nextAs]: next } : (next as Query);
}

function lineOf({ list, p50Ms, p95Ms, cpuMs, rows }: Found): string {
  const cells = [list, p50Ms.toFixed(1), p95Ms.toFixed(1), cpuMs.toFixed(1), String(rows)];
  return `| ${cells.join(' | ')} | ${p95Ms > BUDGET_MS ? '**no**' : 'yes'} |`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

await main();
