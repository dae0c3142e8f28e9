/** Links that wait for the person, on a real Postgres: what is answered, and what fails meanwhile, at once and in either order. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { testDatabase } from '../../test/support/database.ts';
import { startOutbox, type OutboxRig } from '../../test/support/outbox.ts';
import { ENDS, overlapped } from '../../test/support/overlapped.ts';
import { isFault } from '../base/fault.ts';
import { destinationsOf, linkDestination } from '../contacts/destinations.ts';
import { receiveMessages } from '../conversations/conversations.ts';
import type { Tx } from '../db/pool.ts';
import { STATE } from '../ledger/states.ts';
import type { FeedEvent } from '../queue/feed/reader.ts';
import { linkReaders } from './answers.ts';
import { canConfirm, confirmLink, type ConfirmationType } from './confirm.ts';
import { LINK_TOLD } from './told.ts';

const database = await testDatabase();
const { sql } = database;
let rig: OutboxRig;
before(async () => {
  rig = await startOutbox(database);
});
after(() => rig.stop());

let numbers = 0;

/** Somebody with an address whose link is confirmed in a way. */
async function linking(confirmation: ConfirmationType, status: 'pending' | 'active' = 'pending') {
  const { ctx } = rig;
  const place = await rig.newPlace();
  const [{ id: contactId } = { id: 0 }] = await rig.newPeople(place.id, 1);
  const address = `+1514558${String(++numbers).padStart(4, '0')}`;
  const at = { channel: 'sms' as const, integrationId: place.integration.id, address };
  const nowMs = ctx.clock.nowMs();
  const workspace = (await ctx.directory.workspace(place.id))!;
  const destinationId = await ctx.queue.transact(async (tx) => {
    const linked = await linkDestination(tx, ctx.ids, nowMs, {
      ...at,
      workspaceId: place.id,
      contactId,
      status,
    });
    assert.ok(!isFault(linked) && 'destinationId' in linked);
    const destination = { id: linked.destinationId, isPending: status === 'pending' };
    await confirmLink({ tools: ctx, workspace, nowMs, contactId }, tx, destination, {
      integration: place.integration,
      criteria: { phoneNumber: address },
      confirmation,
      message: { type: 'text', text: 'Is this you?' },
    });
    return linked.destinationId;
  });
  const [asked] = await sql<{ id: number }[]>`
    SELECT id FROM messages WHERE contact_id = ${contactId} AND kind = 'confirmation'`;
  const [answered, failed] = [readerOf('answered links'), readerOf('failed links')];
  const event = (type: string, payload: unknown): FeedEvent => ({
    bucket: contactId % 4096,
    id: ctx.ids.inBucket(contactId % 4096),
    workspaceId: place.id,
    type,
    atMs: nowMs,
    payload,
  });
  return {
    /** The person writes: kept before, and read by the room in the transaction. */
    async says(text: string): Promise<(tx: Tx) => Promise<void>> {
      const message = {
        ...at,
        workspaceId: place.id,
        contactId,
        destinationId,
        externalId: `SM${numbers}${text}`,
        content: { type: 'text' as const, text },
        source: { type: 'sms' },
        atMs: nowMs,
      };
      const [kept] = await ctx.queue.transact((tx) => receiveMessages(ctx, tx, nowMs, [message]));
      const { messageId, conversationId } = kept!;
      const heard = { messageId, contactId, conversationId, destinationId, channel: 'sms' };
      return (tx) => answered.read(tx, [event('message.received', heard)]);
    },
    /** What was asked could not be delivered. */
    fails: (tx: Tx) =>
      failed.read(tx, [
        event('delivery.changed', {
          bulk: false,
          changes: [
            { contactId, causeId: asked!.id, seq: 0, from: STATE.accepted, to: STATE.failed, atMs: nowMs },
          ],
        }),
      ]),
    /** How the address stands, and what was told of the link. */
    async stands() {
      const own = (await destinationsOf(sql, place.id, [contactId])).find(({ id }) => id === destinationId);
      const told = await sql<{ what: string }[]>`
        SELECT payload ->> 'what' AS what FROM feed WHERE workspace_id = ${place.id} AND type = ${LINK_TOLD} ORDER BY id`;
      const [waiting] = await sql`SELECT 1 FROM pending_links WHERE destination_id = ${destinationId}`;
      return [own?.status, told.map(({ what }) => what), waiting !== undefined];
    },
    /** The delivery knows where it went. */
    wasSent: () =>
      sql`UPDATE deliveries SET destination_id = ${destinationId} WHERE cause_id = ${asked!.id} AND contact_id = ${contactId}`,
  };
}

function readerOf(name: string) {
  return linkReaders(rig.ctx).find((reader) => reader.name === name)!;
}

const atOnce = () => ({ sql, transact: rig.ctx.queue.transact });

test('on which channels what can be waited for', () => {
  const of = (type: ConfirmationType) =>
    ['sms', 'whatsapp', 'email'].filter((channel) => canConfirm(type, channel));
  assert.deepEqual(of('immediate'), ['sms', 'whatsapp', 'email']);
  assert.deepEqual(of('userActivity'), ['sms', 'whatsapp']);
  assert.deepEqual(of('prompt'), ['sms']);
});

for (const ends of ENDS) {
  test(`yes and no are read at once, and the yes ${ends}: one of them counts, and one thing is told`, async () => {
    const link = await linking('prompt');
    const [yes, no] = [await link.says('Yes'), await link.says('no!')];
    await overlapped(atOnce(), ends, yes, no);
    assert.deepEqual(
      await link.stands(),
      ends === 'commits' ? ['active', ['made'], false] : [undefined, ['failed'], false],
    );
  });

  test(`what was asked fails while the person answers, and the answer ${ends}: an address that is theirs stays theirs`, async () => {
    const link = await linking('userActivity');
    await link.wasSent();
    await overlapped(atOnce(), ends, await link.says('Who is this?'), link.fails);
    assert.deepEqual(
      await link.stands(),
      ends === 'commits' ? ['active', ['made'], false] : [undefined, [], false],
    );
  });

  test(`the person answers while what was asked fails, and that ${ends}: who was not asked has not answered`, async () => {
    const link = await linking('prompt');
    await link.wasSent();
    await overlapped(atOnce(), ends, link.fails, await link.says('ok'));
    assert.deepEqual(
      await link.stands(),
      ends === 'commits' ? [undefined, [], false] : ['active', ['made'], false],
    );
  });
}

test('what is linked at once is taken back when the message that says so fails, and a second report changes nothing', async () => {
  const link = await linking('immediate');
  await link.wasSent();
  assert.deepEqual(await link.stands(), ['active', [], false]);
  for (let n = 0; n < 2; n++) await rig.ctx.queue.transact(link.fails);
  assert.deepEqual(await link.stands(), [undefined, [], false]);
});

test('an answer that is read again changes nothing, and what is no answer leaves the question open', async () => {
  const link = await linking('prompt');
  const [odd, yes] = [await link.says('perhaps'), await link.says('yes')];
  await rig.ctx.queue.transact(odd);
  assert.deepEqual(await link.stands(), ['pending', [], true]);
  for (let n = 0; n < 2; n++) await rig.ctx.queue.transact(yes);
  assert.deepEqual(await link.stands(), ['active', ['made'], false]);
});
