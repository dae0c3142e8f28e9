/** The product as main.ts starts it, on a database of its own, for the tests of the console's API. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import { readConfig, type Config } from '../src/base/config.ts';
import { silentLog, type Log } from '../src/base/log.ts';
import { startParley, type Brought } from '../src/parley.ts';
import { TEST_SECRET, type TestDatabase } from './support/database.ts';
import { until } from './support/until.ts';

// oxlint-disable typescript/no-explicit-any
/** Whatever an answer holds. */
export type Json = any;

/** An answer. */
export type Reply = { status: number; headers: Headers; body: Json };

/** What was logged as an error: a test that is not about errors wants none. */
export const errors: { fields: object; message: string }[] = [];
const log: Log = {
  ...silentLog,
  error(fields, message) {
    errors.push({ fields, message });
  },
};

/** Starts it, with settings besides where there are some; it is stopped after the tests. */
export async function startConsole(
  database: TestDatabase,
  brought: Brought = {},
  settings: Readonly<Record<string, string>> = {},
) {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'parley-console-'));
  const config = readConfig({
    PARLEY_PORT: '0',
    PARLEY_SECRET: TEST_SECRET,
    PARLEY_DATA_DIR: dataDir,
    PARLEY_LOG_LEVEL: 'silent',
    PARLEY_RATE_LIMIT: '0',
    PARLEY_CHECK_ANSWERS: 'true',
    ...settings,
  }) as Config;
  const parley = await startParley(config, { connection: database.connection, log, ...brought });
  after(async () => {
    await parley.stop();
    await rm(dataDir, { recursive: true, force: true });
  });
  const url = parley.url!;
  const demo = parley.demo!;
  return {
    url,
    demo,
    signIn: parley.signIn,
    stop: () => parley.stop(),
    call: caller(url, demo.keys.console.token),
    base: `/api/workspaces/${demo.workspace.id}`,
  };
}

/** Calls the API with a token; `body` is sent as JSON, or as it is when it is text. */
export function caller(url: string, token?: string) {
  return async (
    method: string,
    at: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Reply> => {
    const response = await fetch(`${url}${at}`, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : undefined };
  };
}

/** Moves the workspace's clock on, and waits until that is over. */
export async function advance(call: ReturnType<typeof caller>, base: string, byMs: number): Promise<Json> {
  const begun = await call('POST', `${base}/clock/advance`, { byMs });
  assert.equal(begun.status, 202, JSON.stringify(begun.body));
  return await until('the clock has moved', async () => {
    const { body } = await call('GET', `${base}/clock/advances/${begun.body.id}`);
    return body.state !== 'running' && body;
  });
}
