/** Erasing somebody while others change who they are, on a real Postgres. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { testDatabase } from '../../test/support/database.ts';
import { must, newContacts, newWorkspace, startWorld } from '../../test/support/world.ts';
import type { Room } from '../db/room.ts';
import { erasePerson, mergePeople } from './people.ts';

const database = await testDatabase();
const world = await startWorld(database.connection, { PARLEY_ROLES: 'http' });
const { ctx } = world;
after(() => world.stop());

test('who is merged into somebody while they are erased: their lane stands still, too, and every room is told of them before', async () => {
  const { id: workspaceId } = await newWorkspace(ctx, 'test');
  const [contactId, discardedId] = (await newContacts(ctx, workspaceId, 2)) as [number, number];
  const atMs = ctx.clock.nowMs();
  const asked: (readonly number[])[] = [];
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const { promise: merged, resolve: isMerged } = Promise.withResolvers<void>();
  const meanwhile: Room = {
    name: 'meanwhile',
    personal: {},
    exports: {},
    async eraseFirst({ contactIds }) {
      asked.push(contactIds);
      begin();
      await merged;
    },
  };
  const rooms = () => [meanwhile, ...ctx.rooms()];
  const whom = { workspaceId, contactId, atMs, afterCommit: () => {} };
  const erasing = ctx.queue.transact((tx) => erasePerson({ ...ctx, rooms }, tx, whom));
  await begun;
  const pair = { workspaceId, survivingId: contactId, discardedId };
  must(await ctx.queue.transact((tx) => mergePeople(ctx, tx, atMs, pair)));
  isMerged();
  assert.deepEqual((await erasing)?.mergedIds, [discardedId]);
  assert.deepEqual(
    asked.map((ids) => new Set(ids)),
    [new Set([contactId]), new Set([contactId, discardedId])],
  );
});
