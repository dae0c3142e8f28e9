/** Addresses: linking, consent, suppression, and the words by which people ask. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testDatabase } from '../../test/support/database.ts';
import { until } from '../../test/support/until.ts';
import { isFault } from '../base/fault.ts';
import type { Cause } from '../../contract/reasons.ts';
import { idSource } from '../base/ids.ts';
import type { Tx } from '../db/pool.ts';
import { findContact, getContact } from './contacts.ts';
import {
  type Block,
  blockDestination,
  blockDestinations,
  carryBlocks,
  liftBlocks,
  type Rank,
} from './consent/blocks.ts';
import { complaintBlock, deadBlock, startLifts, stopBlock } from './consent/meanings.ts';
import { bitsOf } from './consent/classes.ts';
import { keywordOf } from './consent/words.ts';
import {
  consentOf,
  destinationsOf,
  linkDestination,
  recordInbound,
  setDestinationStatus,
  unlinkDestinations,
} from './destinations.ts';
import { resolveContacts } from './resolve/resolve.ts';
import { upsertContacts } from './upsert.ts';

const { sql } = await testDatabase();
const NOW = Date.UTC(2026, 10, 20, 9);
const ids = idSource(7, () => NOW);
let workspaces = 100;
const inTx = <T>(run: (tx: Tx) => Promise<T>): Promise<T> => sql.begin(run);

async function person(workspaceId: number, phone: string, integrationId: number | null = null) {
  const [made] = await inTx((tx) =>
    resolveContacts(tx, ids, NOW, [
      {
        workspaceId,
        identities: [{ kind: 'phone', value: phone }],
        destination: { channel: 'sms', integrationId, address: phone },
      },
    ]),
  );
  return { contactId: made!.contactId, destinationId: made!.destinationId! };
}

test('keywords are whole messages', () => {
  for (const text of ['STOP', ' stop ', 'Stop\n', 'stopall', 'UNSUBSCRIBE', 'cancel', 'End', 'quit'])
    assert.equal(keywordOf(text), 'stop', text);
  for (const text of ['START', 'unstop']) assert.equal(keywordOf(text), 'start', text);
  for (const text of ['help', 'INFO']) assert.equal(keywordOf(text), 'help', text);
  for (const text of ["don't stop", 'stop it', 'yes', '', 'stops', 'the end'])
    assert.equal(keywordOf(text), undefined, text);
});

test('a device is of whoever signed in on it last, however often it changes hands; another’s devices and other workspaces stay', async () => {
  const workspaceId = ++workspaces;
  const elsewhere = ++workspaces;
  const [a, b, other] = [
    await person(workspaceId, '+31600000111'),
    await person(workspaceId, '+31600000112'),
    await person(elsewhere, '+31600000111'),
  ];
  const signIn = async (contactId: number, address: string, where = workspaceId) => {
    const device = { workspaceId: where, contactId, channel: 'push' as const, integrationId: 8, address };
    const linked = await inTx((tx) => linkDestination(tx, ids, NOW, device));
    assert.ok(!isFault(linked) && 'created' in linked, JSON.stringify(linked));
  };
  const devices = async ({ contactId }: { contactId: number }, where = workspaceId) =>
    (await destinationsOf(sql, where, [contactId])).flatMap(({ channel, address }) =>
      channel === 'push' ? [address] : [],
    );
  await signIn(other.contactId, 'fcm:one', elsewhere);
  await signIn(a.contactId, 'fcm:one');
  await signIn(a.contactId, 'fcm:two');
  for (const [next, before] of [
    [b, a],
    [a, b],
    [b, a],
  ] as const) {
    await signIn(next.contactId, 'fcm:one');
    assert.ok((await devices(next)).includes('fcm:one'));
    assert.ok(!(await devices(before)).includes('fcm:one'), 'on a screen that is not theirs any more');
  }
  assert.deepEqual(await devices(a), ['fcm:two']);
  assert.deepEqual(await devices(other, elsewhere), ['fcm:one']);
});

test('N7 an address is linked once; of another contact it is told and nothing changes', async () => {
  const workspaceId = ++workspaces;
  const [a, b] = [await person(workspaceId, '+31600000101'), await person(workspaceId, '+31600000102')];
  const link = (contactId: number, address: string, integrationId: number | null) =>
    inTx((tx) =>
      linkDestination(tx, ids, NOW, { workspaceId, contactId, channel: 'sms', integrationId, address }),
    );
  const first = await link(a.contactId, '+31600000103', 8);
  assert.ok(!isFault(first) && 'created' in first && first.created);
  const again = await link(a.contactId, '+31600000103', 8);
  assert.deepEqual(again, { ...first, created: false });
  assert.deepEqual(await link(b.contactId, '+31600000103', 8), { conflictsWith: a.contactId });
  const none = await link(b.contactId + 4096, '+31600000104', 8);
  assert.ok(isFault(none) && none.fault === 'not_found');
  assert.equal(await findContact(sql, workspaceId, { kind: 'phone', value: '+31600000104' }), undefined);
  assert.equal((await destinationsOf(sql, workspaceId, [b.contactId])).length, 1);
});

test('an address is free for others once its last destination is unlinked', async () => {
  const workspaceId = ++workspaces;
  const phone = '+31600000111';
  const [a, b] = [await person(workspaceId, phone), await person(workspaceId, '+31600000112')];
  const link = (contactId: number, channel: 'sms' | 'whatsapp') =>
    inTx((tx) =>
      linkDestination(tx, ids, NOW, { workspaceId, contactId, channel, integrationId: 1, address: phone }),
    );
  const second = await link(a.contactId, 'whatsapp');
  assert.ok(!isFault(second) && 'destinationId' in second);
  const unlink = (destinationId: number) =>
    inTx((tx) => unlinkDestinations(tx, NOW, workspaceId, [{ contactId: a.contactId, destinationId }]));
  assert.equal((await unlink(a.destinationId)).length, 1);
  assert.deepEqual(await link(b.contactId, 'sms'), { conflictsWith: a.contactId });
  await unlink(second.destinationId);
  const taken = await link(b.contactId, 'sms');
  assert.ok(!isFault(taken) && 'created' in taken && taken.created);
});

test('a block holds on all destinations of the address, on those made later, and is proven', async () => {
  const workspaceId = ++workspaces;
  const phone = '+31600000121';
  const { contactId } = await person(workspaceId, phone);
  await person(workspaceId, phone, 5);
  const block: Block = {
    workspaceId,
    channel: 'sms',
    address: phone,
    cause: 'opted_out_channel',
    by: 'person',
    classes: ['marketing'],
    reason: 'stop',
  };
  const bounce = { cause: 'dead', by: 'provider', reason: 'bounce' } as const;
  const bits = async () =>
    (await destinationsOf(sql, workspaceId, [contactId])).map((one) => [
      one.blockedClasses,
      one.blockedReason,
    ]);
  await inTx((tx) => blockDestination(tx, ids, NOW, block));
  assert.deepEqual(await bits(), [
    [2, 'stop'],
    [2, 'stop'],
  ]);
  await inTx((tx) =>
    blockDestinations(tx, ids, NOW + 1, [
      { ...block, ...bounce, contactId, classes: ['transactional'] },
      { ...block, ...bounce, contactId, classes: ['marketing'] },
    ]),
  );
  await person(workspaceId, phone, 6);
  assert.deepEqual(
    await bits(),
    [1, 2, 3].map(() => [3, 'bounce']),
  );
  const lift = (atMs: number, causes: readonly Cause[], by: Rank) =>
    inTx((tx) =>
      liftBlocks(tx, ids, atMs, [
        { ...block, classes: ['transactional', 'marketing'], causes, by, reason: 'start' },
      ]),
    );
  assert.equal(await lift(NOW + 2, ['dead'], 'operator'), false, 'a lower rank lifts nothing');
  assert.equal(await lift(NOW + 2, ['dead'], 'person'), true);
  await person(workspaceId, phone, 7);
  assert.deepEqual(
    await bits(),
    [1, 2, 3, 4].map(() => [2, 'stop']),
    'the opt-out stands',
  );
  assert.equal(await lift(NOW + 3, ['opted_out_channel'], 'person'), true);
  await person(workspaceId, phone, 8);
  assert.deepEqual(
    await bits(),
    [1, 2, 3, 4, 5].map(() => [0, null]),
  );
  assert.deepEqual(
    (await consentOf(sql, workspaceId, contactId)).map((one) => [one.blockedClasses, one.reason, one.atMs]),
    [
      [2, 'stop', NOW],
      [3, 'bounce', NOW + 1],
      [2, 'start', NOW + 2],
      [0, 'start', NOW + 3],
    ],
  );
  assert.equal((await sql`SELECT 1 FROM suppressions WHERE workspace_id = ${workspaceId}`).length, 0);
});

test('12.6 what is said of an address because of an old message is nothing where its person wrote since, in either order', async () => {
  const workspaceId = ++workspaces;
  const phone = '+31600000151';
  const ref = await person(workspaceId, phone);
  const at = { workspaceId, channel: 'sms', address: phone } as const;
  const bounce = (sentMs: number | null) =>
    inTx((tx) => blockDestination(tx, ids, NOW + 20, deadBlock(at, 'dead address (30005)', sentMs)));
  const wrote = (atMs: number) => inTx((tx) => recordInbound(tx, ids, atMs, [{ ...ref, workspaceId, atMs }]));
  const isDead = async () =>
    (await destinationsOf(sql, workspaceId, [ref.contactId])).some(
      ({ blockedClasses }) => blockedClasses > 0,
    );
  await wrote(NOW + 10);
  await bounce(NOW + 9);
  assert.equal(await isDead(), false, 'they wrote after the message that came back');
  await bounce(NOW + 11);
  assert.equal(await isDead(), true, 'it came back after they wrote');
  await wrote(NOW + 12);
  assert.equal(await isDead(), false);
  await bounce(null);
  assert.equal(await isDead(), true, 'when it was sent is not known');
  await wrote(NOW + 13);
  for (let round = 0; round < 10; round++) {
    const sentMs = NOW + 100 + 10 * round;
    await Promise.all([bounce(sentMs), wrote(sentMs + 1)]);
    assert.equal(await isDead(), false, 'at the same moment');
  }
});

test('12.17 a yes that was said before a no does not take it back when it comes later; of equal times the order of arrival counts', async () => {
  const workspaceId = ++workspaces;
  const at = { workspaceId, channel: 'whatsapp', address: '+31600000152' } as const;
  const no = (saidMs?: number) =>
    inTx((tx) => blockDestination(tx, ids, NOW, { ...stopBlock(at, 8, 'person'), saidMs }));
  const yes = (saidMs?: number) => inTx((tx) => liftBlocks(tx, ids, NOW, startLifts(at, 8, saidMs)));
  await no(NOW + 5);
  assert.equal(await yes(NOW + 4), false);
  assert.equal(await yes(NOW + 5), true);
  await no(NOW + 5);
  await no(NOW + 3);
  assert.equal(await yes(NOW + 4), false, 'the later no counts, whichever came first');
  assert.equal(await yes(), true, 'who does not say when says it now');
  await no();
  assert.equal(await yes(NOW - 1_000_000), true, 'nobody says when the no was');
  assert.equal((await sql`SELECT 1 FROM suppressions WHERE workspace_id = ${workspaceId}`).length, 0);
});

test('12.7 what its person wants no more goes with them to another number; that it is dead does not', async () => {
  const workspaceId = ++workspaces;
  const [from, to] = ['+31600000153', '+31600000154'];
  const at = { workspaceId, channel: 'whatsapp', address: from } as const;
  const { contactId } = (
    await inTx((tx) =>
      resolveContacts(tx, ids, NOW, [
        {
          workspaceId,
          identities: [{ kind: 'phone', value: to }],
          destination: { channel: 'whatsapp', integrationId: 8, address: to },
        },
      ]),
    )
  )[0]!;
  await inTx((tx) =>
    blockDestinations(tx, ids, NOW, [
      { ...stopBlock(at, 8, 'person'), saidMs: NOW - 5 },
      complaintBlock(at, undefined),
      deadBlock(at, 'dead address (131026)', null),
    ]),
  );
  await inTx((tx) => carryBlocks(tx, ids, NOW + 1, at, to));
  const [there] = await destinationsOf(sql, workspaceId, [contactId]);
  assert.deepEqual(
    there!.blocks?.map((block) => block.split('/')[0]),
    ['complained', 'opted_out_channel'],
  );
  const moved = { ...at, address: to };
  assert.equal(await inTx((tx) => liftBlocks(tx, ids, NOW + 2, startLifts(moved, 8, NOW - 6))), false);
  assert.equal(await inTx((tx) => liftBlocks(tx, ids, NOW + 2, startLifts(moved, 8, NOW - 4))), true);
  const [after] = await destinationsOf(sql, workspaceId, [contactId]);
  assert.deepEqual(
    after!.blocks?.map((block) => block.split('/')[0]),
    ['complained'],
  );
  // Who said nothing carries nothing.
  await inTx((tx) => carryBlocks(tx, ids, NOW + 3, { ...at, address: '+31600000155' }, to));
  assert.deepEqual((await destinationsOf(sql, workspaceId, [contactId]))[0]!.blocks, after!.blocks);
});

test('an address can be blocked before any contact has it, whatever case it is written in', async () => {
  const workspaceId = ++workspaces;
  await inTx((tx) =>
    blockDestinations(tx, ids, NOW, [
      {
        workspaceId,
        channel: 'email',
        address: 'Late@example.com',
        cause: 'complained',
        by: 'person',
        classes: ['marketing', 'transactional'],
        reason: 'complaint',
      },
    ]),
  );
  const [made] = await inTx((tx) =>
    resolveContacts(tx, ids, NOW, [
      {
        workspaceId,
        identities: [{ kind: 'email', value: 'late@example.com' }],
        destination: { channel: 'email', integrationId: null, address: 'lATE@example.com' },
      },
    ]),
  );
  const [destination] = await destinationsOf(sql, workspaceId, [made!.contactId]);
  assert.equal(destination!.blockedClasses, bitsOf(['marketing', 'transactional']));
  assert.equal(destination!.address, 'late@example.com');
});

test('a block and a new destination for its address at once never miss each other', async () => {
  const workspaceId = ++workspaces;
  for (let round = 0; round < 20; round++) {
    const phone = `+316300${1000 + round}`;
    const { contactId } = await person(workspaceId, phone);
    await Promise.all([
      inTx((tx) =>
        blockDestination(tx, ids, NOW, {
          workspaceId,
          channel: 'sms',
          address: phone,
          cause: 'opted_out_channel',
          by: 'person',
          classes: ['marketing'],
          reason: 'stop',
        }),
      ),
      person(workspaceId, phone, 1),
      person(workspaceId, phone, 2),
    ]);
    const blocked = (await destinationsOf(sql, workspaceId, [contactId])).map((one) => one.blockedClasses);
    assert.deepEqual(blocked, [2, 2, 2]);
  }
});

test('inbound is recorded on destination and contact, never an earlier one over a later', async () => {
  const workspaceId = ++workspaces;
  const ref = await person(workspaceId, '+31600000131');
  await inTx((tx) => setDestinationStatus(tx, workspaceId, [{ ...ref, status: 'inactive' }]));
  await inTx((tx) =>
    recordInbound(tx, ids, NOW, [
      { ...ref, workspaceId, atMs: NOW + 9, displayName: 'Ann', raw: { a: 1 } },
      { ...ref, workspaceId, atMs: NOW + 5 },
    ]),
  );
  await inTx((tx) => recordInbound(tx, ids, NOW, [{ ...ref, workspaceId, atMs: NOW + 2 }]));
  const [destination] = await destinationsOf(sql, workspaceId, [ref.contactId]);
  assert.equal(destination!.lastInboundMs, NOW + 9);
  assert.equal(destination!.lastSeenMs, NOW + 9);
  assert.equal(destination!.displayName, 'Ann');
  assert.deepEqual(destination!.raw, { a: 1 });
  assert.equal(destination!.status, 'active');
  assert.equal((await getContact(sql, workspaceId, ref.contactId))!.lastInboundMs, NOW + 9);
});

test('two lists of people who wrote, in opposite order at the same time, wait for each other and lock nobody out', async () => {
  const workspaceId = ++workspaces;
  const refs = await Promise.all(
    Array.from({ length: 300 }, (_, i) => person(workspaceId, `+31610000${String(i).padStart(3, '0')}`)),
  );
  const list = refs.map((ref, i) => ({ ...ref, workspaceId, atMs: NOW + i }));
  const codes: unknown[] = [];
  for (let n = 0; n < 25; n++) {
    const ways = [list, list.toReversed().map((one, i) => ({ ...one, atMs: NOW + i }))];
    const done = await Promise.allSettled(
      ways.map((inbound) => inTx((tx) => recordInbound(tx, ids, NOW, inbound))),
    );
    for (const one of done) if (one.status === 'rejected') codes.push(one.reason.code ?? one.reason);
  }
  assert.deepEqual(codes, []);
});

test('contacts are locked in one order, by who writes and by who is told of: neither locks the other out', async () => {
  const workspaceId = ++workspaces;
  // The one with the lower bucket has the higher id.
  const made = async (value: string, bucket: number, nowMs: number) => {
    const source = idSource(7, () => nowMs);
    const spread = () => source.inBucket(bucket);
    const wanted = {
      workspaceId,
      identities: [{ kind: 'phone' as const, value }],
      destination: { channel: 'sms' as const, integrationId: null, address: value },
    };
    const [one] = await inTx((tx) => resolveContacts(tx, { ...source, spread }, NOW, [wanted]));
    return { contactId: one!.contactId, destinationId: one!.destinationId! };
  };
  const numbers = ['+31620000001', '+31620000002'] as const;
  const first = await made(numbers[0], 10, NOW + 1000);
  const second = await made(numbers[1], 20, NOW);
  const wrote = (ref: typeof first) => [{ ...ref, workspaceId, atMs: NOW }];
  const people = numbers.map((value) => ({
    workspaceId,
    identities: [{ kind: 'phone' as const, value }],
    destinations: [],
    profile: { givenName: 'Ann' },
  }));
  const holds = Promise.withResolvers<void>();
  const goesOn = Promise.withResolvers<void>();
  const writing = inTx(async (tx) => {
    await recordInbound(tx, ids, NOW, wrote(first));
    holds.resolve();
    await goesOn.promise;
    await recordInbound(tx, ids, NOW, wrote(second));
  });
  await holds.promise;
  const telling = inTx((tx) => upsertContacts(tx, ids, NOW, people));
  await until(
    'one waits for the other',
    async () => (await sql`SELECT 1 FROM pg_locks WHERE NOT granted`).length > 0,
  );
  goesOn.resolve();
  const [, told] = await Promise.all([writing, telling]);
  assert.equal(told.length, 2);
});
