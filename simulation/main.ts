/**
 * `npm run simulate`: plays seeds, shows how far it is, shortens the first that fails, and says what was exercised.
 *
 *     npm run simulate -- --seeds 1000              a thousand, from 1
 *     npm run simulate -- --seed 4711 --log         one, with what its processes logged and what happened last
 *     npm run simulate -- --from new --within 90    seeds that nobody has played, for as long; what the tests play
 *     npm run simulate -- --kept                    runs that failed once
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { monotonicMs } from '../src/base/clock.ts';
import { createLog } from '../src/base/log.ts';
import { startDatabases } from './databases.ts';
import { KEPT } from './kept.ts';
import { planOf } from './plan.ts';
import { playRun, START_MS, type Step, type Verdict } from './run.ts';
import { shorten } from './shorten.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '30' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    kept: { type: 'boolean', default: false },
    /** Seconds after which no further seed is begun; a failing one is not shortened then. */
    within: { type: 'string' },
    /** Seeds that are played side by side: each waits for the database most of its time. */
    'at-once': { type: 'string', default: '3' },
    log: { type: 'boolean', default: false },
  },
});

/** A run to play. */
type Wanted = { seed: number; steps: readonly Step[]; was?: string };

const beganMs = monotonicMs();
const databases = await startDatabases(START_MS);
try {
  process.exitCode = await main(values.kept ? kept() : seeds());
} finally {
  await databases.stop();
}

function kept(): Wanted[] {
  return KEPT.map(({ seed, steps, was }) => ({ seed, steps: steps ?? planOf(seed), was }));
}

function seeds(): Wanted[] {
  const from = values.from === 'new' && !values.seed ? randomInt(2 ** 31) : Number(values.seed ?? values.from);
  const count = values.seed ? 1 : Number(values.seeds);
  return Array.from({ length: count }, (_, i) => ({ seed: from + i, steps: planOf(from + i) }));
}

async function main(wanted: readonly Wanted[]): Promise<number> {
  const counts = new Map<string, number>();
  const failed: Verdict[] = [];
  let played = 0;
  const left = [...wanted];
  const isOver = () => values.within !== undefined && monotonicMs() - beganMs > Number(values.within) * 1000;
  const one = async () => {
    for (let next = left.shift(); next && !isOver(); next = left.shift()) {
      const verdict = await play(next);
      for (const [what, n] of verdict.counts) counts.set(what, (counts.get(what) ?? 0) + n);
      show(verdict, `${++played}/${wanted.length}`, next.was);
      if (verdict.broken.length) failed.push(verdict);
    }
  };
  await Promise.all(Array.from({ length: Number(values['at-once']) }, one));
  const [first] = failed;
  if (first && !values.log && values.within === undefined) await showShortest(first);
  for (const [what, n] of [...counts].toSorted(([a], [b]) => a.localeCompare(b))) say(`${String(n).padStart(8)}  ${what}`);
  say(`${played - failed.length} runs hold, ${failed.length} do not; ${wanted.length - played} were not begun`);
  return failed.length || !played ? 1 : 0;
}

function play({ seed, steps }: Wanted): Promise<Verdict> {
  const log = values.log ? { log: createLog('debug') } : {};
  return databases.use((connection) => playRun(connection, seed, steps, log));
}

/** The shortest run that breaks the same thing: what is kept as a test. */
async function showShortest({ seed, steps, broken }: Verdict): Promise<void> {
  const kind = kindOf(broken[0]!);
  const fewest = await shorten(steps, async (some) =>
    (await play({ seed, steps: some })).broken.some((text) => kindOf(text) === kind),
  );
  say(`    the fewest steps of seed ${seed} that break it:`);
  for (const step of fewest) say(`    ${JSON.stringify(step)}`);
}

/** What was broken, without whose. */
function kindOf(text: string): string {
  return text.replaceAll(/[+\w.]*\d[\w.]*/g, '#');
}

function show(verdict: Verdict, at: string, was: string | undefined): void {
  const { seed, broken, steps, tookMs, virtualMs, trace, recent } = verdict;
  say(
    `${at} seed ${seed}: ${steps.length} steps, ${(virtualMs / 3600_000).toFixed(1)} h in ${(tookMs / 1000).toFixed(1)} s, ${trace} ${broken.length ? 'BROKEN' : 'holds'}${was ? ` (${was})` : ''}`,
  );
  for (const text of broken) say(`    ${text}`);
  if (broken.length) say(`    again: npm run simulate -- --seed ${seed}`);
  if (values.log) for (const line of [...steps.map((step) => JSON.stringify(step)), ...recent.slice(-60)]) say(line);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
