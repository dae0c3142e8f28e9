/** The running product on a database of its own, for the tests of the Sunshine door. */
import { createHmac } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import { createIntegration } from '../src/accounts/integrations.ts';
import { createKey } from '../src/accounts/keys.ts';
import { createOperator } from '../src/accounts/operators.ts';
import { placeholderSettings } from '../src/accounts/placeholders.ts';
import { createWorkspace } from '../src/accounts/workspaces.ts';
import type { Clock } from '../src/base/clock.ts';
import { readConfig, type Config } from '../src/base/config.ts';
import { isFault, type Fault } from '../src/base/fault.ts';
import { toHex24 } from '../src/base/ids.ts';
import { silentLog, type Log } from '../src/base/log.ts';
import type { HttpContext } from '../src/doors/kit/context.ts';
import { startParley } from '../src/parley.ts';
import { testDatabase, TEST_SECRET } from './support/database.ts';

/** Credentials of one app, and its integrations by provider. */
export type App = {
  workspaceId: number;
  appId: string;
  keyId: string;
  secret: string;
  account: { keyId: string; secret: string };
  integrations: Record<string, string>;
};

export type Product = Awaited<ReturnType<typeof startProduct>>;

/** What was logged as an error: a test that is not about errors wants none. */
export const errors: { fields: object; message: string }[] = [];
const log: Log = {
  ...silentLog,
  error(fields, message) {
    errors.push({ fields, message });
  },
};

export async function startProduct(overrides: Partial<Config> = {}, ownClock?: Clock) {
  // Runs before the hook that drops the database.
  const stops: (() => Promise<unknown>)[] = [];
  after(async () => {
    for (const stop of stops) await stop();
  });
  const database = await testDatabase();
  const dataDir = await mkdtemp(path.join(tmpdir(), 'parley-sunshine-'));
  const config: Config = {
    ...(readConfig({
      PARLEY_PORT: '0',
      PARLEY_SECRET: TEST_SECRET,
      PARLEY_DEMO: 'false',
      PARLEY_CHECK_ANSWERS: 'true',
    }) as Config),
    dataDir,
    ...overrides,
  };
  let ctx!: HttpContext;
  const { connection } = database;
  const inspect = (made: HttpContext) => void (ctx = made);
  const parley = await startParley(config, {
    log,
    connection,
    inspect,
    ...(ownClock && { clock: ownClock }),
  });
  stops.push(
    () => parley.stop(),
    () => rm(dataDir, { recursive: true, force: true }),
  );
  const { clock, directory, ids, vault, adapters, simulator } = ctx;
  const { sql } = database;
  const url = parley.url!;

  /** A workspace with keys and a simulated integration of each provider. */
  async function newApp(environment: 'test' | 'live' = 'test'): Promise<App> {
    const nowMs = clock.nowMs();
    const made = await sql.begin(async (tx) => {
      const operator = must(
        await createOperator(tx, ids, {
          email: `${ids.spread()}@example.com`,
          name: 'Op',
          password: 'correct horse battery',
          nowMs,
        }),
      );
      const workspace = must(
        await createWorkspace(tx, ids, { name: 'Shop', environment, ownerId: operator.id, nowMs }),
      );
      const owner = { workspaceId: workspace.id };
      const app = must(await createKey(tx, { vault, ids }, { owner, door: 'sunshine', nowMs }));
      const account = must(
        await createKey(tx, { vault, ids }, { owner: { operatorId: operator.id }, door: 'sunshine', nowMs }),
      );
      const integrations: Record<string, string> = {};
      for (const [provider, rules] of Object.entries(adapters)) {
        const placeholders = placeholderSettings(rules!);
        if ('lacks' in placeholders) continue;
        const { settings } = placeholders;
        const workspaceId = workspace.id;
        const tools = { vault, ids, catalogue: adapters };
        const one = must(await createIntegration(tx, tools, { workspaceId, provider, settings, nowMs }));
        integrations[provider] = toHex24(one.id);
      }
      return { workspace, app, account, integrations };
    });
    directory.forget(made.workspace.id);
    return {
      workspaceId: made.workspace.id,
      appId: toHex24(made.workspace.id),
      keyId: made.app.key.keyId,
      secret: made.app.secret,
      account: { keyId: made.account.key.keyId, secret: made.account.secret },
      integrations: made.integrations,
    };
  }
  return { url, config, sql, ctx, simulator, parley, newApp };
}

/** A token as smooch-core signs it. */
export function jwt(key: { keyId: string; secret: string }, claims: Record<string, unknown>): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ typ: 'JWT', alg: 'HS256', kid: key.keyId })}.${part(claims)}`;
  return `${text}.${createHmac('sha256', key.secret).update(text).digest('base64url')}`;
}

export function must<T>(outcome: T | Fault): T {
  if (isFault(outcome)) throw new Error(outcome.message);
  return outcome;
}

export type Reply = { status: number; headers: Headers; body: Record<string, never> };

/** Calls the door for an app with its app key; `body` is sent as JSON, or as it is when it is text. */
export function caller(url: string, app: App) {
  const token = jwt(app, { scope: 'app' });
  return async (
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Reply> => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: (text ? JSON.parse(text) : undefined) as Record<string, never>,
    };
  };
}
