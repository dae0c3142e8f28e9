/** Where a post goes: the address of the contact that is linked or known, never one that waits for an answer, or is somebody else's. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testDatabase } from '../../test/support/database.ts';
import { isFault, type Fault } from '../base/fault.ts';
import { idSource } from '../base/ids.ts';
import { linkDestination, type Destination } from '../contacts/destinations.ts';
import { resolvePeople } from '../contacts/resolve/resolve.ts';
import type { Table } from './participants.ts';
import type { PlannedPost, Poster } from './post.ts';
import { addressesOf, channelOf, destinationFor, staysOpen } from './where.ts';

const { sql } = await testDatabase();
const NOW_MS = Date.UTC(2026, 10, 29, 9);
const ids = idSource(7, () => NOW_MS);
const workspaceId = 100;
let people = 0;

const poster = (...served: string[]) =>
  ({
    tools: { ids },
    nowMs: NOW_MS,
    workspace: { clockAheadMs: 0 },
    integrations: served.map((channel) => ({ channel, status: 'active' })),
  }) as unknown as Poster;
const message = (more: object = {}) =>
  ({
    path: 'messages[0]',
    dueMs: NOW_MS,
    said: { kind: 'speech', content: { type: 'text' } },
    ...more,
  }) as unknown as PlannedPost;

type Linked = {
  channel: 'sms' | 'email' | 'whatsapp';
  address: string;
  status?: 'active' | 'pending' | 'blocked';
};

/** A contact who is known by a number, and what is linked to them. */
async function contact(
  linked: readonly Linked[] = [],
  phone = `+316000${String(++people).padStart(5, '0')}`,
) {
  const contactId = await sql.begin(async (tx) => {
    const person = { workspaceId, identities: [{ kind: 'phone' as const, value: phone }], destinations: [] };
    const [made] = await resolvePeople(tx, ids, NOW_MS, [person], 'first');
    for (const one of linked)
      await linkDestination(tx, ids, NOW_MS - 1_000, {
        workspaceId,
        contactId: made!.contactId,
        integrationId: one.status === 'pending' ? 8 : null,
        ...one,
      });
    return made!.contactId;
  });
  return { phone, table: { thread: { workspaceId, contactId, touchpoint: null } } as unknown as Table };
}

async function goesTo(table: Table, channel: string, served = [channel]): Promise<Destination | Fault> {
  return await sql.begin(async (tx) => {
    const known = await addressesOf(tx, table);
    return await destinationFor(poster(...served), tx, table, known, message(), channel);
  });
}

function addressIn(found: Destination | Fault): string {
  assert.ok(!isFault(found), JSON.stringify(found));
  return found.address;
}

function whyNot(found: Destination | Fault): string {
  assert.ok(isFault(found), JSON.stringify(found));
  assert.equal(found.field, 'messages[0].touchpoint');
  return found.message;
}

test('a number that is known is linked by the first post, and found by the next', async () => {
  const { phone, table } = await contact();
  const [first, second] = [await goesTo(table, 'sms'), await goesTo(table, 'sms')];
  assert.equal(addressIn(first), phone);
  assert.deepEqual(second, first);
  assert.equal(addressIn(await goesTo(table, 'voice')), phone);
});

test('of addresses that are linked the last that can be used', async () => {
  const { table } = await contact([
    { channel: 'sms', address: '+31611000001' },
    { channel: 'sms', address: '+31611000002' },
  ]);
  assert.equal(addressIn(await goesTo(table, 'sms')), '+31611000002');
  const died = await contact([
    { channel: 'sms', address: '+31611000007' },
    { channel: 'sms', address: '+31611000008' },
  ]);
  await sql`UPDATE destinations SET status = 'blocked' WHERE address = '+31611000008'`;
  assert.equal(addressIn(await goesTo(died.table, 'sms')), '+31611000007');
});

test('nothing goes to an address that waits for an answer: the known number is used in its place', async () => {
  const { phone, table } = await contact([{ channel: 'sms', address: '+31611000003', status: 'pending' }]);
  assert.equal(addressIn(await goesTo(table, 'sms')), phone);
});

test('where the known number is another’s by now, one that waits is no way out', async () => {
  const phone = '+31611000005';
  const { table } = await contact([{ channel: 'sms', address: '+31611000004', status: 'pending' }], phone);
  const other = await contact();
  await sql`UPDATE identities SET contact_id = ${other.table.thread.contactId!} WHERE value = ${phone}`;
  const found = await sql.begin((tx) =>
    destinationFor(poster('sms'), tx, table, { destinations: [], phone, email: undefined }, message(), 'sms'),
  );
  assert.match(whyNot(found), /is another contact's/);
});

test('without an address, or anybody who serves the channel, the post is refused at its field', async () => {
  const { table } = await contact();
  assert.match(whyNot(await goesTo(table, 'email')), /has no address for email/);
  assert.match(whyNot(await goesTo(table, 'webchat')), /has no address for web/);
  assert.match(whyNot(await goesTo(table, 'sms', ['email'])), /no integration for sms/);
  const disabled = {
    ...poster(),
    integrations: [{ channel: 'sms', status: 'disabled' }],
  } as unknown as Poster;
  const found = await sql.begin(async (tx) =>
    destinationFor(disabled, tx, table, await addressesOf(tx, table), message(), 'sms'),
  );
  assert.match(whyNot(found), /no integration for sms/);
});

test('what a message names goes before what is selected, and without either it is asked for', () => {
  const at = (touchpoint: string | null) => ({ thread: { touchpoint } }) as unknown as Table;
  assert.equal(channelOf(at('email'), message({ touchpoint: 'web' })), 'webchat');
  assert.equal(channelOf(at('email'), message()), 'email');
  const none = channelOf(at(null), message());
  assert.ok(isFault(none) && none.field === 'messages[0].touchpoint');
  // Who names the web means it, also once the person has left.
  const webchat = { channel: 'webchat' } as Destination;
  assert.deepEqual(
    [staysOpen(message(), webchat), staysOpen(message({ touchpoint: 'web' }), webchat)],
    [true, false],
  );
});

test('on WhatsApp words go within a day after the contact wrote; a template goes always', async () => {
  const { table } = await contact([{ channel: 'whatsapp', address: '+31611000006' }]);
  const found = await goesTo(table, 'whatsapp');
  assert.ok(isFault(found) && found.field === 'messages[0].meta.elementName');
  const template = message({ said: { kind: 'speech', content: { type: 'nativeTemplate' } } });
  const given = await sql.begin(async (tx) =>
    destinationFor(poster('whatsapp'), tx, table, await addressesOf(tx, table), template, 'whatsapp'),
  );
  assert.equal(addressIn(given), '+31611000006');
});
