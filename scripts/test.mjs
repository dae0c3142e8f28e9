// What `npm test` runs, on a fresh clone too: type check, lint, format check, tests. All four always run, so
// that one look shows every fault. With arguments only the tests run: words choose test files by their path,
// anything that starts with -- goes to `node --test`. `--check` leaves the tests out.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureBrowser } from './browser.mjs';
import { ensureInstalled, environment, node24, root } from './bootstrap.mjs';

const args = process.argv.slice(2);
const checkOnly = args.includes('--check');
const words = args.filter((arg) => !arg.startsWith('--'));
const flags = args.filter((arg) => arg.startsWith('--') && arg !== '--check');

// What a file measures of its process, or changes for all that is in it, has a process of its own; so has what drives a browser.
const NEEDS_ITS_OWN =
  /\bglobalThis\b|\bmock\.|\bprocess\.(?:memoryUsage|cpuUsage|resourceUsage|on|chdir)\b|\bperformance\.now\b|\bprocess\.env\[.*\] = |In a process of its own|support\/(?:browser|plainBrowser|page)/;
const IN_A_GROUP = 12;
// Twice the two cores that CI has: with two files a quarter of both was idle, with three a sixth, since what is tested waits for disks,
// clocks and pages.
const AT_ONCE = 4;

let env;
try {
  await ensureInstalled({ tools: true });
  env = environment();
  const list = steps(node24());
  const inBrowser = list.some(([, , given]) => given.some((file) => file.endsWith('Browser.test.ts')));
  if (inBrowser) await ensureBrowser();
  process.exitCode = await run(list);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

function steps(node) {
  const checks = [
    ['Type check', 'tsc', ['-p', '.']],
    ['Type check of the pages', 'tsc', ['-p', 'web']],
    ['Lint', 'oxlint', ['--type-aware']],
    ['Format', 'biome', ['format']],
  ];
  const tests = ['Tests', node, testArguments()];
  if (checkOnly) return checks;
  return words.length + flags.length > 0 ? [tests] : [...checks, tests];
}

function testArguments() {
  const files = ['src', 'test'].flatMap(testFiles).sort((a, b) => a.localeCompare(b));
  const chosen =
    words.length > 0 ? files.filter((file) => words.some((word) => file.includes(word))) : grouped(files);
  if (chosen.length === 0 && !checkOnly) throw new Error(`no test file matches: ${words.join(' ')}`);
  return [
    '--disable-warning=ExperimentalWarning',
    '--test',
    `--test-concurrency=${AT_ONCE}`,
    '--test-reporter=spec',
    '--test-timeout=300000',
    // One that fails may leave something open: what failed is told at once, and not when the run is broken off.
    '--test-force-exit',
    '--test-global-setup=test/support/globalSetup.ts',
    '--import=./test/support/whoseTest.ts',
    '--import=./test/support/loopbackOnly.ts',
    ...flags,
    ...chosen,
  ];
}

// The whole suite: files that may share a process do (test/support/together.ts), a dozen at a time, so that both cores end together. By
// themselves, as words choose them, files have their own.
function grouped(files) {
  const [own, shared] = partition(files, (file) => NEEDS_ITS_OWN.test(textOf(file)));
  // Those that share a running product are in one process with it.
  const [campaigns, others] = partition(shared, (file) => textOf(file).includes('campaignsProduct.ts'));
  const dir = path.join(root, 'node_modules', '.cache', 'parley-tests');
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  const support = pathToFileURL(path.join(root, 'test', 'support', 'together.ts')).href;
  // Node takes them by their names: the long ones first, and at the end those that fill what is left.
  return [campaigns, ...chunks(others), ...own.map((file) => [file])].map((some, at) => {
    const file = path.join(dir, `${String(at + 1).padStart(3, '0')}.test.mjs`);
    const list = JSON.stringify(some, null, 2);
    writeFileSync(file, `import { together } from ${JSON.stringify(support)};\ntogether(${list});\n`);
    return file;
  });
}

function chunks(all) {
  return Array.from({ length: Math.ceil(all.length / IN_A_GROUP) }, (_, at) =>
    all.slice(at * IN_A_GROUP, (at + 1) * IN_A_GROUP),
  );
}

function textOf(file) {
  return readFileSync(path.join(root, file), 'utf8');
}

function partition(all, belongs) {
  return [all.filter((one) => belongs(one)), all.filter((one) => !belongs(one))];
}

function testFiles(dir) {
  const full = path.join(root, dir);
  if (!existsSync(full)) return [];
  const names = readdirSync(full, { recursive: true });
  return names.filter((name) => name.endsWith('.test.ts')).map((name) => path.join(dir, name));
}

async function run(list) {
  // Checks run together: two of them use one core alone. What they say is told in their order.
  const checks = new Map(
    list.filter(([, command]) => command !== node24()).map((step) => [step, runAside(step)]),
  );
  const failed = [];
  for (const step of list) {
    process.stdout.write(`\n== ${step[0]}\n`);
    const { status, said } = (await checks.get(step)) ?? runHere(step);
    process.stdout.write(said);
    if (status !== 0) failed.push(step[0]);
  }
  process.stdout.write(failed.length > 0 ? `\nFailed: ${failed.join(', ')}\n` : '\nAll passed\n');
  return failed.length > 0 ? 1 : 0;
}

/** Straight to this terminal. */
function runHere([, command, commandArgs]) {
  const { status, error } = spawnSync(command, commandArgs, { ...howToSpawn(command), stdio: 'inherit' });
  return { status, said: error ? `${error.message}\n` : '' };
}

function runAside([, command, commandArgs]) {
  return new Promise((resolve) => {
    const said = [];
    const child = spawn(command, commandArgs, { ...howToSpawn(command), stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (some) => said.push(some));
    child.once('error', (error) => said.push(Buffer.from(`${error.message}\n`)));
    child.once('close', (status) => resolve({ status: status ?? 1, said: Buffer.concat(said) }));
  });
}

function howToSpawn(command) {
  return { cwd: root, env, shell: process.platform === 'win32' && command !== node24() };
}
