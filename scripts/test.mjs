// What `npm test` runs, on a fresh clone too: type check, lint, format check, tests. All four always run, so
// that one look shows every fault. With arguments only the tests run: words choose test files by their path,
// anything that starts with -- goes to `node --test`. `--check` leaves the tests out.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ensureBrowser } from './browser.mjs';
import { ensureInstalled, environment, node24, root } from './bootstrap.mjs';

const args = process.argv.slice(2);
const checkOnly = args.includes('--check');
const words = args.filter((arg) => !arg.startsWith('--'));
const flags = args.filter((arg) => arg.startsWith('--') && arg !== '--check');

let env;
try {
  await ensureInstalled({ tools: true });
  // Colour and interleaving stay as they are: every step writes straight to this terminal.
  env = environment();
  const list = steps(node24());
  const inBrowser = list.some(([, , given]) => given.some((file) => file.endsWith('Browser.test.ts')));
  if (inBrowser) await ensureBrowser();
  process.exitCode = run(list);
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
  const together = files.filter(startsNothing);
  env.TEST_TOGETHER = together.join(path.delimiter);
  const chosen =
    words.length > 0
      ? files.filter((file) => words.some((word) => file.includes(word)))
      : files.filter((file) => !together.includes(file));
  if (chosen.length === 0 && !checkOnly) throw new Error(`no test file matches: ${words.join(' ')}`);
  return [
    '--disable-warning=ExperimentalWarning',
    '--test',
    '--test-concurrency=2',
    '--test-reporter=spec',
    '--test-timeout=300000',
    '--test-global-setup=test/support/globalSetup.ts',
    '--import=./test/support/loopbackOnly.ts',
    ...flags,
    ...chosen,
  ];
}

// Beside the code and starts nothing: no database, no socket, no hook outside a suite, nothing that a process has once. Such files run in
// one process (test/together.test.ts), since a process takes longer to start than they take: 92 of them 45 s of a core, or 20 together.
function startsNothing(file) {
  const startsSomething =
    /\/support\/|^(?:before|after)(?:Each)?\(|node:child_process|\bprocess\.|\bmock\.|\bglobalThis\b/m;
  return (
    file.startsWith(`src${path.sep}`) && !startsSomething.test(readFileSync(path.join(root, file), 'utf8'))
  );
}

function testFiles(dir) {
  const full = path.join(root, dir);
  if (!existsSync(full)) return [];
  const names = readdirSync(full, { recursive: true });
  return names.filter((name) => name.endsWith('.test.ts')).map((name) => path.join(dir, name));
}

function run(list) {
  const failed = [];
  for (const [title, command, commandArgs] of list) {
    process.stdout.write(`\n== ${title}\n`);
    const done = spawnSync(command, commandArgs, {
      cwd: root,
      env,
      stdio: 'inherit',
      shell: process.platform === 'win32' && command !== node24(),
    });
    if (done.error) process.stderr.write(`${done.error.message}\n`);
    if (done.status !== 0) failed.push(title);
  }
  process.stdout.write(failed.length > 0 ? `\nFailed: ${failed.join(', ')}\n` : '\nAll passed\n');
  return failed.length > 0 ? 1 : 0;
}
