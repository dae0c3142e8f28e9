/** Campaigns on a running Parley: from what people do to what they are sent, under the clock of a test workspace. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DAY_MS, HOUR_MS, mail, MINUTE_MS, newPlace, provesWhole, sql, world } from './campaignsProduct.ts';
import { must } from './support/world.ts';

const { ctx } = world;

const REMINDER = {
  key: 'picture-reminder',
  trigger: { event_without: { did: 'signup', not: 'upload picture', within: '14d' } },
  filter: { attribute: 'city', is: 'San Francisco' },
  entry: 'once' as const,
  goals: [{ key: 'uploaded', event: 'upload picture', within: '21d', primary: true }],
  steps: [mail('pictures')],
};

test("O11: signed up in San Francisco, no picture within two weeks: a mail; the source's own example", async () => {
  const place = await newPlace();
  const campaign = await place.live(REMINDER);
  const city = { attributes: { city: 'San Francisco' } };
  const ann = await place.tell('ann', { name: 'signup' }, city);
  const bob = await place.tell('bob', { name: 'signup' }, city);
  const eve = await place.tell('eve', { name: 'signup' }, { attributes: { city: 'Oakland' } });
  await place.settled();
  await place.advance(3 * DAY_MS);
  await place.tell('bob', { name: 'upload picture' });
  await place.settled();
  assert.deepEqual(await place.entries(bob), ['did_it']);
  await place.advance(11 * DAY_MS - MINUTE_MS);
  assert.deepEqual(await place.mails(ann), []);
  await place.advance(MINUTE_MS);
  assert.deepEqual(await place.mails(ann), ['pictures']);
  assert.deepEqual(await place.entries(ann), ['completed']);
  assert.deepEqual(await place.mails(bob), []);
  assert.deepEqual([await place.mails(eve), await place.refusal(eve)], [[], 'filter']);
  await place.tell('ann', { name: 'upload picture' });
  await place.settled();
  const counts = await place.tallies(campaign.id);
  assert.deepEqual(
    [counts['entered'], counts['pictures sent'], counts['goal:uploaded converted'], counts['ended:did_it']],
    [2, 1, 2, 1],
  );
  await provesWhole();
});

test('scenario 1: the awaited event at the same moment as the trigger, in either order, in one batch', async () => {
  const place = await newPlace();
  await place.live({
    key: 'wait',
    trigger: { event: { did: 'order' } },
    steps: [
      { key: 'paid', wait_for: { event: 'pay', timeout: '1h' }, then: { done: 'thanks', timeout: 'nudge' } },
      { ...mail('thanks'), then: { next: 'end' } },
      mail('nudge'),
    ],
  });
  const timestamp = (await place.nowMs()) / 1000;
  const told = Array.from({ length: 40 }, (_, i) => {
    const names = i % 2 ? ['order', 'pay'] : ['pay', 'order'];
    return names.map((name) => ({ person: place.person(`s1-${i}`), event: { name, timestamp } }));
  });
  const found = must(await ctx.arrive(place.id, told.flat()));
  await place.settled();
  for (const { contactId } of found) assert.deepEqual(await place.mails(contactId), ['thanks']);
});

test('scenario 4: two carts open, one is bought: only that one ends', async () => {
  const place = await newPlace();
  await place.live({
    key: 'cart',
    trigger: { event: { did: 'add to cart' } },
    entry: { per: 'cart' },
    whileActive: 'alongside',
    exits: [{ event: 'checkout', match: { cart: 'cart' } }],
    steps: [{ key: 'rest', wait: { for: '2h' } }, mail('left-behind')],
  });
  const cart = (name: string, of: number) => place.tell('carl', { name, properties: { cart: of } });
  const carl = await cart('add to cart', 1);
  await cart('add to cart', 2);
  await cart('add to cart', 2);
  await cart('checkout', 1);
  await place.settled();
  await place.advance(2 * HOUR_MS);
  assert.deepEqual((await place.entries(carl)).sort(), ['completed', 'event']);
  assert.deepEqual(await place.mails(carl), ['left-behind']);
  await provesWhole();
});

test('scenario 10: every, ten events: ten entries; scenario 8: again while active is refused as active', async () => {
  const place = await newPlace();
  await place.live({ key: 'each', trigger: { event: { did: 'buy' } }, steps: [mail('bought')] });
  let id = 0;
  for (let i = 0; i < 10; i++) id = await place.tell('ten', { name: 'buy' });
  await place.settled();
  assert.equal((await place.entries(id)).length, 10);
  await place.live({
    key: 'slow',
    trigger: { event: { did: 'look' } },
    steps: [{ key: 'rest', wait: { for: '1d' } }, mail('looked')],
  });
  await place.tell('ten', { name: 'look' });
  await place.tell('ten', { name: 'look' });
  await place.settled();
  assert.equal(await place.refusal(id), 'active');
  const timers = await sql`SELECT 1 FROM timers WHERE contact_id = ${id}`;
  assert.equal(timers.length, 1);
});
