/**
 * The lists of the console over a store that is full: a million contacts, ten thousand conversations. Fills a database by SQL (what is there
 * once is copied many times over), then asks every list of the API and says the 95th percentile of each, what the statements of one call
 * read, and fails where a list is over its budget. `node scripts/run24.mjs bench/lists.ts --contacts 1000000 --conversations 10000`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readConfig, type Config } from '../src/base/config.ts';
import { fromHex24 } from '../src/base/ids.ts';
import { silentLog } from '../src/base/log.ts';
import { openStore } from '../src/db/store.ts';
import { ROUTES } from '../src/doors/console/routes.ts';
import { startParley } from '../src/parley.ts';
import { systemClock, pause } from '../src/base/clock.ts';
import { fillPeople } from '../test/support/manyPeople.ts';
import { cpuS, sharedMs } from './measure.ts';

const BUDGET_MS = 80;
const CALLS = 20;

type Found = { list: string; p95Ms: number; bestMs: number; cpuMs: number };

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      contacts: { type: 'string', default: '1000000' },
      conversations: { type: 'string', default: '10000' },
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
  const store = await openStore({ config, clock: systemClock, log: silentLog });
  const parley = await startParley(config, { store });
  try {
    const { workspace, keys } = parley.demo!;
    const call = async (method: string, path: string, body?: object) => {
      const answer = await fetch(`${parley.url}/api/workspaces/${workspace.id}${path}`, {
        method,
        headers: { authorization: `Bearer ${keys.console.token}`, 'content-type': 'application/json' },
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
      return { status: answer.status, body: (await answer.json().catch(() => ({}))) as never };
    };
    const fromMs = sharedMs();
    const ids = await fillPeople({ sql: store.sql, call, workspaceId: fromHex24(workspace.id)!, ...many });
    say(`filled in ${((sharedMs() - fromMs) / 1000).toFixed(0)} s: ${JSON.stringify(many)}`);
    const found: Found[] = [];
    for (const list of listsOf(ids)) {
      const one = await measure(list, (path) => call('GET', path));
      found.push(one);
      say(
        `${one.p95Ms > BUDGET_MS ? 'OVER ' : '     '}${one.p95Ms.toFixed(1).padStart(8)} ms p95 ${one.bestMs.toFixed(1).padStart(7)} ms best ${one.cpuMs.toFixed(1).padStart(7)} ms CPU  ${one.list}`,
      );
    }
    if (found.some(({ p95Ms }) => p95Ms > BUDGET_MS)) process.exitCode = 1;
  } finally {
    await parley.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** What is about everybody, or all of somebody, and is no list. */
const WHOLE = /\/(?:forecast|export)$/;

/** Every list of a workspace that needs no more than the ids there are, and the ways in which people narrow them. */
function listsOf(ids: Readonly<Record<string, string>>): string[] {
  const plain = ROUTES.filter(({ kind, of }) => kind === 'read' && of === 'workspace').flatMap(({ path }) => {
    const names = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name!);
    return names.every((name) => name in ids)
      ? [path.replaceAll(/:(\w+)/g, (_, name: string) => ids[name]!)]
      : [];
  });
  const narrowed = [
    '/contacts?search=Ann',
    '/contacts?search=%2B1555',
    '/contacts?search=nobody-at-all',
    `/contacts?setId=${ids['setId']}`,
    ...['mine', 'unassigned', 'all', 'snoozed', 'closed'].map((view) => `/conversations?view=${view}`),
    '/conversations?view=all&q=Ann',
    '/conversations?view=all&unread=true',
    '/conversations?view=all&channel=sms',
    '/conversations?view=all&channel=email',
    '/conversations/search?q=parcel',
    '/simulator/directory?search=Ann',
    '/simulator/directory',
  ];
  return [...new Set([...plain, ...narrowed])].filter((path) => !WHOLE.test(path));
}

async function measure(list: string, ask: (path: string) => Promise<{ status: number }>): Promise<Found> {
  const times: number[] = [];
  const { status } = await ask(list);
  const fromS = await cpuS(process.pid);
  for (let n = 0; n < CALLS; n++) {
    const fromMs = sharedMs();
    await ask(list);
    times.push(sharedMs() - fromMs);
    await pause(systemClock, 1);
  }
  const cpuMs = (((await cpuS(process.pid)) - fromS) * 1000) / CALLS;
  times.sort((a, b) => a - b);
  return {
    list: status < 400 ? list : `${list} (${status})`,
    p95Ms: times[Math.floor(CALLS * 0.95) - 1]!,
    bestMs: times[0]!,
    cpuMs,
  };
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

await main();
