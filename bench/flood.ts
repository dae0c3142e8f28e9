/**
 * One call after the other over many connections for some seconds, from outside, beside a floor: the same rows written by bare statements
 * on a Postgres of its own. What is told is taken by the lanes meanwhile, as it is.
 */
import { Pool } from 'undici';
import { profiled, timed, type Bench, type ParleyChild } from './bench.ts';
import type { EventFloorCommands } from './eventFloor.ts';
import { inParallel } from './load.ts';
import { sharedMs } from './measure.ts';
import type { Rate } from './report.ts';

const CONNECTIONS = 32;
const FOR_MS = 5_000;

/** A line of the report: calls of one kind, each with so many things. */
export type FloodLine = { what: string; path: string; each: number; body: (n: number) => object };

/** Where the calls go; an answer above `mostStatus` is a failure. */
export type FloodTarget = { url: string; headers: Readonly<Record<string, string>>; mostStatus: number };

/** What the floor does a second, by how many things there are in a call. */
export async function floorsOf(
  bench: Bench,
  folder: string,
  of: { people: number; what?: 'orders' },
  calls: readonly number[],
): Promise<Record<number, number>> {
  const floor = await bench.start<EventFloorCommands>('./eventFloor.ts', [`${bench.folder}/${folder}`]);
  const floors: Record<number, number> = {};
  for (const each of calls) {
    await floor.ask('run', { each, forMs: FOR_MS / 5, ...of });
    const { rows, ms } = await floor.ask('run', { each, forMs: FOR_MS, ...of });
    floors[each] = (rows / ms) * 1000;
  }
  await floor.stop();
  return floors;
}

/** Measures a line, after a fifth of it that is not counted: a process that has just started is slow. */
export async function measureFlood(
  bench: Bench,
  child: ParleyChild,
  to: FloodTarget,
  line: FloodLine,
  add: (rate: Rate) => void,
): Promise<void> {
  await flood(to, line, FOR_MS / 5);
  await child.ask('untilTaken');
  await profiled(bench, child, line.what, async () => {
    const { rate } = await timed(bench, child.pid, line.what, 0, async () => {
      const { count, ms } = await flood(to, line, FOR_MS);
      await child.ask('untilTaken');
      return { ms, count };
    });
    add(rate);
  });
}

/** Counts over all lines, so that each call is another's. */
let made = 0;

async function flood({ url, headers, mostStatus }: FloodTarget, line: FloodLine, forMs: number) {
  const { path, each, body } = line;
  const pool = new Pool(url, { connections: CONNECTIONS, pipelining: 1 });
  const fromMs = sharedMs();
  let count = 0;
  await inParallel(CONNECTIONS, CONNECTIONS, async () => {
    while (sharedMs() - fromMs < forMs) {
      const answer = await pool.request({
        path,
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body: JSON.stringify(body(made++)),
      });
      const text = await answer.body.text();
      if (answer.statusCode > mostStatus) throw new Error(`${path} answered ${answer.statusCode}: ${text}`);
      count += each;
    }
  });
  const ms = sharedMs() - fromMs;
  await pool.close();
  return { count, ms };
}
