/** Finding or making contacts: who wins, what is locked, what is left behind. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bucketOf, idSource } from '../../base/ids.ts';
import type { Tx } from '../../db/pool.ts';
import { testDatabase } from '../../../test/support/database.ts';
import { until } from '../../../test/support/until.ts';
import { resolveContacts } from './resolve.ts';
import type { Resolved, Wanted } from '../wanted.ts';

const { sql } = await testDatabase();
const NOW = Date.UTC(2026, 10, 20, 9);
const ids = idSource(3, () => NOW);
let workspaces = 100;

const resolve = (wanted: readonly Wanted[]): Promise<Resolved[]> =>
  sql.begin((tx) => resolveContacts(tx, ids, NOW, wanted));
const one = async (wanted: Wanted): Promise<Resolved> => (await resolve([wanted]))[0]!;
const sms = (address: string) => ({ channel: 'sms' as const, integrationId: null, address });
const count = async (table: string, workspaceId: number): Promise<number> =>
  (
    await sql.unsafe<{ n: number }[]>(`SELECT count(*) AS n FROM ${table} WHERE workspace_id = $1`, [
      workspaceId,
    ])
  )[0]!.n;

test('N6 a new phone number makes a contact, the next message finds it', async () => {
  const workspaceId = ++workspaces;
  const wanted: Wanted = {
    workspaceId,
    identities: [{ kind: 'phone', value: '+31612345678' }],
    destination: { channel: 'sms', integrationId: 9, address: '+31612345678' },
    profile: { givenName: 'Ann', attributes: { plan: 'pro', gone: null } },
  };
  const first = await one(wanted);
  assert.equal(first.created, true);
  assert.equal(first.destinationCreated, true);
  assert.equal(bucketOf(first.destinationId!), bucketOf(first.contactId));
  const second = await one({ ...wanted, profile: { givenName: 'Other' } });
  assert.deepEqual(second, {
    contactId: first.contactId,
    created: false,
    destinationId: first.destinationId,
    destinationCreated: false,
  });
  const rows = await sql`SELECT given_name, attributes FROM contacts WHERE workspace_id = ${workspaceId}`;
  assert.deepEqual([...rows], [{ given_name: 'Ann', attributes: { plan: 'pro' } }]);
});

test('the same number in another workspace is another contact', async () => {
  const [a, b] = [++workspaces, ++workspaces];
  const identities = [{ kind: 'phone' as const, value: '+31612345679' }];
  const both = await resolve([
    { workspaceId: a, identities },
    { workspaceId: b, identities },
  ]);
  assert.notEqual(both[0]!.contactId, both[1]!.contactId);
});

test('S28 the first identity that is owned decides, missing ones are claimed, conflicts are told', async () => {
  const workspaceId = ++workspaces;
  const phone = { kind: 'phone' as const, value: '+31600000001' };
  const email = { kind: 'email' as const, value: 'Ann@example.com' };
  const a = await one({ workspaceId, identities: [phone] });
  const b = await one({ workspaceId, identities: [{ kind: 'email', value: 'ann@example.com' }] });
  const external = { kind: 'external' as const, value: 'u-1' };
  const c = await one({ workspaceId, identities: [external, phone, email] });
  assert.deepEqual(c, { contactId: a.contactId, created: false, conflictsWith: [b.contactId] });
  assert.equal((await one({ workspaceId, identities: [external] })).contactId, a.contactId);
  const [row] = await sql`SELECT external_id FROM contacts WHERE bucket = ${bucketOf(a.contactId)}
    AND workspace_id = ${workspaceId} AND id = ${a.contactId}`;
  assert.equal(row!['external_id'], 'u-1');
});

test('an address of another contact is not linked', async () => {
  const workspaceId = ++workspaces;
  const phone = { kind: 'phone' as const, value: '+31600000002' };
  const a = await one({ workspaceId, identities: [phone], destination: sms(phone.value) });
  const b = await one({ workspaceId, identities: [{ kind: 'external', value: 'b' }] });
  const again = await one({
    workspaceId,
    identities: [{ kind: 'external', value: 'b' }, phone],
    destination: sms(phone.value),
  });
  assert.deepEqual(again, { contactId: b.contactId, created: false, conflictsWith: [a.contactId] });
  assert.equal(await count('destinations', workspaceId), 1);
});

test('a batch is resolved as if one after the other', async () => {
  const workspaceId = ++workspaces;
  const [p, e, x] = [
    { kind: 'phone' as const, value: '+31600000003' },
    { kind: 'email' as const, value: 'x@example.com' },
    { kind: 'external' as const, value: 'x' },
  ];
  const got = await resolve([
    { workspaceId, identities: [p], destination: sms(p.value) },
    { workspaceId, identities: [e, p], destination: sms(p.value) },
    { workspaceId, identities: [x, e] },
    { workspaceId, identities: [] },
  ]);
  assert.deepEqual(
    got.map(({ created, destinationCreated }) => [created, destinationCreated]),
    [
      [true, true],
      [false, false],
      [false, undefined],
      [true, undefined],
    ],
  );
  assert.equal(new Set(got.slice(0, 3).map(({ contactId }) => contactId)).size, 1);
  assert.equal(await count('contacts', workspaceId), 2);
});

test('50 at once with one new number make one contact with one destination, time after time', async () => {
  for (let round = 0; round < 10; round++) await fiftyAtOnce(++workspaces);
});

const sources = Array.from({ length: 50 }, (_, node) => idSource(node, () => NOW + 1000));

/** Half of them know an e-mail address, too. */
async function fiftyAtOnce(workspaceId: number): Promise<void> {
  const value = '+31600000004';
  const got = await Promise.all(
    sources.map((source, i) =>
      sql.begin((tx) =>
        resolveContacts(tx, source, NOW, [
          {
            workspaceId,
            identities: [
              { kind: 'phone', value },
              ...(i % 2 ? [{ kind: 'email' as const, value: 'y@example.com' }] : []),
            ],
            destination: sms(value),
          },
        ]),
      ),
    ),
  );
  assert.equal(new Set(got.flat().map(({ contactId }) => contactId)).size, 1);
  assert.equal(new Set(got.flat().map(({ destinationId }) => destinationId)).size, 1);
  assert.equal(got.flat().filter(({ created }) => created).length, 1);
  assert.equal(await count('contacts', workspaceId), 1);
  assert.equal(await count('identities', workspaceId), 2);
  assert.equal(await count('destinations', workspaceId), 1);
}

test('50 at once that add one destination to a contact make one', async () => {
  const workspaceId = ++workspaces;
  const identities = [{ kind: 'external' as const, value: 'z' }];
  const { contactId } = await one({ workspaceId, identities });
  const destination = { channel: 'push' as const, integrationId: 4, address: 'token' };
  const got = await Promise.all(
    Array.from({ length: 50 }, () => one({ workspaceId, identities, destination })),
  );
  assert.equal(new Set(got.map(({ destinationId }) => destinationId)).size, 1);
  assert.equal(got.filter(({ destinationCreated }) => destinationCreated).length, 1);
  assert.equal(new Set(got.map((r) => r.contactId)).size, 1);
  assert.equal(got[0]!.contactId, contactId);
});

test('a race lost for one of two identities leaves no contact and no claim behind', async () => {
  const workspaceId = ++workspaces;
  const phone = { kind: 'phone' as const, value: '+31600000005' };
  const email = { kind: 'email' as const, value: 'race@example.com' };
  const rival = await sql.reserve();
  await rival`BEGIN`;
  const [winner] = await resolveContacts(rival as unknown as Tx, ids, NOW, [
    { workspaceId, identities: [email] },
  ]);
  const ours = one({ workspaceId, identities: [phone, email], destination: sms(phone.value) });
  await until('we wait for the rival', async () => {
    const [row] = await sql<{ n: number }[]>`SELECT count(*) AS n FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    return row!.n > 0;
  });
  await rival`COMMIT`;
  rival.release();
  const got = await ours;
  assert.equal(got.contactId, winner!.contactId);
  assert.equal(got.created, false);
  assert.equal(await count('contacts', workspaceId), 1);
  const owners = await sql`SELECT DISTINCT contact_id FROM identities WHERE workspace_id = ${workspaceId}`;
  assert.deepEqual([...owners], [{ contact_id: winner!.contactId }]);
});

test('batches that overlap in any order do not lock each other out', async () => {
  const workspaceId = ++workspaces;
  const numbers = Array.from({ length: 60 }, (_, i) => `+316100000${i + 10}`);
  const shuffled = (seed: number) =>
    numbers.map((n, i) => ({ n, at: (i * seed) % 61 })).sort((a, b) => a.at - b.at);
  await Promise.all(
    [7, 11, 13, 17, 19, 23].map((seed) =>
      resolve(
        shuffled(seed).map(({ n }) => ({
          workspaceId,
          identities: [{ kind: 'phone' as const, value: n }],
          destination: sms(n),
        })),
      ),
    ),
  );
  assert.equal(await count('contacts', workspaceId), numbers.length);
  assert.equal(await count('destinations', workspaceId), numbers.length);
});
