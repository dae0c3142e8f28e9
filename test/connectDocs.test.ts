/**
 * docs/connect.md, from enabling to the first order alert, as a new user has it: its own commands, word by word, in one shell. The part of
 * whoever opens the page and agrees is played without a browser.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { testDatabase } from './support/database.ts';
import { newBrowser } from './support/plainBrowser.ts';
import { until } from './support/until.ts';
import { startWorld } from './support/world.ts';

const database = await testDatabase();
const world = await startWorld(database.connection, { PARLEY_DEMO: 'true' });
after(() => world.stop());

/** The blocks of shell of a section of a page. */
function blocksOf(file: string, section: string): string[] {
  const text = readFileSync(path.join(import.meta.dirname, '..', 'docs', file), 'utf8');
  const from = text.indexOf(`\n## ${section}\n`);
  assert.ok(from >= 0, section);
  const part = text.slice(from, text.indexOf('\n## ', from + 1));
  return [...part.matchAll(/```sh\n(.*?)```/gs)].map(([, block]) => block!);
}

/** A shell that is told one thing after the other; each answers what it printed, and fails where a command does. */
function newShell(env: Record<string, string>) {
  const child = spawn('bash', ['-s'], { env: { PATH: process.env['PATH'] ?? '', ...env } });
  after(() => child.kill());
  const errors: string[] = [];
  child.stderr.on('data', (chunk) => errors.push(String(chunk)));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  child.stdin.write('set -eu -o pipefail\n');
  let told = 0;
  return async (commands: string): Promise<string> => {
    const mark = `told-${++told}`;
    child.stdin.write(`${commands}\nprintf '\\n%s\\n' ${mark}\n`);
    const printed: string[] = [];
    for (;;) {
      const { value, done } = await lines.next();
      if (done) assert.fail(`${commands}\nended the shell: ${errors.join('')}`);
      if (value === mark) return printed.join('\n').trim();
      printed.push(value);
    }
  };
}

function has(tool: string): boolean {
  try {
    execFileSync(tool, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
const skip = ['bash', 'curl', 'jq'].every(has) ? false : 'bash, curl or jq is missing';

test('S29 S31 the guide, from enabling to the first order alert, word by word', { skip }, async () => {
  const blocks = blocksOf('connect.md', 'From enabling to the first order alert');
  assert.equal(blocks.length, 3);
  const [demo, own, acting] = blocks as [string, string, string];
  const { token, holder } = world.demo!.keys.shout;
  const shell = newShell({ URL: world.url, TOKEN: token, EMAIL: holder.email, PASSWORD: holder.password });
  /** Tells a block, and its last command again until it prints what is meant. */
  const tell = async (block: string, wanted: RegExp) => {
    const printed = await shell(block);
    const last = block.trim().split('\n\n').at(-1)!;
    await until(`${last} prints ${wanted}`, async () => wanted.test(await shell(last)));
    return printed;
  };
  const first = await tell(demo, /Thank you for your order of \$168\.00!/);
  assert.match(first, /"connect_id":"123abc"/);
  assert.match(first, /"object":"order"/);
  const [, address] = /^Open (\S+)\?connect_id=aff-17$/m.exec(await shell(own))!;
  const browser = newBrowser(world.url, new URL(address!).pathname);
  await browser.open({ connect_id: 'aff-17' });
  await browser.send('sign-in', holder);
  await browser.send('agree');
  assert.equal(new URL(browser.page.location).origin, 'https://acme.example', browser.page.html);
  await tell(acting, /Thank you for your order of \$49\.00!/);
});
