/**
 * The lists of the console over a store that is full: a million contacts, ten thousand conversations, and of everything else as much. Fills a
 * database of its own, asks every list that comes in pages, page after page, and every other question that the console asks about one thing;
 * says how long each took (p50, p95) as a table, and fails where one is over its budget, with the plan of its slowest statement, and where
 * one is answered with anything but 200, or nothing is there to ask it about.
 * `npm run bench:lists -- --contacts 1000000 --conversations 10000`. With `--store <folder>` what is filled is kept there and taken the next
 * time, for trying one list again and again (`--only <part of its path>`).
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../src/base/clock.ts';
import { readConfig, type Config } from '../src/base/config.ts';
import { fromHex24 } from '../src/base/ids.ts';
import { silentLog } from '../src/base/log.ts';
import { openStore } from '../src/db/store.ts';
import { startParley } from '../src/parley.ts';
import { fillPeople } from '../test/support/manyPeople.ts';
import { listsOf, type Asked, type Query } from './listAsked.ts';
import { fillRest, makeOne, NELL, type Call, type One } from './listStore.ts';
import { watchStatements } from './listPlans.ts';
import { cpuS, sharedMs } from './measure.ts';
import { percentile } from './notifications.ts';

const BUDGET_MS = 80;
const CALLS = 40;

type Found = {
  list: string;
  p50Ms: number;
  p95Ms: number;
  cpuMs: number;
  rows: number;
  plan?: string;
  /** What it was answered with where that is not 200. */
  refused?: string;
};

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      contacts: { type: 'string', default: '1000000' },
      conversations: { type: 'string', default: '10000' },
      only: { type: 'string', default: '' },
      store: { type: 'string' },
    },
  });
  const many = { contacts: Number(values.contacts), conversations: Number(values.conversations) };
  const dataDir = values.store ?? (await mkdtemp(join(tmpdir(), 'parley-lists-')));
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
    const ask = askerOf(
      `${parley.url}/api/workspaces/${workspace.id}`,
      await signIn(parley.url!, keys.console),
    );
    const call: Call = async (method, path, body, key) => {
      const answer = await ask(method, path, body, key);
      if (answer.status >= 300)
        throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
      return answer.body;
    };
    const filling = { sql: store.sql, workspaceId: fromHex24(workspace.id)! };
    const kept = join(dataDir, 'lists.json');
    const { ids, one } = (await readKept(kept)) ?? (await fill());
    async function fill(): Promise<Kept> {
      const fromMs = sharedMs();
      const made = await makeOne(call, () => track(parley.url!, keys.outbound.private));
      const { from, ...copies } = await fillPeople({ ...filling, call: ask, ...many });
      const some = Math.ceil(many.contacts / 5);
      await fillRest({ ...filling, from, one: made, some, conversations: many.conversations });
      await writeFile(kept, JSON.stringify({ ids: copies, one: made }));
      say(`filled in ${((sharedMs() - fromMs) / 1000).toFixed(0)} s: ${JSON.stringify({ ...many, some })}`);
      return { ids: copies, one: made };
    }
    const found: Found[] = [];
    const { lists, unasked } = listsOf({ ...ids, ...one }, ids);
    if (unasked.length) throw new Error(`there is nothing to ask these about: ${unasked.join(', ')}`);
    for (const list of lists.filter(({ path }) => path.includes(values.only))) {
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
    if (found.some(({ p95Ms, refused }) => p95Ms > BUDGET_MS || refused !== undefined)) process.exitCode = 1;
  } finally {
    await parley.stop();
    if (values.store === undefined) await rm(dataDir, { recursive: true, force: true });
  }
}

/** Ids of what was filled. */
type Kept = { ids: One; one: One };

async function readKept(path: string): Promise<Kept | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Kept);
}

// oxlint-disable-next-line typescript/no-explicit-any
type Reply = { status: number; body: any };

function askerOf(base: string, token: string) {
  return async (method: string, path: string, body?: object | string, key?: string): Promise<Reply> => {
    const type = typeof body === 'string' ? 'text/csv' : 'application/json';
    const answer = await fetch(base + path, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': type,
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === '' ? {} : (JSON.parse(text) as unknown) };
  };
}

/** A session of the operator: some of the inbox is his. */
async function signIn(
  url: string,
  { email, password }: { email: string; password: string },
): Promise<string> {
  const answer = await fetch(`${url}/api/sessions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password }),
  });
  if (!answer.ok) throw new Error(`signing in answered ${answer.status}: ${await answer.text()}`);
  return ((await answer.json()) as { token: string }).token;
}

async function track(url: string, key: string): Promise<void> {
  const answer = await fetch(`${url}/v2/track`, {
    method: 'POST',
    headers: { 'x-outbound-key': key, 'content-type': 'application/json' },
    body: JSON.stringify({ user_id: NELL, event: 'bought' }),
  });
  if (!answer.ok) throw new Error(`track answered ${answer.status}: ${await answer.text()}`);
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
  const fromS = await cpuS(process.pid);
  // The first is for what is made once: connections, and plans that are kept.
  for (let n = 0; n <= CALLS; n++) {
    const fromMs = sharedMs();
    const { status, body } = await ask(to(next));
    if (status !== 200) {
      const refused = `${status} ${JSON.stringify(body)}`;
      return { list: to(next), p50Ms: 0, p95Ms: 0, cpuMs: 0, rows: 0, refused };
    }
    if (n > 0) times.push(sharedMs() - fromMs);
    rows = Math.max(
      rows,
      ...Object.values(body as object).map((one) => (Array.isArray(one) ? one.length : 0)),
    );
    next = nextAs === undefined ? {} : placeOfNext(body, nextAs);
  }
  const cpuMs = (((await cpuS(process.pid)) - fromS) * 1000) / CALLS;
  times.sort((a, b) => a - b);
  const words = new URLSearchParams(query);
  const list = `${path}${words.size ? `?${words.toString()}` : ''}`;
  const p95Ms = percentile(times, 0.95);
  const found = { list, p50Ms: percentile(times, 0.5), p95Ms, cpuMs, rows };
  if (p95Ms <= BUDGET_MS) return found;
  return { ...found, plan: await statements.slowest(() => ask(to(next))) };
}

function placeOfNext(body: { next?: unknown; before?: unknown }, nextAs: 'after' | 'before'): Query {
  const next = body.next ?? (nextAs === 'before' ? body.before : undefined);
  if (next === null || next === undefined) return {};
  return typeof next === 'string' ? { [nextAs]: next } : (next as Query);
}

function lineOf({ list, p50Ms, p95Ms, cpuMs, rows, refused }: Found): string {
  if (refused !== undefined) return `| ${list} | – | – | – | – | **not measured**: ${refused} |`;
  const cells = [list, p50Ms.toFixed(1), p95Ms.toFixed(1), cpuMs.toFixed(1), String(rows)];
  return `| ${cells.join(' | ')} | ${p95Ms > BUDGET_MS ? '**no**' : 'yes'} |`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

await main();
