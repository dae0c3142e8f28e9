/** A running Parley in this process, and what tests put into it: workspaces, integrations, contacts, broadcasts. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createIntegration } from '../../src/accounts/integrations.ts';
import { createKey } from '../../src/accounts/keys.ts';
import { createWorkspace } from '../../src/accounts/workspaces.ts';
import { readConfig } from '../../src/base/config.ts';
import { isFault, type Fault } from '../../src/base/fault.ts';
import { toHex24 } from '../../src/base/ids.ts';
import { silentLog } from '../../src/base/log.ts';
import { ADAPTERS } from '../../src/channels/adapters.ts';
import { resolvePeople } from '../../src/contacts/resolve/resolve.ts';
import type { Connection } from '../../src/db/pool.ts';
import type { HttpContext } from '../../src/doors/kit/context.ts';
import { TEST_SECRET } from './database.ts';
import { startParley, type Overrides } from '../../src/parley.ts';

export { TEST_SECRET };

export type World = Awaited<ReturnType<typeof startWorld>>;

/** Starts Parley on a database; `env` holds PARLEY_ settings. Stop it at the end of the test file. */
export async function startWorld(
  connection: Connection,
  env: Record<string, string> = {},
  overrides: Overrides = {},
) {
  const dataDir = await mkdtemp(join(tmpdir(), 'parley-world-'));
  const config = must(
    readConfig({
      PARLEY_PORT: '0',
      PARLEY_DATA_DIR: dataDir,
      PARLEY_LOG_LEVEL: 'silent',
      PARLEY_SECRET: TEST_SECRET,
      PARLEY_DEMO: 'false',
      PARLEY_CHECK_ANSWERS: 'true',
      ...env,
    }),
  );
  let ctx: HttpContext | undefined;
  const parley = await startParley(config, {
    log: silentLog,
    connection,
    strict: true,
    inspect: (made) => (ctx = made),
    ...overrides,
  });
  return {
    ...parley,
    url: parley.url ?? '',
    config,
    ctx: ctx!,
    async stop() {
      await parley.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** A workspace with an app key of the Sunshine door. */
export async function newWorkspace(ctx: HttpContext, environment: 'test' | 'live', country = 'US') {
  return await ctx.sql.begin(async (tx) => {
    const nowMs = ctx.clock.nowMs();
    const workspace = must(await createWorkspace(tx, ctx.ids, { name: 'Test', environment, country, nowMs }));
    const made = must(
      await createKey(tx, ctx, {
        owner: { workspaceId: workspace.id },
        door: 'sunshine',
        name: 'test',
        nowMs,
      }),
    );
    const { keyId } = made.key;
    return {
      id: workspace.id,
      appId: toHex24(workspace.id),
      authorization: `Basic ${Buffer.from(`${keyId}:${made.secret}`).toString('base64')}`,
    };
  });
}

/** A Twilio integration that calls `baseUrl` instead of Twilio. Its rate does not hold anything back. */
export async function newTwilio(
  ctx: HttpContext,
  workspaceId: number,
  baseUrl: string,
  settings: Record<string, unknown> = {},
) {
  const integration = must(
    await ctx.sql.begin((tx) =>
      createIntegration(
        tx,
        { vault: ctx.vault, ids: ctx.ids, catalogue: ADAPTERS },
        {
          workspaceId,
          provider: 'twilio',
          ratePerS: 100_000,
          nowMs: ctx.clock.nowMs(),
          settings: {
            accountSid: `AC${'0'.repeat(32)}`,
            authToken: 'token-of-the-test',
            phoneNumber: '+15005550000',
            baseUrl,
            ...settings,
          },
        },
      ),
    ),
  );
  ctx.directory.forget(integration.id);
  return integration;
}

/** Contacts with a phone number each: +1555 and seven digits from `from` on. Returns their ids in that order. */
export async function newContacts(
  ctx: HttpContext,
  workspaceId: number,
  count: number,
  from = 1_000_000,
): Promise<number[]> {
  const made: number[] = [];
  for (let start = 0; start < count; start += 2_000) {
    const people = Array.from({ length: Math.min(2_000, count - start) }, (_, i) => {
      const phone = `+1555${from + start + i}`;
      return {
        workspaceId,
        identities: [{ kind: 'phone' as const, value: phone }],
        destinations: [{ channel: 'sms' as const, integrationId: null, address: phone }],
        profile: { givenName: `Ann${start + i}`, attributes: { plan: i % 2 ? 'pro' : 'free', n: start + i } },
      };
    });
    const resolved = await ctx.queue.transact((tx) =>
      resolvePeople(tx, ctx.ids, ctx.clock.nowMs(), people, 'first'),
    );
    made.push(...resolved.map(({ contactId }) => contactId));
  }
  return made;
}

/** A call of the Sunshine door. */
export async function callApi(
  world: Pick<World, 'url'>,
  authorization: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; headers: Headers; json: any }> {
  const response = await fetch(world.url + path, {
    method,
    headers: { authorization, 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, json: text ? JSON.parse(text) : undefined };
}

/** The value, when it is no fault. */
export function must<T>(value: T): Exclude<T, Fault | { faults: string[] }> {
  if (isFault(value)) throw new Error(`${value.fault}: ${value.message}`);
  if (typeof value === 'object' && value !== null && 'faults' in value)
    throw new Error((value as { faults: string[] }).faults.join('; '));
  return value as never;
}
