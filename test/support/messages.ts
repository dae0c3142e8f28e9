/** What tests of sending share: integrations of any provider, single messages through the console's API, and what became of them. */
import assert from 'node:assert/strict';
import { createIntegration } from '../../src/accounts/integrations.ts';
import { createKey } from '../../src/accounts/keys.ts';
import { fromHex24 } from '../../src/base/ids.ts';
import { ADAPTERS } from '../../src/channels/adapters.ts';
import type { HttpContext } from '../../src/doors/kit/context.ts';
import { selectDeliveriesOf } from '../../src/ledger/sql.ts';
import type { Delivery } from '../../src/ledger/delivery.ts';
import { stateName } from '../../src/ledger/states.ts';
import { until } from './until.ts';
import { callApi, must, type World } from './world.ts';

/** An integration of a provider. Its rate does not hold anything back. */
export async function newIntegration(
  ctx: HttpContext,
  workspaceId: number,
  provider: string,
  settings: Record<string, unknown>,
) {
  const tools = { vault: ctx.vault, ids: ctx.ids, catalogue: ADAPTERS };
  const made = must(
    await ctx.sql.begin((tx) =>
      createIntegration(tx, tools, {
        workspaceId,
        provider,
        settings,
        ratePerS: 100_000,
        nowMs: ctx.clock.nowMs(),
      }),
    ),
  );
  ctx.directory.forget(made.id);
  return made;
}

/** A key of the console's API, as its Authorization header. */
export async function newConsoleKey(ctx: HttpContext, workspaceId: number): Promise<string> {
  const made = must(
    await ctx.sql.begin((tx) =>
      createKey(tx, ctx, {
        owner: { workspaceId },
        door: 'console',
        name: 'test',
        scopes: ['admin'],
        nowMs: ctx.clock.nowMs(),
      }),
    ),
  );
  return `Bearer ${made.token}`;
}

/** Sends a message through the console's API; returns its id. */
export async function sendMessage(
  world: World,
  to: { appId: string; consoleKey: string },
  body: { contactId?: string; destination?: object; content: object } & Record<string, unknown>,
): Promise<number> {
  const path = `/api/workspaces/${to.appId}/messages`;
  const { status, json } = await callApi(world, to.consoleKey, 'POST', path, body);
  assert.equal(status, 202, JSON.stringify(json));
  return fromHex24(json.messageId)!;
}

/** The deliveries of a message, in the order in which its destinations were tried. */
export async function deliveriesOf(ctx: HttpContext, messageId: number): Promise<Delivery[]> {
  const rows = await ctx.sql<{ contactId: number; workspaceId: number }[]>`
    SELECT contact_id AS "contactId", workspace_id AS "workspaceId" FROM messages WHERE id = ${messageId}`;
  const { contactId, workspaceId } = rows[0]!;
  return await selectDeliveriesOf(ctx.sql, workspaceId, contactId, messageId);
}

/** Waits until one delivery of a message is in a state. */
export function reaches(ctx: HttpContext, messageId: number, state: string, seq = 0): Promise<Delivery> {
  return until(`delivery ${seq} is ${state}`, async () =>
    (await deliveriesOf(ctx, messageId)).find(
      (delivery) => delivery.seq === seq && stateName(delivery.state) === state,
    ),
  );
}
