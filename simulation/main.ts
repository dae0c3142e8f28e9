/**
 * `npm run simulate`: plays seeds, shows how far it is, shortens the first that fails, and says what was exercised.
 *
 *     npm run simulate -- --seeds 1000            a thousand, from 1
 *     npm run simulate -- --seed 4711 --log       one, with what its processes logged and what happened last
 *     npm run simulate -- --from new              thirty that nobody has played
 *     npm run simulate -- --focus 'sends single' --focus 'people erase'    few steps, of these kinds only (plan.ts)
 *     npm run simulate -- --kept                  runs that failed once
 *     npm run simulate -- --reverts [words]       each repair of the core taken back: which seed catches it
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { createLog } from '../src/base/log.ts';
import { databasesAt, startDatabases, type Databases, type Server } from './databases.ts';
import { allPairs } from './exercised.ts';
import { keptRuns, playAll, seedsFrom, type PlayOptions, type Wanted } from './plays.ts';
import { playReverted } from './reverted.ts';
import { REVERTS } from './reverts.ts';
import { START_MS, type Verdict } from './run.ts';
import { shorten } from './shorten.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: 'string', default: '30' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    kept: { type: 'boolean', default: false },
    reverts: { type: 'boolean', default: false },
    'until-broken': { type: 'boolean', default: false },
    focus: { type: 'string', multiple: true, default: [] },
    // How many, of these kinds.
    steps: { type: 'string' },
    'at-once': { type: 'string', default: '3' },
    log: { type: 'boolean', default: false },
    // A Postgres that is there already (reverted.ts).
    at: { type: 'string' },
  },
});

const databases = values.at ? databasesAt(JSON.parse(values.at) as Server) : await startDatabases(START_MS);
try {
  process.exitCode = values.reverts ? await takeBack(databases) : await main(databases, values.kept ? keptRuns() : seeds());
} finally {
  await databases.stop();
}

/** Each repair is played against by itself; two at a time, since each has a process of its own. */
async function takeBack(databases: Databases): Promise<number> {
  const waiting = REVERTS.filter(({ name }) => !positionals.length || positionals.some((word) => name.includes(word)));
  const missed: string[] = [];
  const one = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const { name, lacks } = next;
      if (lacks) {
        say(`not caught: ${name}\n    lacks: ${lacks}`);
        continue;
      }
      const { seed, broken, held } = await playReverted(next, Number(values.from), Number(values.seeds), databases);
      if (seed === undefined) missed.push(name);
      say(seed === undefined ? `MISSED in ${held} seeds: ${name}` : `seed ${seed}: ${name}\n    ${broken}`);
    }
  };
  await Promise.all(Array.from({ length: Math.min(2, Number(values['at-once'])) }, one));
  return missed.length ? 1 : 0;
}

function seeds(): Wanted[] {
  const { focus } = values;
  const steps = values.steps === undefined ? undefined : Number(values.steps);
  if (values.seed) return seedsFrom(Number(values.seed), 1, focus, steps);
  const from = values.from === 'new' ? randomInt(2 ** 31) : Number(values.from);
  return seedsFrom(from, Number(values.seeds), focus, steps);
}

async function main(databases: Databases, wanted: readonly Wanted[]): Promise<number> {
  const options: PlayOptions = {
    atOnce: Number(values['at-once']),
    untilBroken: values['until-broken'],
    ...(values.log ? { log: createLog('debug') } : {}),
    told: (verdict, { was }, played) => show(verdict, `${played}/${wanted.length}`, was),
  };
  const { held, broken, counts } = await playAll(databases, wanted, options);
  if (broken[0] && !values.log && !values['until-broken']) await showShortest(databases, broken[0]);
  for (const [what, n] of [...counts].toSorted(([a], [b]) => a.localeCompare(b)))
    say(`${String(n).padStart(8)}  ${what}`);
  const never = allPairs().filter((one) => !counts.has(one));
  say(`pairs of a fault and a state that never met (${never.length} of ${allPairs().length}):`);
  for (const [fault, states] of Map.groupBy(never, (one) => one.split(' × ')[0]!))
    say(`          ${fault} × ${states.map((one) => one.split(' × ')[1]).join(', ')}`);
  say(`${held} runs hold, ${broken.length} do not`);
  return broken.length ? 1 : 0;
}

/** The shortest run that breaks the same thing: what is kept as a test. */
async function showShortest(databases: Databases, { seed, steps, broken }: Verdict): Promise<void> {
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
  const focus = values.focus.map((step) => ` --focus '${step}'`).join('') + (values.steps ? ` --steps ${values.steps}` : '');
  if (broken.length) say(`    again: npm run simulate -- --seed ${seed}${focus}`);
  if (values.log)
    for (const line of [...steps.map((step) => JSON.stringify(step)), ...recent.slice(-60)]) say(line);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
