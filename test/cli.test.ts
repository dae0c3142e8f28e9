/** The command `parley` as a person runs it: a process of its own with an embedded Postgres, and what it leaves behind. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, describe, test } from 'node:test';
import { parse } from 'yaml';
import { caller, type Json } from './consoleProduct.ts';
import { until } from './support/until.ts';

const bin = path.join(import.meta.dirname, '..', 'bin', 'parley.mjs');
const temp = await mkdtemp(path.join(tmpdir(), 'parley-cli-'));
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('PARLEY_') && name !== 'npm_command'),
);
const started: { child: ReturnType<typeof spawn>; dataDir: string }[] = [];
after(async () => {
  for (const { child, dataDir } of started) {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    // A server whose Parley was killed stays for the next one; here there is none.
    const pid = postmasterOf(dataDir);
    if (pid !== undefined && isAlive(pid)) process.kill(pid, 'SIGQUIT');
  }
  await rm(temp, { recursive: true, force: true });
});

function start(name: string, args: string[], more: Record<string, string> = {}) {
  const dataDir = path.join(temp, name);
  const child = spawn(process.execPath, [bin, 'start', '--port', '0', '--data', dataDir, ...args], {
    env: { ...env, PARLEY_CHECK_ANSWERS: 'true', ...more },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.push({ child, dataDir });
  const said = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.err += text));
  const exited = once(child, 'exit') as Promise<[number | null, string | null]>;
  return {
    child,
    dataDir,
    said,
    exited,
    ready: (sign: string) => until(`“${sign}”`, () => said.out.includes(sign), 60_000),
  };
}

function parley(
  args: string[],
  more: Record<string, string> = {},
): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [bin, ...args], { env: { ...env, ...more } }, (error, out, err) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, out, err }),
    );
  });
}

function postmasterOf(dataDir: string): number | undefined {
  const file = path.join(dataDir, 'postgres', 'cluster', 'postmaster.pid');
  return existsSync(file) ? Number(readFileSync(file, 'utf8').split('\n')[0]) : undefined;
}

/** Also while nobody has yet heard that it ended: an orphan is reaped by the system, in its own time. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('a server for other programs', () => {
  const server = start('json', ['--json'], { PARLEY_LOG_LEVEL: 'warn' });
  const D = ['--data', server.dataDir];
  let ready: Json;

  test('start --json says exactly one line on standard output once it is ready', async () => {
    const [line] = await once(createInterface({ input: server.child.stdout }), 'line');
    ready = JSON.parse(line as string);
    assert.deepEqual(Object.keys(ready), ['url', 'workspace', 'keys', 'integrations', 'signIn']);
    assert.match(ready.url, /^http:\/\/127\.0\.0\.1:\d+$/);
    assert.match(ready.workspace.id, /^[0-9a-f]{24}$/);
    assert.ok(ready.integrations.some(({ type }: Json) => type === 'twilio'));
    const { body } = await caller(ready.url, ready.keys.console.token)('GET', '/api/me');
    assert.equal(body.workspaces[0].id, ready.workspace.id);
    const file = path.join(server.dataDir, 'runtime.json');
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const left = JSON.parse(readFileSync(file, 'utf8'));
    assert.deepEqual(
      [left.url, left.workspace, left.token],
      [ready.url, ready.workspace.id, ready.keys.console.token],
    );
  });

  test('a file of 12,000 rows is imported; doing it again changes nothing', async () => {
    const file = path.join(temp, 'people.csv');
    const rows = Array.from(
      { length: 12_000 },
      (_, i) => `+1212${String(2_000_000 + i)},p${i}@example.com,Name ${i},${i}`,
    );
    await writeFile(file, `phone,email,first_name,points:number\n${rows.join('\n')}\nnope,,,\n`);
    const first = await parley(['import', file, '--list', 'All', '--tag', 'vip', '--tag', 'a, b', ...D]);
    assert.equal(first.code, 0, first.err);
    assert.match(first.out, /12,001 rows in [\d:]+: 12,000 created, 0 updated, 1 rejected/);
    assert.match(first.out, /line 12002: phone /);
    assert.match(first.err, /100 % {2}12,001 rows/);
    const again = await parley(['import', file, '--list', 'All', ...D]);
    assert.match(again.out, /0 created, 12,000 updated, 1 rejected/);
    const api = caller(ready.url, ready.keys.console.token);
    const lists = `/api/workspaces/${ready.workspace.id}/lists`;
    const [all] = (await api('GET', lists)).body.lists;
    const counted = (await api('GET', `${lists}/${all.id}`)).body;
    assert.deepEqual([all.contacts, all.more, counted.contacts], [10_000, true, 12_000]);
    const bad = path.join(temp, 'bad.csv');
    await writeFile(bad, 'colour,size\nred,1\n');
    const refused = await parley(['import', bad, ...D]);
    assert.deepEqual([refused.code, refused.out], [1, '']);
    assert.match(refused.err, /phone, email or external_id/);
    await writeFile(
      bad,
      'email,first_name\nstop1@example.com,A\nstop2@example.com,"B\nstop3@example.com,C\n',
    );
    const stopped = await parley(['import', bad, ...D]);
    assert.deepEqual([stopped.code, /1 rows in .* 1 created/.test(stopped.out)], [1, true], stopped.out);
    assert.match(stopped.err, /Stopped at line 3: it opens a quote that is never closed/);
    assert.match((await parley(['import', path.join(temp, 'none.csv'), ...D])).err, /none\.csv/);
  });

  test('a broadcast to the list is forecast, sent and counted', async () => {
    const sent = await parley([
      'broadcast',
      'Hi {{ contact.givenName }}',
      '--list',
      'All',
      '--class',
      'transactional',
      '--yes',
      ...D,
    ]);
    assert.equal(sent.code, 0, sent.err);
    assert.match(sent.out, /12,000 contacts, of whom 12,000 will be reached/);
    const [, id] = /done \(([0-9a-f]{24})\)/.exec(sent.out)!;
    const why = await parley(['why', '+12122000007', '--broadcast', id!, ...D]);
    assert.match(why.out, /^sent, /);
    assert.match(why.out, /in the audience +as the contact is now, it meets include\.lists\[0\]/);
    assert.equal((await parley(['broadcast', 'x', ...D])).code, 2);
  });

  test('send, simulate and why', async () => {
    const sent = await parley(['send', '+15005550006', 'Hello there', ...D]);
    assert.equal(sent.code, 0, sent.err);
    const [, message, contact] = /message (\w+) to contact (\w+): (?:accepted|delivered)/.exec(sent.out)!;
    await until('it is on the phone', async () =>
      (await parley(['simulate', 'phone', '+15005550006', ...D])).out.includes('← Hello there'),
    );
    assert.equal((await parley(['simulate', 'reply', '+15005550006', 'Hello back', ...D])).code, 0);
    assert.match((await parley(['simulate', 'phone', '+15005550006', ...D])).out, /→ Hello back/);
    assert.match(
      (await parley(['why', contact!, '--message', message!, ...D])).out,
      /let in +a transactional message/,
    );
    assert.match((await parley(['simulate', 'advance', '14d', ...D])).out, /It is 20\d\d-/);
    assert.equal((await parley(['simulate', 'advance', 'soon', ...D])).code, 2);
    assert.match((await parley(['simulate', 'press', '+15005550006', '1', ...D])).err, /nobody called/);
  });

  test('README 7: a campaign from a file, fourteen days, and its report; a back-test; everything of one contact', async () => {
    const file = path.join(import.meta.dirname, '..', 'examples', 'picture-reminder.yaml');
    const pushed = await parley(['campaigns', 'push', file, ...D]);
    assert.match(pushed.out, /draft of picture-reminder \(\w+\), which is draft; published it is version 1/);
    const odd = path.join(temp, 'odd.yaml');
    await writeFile(odd, 'parley: campaign/1\nkey: odd\ntrigger: { api: true }\nsteps: []\n');
    const good = path.join(temp, 'good.yaml');
    await writeFile(good, readFileSync(file, 'utf8').replace('key: picture-reminder', 'key: good'));
    const none = path.join(temp, 'none.yaml');
    for (const [wrong, says] of [
      [odd, 'campaign.steps: must be a list'],
      [none, 'cannot be read'],
    ] as const) {
      const refused = await parley(['campaigns', 'push', good, wrong, ...D]);
      assert.equal(refused.code, 1);
      assert.ok(refused.err.includes(`${wrong}: ${says}`), refused.err);
      assert.match((await parley(['campaigns', 'report', 'good', ...D])).err, /There is no campaign good/);
    }
    const published = await parley(['campaigns', 'publish', 'picture-reminder', ...D]);
    assert.deepEqual([published.code, published.out], [0, 'picture-reminder is published, and is active.\n']);
    const twice = await parley(['campaigns', 'publish', 'picture-reminder', ...D]);
    assert.deepEqual([twice.code, /no draft that could be published/.test(twice.err)], [1, true], twice.err);
    const tell = (at: string, body: object) =>
      fetch(`${ready.url}${at}`, {
        method: 'POST',
        headers: { 'x-outbound-key': ready.keys.outbound.private, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    for (const n of [1, 2, 3]) {
      const who = { user_id: `ann${n}` };
      await tell('/v2/identify', {
        ...who,
        email: `ann${n}@example.com`,
        attributes: { city: 'San Francisco' },
      });
      assert.equal((await tell('/v2/track', { ...who, event: 'signup' })).status, 200);
    }
    const report = async () => (await parley(['campaigns', 'report', 'picture-reminder', ...D])).out;
    await until('they are in it', async () => (await report()).includes('3 entered'));
    assert.equal((await parley(['simulate', 'advance', '14d', ...D])).code, 0);
    const said = await until('the mails are out', async () => {
      const text = await report();
      return /^ended: 3 completed$/m.test(text) ? text : undefined;
    });
    assert.match(
      said,
      /^picture-reminder {2}active\n\nentered on each day, .*█\n\n3 entered: [0-3] treated, [0-3] held out\n/,
    );
    assert.match(said, /goal uploaded \(primary\): 3 still have time, and are not counted yet/);
    assert.match(said, /effect: too early to say/);
    assert.match(said, /^message +.*reached after it$/m);
    assert.match((await parley(['campaigns', 'report', 'none', ...D])).err, /There is no campaign none/);
    const since = (...more: string[]) =>
      parley(['campaigns', 'since', 'picture-reminder', '2020-01-01T00:00:00Z', ...more, ...D]);
    // Among 12,000 it looks for 50 ms: on a busy machine not at all three at once.
    await until('all who did it were looked at', async () => {
      const { out } = await since('--from', 'event');
      return /^3 did it since\.\nOf 3 who were looked at 0 would enter\.\n {2}3 would not: /.test(out);
    });
    assert.equal((await since('--enter')).out, 'They are let in, at most 600 in a minute.\n');
    assert.equal((await since('--from', 'then')).code, 2);
    const tried = await parley(['campaigns', 'backtest', file, '--days', '30', '--all', ...D]);
    assert.match(tried.out, /^did what sets it off +3$/m, tried.err);
    assert.match(tried.out, /^would send mail +[0-3] /m);
    assert.equal((await parley(['campaigns', 'backtest', file, '--days', '0', ...D])).code, 2);
    const folder = path.join(temp, 'pulled');
    const pulled = await parley(['campaigns', 'pull', 'picture-reminder', '--dir', folder, ...D]);
    assert.deepEqual([pulled.code, pulled.out.trim()], [0, path.join(folder, 'picture-reminder.yaml')]);
    const same = await parley(['campaigns', 'diff', path.join(folder, 'picture-reminder.yaml'), ...D]);
    assert.deepEqual([same.code, /is the same/.test(same.out)], [0, true], same.err);
    // In other words, with what is said beside it, and as JSON it is the same campaign.
    const asJson = path.join(folder, 'as.json');
    await writeFile(asJson, JSON.stringify(parse(readFileSync(file, 'utf8'))));
    const alike = await parley(['campaigns', 'diff', file, asJson, ...D]);
    assert.deepEqual([alike.code, alike.out.match(/is the same/g)?.length], [0, 2], alike.out + alike.err);
    await writeFile(asJson, '{"parley":"campaign/1"}');
    const broken = await parley(['campaigns', 'diff', asJson, ...D]);
    assert.deepEqual([broken.code, /campaign\.key: must be a text/.test(broken.err)], [1, true], broken.err);
    const text = readFileSync(path.join(folder, 'picture-reminder.yaml'), 'utf8').replace('14d', '7d');
    await writeFile(path.join(folder, 'picture-reminder.yaml'), text);
    const other = await parley(['campaigns', 'diff', path.join(folder, 'picture-reminder.yaml'), ...D]);
    assert.equal(other.code, 1);
    assert.match(other.out, /^- +within: 14d\n\+ +within: 7d$/m);
    const api = caller(ready.url, ready.keys.console.token);
    const base = `/api/workspaces/${ready.workspace.id}`;
    const send = { content: { type: 'text', text: 'It is over' }, channel: 'email' };
    const over = {
      parley: 'campaign/1',
      key: 'over',
      trigger: { api: true },
      steps: [{ key: 'mail', send }],
    };
    const made = await api('POST', `${base}/campaigns`, { campaign: over });
    await api('POST', `${base}/campaigns/${made.body.id}/publish`, { people: 'move' });
    assert.equal((await api('POST', `${base}/campaigns/${made.body.id}/end`, {})).body.state, 'ended');
    // What is pulled can be pushed, and what has ended takes no draft any more: it comes when it is asked for.
    const whole = path.join(temp, 'whole');
    const all = await parley(['campaigns', 'pull', '--dir', whole, ...D]);
    assert.equal(all.code, 0, all.err);
    const files = all.out.trim().split('\n');
    assert.ok(files.includes(path.join(whole, 'picture-reminder.yaml')), all.out);
    const back = await parley(['campaigns', 'push', ...files, ...D]);
    assert.equal(back.code, 0, back.err);
    const ended = await parley(['campaigns', 'pull', 'over', '--dir', whole, ...D]);
    assert.equal(ended.out.trim(), path.join(whole, 'over.yaml'));
    const { body } = await api('GET', `${base}/contacts?search=ann1@example.com`);
    const exported = await parley(['contacts', 'export', body.contacts[0].id, ...D]);
    assert.equal(exported.code, 0, exported.err);
    const { contactId, rooms } = JSON.parse(exported.out);
    assert.equal(contactId, body.contacts[0].id);
    assert.match(JSON.stringify(rooms), /ann1@example\.com/);
    assert.equal((await parley(['reconcile', '--campaigns', ...D])).code, 0);
  });

  test('lookup tells what is known of numbers', async () => {
    const told = await parley(['lookup', '+15005550006', '06 12345678', 'nobody', '--country', 'NL', ...D]);
    assert.equal(told.code, 0, told.err);
    assert.match(told.out, /^\+15005550006 .* [0-9a-f]{24}$/m);
    assert.match(
      told.out,
      /^\+31612345678 {2}06 12345678 {2}NL {2}mobile {2}text messages: yes {2}no contact$/m,
    );
    assert.match(told.out, /^nobody: no phone number$/m);
    const none = await parley(['lookup', 'nobody', ...D]);
    assert.equal(none.code, 1);
    assert.match(none.err, /must be a phone number/);
  });

  test('keys are made, used and revoked; doctor finds nothing wrong', async () => {
    const made = await parley(['keys', 'create', '--door', 'console', '--role', 'viewer', ...D]);
    const [, token] = /token +(\S+)/.exec(made.out)!;
    const named = ['--url', ready.url, '--token', token!];
    assert.match((await parley(['simulate', 'phone', '+15005550006', ...named])).err, /viewer may not/);
    const [, keyId] = /key id +(\S+)/.exec(made.out)!;
    assert.match((await parley(['keys', 'list', ...D])).out, new RegExp(keyId!));
    assert.equal((await parley(['keys', 'revoke', keyId!, ...D])).code, 0);
    assert.match((await parley(['keys', 'list', ...named])).err, /not valid/);
    const found = await parley(['doctor', ...D]);
    assert.equal(found.code, 0, found.out);
    assert.match(found.out, /Parley runs at/);
  });

  test('a second server on the same data is refused in plain words', async () => {
    const second = await parley(['start', '--json', '--port', '0', ...D]);
    assert.deepEqual([second.code, second.out], [1, '']);
    assert.match(second.err, /parley: .*in use|another Parley/i);
    assert.doesNotMatch(second.err, /\n {4}at /);
  });

  test('SIGTERM ends it with 0, also when it comes twice, and nothing stays behind', async () => {
    const pid = postmasterOf(server.dataDir)!;
    assert.ok(isAlive(pid));
    server.child.kill('SIGTERM');
    server.child.kill('SIGTERM');
    assert.deepEqual(await server.exited, [0, null], server.said.err);
    await until('its Postgres is gone', () => !isAlive(pid));
    assert.equal(existsSync(path.join(server.dataDir, 'runtime.json')), false);
    assert.equal(server.said.out.trim().split('\n').length, 1);
    const gone = await parley(['send', '+15005550006', 'x', ...D]);
    assert.equal(gone.code, 1);
    assert.match(gone.err, /No Parley runs on .*parley start/);
  });
});

describe('a server for a person', () => {
  test('a newcomer is shown a message that arrived and a line that sends the next; Ctrl-C ends it', async () => {
    const server = start('human', []);
    await server.ready('Ctrl-C stops it');
    const { out, err } = server.said;
    assert.equal(err, '');
    assert.match(out, /It sent a first SMS to the simulated phone \+15005550006; it was there after \d+ ms/);
    const line = out.split('\n').find((one) => one.trimStart().startsWith('curl '))!;
    const answer = await pasted(line);
    assert.match(answer, /"notification":\{"_id":"[0-9a-f-]{36}"\}/);
    const hint = /\.\/parley (simulate phone .*)/.exec(out)![1]!;
    const args = hint.split(' ').map((word) => word.replaceAll("'", ''));
    await until('the pasted message is on the phone', async () =>
      (await parley(args)).out.includes('Hello from curl'),
    );
    const pid = postmasterOf(server.dataDir)!;
    server.child.kill('SIGINT');
    assert.deepEqual(await server.exited, [0, null], server.said.err);
    await until('its Postgres is gone', () => !isAlive(pid));
  });

  test('a stop before it is ready stops it all the same', async () => {
    const server = start('hasty', ['--json']);
    await until('Postgres is being made', () => existsSync(path.join(server.dataDir, 'postgres')));
    server.child.kill('SIGTERM');
    assert.deepEqual(await server.exited, [0, null], server.said.err);
    const pid = postmasterOf(server.dataDir);
    await until('its Postgres is gone', () => pid === undefined || !isAlive(pid));
  });
});

/** Runs a line in a shell, where there is one; else does what it says. */
async function pasted(line: string): Promise<string> {
  const ran = await new Promise<string | undefined>((resolve) =>
    execFile('sh', ['-c', line], (error, out) => resolve(error ? undefined : out)),
  );
  if (ran !== undefined) return ran;
  const [, user, body, url] = /-u '([^']+)'.* -d '([^']+)' (\S+)$/.exec(line)!;
  const authorization = `Basic ${Buffer.from(user!).toString('base64')}`;
  const headers = { authorization, 'content-type': 'application/json' };
  return await (await fetch(url!, { method: 'POST', headers, body: body! })).text();
}

describe('what goes wrong at the start', () => {
  test('wrong settings are listed, all of them, and nothing is started', async () => {
    const { code, out, err } = await parley(['start', '--port', 'x', '--roles', 'cook'], {
      PARLEY_LEASE_MS: '1',
      PARLEY_TYPO: '1',
    });
    assert.deepEqual([code, out], [2, '']);
    for (const name of ['PARLEY_PORT', 'PARLEY_ROLES', 'PARLEY_LEASE_MS', 'PARLEY_TYPO'])
      assert.match(err, new RegExp(name));
    assert.equal((await parley(['doctor'], { PARLEY_PORT: 'x' })).code, 1);
  });

  test('a port that is taken, and a database that is not there, are said in plain words', async () => {
    const other = net.createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as net.AddressInfo;
    const taken = await parley(['start', '--port', String(port), '--data', path.join(temp, 'taken')], {
      PARLEY_LOG_LEVEL: 'silent',
    });
    other.close();
    assert.equal(taken.code, 1);
    assert.match(taken.err, /choose another --port/);
    assert.equal(postmasterOf(path.join(temp, 'taken')), undefined);
    const none = await parley(['start', '--data', path.join(temp, 'none')], {
      PARLEY_DATABASE_URL: `postgres://nobody@127.0.0.1:${port}/none`,
      PARLEY_DATABASE_WAIT_MS: '0',
      PARLEY_LOG_LEVEL: 'silent',
    });
    assert.equal(none.code, 1);
    assert.match(none.err, /ECONNREFUSED/);
    assert.doesNotMatch(none.err, /\n {4}at /);
  });

  test('an unknown command or flag shows how it is used', async () => {
    const { code, err } = await parley(['strat']);
    assert.equal(code, 1);
    assert.match(err, /strat/);
    assert.match((await parley(['--help'])).out, /start.*\n(.*\n)*.*import/);
  });
});
