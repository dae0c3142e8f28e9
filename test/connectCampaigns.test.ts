/** Onboarding and offboarding: what connecting sets off stops when the account disconnects, and what disconnecting sets off runs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { enableConnect } from '../src/connect/clients.ts';
import { connectAccount, disconnectAccount } from '../src/connect/grants.ts';
import { createBroadcast, startBroadcast } from '../src/broadcasts/broadcasts.ts';
import type { Tx } from '../src/db/pool.ts';
import { STATE, stateName } from '../src/ledger/states.ts';
import { DAY_MS, HOUR_MS, mail, newPlace, sql, world } from './campaignsProduct.ts';
import { newHolder } from './support/connect.ts';
import { until } from './support/until.ts';
import { must } from './support/world.ts';

const { ctx } = world;
const send = (key: string) => ({
  key,
  send: { channel: 'email', content: { type: 'text', subject: key, text: key } },
});

/** A workspace with Connect, and what connects and disconnects an account there. */
async function newCompany() {
  const place = await newPlace();
  const nowMs = ctx.clock.nowMs();
  const client = await ctx.sql.begin((tx) =>
    enableConnect(tx, ctx, { workspaceId: place.id, name: 'Acme', nowMs }),
  );
  const holder = await newHolder(ctx);
  const at = async () => ({
    clientNowMs: await place.nowMs(),
    nowMs: ctx.clock.nowMs(),
    actor: 'test',
  });
  return {
    place,
    holder,
    connect: async () => {
      const of = { client, connectId: 'a', signed: false, holder, holderWorkspaceId: holder.workspaceId };
      const when = await at();
      return must(await ctx.queue.transact((tx) => connectAccount(ctx, tx, { ...of, ...when }))).grant;
    },
    disconnect: async ({ id }: { id: number }) => {
      const when = await at();
      must(await ctx.queue.transact((tx) => disconnectAccount(ctx, tx, { id, holderId: holder.id }, when)));
    },
  };
}

test('S17 S18 S20 onboarding runs on connecting and ends with the grant; offboarding runs; connecting anew begins anew', async () => {
  const { place, connect, disconnect } = await newCompany();
  await place.live({
    key: 'onboarding',
    trigger: { grant: { on: 'created' } },
    steps: [send('welcome'), { key: 'later', wait: { for: '3d' } }, send('training')],
  } as never);
  await place.live({
    key: 'offboarding',
    trigger: { grant: { on: 'deleted' } },
    steps: [send('farewell')],
  } as never);
  const grant = await connect();
  await place.settled();
  assert.deepEqual(await place.mails(grant.contactId), ['welcome']);
  await disconnect(grant);
  await place.settled();
  await place.advance(4 * DAY_MS);
  assert.deepEqual(await place.mails(grant.contactId), ['welcome', 'farewell'], 'no training');
  const again = await connect();
  assert.equal(again.contactId, grant.contactId);
  await place.advance(4 * DAY_MS);
  assert.deepEqual(await place.mails(grant.contactId), ['welcome', 'farewell', 'welcome', 'training']);
});

test('S2 what a campaign or a broadcast has on its way to an account goes nowhere once it has disconnected, in either order', async () => {
  const { place, holder, connect, disconnect } = await newCompany();
  await place.live({
    key: 'news',
    trigger: { event: { did: 'bought' } },
    entry: 'every',
    steps: [mail('campaign', { class: 'marketing' })],
  } as never);
  const grant = await connect();
  const customer = await place.tell('bob');
  // Marketing waits for the morning.
  const quiet = async (is: boolean) => {
    const hour = (ms: number) => new Date(ms).toISOString().slice(11, 16);
    const nowMs = await place.nowMs();
    const hours = { from: hour(nowMs - 6 * HOUR_MS), to: hour(nowMs + 10 * HOUR_MS) };
    const settings = JSON.stringify(is ? { quietHours: hours } : {});
    await sql`UPDATE workspaces SET settings = ${settings}::text::jsonb WHERE id = ${place.id}`;
    ctx.directory.forget(place.id);
  };
  const say = async () => {
    const input = {
      name: 'news',
      channel: 'email',
      class: 'marketing',
      audience: { include: { all: true } },
      content: { type: 'text', subject: 'broadcast', text: 'broadcast' },
    };
    const nowMs = await place.nowMs();
    const made = must(
      await ctx.queue.transact((tx) => createBroadcast(ctx.broadcasts, tx, place.id, input, nowMs)),
    );
    const start = (tx: Tx) => startBroadcast(ctx.broadcasts, tx, place.id, made.id, ctx.clock.nowMs());
    must(await ctx.queue.transact(start));
    for (const value of [holder.email, 'bob@example.com']) {
      const identities = [{ kind: 'email' as const, value }];
      must(
        await ctx.arrive(place.id, [{ person: { identities, destinations: [] }, event: { name: 'bought' } }]),
      );
    }
  };
  const became = async (contactId: number) => {
    const rows = await sql<{ state: number; code: string | null }[]>`
      SELECT state, code FROM deliveries WHERE contact_id = ${contactId} AND workspace_id = ${place.id} ORDER BY cause_id`;
    return rows.map(({ state, code }) => `${stateName(state as never)} ${code ?? ''}`.trim());
  };
  const held = (contactId: number, count: number) =>
    until('all wait', async () => {
      const rows = await sql`
        SELECT 1 FROM deliveries WHERE contact_id = ${contactId} AND state = ${STATE.held}`;
      return rows.length === count;
    });
  // Said, then disconnected, and connected again before it goes.
  await quiet(true);
  await say();
  await held(grant.contactId, 2);
  await disconnect(grant);
  const again = await connect();
  assert.equal(again.contactId, grant.contactId);
  await quiet(false);
  await place.advance(12 * HOUR_MS);
  assert.deepEqual(await became(grant.contactId), ['canceled disconnected', 'canceled disconnected']);
  assert.deepEqual(await became(customer), ['accepted', 'accepted']);
  // Disconnected, then said: as to any customer.
  await disconnect(again);
  await say();
  await place.settled();
  assert.deepEqual((await became(grant.contactId)).slice(2), ['accepted', 'accepted']);
});
