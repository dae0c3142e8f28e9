/**
 * `npm run simulate`: plays seeds one after the other, shows how far it is, shortens the first that fails, and says what was
 * exercised.
 *
 *     npm run simulate -- --seeds 1000            the next thousand, from 1
 *     npm run simulate -- --seed 4711 --log       one, with what its processes logged and what happened last
 */
import { parseArgs } from 'node:util';
import { createLog } from '../src/base/log.ts';
import { startDatabases } from './databases.ts';
import { planOf } from './plan.ts';
import { playRun, type Step, type Verdict } from './run.ts';
import { shorten } from './shorten.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '30' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    log: { type: 'boolean', default: false },
  },
});

const databases = await startDatabases();
try {
  process.exitCode = await main();
} finally {
  await databases.stop();
}

async function main(): Promise<number> {
  const from = Number(values.seed ?? values.from);
  const seeds = Array.from({ length: values.seed ? 1 : Number(values.seeds) }, (_, i) => from + i);
  const counts = new Map<string, number>();
  let failed = 0;
  for (const [index, seed] of seeds.entries()) {
    const verdict = await play(seed);
    for (const [what, n] of verdict.counts) counts.set(what, (counts.get(what) ?? 0) + n);
    show(verdict, `${index + 1}/${seeds.length}`);
    if (verdict.broken.length && ++failed === 1 && !values.log) await showShortest(verdict);
  }
  for (const [what, n] of [...counts].toSorted(([a], [b]) => a.localeCompare(b))) process.stdout.write(`${String(n).padStart(8)}  ${what}\n`);
  process.stdout.write(`${seeds.length - failed} seeds hold, ${failed} do not\n`);
  return failed ? 1 : 0;
}

function play(seed: number, steps: readonly Step[] = planOf(seed)): Promise<Verdict> {
  const log = values.log ? { log: createLog('debug') } : {};
  return databases.use((connection) => playRun(connection, seed, steps, log));
}

/** The shortest run that breaks the same thing: what is kept as a test. */
async function showShortest({ seed, steps, broken }: Verdict): Promise<void> {
  const kind = kindOf(broken[0]!);
  const fewest = await shorten(steps, async (some) =>
    (await play(seed, some)).broken.some((text) => kindOf(text) === kind),
  );
  process.stdout.write(`    the fewest steps that break it:\n`);
  for (const step of fewest) process.stdout.write(`    ${JSON.stringify(step)}\n`);
}

/** What was broken, without whose. */
function kindOf(text: string): string {
  return text.replaceAll(/[+\w.]*\d[\w.]*/g, '#');
}

function show(verdict: Verdict, at: string): void {
  const { seed, broken, steps, tookMs, virtualMs, trace, recent } = verdict;
  process.stdout.write(
    `${at} seed ${seed}: ${steps.length} steps, ${(virtualMs / 3600_000).toFixed(1)} h in ${(tookMs / 1000).toFixed(1)} s, ${trace} ${broken.length ? 'BROKEN' : 'holds'}\n`,
  );
  for (const text of broken) process.stdout.write(`    ${text}\n`);
  if (values.log) process.stdout.write(`${steps.map((step) => JSON.stringify(step)).join('\n')}\n${recent.slice(-60).join('\n')}\n`);
}
