/** Contacts one at a time, lists and tags, erasing and merging. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testDatabase } from '../../test/support/database.ts';
import { type Fault, isFault } from '../base/fault.ts';
import { bucketOf, idSource } from '../base/ids.ts';
import type { Tx } from '../db/pool.ts';
import {
  type Contact,
  createContact,
  eraseContacts,
  findContact,
  getContact,
  identitiesOf,
  listContacts,
  updateContact,
} from './contacts.ts';
import { blockDestination } from './consent/blocks.ts';
import { proofOf } from './consent/proof.ts';
import {
  consentOf,
  destinationsOf,
  linkDestination,
  setDestinationStatus,
  unlinkDestinations,
} from './destinations.ts';
import type { Identity } from './keys.ts';
import { mergeContacts } from './merge.ts';
import { attributesBytes, checkContactChange } from './profile.ts';
import { resolveContacts } from './resolve/resolve.ts';
import {
  addMembers,
  countMembers,
  createSet,
  deleteSet,
  listSets,
  removeMembers,
  renameSet,
} from './sets.ts';
import { countWhere, fillSegment, selectNextWhere } from './sql.segments.ts';
import { selectNamed } from './sql.sets.ts';
import { selectBetween, selectHolding, selectNth, selectValuesSeen } from './sql.walk.ts';
import { upsertContacts } from './upsert.ts';

const database = await testDatabase();
const { sql } = database;
const NOW = Date.UTC(2026, 10, 20, 9);
const ids = idSource(6, () => NOW);
let workspaces = 100;

const inTx = <T>(run: (tx: Tx) => Promise<T>): Promise<T> => sql.begin(run);
function good<T>(value: T | Fault | undefined): T {
  assert.ok(value !== undefined && !isFault(value), JSON.stringify(value));
  return value;
}
const external = (value: string): Identity => ({ kind: 'external', value });
const make = async (workspaceId: number, value: string, profile = {}): Promise<Contact> =>
  good(
    await inTx((tx) => createContact(tx, ids, NOW, { workspaceId, identities: [external(value)], profile })),
  );

test('a contact is made once per external id and read by id and by what it is known by', async () => {
  const workspaceId = ++workspaces;
  const profile = {
    givenName: 'Ann',
    credentialRequired: true,
    signedUpMs: 5,
    attributes: { n: 1, no: null },
  };
  const made = await make(workspaceId, 'u1', profile);
  assert.deepEqual(await getContact(sql, workspaceId, made.id), {
    id: made.id,
    workspaceId,
    externalId: 'u1',
    givenName: 'Ann',
    surname: null,
    attributes: { n: 1 },
    timeZone: null,
    locale: null,
    credentialRequired: true,
    signedUpMs: 5,
    createdMs: NOW,
    changedMs: NOW,
    lastInboundMs: null,
    disconnectedMs: null,
  });
  assert.equal((await findContact(sql, workspaceId, external('u1')))?.id, made.id);
  assert.equal(await findContact(sql, workspaceId, external('U1')), undefined);
  assert.equal(await getContact(sql, workspaceId + 1, made.id), undefined);
  const phone: Identity = { kind: 'phone', value: '+31600000009' };
  const again = await inTx((tx) =>
    createContact(tx, ids, NOW, { workspaceId, identities: [phone, external('u1')] }),
  );
  assert.ok(isFault(again) && again.fault === 'conflict' && again.field === 'external');
  assert.equal(await findContact(sql, workspaceId, phone), undefined);
});

test('attributes merge key by key and null takes away; fields that are not named stay', async () => {
  const workspaceId = ++workspaces;
  const { id } = await make(workspaceId, 'u', { givenName: 'Ann', surname: 'B', attributes: { a: 1, b: 2 } });
  const changed = good(
    await inTx((tx) =>
      updateContact(
        tx,
        NOW + 1,
        { workspaceId, id },
        {
          surname: null,
          locale: 'nl',
          attributes: { b: null, c: { d: ['"\\'] } },
        },
      ),
    ),
  );
  assert.equal(changed.givenName, 'Ann');
  assert.equal(changed.surname, null);
  assert.equal(changed.locale, 'nl');
  assert.deepEqual(changed.attributes, { a: 1, c: { d: ['"\\'] } });
  assert.equal(changed.changedMs, NOW + 1);
  const missing = await inTx((tx) =>
    updateContact(tx, NOW, { workspaceId, id: id + 4096 }, { locale: 'nl' }),
  );
  assert.ok(isFault(missing) && missing.fault === 'not_found');
});

test('attributes of more than 16 kB together are refused and change nothing', async () => {
  const workspaceId = ++workspaces;
  const { id } = await make(workspaceId, 'u', { attributes: { a: 'x'.repeat(9000) } });
  const change = good(checkContactChange({ givenName: 'Z', attributes: { b: 'y'.repeat(9000) } }));
  const refused = await inTx((tx) => updateContact(tx, NOW, { workspaceId, id }, change));
  assert.ok(isFault(refused) && refused.field === 'attributes');
  assert.equal((await getContact(sql, workspaceId, id))?.givenName, null);
  const [upserted] = await inTx((tx) =>
    upsertContacts(tx, ids, NOW, [
      { workspaceId, identities: [external('u')], destinations: [], profile: { ...change } as object },
    ]),
  );
  assert.equal(upserted!.attributesRefused, true);
  const after = await getContact(sql, workspaceId, id);
  assert.equal(after?.givenName, 'Z');
  assert.deepEqual(Object.keys(after.attributes), ['a']);
});

test('the size of attributes is that of what Postgres keeps', async () => {
  for (const value of [
    {},
    [],
    { a: [] },
    { 'é"': ['x', 1.5, -3, true, null, { b: {} }] },
    [1, [2, { c: 'd' }]],
  ]) {
    const [row] = await sql<{ n: number }[]>`
      SELECT octet_length(${JSON.stringify(value)}::text::jsonb::text) AS n`;
    // The last entry of each list counts for two bytes that its brackets take.
    assert.equal(attributesBytes(value), row!.n, JSON.stringify(value));
  }
});

test('a change that breaks a rule is refused with its field', () => {
  const cases: [unknown, string][] = [
    ['x', 'contact'],
    [{ givenName: '' }, 'contact.givenName'],
    [{ givenName: 'x\u0000' }, 'contact.givenName'],
    [{ surname: 'x'.repeat(256) }, 'contact.surname'],
    [{ externalId: 'x'.repeat(257) }, 'contact.externalId'],
    [{ timeZone: 'Mars/Olympus' }, 'contact.timeZone'],
    [{ locale: 'n' }, 'contact.locale'],
    [{ attributes: [] }, 'contact.attributes'],
    [{ attributes: { '': 1 } }, 'contact.attributes'],
    [{ attributes: { a: '\uD800' } }, 'contact.attributes.a'],
    [{ attributes: { a: 'x'.repeat(16_384) } }, 'contact.attributes'],
    [{ signedUpMs: 1.5 }, 'contact.signedUpMs'],
  ];
  for (const [value, field] of cases) {
    const checked = checkContactChange(value);
    assert.ok(isFault(checked), JSON.stringify(value));
    assert.equal(checked.field, field, checked.message);
  }
});

test('an external id can be given, replaced and taken away, but not taken from another', async () => {
  const workspaceId = ++workspaces;
  const [a, b] = [await make(workspaceId, 'a'), await make(workspaceId, 'b')];
  const change = (externalId: string | null) =>
    inTx((tx) => updateContact(tx, NOW, { workspaceId, id: a.id }, { externalId }));
  const refused = await change('b');
  assert.ok(isFault(refused) && refused.fault === 'conflict');
  assert.equal(good(await change('a2')).externalId, 'a2');
  assert.equal(await findContact(sql, workspaceId, external('a')), undefined);
  assert.equal((await findContact(sql, workspaceId, external('a2')))?.id, a.id);
  assert.equal(good(await change(null)).externalId, null);
  assert.equal(await findContact(sql, workspaceId, external('a2')), undefined);
  assert.equal((await findContact(sql, workspaceId, external('b')))?.id, b.id);
});

test('somebody who is known only from the From of a mail is found by the beginning of that name, through an index', async () => {
  const workspaceId = ++workspaces;
  const called = async (value: string, displayName: string) => {
    const { id: contactId } = await make(workspaceId, value);
    const of = {
      workspaceId,
      contactId,
      integrationId: null,
      channel: 'email' as const,
      address: `${value}@example.com`,
    };
    good(await inTx((tx) => linkDestination(tx, ids, NOW, { ...of, displayName })));
    return contactId;
  };
  const mary = await called('m1', 'Mary Poppins');
  const marian = await called('m2', 'marian Évora');
  await called('m3', 'Rosemary');
  await make(++workspaces, 'm4', { givenName: 'Mary' });
  const heard: string[] = [];
  database.hear((text) => heard.push(text));
  const search = async (text: string) =>
    (await listContacts(sql, workspaceId, { limit: 10, search: text })).contacts.map(({ id }) => id);
  assert.deepEqual(
    await search('mar'),
    [mary, marian].toSorted((a, b) => b - a),
  );
  assert.deepEqual(await search('MARY POP'), [mary]);
  assert.deepEqual(await search('marian é'), [marian]);
  database.hear(undefined);
  const collects = heard.find((text) => /display_name/.test(text) && /UNION ALL/.test(text))!;
  const plan = await inTx(async (tx) => {
    // What a large table makes cheaper by itself.
    await tx`SET LOCAL enable_seqscan = off`;
    await tx`SET LOCAL plan_cache_mode = force_generic_plan`;
    await tx.unsafe(`PREPARE collects AS ${collects}`);
    const values = Array(Math.max(...[...collects.matchAll(/\$(\d+)/g)].map(([, n]) => Number(n)))).fill(
      'NULL',
    );
    return await tx.unsafe<{ 'QUERY PLAN': string }[]>(`EXPLAIN EXECUTE collects (${values.join()})`);
  });
  const text = plan.map((line) => line['QUERY PLAN']).join('\n');
  assert.match(
    text,
    /destinations_by_display_name.*\n +Index Cond: .*workspace_id.*lower\(display_name\)/,
    text,
  );
});

test('contacts are listed newest first, page by page, and found by the beginning of what they are known by', async () => {
  const workspaceId = ++workspaces;
  const people = [
    ['Anna', 'de Vries', '+31611111111', 'Anna.V@example.com'],
    ['Bob', 'Annas', '+31622222222', 'bob@example.com'],
    ['100%', '_x', '+15551234567', 'c@example.com'],
    ['Élise', 'Zed', '+33611111111', 'elise@example.com'],
  ] as const;
  const found = await inTx((tx) =>
    upsertContacts(
      tx,
      ids,
      NOW,
      people.map(([givenName, surname, phone, email], i) => ({
        workspaceId,
        identities: [external(`Ext-${i}`), { kind: 'phone', value: phone }, { kind: 'email', value: email }],
        destinations: [],
        profile: { givenName, surname },
      })),
    ),
  );
  const order = found.map(({ contactId }) => contactId);
  await make(workspaces + 1000, 'Ext-other');
  const search = async (text: string) =>
    (await listContacts(sql, workspaceId, { limit: 10, search: text })).contacts.map(({ id }) =>
      order.indexOf(id),
    );
  const newest = (which: number[]) => which.sort((x, y) => order[y]! - order[x]!);
  assert.deepEqual(await search('ann'), newest([0, 1]));
  assert.deepEqual(await search('anna de v'), [0]);
  assert.deepEqual(await search('DE VRIES'), [0]);
  assert.deepEqual(await search('anna.v@EX'), [0]);
  assert.deepEqual(await search('+316'), newest([0, 1]));
  assert.deepEqual(await search('0031 6-22'), [1]);
  assert.deepEqual(await search('Ext-'), newest([0, 1, 2, 3]));
  assert.deepEqual(await search('100%'), [2]);
  assert.deepEqual(await search('%'), []);
  assert.deepEqual(await search('_'), [2]);
  assert.deepEqual(await search('él'), [3]);
  assert.deepEqual(await search('zzz'), []);
  const pages: number[] = [];
  for (let below: number | undefined; ; ) {
    const page = await listContacts(sql, workspaceId, { limit: 3, below });
    pages.push(...page.contacts.map(({ id }) => id));
    if (page.next === undefined) break;
    below = page.next;
  }
  assert.deepEqual(
    pages,
    [...order].sort((x, y) => y - x),
  );
  const first = await listContacts(sql, workspaceId, { limit: 2, search: 'Ext' });
  const rest = await listContacts(sql, workspaceId, { limit: 2, search: 'Ext', below: first.next });
  assert.deepEqual(
    [...first.contacts, ...rest.contacts].map(({ id }) => id),
    pages,
  );
});

test('lists and tags have names of their own, and members', async () => {
  const workspaceId = ++workspaces;
  const [a, b] = [await make(workspaceId, 'a'), await make(workspaceId, 'b')];
  const stranger = await make(++workspaces, 's');
  const list = good(await inTx((tx) => createSet(tx, ids, NOW, { workspaceId, kind: 'list', name: 'news' })));
  const twice = await inTx((tx) => createSet(tx, ids, NOW, { workspaceId, kind: 'list', name: 'news' }));
  assert.ok(isFault(twice) && twice.fault === 'conflict');
  const tag = good(await inTx((tx) => createSet(tx, ids, NOW, { workspaceId, kind: 'tag', name: 'news' })));
  const other = good(
    await inTx((tx) => createSet(tx, ids, NOW, { workspaceId, kind: 'list', name: 'other' })),
  );
  const [renamed, still] = await inTx(async (tx) => {
    const taken = await renameSet(tx, workspaceId, other.id, 'news');
    return [taken, await listSets(tx, workspaceId, 'list')] as const;
  });
  assert.ok(isFault(renamed) && renamed.fault === 'conflict');
  assert.deepEqual(
    still.map(({ name }) => name),
    ['news', 'other'],
  );
  const add = (setId: number, who: number[]) => inTx((tx) => addMembers(tx, workspaceId, setId, who));
  assert.equal(await add(list.id, [a.id, b.id, stranger.id]), 2);
  assert.equal(await add(list.id, [a.id]), 0);
  assert.equal(await add(tag.id, [a.id]), 1);
  const gone = await inTx((tx) => addMembers(tx, workspaceId + 500, list.id, [a.id]));
  assert.ok(isFault(gone) && gone.fault === 'not_found');
  assert.deepEqual(
    await countMembers(sql, [list.id, other.id], 1_000),
    new Map([
      [list.id, 2],
      [other.id, 0],
    ]),
  );
  const page = await listContacts(sql, workspaceId, { limit: 1, setId: list.id });
  assert.equal(page.contacts[0]!.id, Math.max(a.id, b.id));
  const next = await listContacts(sql, workspaceId, { limit: 1, setId: list.id, below: page.next });
  assert.equal(next.contacts[0]!.id, Math.min(a.id, b.id));
  assert.equal(await inTx((tx) => removeMembers(tx, workspaceId, list.id, [a.id, stranger.id])), 1);
  assert.equal(await inTx((tx) => deleteSet(tx, workspaceId, list.id)), true);
  assert.equal(await inTx((tx) => deleteSet(tx, workspaceId, list.id)), false);
  assert.deepEqual(await countMembers(sql, [list.id], 1_000), new Map([[list.id, 0]]));
});

const sms = (address: string) => ({ channel: 'sms' as const, integrationId: null, address });

test('erasing leaves nothing but the proof, and the suppression', async () => {
  const workspaceId = ++workspaces;
  const phone = '+31600000077';
  const { id } = await make(workspaceId, 'gone', { attributes: { secret: 'x' } });
  good(await inTx((tx) => linkDestination(tx, ids, NOW, { ...sms(phone), workspaceId, contactId: id })));
  await inTx((tx) =>
    blockDestination(tx, ids, NOW, {
      workspaceId,
      channel: 'sms',
      address: phone,
      cause: 'opted_out_channel',
      by: 'person',
      classes: ['marketing'],
      reason: 'stop',
    }),
  );
  const list = good(await inTx((tx) => createSet(tx, ids, NOW, { workspaceId, kind: 'list', name: 'l' })));
  await inTx((tx) => addMembers(tx, workspaceId, list.id, [id]));
  const erased = await inTx((tx) => eraseContacts(tx, ids, NOW, workspaceId, [id, id + 4096]));
  assert.deepEqual(erased, [
    { contactId: id, externalId: 'gone', addresses: [{ channel: 'sms', address: phone }], mergedIds: [] },
  ]);
  assert.equal(await getContact(sql, workspaceId, id), undefined);
  assert.equal(await findContact(sql, workspaceId, { kind: 'phone', value: phone }), undefined);
  assert.deepEqual([...(await identitiesOf(sql, workspaceId, [id]))], []);
  assert.deepEqual([...(await destinationsOf(sql, workspaceId, [id]))], []);
  assert.deepEqual(await countMembers(sql, [list.id], 1_000), new Map([[list.id, 0]]));
  const proof = proofOf(sql, workspaceId, 'sms', phone);
  assert.deepEqual(
    (await consentOf(sql, workspaceId, id)).map(({ address, reason }) => [address, reason]),
    [
      [proof, 'stop'],
      [proof, 'erased'],
    ],
  );
  const [back] = await inTx((tx) =>
    resolveContacts(tx, ids, NOW, [
      { workspaceId, identities: [{ kind: 'phone', value: phone }], destination: sms(phone) },
    ]),
  );
  assert.notEqual(back!.contactId, id);
  const [destination] = await destinationsOf(sql, workspaceId, [back!.contactId]);
  assert.equal(destination!.blockedClasses, 2);
});

test('adding to a contact and erasing it at once leaves no trace of it', async () => {
  const workspaceId = ++workspaces;
  for (let round = 0; round < 20; round++) {
    const { id } = await make(workspaceId, `r${round}`);
    const value = `+3161000${1000 + round}`;
    await Promise.all([
      inTx((tx) => linkDestination(tx, ids, NOW, { ...sms(value), workspaceId, contactId: id })),
      inTx((tx) => eraseContacts(tx, ids, NOW, workspaceId, [id])),
      inTx((tx) =>
        resolveContacts(tx, ids, NOW, [
          {
            workspaceId,
            identities: [external(`r${round}`), { kind: 'email', value: `r${round}@example.com` }],
            destination: { channel: 'email', integrationId: null, address: `r${round}@example.com` },
          },
        ]),
      ),
    ]);
    const [left] = await sql<{ n: number }[]>`
      SELECT (SELECT count(*) FROM destinations WHERE bucket = ${bucketOf(id)} AND contact_id = ${id})
        + (SELECT count(*) FROM identities WHERE contact_id = ${id}) AS n`;
    assert.equal(left!.n, 0);
  }
});

test('merging keeps what the survivor has and fills what it lacks', async () => {
  const workspaceId = ++workspaces;
  const [phone, email] = ['+31600000088', 'm@example.com'];
  const survivor = await make(workspaceId, 's', { givenName: 'Sue', attributes: { a: 1 } });
  const other = await make(workspaceId, 'o', {
    givenName: 'Oda',
    surname: 'Old',
    attributes: { a: 2, b: 3 },
  });
  const link = async (contactId: number, wanted: object) =>
    good(
      await inTx((tx) => linkDestination(tx, ids, NOW, { ...sms(phone), ...wanted, workspaceId, contactId })),
    );
  const push = { channel: 'push' as const, integrationId: 3, address: 'token' };
  await link(survivor.id, push);
  const moved = await link(other.id, {});
  await link(other.id, push);
  await link(other.id, { channel: 'email', address: email });
  const block = { workspaceId, channel: 'push' as const, address: 'token', contactId: other.id };
  await inTx((tx) =>
    blockDestination(tx, ids, NOW, {
      ...block,
      cause: 'dead',
      by: 'provider',
      classes: ['transactional'],
      reason: 'bounce',
    }),
  );
  const list = good(await inTx((tx) => createSet(tx, ids, NOW, { workspaceId, kind: 'list', name: 'l' })));
  await inTx((tx) => addMembers(tx, workspaceId, list.id, [other.id]));
  const merged = good(
    await inTx((tx) =>
      mergeContacts(tx, ids, NOW, { workspaceId, survivingId: survivor.id, discardedId: other.id }),
    ),
  );
  assert.equal(merged.discarded.externalId, 'o');
  assert.equal(merged.destinations.length, 3);
  const after = (await getContact(sql, workspaceId, survivor.id))!;
  assert.deepEqual(
    [after.externalId, after.givenName, after.surname, after.attributes],
    ['s', 'Sue', 'Old', { a: 1, b: 3 }],
  );
  assert.equal(await getContact(sql, workspaceId, other.id), undefined);
  for (const identity of [external('o'), { kind: 'phone', value: phone }, { kind: 'email', value: email }])
    assert.equal((await findContact(sql, workspaceId, identity as Identity))?.id, survivor.id);
  const destinations = await destinationsOf(sql, workspaceId, [survivor.id]);
  assert.deepEqual(destinations.map(({ channel }) => channel).sort(), ['email', 'push', 'sms']);
  assert.equal(destinations.find(({ channel }) => channel === 'push')!.blockedClasses, 1);
  const fromId = 'destinationId' in moved ? moved.destinationId : 0;
  const { toId } = merged.destinations.find((one) => one.fromId === fromId)!;
  assert.equal(destinations.find(({ id }) => id === toId)?.address, phone);
  assert.equal(bucketOf(toId), bucketOf(survivor.id));
  assert.deepEqual(await countMembers(sql, [list.id], 1_000), new Map([[list.id, 1]]));
  assert.equal((await consentOf(sql, workspaceId, survivor.id)).length, 1);
  const again = await inTx((tx) =>
    mergeContacts(tx, ids, NOW, { workspaceId, survivingId: survivor.id, discardedId: other.id }),
  );
  assert.ok(isFault(again) && again.fault === 'not_found');
});

test('O15 O16 identify many: known fields over known, null takes away, the same again writes nothing', async () => {
  const workspaceId = ++workspaces;
  const person = (profile: object) => ({
    workspaceId,
    identities: [external('1')],
    destinations: [],
    profile,
  });
  const upsert = (...profiles: object[]) =>
    inTx((tx) => upsertContacts(tx, ids, NOW + 5, profiles.map(person)));
  const [a, b] = await upsert(
    { givenName: 'A', attributes: { x: 1, y: 1 } },
    { surname: 'B', attributes: { y: 2, z: null } },
  );
  assert.deepEqual([a!.created, b!.created, a!.contactId === b!.contactId], [true, false, true]);
  await upsert(
    { attributes: { 'q"\\,{}': 1, x: null } },
    { givenName: 'C', attributes: { 'q"\\,{}': null } },
  );
  const after = (await getContact(sql, workspaceId, a!.contactId))!;
  assert.deepEqual([after.givenName, after.surname, after.attributes], ['C', 'B', { y: 2 }]);
  const version = () => sql`SELECT ctid::text FROM contacts WHERE workspace_id = ${workspaceId}`;
  const before = [...(await version())];
  await upsert({ givenName: 'C', attributes: { y: 2, nothing: null } });
  assert.deepEqual([...(await version())], before);
});

test('whatever is asked of contacts, with a condition that holds for everybody or with ids of another, is of one workspace', async () => {
  const [mine, theirs] = [++workspaces, ++workspaces];
  const own = await make(mine, 'somebody', { attributes: { plan: 'pro' } });
  const other = await make(theirs, 'somebody', { attributes: { plan: 'pro' } });
  const buckets = [own, other].map(({ id }) => bucketOf(id));
  const everybody = sql`true`;
  const all = { belowId: Number.MAX_SAFE_INTEGER, fromId: 0 };
  assert.equal(await selectNth(sql, mine, { ...all, n: 1 }), own.id);
  assert.equal(await selectNth(sql, mine, { ...all, n: 2 }), undefined);
  assert.deepEqual(await selectBetween(sql, mine, all, everybody, 10), [own.id]);
  assert.deepEqual(await selectHolding(sql, mine, [own.id, other.id], [everybody]), [
    { id: own.id, holds: [true] },
  ]);
  const most = { contacts: 100, values: 10, length: 100 };
  assert.deepEqual(
    (await selectValuesSeen(sql, mine, most)).map(({ n }) => n),
    [1],
  );
  assert.equal(await countWhere(sql, mine, buckets, everybody), 1);
  assert.deepEqual(await selectNextWhere(sql, mine, buckets, everybody, { afterId: 0, limit: 10 }), [own.id]);
  const segment = { id: ids.spread(), workspaceId: mine };
  await fillSegment(sql, segment, buckets, everybody, sql`NULL::text`, NOW);
  const inside = await sql<{ id: number }[]>`
    SELECT contact_id AS id FROM segment_members WHERE segment_id = ${segment.id}`;
  assert.deepEqual(inside, [{ id: own.id }]);

  const sets = await Promise.all(
    [mine, theirs].map((workspaceId) =>
      inTx((tx) => createSet(tx, ids, NOW, { workspaceId, kind: 'list', name: 'Same' })),
    ),
  );
  const [ownSet, otherSet] = [good(sets[0]), good(sets[1])];
  assert.deepEqual(
    (await selectNamed(sql, mine, 'list', ['Same'])).map(({ id }) => id),
    [ownSet.id],
  );
  assert.ok(isFault(await inTx((tx) => renameSet(tx, mine, otherSet.id, 'Mine now'))));
  assert.equal(await inTx((tx) => deleteSet(tx, mine, otherSet.id)), false);
  assert.deepEqual(
    (await listSets(sql, theirs)).map(({ name }) => name),
    ['Same'],
  );
});

test('an address of another workspace is neither seen, switched off nor taken away by whoever has its id', async () => {
  const [mine, theirs] = [++workspaces, ++workspaces];
  const { id: contactId } = await make(theirs, 'with a phone');
  const to = {
    workspaceId: theirs,
    contactId,
    channel: 'sms' as const,
    address: '+14155550123',
    integrationId: null,
  };
  const linked = await inTx((tx) => linkDestination(tx, ids, NOW, to));
  assert.ok(linked && !isFault(linked));
  const [there] = await destinationsOf(sql, theirs, [contactId]);
  const ref = { contactId, destinationId: there!.id };
  assert.deepEqual(await destinationsOf(sql, mine, [contactId]), []);
  await inTx((tx) => setDestinationStatus(tx, mine, [{ ...ref, status: 'inactive' }]));
  await inTx((tx) => unlinkDestinations(tx, NOW, mine, [ref]));
  assert.deepEqual(await destinationsOf(sql, theirs, [contactId]), [there]);
});
