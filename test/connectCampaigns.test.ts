/** Onboarding and offboarding: what connecting sets off stops when the account disconnects, and what disconnecting sets off runs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { enableConnect } from '../src/connect/clients.ts';
import { connectAccount, disconnectAccount } from '../src/connect/grants.ts';
import { DAY_MS, newPlace, world } from './campaignsProduct.ts';
import { newHolder } from './support/connect.ts';
import { must } from './support/world.ts';

const { ctx } = world;
const send = (key: string) => ({
  key,
  send: { channel: 'email', content: { type: 'text', subject: key, text: key } },
});

test('S17 S18 S20 onboarding runs on connecting and ends with the grant; offboarding runs; connecting anew begins anew', async () => {
  const place = await newPlace();
  const client = await ctx.sql.begin((tx) =>
    enableConnect(tx, ctx, { workspaceId: place.id, name: 'Acme', nowMs: ctx.clock.nowMs() }),
  );
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
  const holder = await newHolder(ctx);
  const connect = async () => {
    const at = { clientNowMs: await place.nowMs(), nowMs: ctx.clock.nowMs(), actor: 'test' };
    const of = { client, connectId: 'a', signed: false, holder, holderWorkspaceId: holder.workspaceId };
    return must(await ctx.queue.transact((tx) => connectAccount(ctx, tx, { ...of, ...at }))).grant;
  };
  const grant = await connect();
  await place.settled();
  assert.deepEqual(await place.mails(grant.contactId), ['welcome']);
  const at = { clientNowMs: await place.nowMs(), nowMs: ctx.clock.nowMs(), actor: 'test' };
  must(
    await ctx.queue.transact((tx) => disconnectAccount(ctx, tx, { id: grant.id, holderId: holder.id }, at)),
  );
  await place.settled();
  await place.advance(4 * DAY_MS);
  assert.deepEqual(await place.mails(grant.contactId), ['welcome', 'farewell'], 'no training');
  const again = await connect();
  assert.equal(again.contactId, grant.contactId);
  await place.advance(4 * DAY_MS);
  assert.deepEqual(await place.mails(grant.contactId), ['welcome', 'farewell', 'welcome', 'training']);
});
