/**
 * `npm run mutate`: are the tests worth their name? Each fault of `faults/` is planted by itself (plant.mjs) and the tests that must
 * notice it are run, until one fails. Prints what went unnoticed and the score, by room; fails below 95 %, when a fault's text is not in
 * the code any more, or when a test fails without any fault.
 *
 *     npm run mutate -- --only gate leases --jobs 2
 *     npm run mutate -- --list webhooks connect       the lists of those files
 *     npm run mutate -- --notes /tmp/mutate.jsonl     goes on where it was cut off, in the same tree
 *     npm run mutate -- --sample 150                  as many of them, drawn by a seed (--seed), and what that says of all
 */
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { seededRandom } from '../../test/support/random.ts';
import { globalSetup, globalTeardown } from '../../test/support/globalSetup.ts';
import { FAULTS } from './faults/faults.ts';
import { ROOT, testIn, timesIn, type Fault } from './fault.ts';

const LEAST_SCORE = 0.95;
/** A test that hangs has noticed: one that takes as many times longer than without any fault, and so long at least. */
const LONGER = 5;
const LONGEST_RUN_MS = 60_000;
const LONGEST_SOUND_MS = 900_000;

/** `by`: the test that noticed it, and what `failed` in it. */
type Found = { fault: Fault; by?: string; failed?: string; reached: boolean; tookMs: number };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    list: { type: 'string' },
    jobs: { type: 'string', default: '2' },
    notes: { type: 'string' },
    sample: { type: 'string' },
    seed: { type: 'string', default: `${Math.floor(Math.random() * 2 ** 31)}` },
  },
});
process.exitCode = await main([values.only ?? values.list ?? [], positionals].flat());

async function main(words: readonly string[]): Promise<number> {
  const stale = FAULTS.filter((fault) => timesIn(fault) !== 1);
  for (const { file, wrong } of stale) say(`no longer in the code: ${file}: ${wrong}`);
  if (stale.length) return 1;
  const all =
    values.list === undefined ? FAULTS.filter((fault) => isChosen(fault, words)) : await listsOf(words);
  const chosen = drawn(all);
  const temporary = await mkdtemp(path.join(tmpdir(), 'parley-mutate-'));
  await globalSetup();
  try {
    return await judge(chosen, temporary);
  } finally {
    await globalTeardown();
    await rm(temporary, { recursive: true, force: true });
  }
}

function isChosen({ file, wrong }: Fault, words: readonly string[]): boolean {
  return !words.length || words.some((word) => `${file} ${wrong}`.includes(word));
}

/** All, or a sample: the whole takes hours, and says little more than 150 of them. */
function drawn(all: readonly Fault[]): readonly Fault[] {
  if (values.sample === undefined) return all;
  const random = seededRandom(Number(values.seed));
  say(`${values.sample} of ${all.length}, drawn by --seed ${values.seed}`);
  const by = all.map((fault) => ({ fault, at: random() })).toSorted((a, b) => a.at - b.at);
  return by.slice(0, Number(values.sample)).map(({ fault }) => fault);
}

/**
 * The least share of all that would be noticed, with 95 % confidence, where so many of a sample were: the lower end of Wilson's interval
 * (E. B. Wilson, 1927), one-sided.
 */
function leastOfAll(noticed: number, n: number): number {
  const z = 1.645;
  const share = noticed / n;
  const middle = share + z ** 2 / (2 * n);
  const half = z * Math.sqrt((share * (1 - share)) / n + z ** 2 / (4 * n ** 2));
  return (middle - half) / (1 + z ** 2 / n);
}

/** The faults of the lists that are named as their files are. */
async function listsOf(names: readonly string[]): Promise<Fault[]> {
  const lists = names.map(async (name) => {
    const list = (await import(`./faults/${name}.ts`)) as Record<string, readonly Fault[]>;
    return Object.values(list).flat();
  });
  return (await Promise.all(lists)).flat();
}

async function judge(chosen: readonly Fault[], temporary: string): Promise<number> {
  const noted = readNotes();
  const toPlay = chosen.filter((fault) => !noted.has(nameOf(fault)));
  const soundIn = createSound(temporary);
  let done = 0;
  const played = await atOnce(toPlay, async (fault): Promise<Found> => {
    const one = await look(fault, temporary, done, soundIn);
    done++;
    const word = one.by === undefined ? 'UNNOTICED' : 'noticed';
    const took = `${(one.tookMs / 1000).toFixed(1)} s`;
    say(
      `${done}/${toPlay.length} ${word} ${fault.file}: ${fault.wrong} (${one.by ? `${one.by}, ` : ''}${took})`,
    );
    note(one);
    return one;
  });
  const before = chosen.flatMap((fault) => noted.get(nameOf(fault)) ?? []);
  return report([...before, ...played]) || Math.sign(soundIn.unfit.size);
}

/** How long a test takes without any fault, looked at before it is first used; undefined of one that fails then. */
type SoundIn = ((test: string) => Promise<number | undefined>) & { unfit: Set<string> };

function createSound(temporary: string): SoundIn {
  const unfit = new Set<string>();
  const known = new Map<string, Promise<number | undefined>>();
  const measure = async (test: string): Promise<number | undefined> => {
    let failed: string | undefined;
    // Once more: what fails beside other work, and not always, is no reason to try none of its faults.
    for (const _ of ['once', 'again']) {
      const fromMs = performance.now();
      failed = await failureOf(test, temporary, LONGEST_SOUND_MS);
      if (failed === undefined) return performance.now() - fromMs;
      say(`fails without any fault: ${test} (${failed})`);
    }
    unfit.add(test);
    say(`notices nothing: ${test}`);
    return undefined;
  };
  const soundIn = (test: string) => {
    const measured = known.get(test) ?? measure(test);
    known.set(test, measured);
    return measured;
  };
  return Object.assign(soundIn, { unfit });
}

/** What was played before in this tree, by the names of faults. */
function readNotes(): Map<string, Found> {
  if (values.notes === undefined || !existsSync(values.notes)) return new Map();
  const lines = readFileSync(values.notes, 'utf8').split('\n').filter(Boolean);
  const all = lines.map((line) => JSON.parse(line) as Found);
  return new Map(all.map((one) => [nameOf(one.fault), one]));
}

function note(one: Found): void {
  if (values.notes !== undefined) appendFileSync(values.notes, `${JSON.stringify(one)}\n`);
}

function nameOf({ file, text, becomes }: Fault): string {
  return JSON.stringify([file, text, becomes]);
}

/** `gate` of `src/gate/caps.ts`. */
function roomOf({ file }: Fault): string {
  const [top, room] = file.split('/');
  return top === 'src' ? room! : top!;
}

function report(found: readonly Found[]): number {
  const unnoticed = found.filter(({ by }) => by === undefined);
  if (unnoticed.length) say('\nUnnoticed:');
  for (const { fault, reached } of unnoticed)
    say(`  ${fault.file}: ${fault.wrong}${reached ? '' : ' (none of its tests loads the file)'}`);
  say('');
  const rooms = [...Map.groupBy(found, ({ fault }) => roomOf(fault))];
  for (const [room, own] of rooms.toSorted(([a], [b]) => a.localeCompare(b))) say(scoreOf(room, own));
  say(scoreOf('all', found));
  const least = leastOfAll(found.length - unnoticed.length, found.length);
  if (values.sample !== undefined) say(`of all at least ${(100 * least).toFixed(1)} %, with 95 % confidence`);
  return unnoticed.length > found.length * (1 - LEAST_SCORE) ? 1 : 0;
}

function scoreOf(room: string, found: readonly Found[]): string {
  const noticed = found.filter(({ by }) => by !== undefined).length;
  const percent = ((100 * noticed) / found.length).toFixed(1);
  const tookMs = found.reduce((sum, one) => sum + one.tookMs, 0);
  return `${room.padEnd(16)}${noticed} of ${found.length} noticed: ${percent} %, in ${Math.round(tookMs / 1000)} s of tests`;
}

async function look(fault: Fault, temporary: string, n: number, soundIn: SoundIn): Promise<Found> {
  const marker = path.join(temporary, `planted-${n}-${process.hrtime.bigint()}`);
  const url = pathToFileURL(path.join(ROOT, fault.file)).href;
  const planted = JSON.stringify({ url, text: fault.text, becomes: fault.becomes, marker });
  let tookMs = 0;
  for (const one of fault.tests) {
    const soundMs = await soundIn(one);
    if (soundMs === undefined) continue;
    const fromMs = performance.now();
    const failed = await failureOf(one, temporary, Math.max(LONGEST_RUN_MS, LONGER * soundMs), planted);
    tookMs += Math.round(performance.now() - fromMs);
    if (failed !== undefined) return { fault, by: one, failed, reached: true, tookMs };
  }
  return { fault, reached: existsSync(marker), tookMs };
}

/** Runs a test, to its first failure: what failed, undefined when nothing does. */
async function failureOf(
  test: string,
  temporary: string,
  longestMs: number,
  planted?: string,
): Promise<string | undefined> {
  const { file, words } = testIn(test);
  const named = words === undefined ? [] : [`--test-name-pattern=${words}`];
  const plant = pathToFileURL(path.join(import.meta.dirname, 'plant.mjs')).href;
  const child = spawn(
    process.execPath,
    // What is measured in µs says nothing beside other work.
    [
      '--test-reporter=tap',
      '--test-skip-pattern=µs',
      ...named,
      `--import=./test/support/loopbackOnly.ts`,
      file,
    ],
    {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
      env: {
        ...process.env,
        TMPDIR: temporary,
        // Most of a short test is reading the code.
        NODE_COMPILE_CACHE: path.join(temporary, 'compiled'),
        NODE_OPTIONS: `--disable-warning=ExperimentalWarning --import=${plant}`,
        ...(planted === undefined ? {} : { PLANTED_FAULT: planted }),
      },
    },
  );
  return await new Promise((resolve) => {
    const end = (failed: string | undefined) => {
      clearTimeout(timer);
      resolve(failed);
      try {
        // With everything it started.
        process.kill(-child.pid!, 'SIGKILL');
      } catch {
        // It is over.
      }
    };
    const timer = setTimeout(() => end('it has no end'), longestMs);
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text = (text + chunk.toString()).slice(-10_000);
      const [, failed] = /^\s*not ok \d+ - (.*)\n/m.exec(text) ?? [];
      if (failed !== undefined) end(failed);
    });
    child.on('exit', (code) => end(code === 0 ? undefined : 'it does not run'));
  });
}

/** Does work on each, so many at a time. */
async function atOnce<T, R>(all: readonly T[], work: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const go = async () => {
    for (let at = next++; at < all.length; at = next++) results[at] = await work(all[at]!);
  };
  await Promise.all(Array.from({ length: Math.max(1, Number(values.jobs) || 1) }, go));
  return results;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
