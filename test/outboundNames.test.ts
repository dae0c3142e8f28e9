/** What events of a workspace may be called: as much as there is room for, whoever names them; nobody loses what has a name already. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errors, startOutbound } from './outboundProduct.ts';
import { until } from './support/until.ts';

const product = await startOutbound();
const { post, did, keys, sql, call, base } = product;
const byPage = { 'x-outbound-key': keys.public };
const workspaceId = Number((await sql`SELECT workspace_id AS id FROM demo`)[0]!['id']);

/** As if so many were used. */
async function fillTo(most: number): Promise<void> {
  await sql`
    INSERT INTO event_names (id, workspace_id, name, created_ms)
    SELECT 9007199254740000 - i, ${workspaceId}, 'filled ' || i, 0
    FROM generate_series(1, ${most} - (SELECT count(*)::integer FROM event_names WHERE workspace_id = ${workspaceId})) i
    ON CONFLICT DO NOTHING`;
  const missing = most - (await count());
  if (missing > 0)
    await sql`
      INSERT INTO event_names (id, workspace_id, name, created_ms)
      SELECT 9007199254700000 - i, ${workspaceId}, 'more ' || i, 0 FROM generate_series(1, ${missing}) i`;
}
const count = async (): Promise<number> =>
  Number((await sql`SELECT count(*) AS n FROM event_names WHERE workspace_id = ${workspaceId}`)[0]!['n']);

test('O19 by the public key half of the names may be new ones; known names are taken, and servers and campaigns name what they like', async () => {
  // What Parley tells of the demo itself takes a name, too, a moment after the start.
  const ownName = async () =>
    (await sql`SELECT FROM event_names WHERE workspace_id = ${workspaceId} AND name = '$grant_created'`)
      .length;
  await until('it has its name', async () => (await ownName()) === 1);
  await fillTo(4_990);
  // However many come at once.
  const at = await Promise.all(
    Array.from({ length: 20 }, (_, i) => post('/v2/track', { user_id: 'ann', event: `new ${i}` }, byPage)),
  );
  assert.deepEqual(Map.groupBy(at, ({ status }) => status).get(200)?.length, 10);
  assert.equal(await count(), 5_000);
  const [no] = at.filter(({ status }) => status !== 200);
  assert.equal(no!.status, 422);
  assert.match(
    no!.text,
    /^\{"error":\{"Message":"event: by the public key a workspace gets at most 5000 names/,
  );
  const known = `new ${at.findIndex(({ status }) => status === 200)}`;
  const list = [
    { user_id: 'bob', event: known },
    { user_id: 'bob', event: 'too many', user: { first_name: 'Bob' } },
    { user_id: 'bob', event: known },
  ];
  const some = await post('/v2/track/batch', list, byPage);
  assert.equal(some.status, 422);
  assert.match(some.text, /\[1\]\.event: .*; the rest was kept/);
  assert.deepEqual(await did('bob'), { [known]: 2 });
  // A phone would send the list again and again, and never what is behind it.
  const phone = await post('/v2/track/batch', list, { ...byPage, 'x-outbound-client': 'Android/2.0' });
  assert.deepEqual([phone.status, phone.text], [200, '']);
  assert.deepEqual(await did('bob'), { [known]: 4 });
  const none = await post('/v2/track/batch', [{ user_id: 'cat', event: 'too many' }], byPage);
  assert.equal(none.status, 422);
  assert.deepEqual(await did('cat'), {});
  const alone = await post('/v2/track/batch', [{ user_id: 'cat', event: 'too many' }], {
    ...byPage,
    'x-outbound-client': 'Android/2.0',
  });
  assert.deepEqual([alone.status, alone.text], [200, ''], 'it would be sent for ever');
  // The private key has the other half, and what it named once anybody may tell of.
  assert.equal((await post('/v2/track', { user_id: 'bob', event: 'too many' })).status, 200);
  assert.equal((await post('/v2/track', { user_id: 'bob', event: 'too many' }, byPage)).status, 200);
  assert.equal((await did('bob'))['too many'], 2);
});

test('O19 where all names are used Parley still tells its own, campaigns go on, and one that needs a new name is refused by name', async () => {
  await fillTo(9_950);
  const lists = Array.from({ length: 12 }, (_, list) =>
    Array.from({ length: 100 }, (_, i) => ({ user_id: `u${list}`, event: `last ${list} ${i}` })),
  );
  const told = await Promise.all(lists.map((list) => post('/v2/track/batch', list)));
  assert.ok(told.every(({ status }) => status === 422));
  assert.equal(await count(), 10_000, 'two that come at once do not both have the room that is left');
  const full = await post('/v2/track', { user_id: 'bob', event: 'one more' });
  assert.equal(full.status, 422);
  assert.match(full.text, /a workspace has at most 10000 names of events, and one more is a new one/);
  const draft = async (key: string, event: string) => {
    const file = {
      parley: 'campaign/1',
      key,
      trigger: { event: { did: event } },
      steps: [
        {
          key: 'mail',
          send: { content: { type: 'text', text: 'hi' }, class: 'transactional', await: 'accepted' },
        },
        { key: 'seen', tag: { add: ['seen'] } },
      ],
    };
    const made = await call('POST', `${base}/campaigns`, { campaign: file });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    return await call('POST', `${base}/campaigns/${made.body.id}/publish`, { people: 'move' });
  };
  const refused = await draft('needs-more', 'one more');
  assert.equal(refused.status, 422, JSON.stringify(refused.body));
  const live = await draft('goes', 'too many');
  assert.equal(live.status, 200, JSON.stringify(live.body));
  await post('/v2/identify', { user_id: 'dan', email: 'dan@example.com' });
  assert.equal((await post('/v2/track', { user_id: 'dan', event: 'too many' })).status, 200);
  await until('what Parley tells of the mail took them on', async () => {
    const rows =
      await sql`SELECT FROM campaign_entries WHERE workspace_id = ${workspaceId} AND ending = 'completed'`;
    return rows.length === 1;
  });
  assert.deepEqual(errors, []);
});
