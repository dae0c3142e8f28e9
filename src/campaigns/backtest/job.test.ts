/** The work of back-tests where a process ends in the middle of a step. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { KIND } from '../../queue/work/kinds.ts';
import { claimBatch } from '../../../test/support/claim.ts';
import { testDatabase } from '../../../test/support/database.ts';
import { must, newWorkspace, startWorld } from '../../../test/support/world.ts';
import { beginBacktest, findBacktest } from './backtests.ts';
import { backtestHandler } from './job.ts';

const database = await testDatabase();
// Nobody else takes what is due: the test is the worker.
const world = await startWorld(database.connection, { PARLEY_ROLES: 'http' });
after(() => world.stop());
const { ctx } = world;
const { sql } = ctx;
const AGAIN_MS = 5_000;

async function begun() {
  const { id: workspaceId } = await newWorkspace(ctx, 'test');
  const steps = [{ key: 'hello', send: { channel: 'email', content: { type: 'text', text: 'hello' } } }];
  const campaign = { parley: 'campaign/1', key: 'any', trigger: { event: { did: 'never' } }, steps };
  const nowMs = ctx.clock.nowMs();
  const asked = {
    campaign,
    fromMs: nowMs - 86_400_000,
    toMs: nowMs,
    orderedBy: 'received' as const,
    all: true,
  };
  const { id } = must(await ctx.queue.transact((tx) => beginBacktest(ctx, tx, workspaceId, asked, nowMs)));
  let aheadMs = 0;
  /** A worker claims it, and another finds that he is gone: or the same goes on. */
  const take = async (abandoned: boolean): Promise<boolean> => {
    const clock = { ...ctx.clock, nowMs: () => ctx.clock.nowMs() + aheadMs };
    const batch = await claimBatch({ ...ctx, clock }, id, { kind: KIND.backtest, abandoned });
    if (!batch.items.length) return false;
    await backtestHandler({ ...ctx, clock }).handle(batch);
    aheadMs += AGAIN_MS;
    return true;
  };
  return { take, row: async () => (await findBacktest(sql, workspaceId, id))! };
}

test('a back-test by whose step the process ends is tried a few times, and then ends and says so', async () => {
  const { take, row } = await begun();
  let times = 0;
  while (times < 20 && (await take(true))) times++;
  assert.equal(times, 5);
  const { endedMs, note, done } = await row();
  assert.deepEqual([typeof endedMs, done], ['number', 0]);
  assert.match(note!, /it does not get on: the process that was at it ended/);
});

test('a back-test whose process was ended for another reason goes on where it was', async () => {
  const { take, row } = await begun();
  for (let i = 0; i < 4; i++) assert.ok(await take(true));
  const { endedMs, note } = await row();
  assert.deepEqual([endedMs, typeof note], [null, 'string']);
  assert.ok(await take(false));
  const over = await row();
  assert.deepEqual([over.note, over.done, typeof over.endedMs], [null, over.wanted, 'number']);
  assert.equal(await take(false), false, 'nothing is left of it');
});
