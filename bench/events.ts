/**
 * Users and events through the Outbound door, from outside: `identify` and `track` by single calls and a hundred a call; beside each the
 * floor, the same rows written by bare statements on a Postgres of its own. What was accepted is taken by the lanes meanwhile, as it is.
 */
import { Pool } from 'undici';
import { parleyArguments, profiled, timed, type Bench, type ParleyChild } from './bench.ts';
import type { EventFloorCommands } from './eventFloor.ts';
import { inParallel } from './load.ts';
import { sharedMs } from './measure.ts';
import type { ParleyCommands } from './parleyProcess.ts';

const CONNECTIONS = 32;
const FOR_MS = 5_000;
/** All of them are known before anything is measured, here and at the floor: a user comes once, and does things for years. */
const PEOPLE = 20_000;
const A_CALL = 100;

type Line = { what: string; path: string; each: number; body: (n: number) => object };

const LINES: readonly Line[] = [
  { what: 'identify, single', path: '/v2/identify', each: 1, body: user },
  { what: 'track, single', path: '/v2/track', each: 1, body: event },
  {
    what: `track, ${A_CALL} a call`,
    path: '/v2/track/batch',
    each: A_CALL,
    body: (n) => Array.from({ length: A_CALL }, (_, i) => event(n * A_CALL + i)),
  },
];

/** Adds all lines. */
export async function measureEvents(bench: Bench): Promise<void> {
  const floor = await bench.start<EventFloorCommands>('./eventFloor.ts', [`${bench.folder}/eventFloor`]);
  const floors: Record<number, number> = {};
  for (const each of [1, A_CALL]) {
    await floor.ask('run', { each, forMs: FOR_MS / 5, people: PEOPLE });
    const { rows, ms } = await floor.ask('run', { each, forMs: FOR_MS, people: PEOPLE });
    floors[each] = (rows / ms) * 1000;
  }
  await floor.stop();
  const child = await bench.start<ParleyCommands>('./parleyProcess.ts', parleyArguments(bench, 'events'));
  const { url, key } = await child.ask('makeOutbound');
  await everybody(url, key);
  await child.ask('untilTaken');
  for (const line of LINES) {
    // A process that has just started is slow.
    await flood(url, key, line, FOR_MS / 5);
    await child.ask('untilTaken');
    await profiled(bench, child, line.what, () =>
      measure(bench, child, { url, key, line }, floors[line.each]!),
    );
  }
  await child.stop();
}

async function measure(
  bench: Bench,
  child: ParleyChild,
  at: { url: string; key: string; line: Line },
  floorPerS: number,
): Promise<void> {
  const { rate } = await timed(bench, child.pid, at.line.what, 0, async () => {
    const { accepted, ms } = await flood(at.url, at.key, at.line, FOR_MS);
    await child.ask('untilTaken');
    return { ms, count: accepted };
  });
  bench.found.events.push({ ...rate, floorPerS });
}

/** Calls over all connections for so long; returns how many users or events were accepted. */
async function flood(url: string, key: string, { path, each, body }: Line, forMs: number) {
  const pool = new Pool(url, { connections: CONNECTIONS, pipelining: 1 });
  const headers = { 'x-outbound-key': key, 'content-type': 'application/json' };
  const fromMs = sharedMs();
  let accepted = 0;
  await inParallel(CONNECTIONS, CONNECTIONS, async () => {
    while (sharedMs() - fromMs < forMs) {
      const answer = await pool.request({
        path,
        method: 'POST',
        headers,
        body: JSON.stringify(body(made++)),
      });
      const text = await answer.body.text();
      if (answer.statusCode !== 200) throw new Error(`${path} answered ${answer.statusCode}: ${text}`);
      accepted += each;
    }
  });
  const ms = sharedMs() - fromMs;
  await pool.close();
  return { accepted, ms };
}

/** Makes everybody known. */
async function everybody(url: string, key: string): Promise<void> {
  const pool = new Pool(url, { connections: 4, pipelining: 1 });
  const headers = { 'x-outbound-key': key, 'content-type': 'application/json' };
  await inParallel(4, PEOPLE / A_CALL, async (call) => {
    const body = JSON.stringify(Array.from({ length: A_CALL }, (_, i) => user(call * A_CALL + i)));
    const answer = await pool.request({ path: '/v2/identify/batch', method: 'POST', headers, body });
    const text = await answer.body.text();
    if (answer.statusCode !== 200) throw new Error(`identify answered ${answer.statusCode}: ${text}`);
  });
  await pool.close();
}

let made = 0;

function user(n: number) {
  return {
    user_id: `u${n % PEOPLE}`,
    first_name: `Ann${n % 7}`,
    attributes: { plan: n % 2 ? 'pro' : 'free', n: n % 100 },
  };
}

function event(n: number) {
  return {
    user_id: `u${(n * 7919) % PEOPLE}`,
    event: `event ${n % 20}`,
    properties: { page: '/pricing', n },
  };
}
