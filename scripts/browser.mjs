// The Chromium that tests of pages and of Web Push run in: where one is looked for, and how CI gets one. A developer's own
// machine gets nothing installed unasked, and a mirror that is away never makes a run red: those tests are then skipped.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './bootstrap.mjs';

/** What a skipped test says. */
export const HOW_TO_GET_ONE =
  'no Chromium is found; install one (Debian: `apt-get install chromium`), or name its program in PARLEY_TEST_CHROMIUM';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const PLACES = [
  '/usr/bin/chromium',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

// Chromium without what only a window has: the pages see no difference, and what the tests do costs half the CPU (30.6 and 14.7 CPU-s for
// five stories). It has no push.
const SHELL = 'chromium-headless-shell';

const LONGEST_VERSION_MS = 20_000;
// Both together take under a minute on a small machine with a mirror that is well.
const LONGEST_UPDATE_MS = 90_000;
const LONGEST_INSTALL_MS = 300_000;

/** The program of a Chromium that starts; undefined when there is none. The one that is named is the only one looked at. */
export async function findBrowser(env = process.env) {
  const named = env.PARLEY_TEST_CHROMIUM;
  const places = named ? [named] : [...PLACES, ...onPath(env), ...(await playwrightsOwn())];
  return places.find((place) => existsSync(place) && starts(place));
}

/** The same without a window, for pages alone; where there is none, the one with. The one that is named is the only one looked at. */
export async function findShell(env = process.env) {
  const shell = env.PARLEY_TEST_CHROMIUM ? undefined : onPath(env, [SHELL]).find((place) => starts(place));
  return shell ?? (await findBrowser(env));
}

/** Installs Debian's Chromium, with a window and without, when there is none, this is CI and it can be done. Says what went wrong and never throws. */
export async function ensureBrowser(env = process.env, say = (text) => process.stderr.write(text)) {
  if (!env.CI || env.PARLEY_TEST_CHROMIUM || process.getuid?.() !== 0) return;
  if (onPath(env, ['apt-get']).length === 0) return;
  const needsOne = !(await findBrowser(env));
  if (!needsOne && onPath(env, [SHELL]).length > 0) return;
  say('parley: installing Chromium for the tests in a browser ...\n');
  const install = (name) =>
    aptGet(env, ['install', '--yes', '--no-install-recommends', name], LONGEST_INSTALL_MS);
  const wrong = aptGet(env, ['update'], LONGEST_UPDATE_MS) ?? (needsOne ? install('chromium') : undefined);
  if (wrong && needsOne) say(`parley: no Chromium, so the tests in a browser are skipped: ${wrong}\n`);
  // An older Debian has none, and what is tested then takes longer.
  if (!wrong) install(SHELL);
}

function aptGet(env, args, timeout) {
  const patience = [
    '-o',
    'Acquire::Retries=1',
    '-o',
    'Acquire::http::Timeout=20',
    '-o',
    'DPkg::Lock::Timeout=60',
  ];
  const done = spawnSync('apt-get', ['-qq', ...patience, ...args], {
    env: { ...env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    timeout,
  });
  if (done.status === 0) return undefined;
  if (done.error?.code === 'ETIMEDOUT') return `apt-get ${args[0]} took longer than ${timeout / 1000} s`;
  const last = (done.stderr ?? '').trim().split('\n').at(-1);
  return `apt-get ${args[0]}: ${last || done.error?.message || `ended with ${done.status ?? done.signal}`}`;
}

function onPath(env, names = NAMES) {
  const dirs = (env.PATH ?? '').split(path.delimiter).filter(Boolean);
  return names.flatMap((name) => dirs.map((dir) => path.join(dir, name)).filter((file) => existsSync(file)));
}

/** Where playwright would put the browser it downloads, if somebody let it. */
async function playwrightsOwn() {
  try {
    const module = path.join(root, 'node_modules', 'playwright-core', 'index.mjs');
    const { chromium } = await import(pathToFileURL(module).href);
    return [chromium.executablePath()];
  } catch {
    return [];
  }
}

/** An install that was cut short, and Ubuntu's package that only points to a snap, are there and do not start. */
function starts(program) {
  const done = spawnSync(program, ['--version'], { stdio: 'ignore', timeout: LONGEST_VERSION_MS });
  return done.status === 0;
}
