/**
 * `npm run simulate`: plays seeds, shows how far it is, shortens the first that fails, and says what was exercised.
 *
 *     npm run simulate -- --seeds 1000            a thousand, from 1
 *     npm run simulate -- --seed 4711 --log       one, with what its processes logged and what happened last
 *     npm run simulate -- --from new              thirty that nobody has played
 *     npm run simulate -- --kept                  runs that failed once
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { createLog } from '../src/base/log.ts';
import { startDatabases } from './databases.ts';
import { keptRuns, playAll, seedsFrom, type PlayOptions, type Wanted } from './plays.ts';
import { START_MS, type Verdict } from './run.ts';
import { shorten } from './shorten.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '30' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    kept: { type: 'boolean', default: false },
    'at-once': { type: 'string', default: '3' },
    log: { type: 'boolean', default: false },
  },
});

const databases = await startDatabases(START_MS);
try {
  process.exitCode = await main(values.kept ? keptRuns() : seeds());
} finally {
  await databases.stop();
}

function seeds(): Wanted[] {
  if (values.seed) return seedsFrom(Number(values.seed), 1);
  return seedsFrom(values.from === 'new' ? randomInt(2 ** 31) : Number(values.from), Number(values.seeds));
}

async function main(wanted: readonly Wanted[]): Promise<number> {
  const options: PlayOptions = {
    atOnce: Number(values['at-once']),
    ...(values.log ? { log: createLog('debug') } : {}),
    told: (verdict, { was }, played) => show(verdict, `${played}/${wanted.length}`, was),
  };
  const { held, broken, counts } = await playAll(databases, wanted, options);
  if (broken[0] && !values.log) await showShortest(broken[0]);
  for (const [what, n] of [...counts].toSorted(([a], [b]) => a.localeCompare(b)))
    say(`${String(n).padStart(8)}  ${what}`);
  say(`${held} runs hold, ${broken.length} do not`);
  return broken.length ? 1 : 0;
}

/** The shortest run that breaks the same thing: what is kept as a test. */
async function showShortest({ seed, steps, broken }: Verdict): Promise<void> {
  const kind = kindOf(broken[0]!);
  const fewest = await shorten(steps, async (some) => {
    const { broken: again } = await playAll(databases, [{ seed, steps: some }]);
    return again.some((one) => one.broken.some((text) => kindOf(text) === kind));
  });
  say(`    the fewest steps of seed ${seed} that break it:`);
  for (const step of fewest) say(`    ${JSON.stringify(step)}`);
}

/** What was broken, without whose. */
function kindOf(text: string): string {
  return text.replaceAll(/[+\w.]*\d[\w.]*/g, '#');
}

function show(verdict: Verdict, at: string, was: string | undefined): void {
  const { seed, broken, steps, tookMs, virtualMs, trace, recent } = verdict;
  const hours = (virtualMs / 3600_000).toFixed(1);
  say(
    `${at} seed ${seed}: ${steps.length} steps, ${hours} h in ${(tookMs / 1000).toFixed(1)} s, ${trace} ${broken.length ? 'BROKEN' : 'holds'}${was ? ` (${was})` : ''}`,
  );
  for (const text of broken) say(`    ${text}`);
  if (broken.length) say(`    again: npm run simulate -- --seed ${seed}`);
  if (values.log)
    for (const line of [...steps.map((step) => JSON.stringify(step)), ...recent.slice(-60)]) say(line);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
