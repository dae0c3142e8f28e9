/** What a workspace keeps for its inbox, at most, when several are made at once. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { isFault } from '../base/fault.ts';
import { testDatabase } from '../../test/support/database.ts';
import { newWorkspace, startWorld } from '../../test/support/world.ts';
import { keepSaved } from './saved.ts';
import { makeTeam } from './teams.ts';
import { keepView } from './views.ts';

const database = await testDatabase();
const world = await startWorld(database.connection, { PARLEY_ROLES: 'http' });
after(() => world.stop());
const { ctx } = world;
const MOST = 3;

for (const what of ['saved replies', 'views', 'teams'] as const)
  test(`console.md §5: of eight ${what} that are made at once as many are as there is room for`, async () => {
    const { id: workspaceId } = await newWorkspace(ctx, 'test');
    // So that they are at once: connections are there.
    await Promise.all(Array.from({ length: 8 }, () => ctx.sql`SELECT pg_backend_pid()`));
    const made = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        ctx.sql.begin(async (tx) => {
          const of = { id: ctx.ids.spread(), workspaceId, createdMs: 1 };
          const name = `n${i}`;
          if (what === 'teams') return await makeTeam(tx, { ...of, name, memberIds: [] }, MOST);
          if (what === 'views')
            return await keepView(tx, { ...of, name, operatorId: null, look: {} as never }, MOST);
          return await keepSaved(tx, { ...of, shortcut: name, text: name, revision: 1 }, MOST);
        }),
      ),
    );
    const refused = made.filter(isFault);
    assert.equal(made.length - refused.length, MOST);
    assert.match(JSON.stringify(refused[0]), /unprocessable.*at most 3/);
  });
