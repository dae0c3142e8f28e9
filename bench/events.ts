/**
 * Users and events through the Outbound door, from outside: `identify` and `track` by single calls and a hundred a call; beside each the
 * floor, the same rows written by bare statements on a Postgres of its own. What was accepted is taken by the lanes meanwhile, as it is.
 */
import { Pool } from 'undici';
import { parleyArguments, type Bench } from './bench.ts';
import { floorsOf, measureFlood, type FloodLine } from './flood.ts';
import { inParallel } from './load.ts';
import type { ParleyCommands } from './parleyProcess.ts';

/** All of them are known before anything is measured, here and at the floor: a user comes once, and does things for years. */
const PEOPLE = 20_000;
const A_CALL = 100;

const LINES: readonly FloodLine[] = [
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
  const floors = await floorsOf(bench, 'eventFloor', { people: PEOPLE }, [1, A_CALL]);
  const child = await bench.start<ParleyCommands>('./parleyProcess.ts', parleyArguments(bench, 'events'));
  const { url, key } = await child.ask('makeOutbound');
  await everybody(url, key);
  await child.ask('untilTaken');
  const to = { url, headers: { 'x-outbound-key': key }, mostStatus: 200 };
  for (const line of LINES) {
    await measureFlood(bench, child, to, line, (rate) =>
      bench.found.events.push({ ...rate, floorPerS: floors[line.each]! }),
    );
  }
  await child.stop();
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
