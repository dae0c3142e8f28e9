/** What the pages of people ask, driven over HTTP on the running product: merging, timelines, audiences, imports and exports as jobs. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startConsole, type Json, type Reply } from './consoleProduct.ts';
import { testDatabase } from './support/database.ts';
import { until } from './support/until.ts';

const database = await testDatabase();
const { call, base } = await startConsole(database);
let numbers = 0;
const newNumber = () => `+1415577${String(++numbers).padStart(4, '0')}`;

function ok(reply: Reply, status = 200): Json {
  assert.equal(reply.status, status, JSON.stringify(reply.body));
  return reply.body;
}

function refused(reply: Reply, status: number, field?: string): void {
  assert.equal(reply.status, status, JSON.stringify(reply.body));
  if (field !== undefined) assert.equal(reply.body.error.field, field, JSON.stringify(reply.body));
}

const newContact = async (more: object = {}): Promise<Json> =>
  ok(await call('POST', `${base}/contacts`, { phone: newNumber(), ...more }), 201);

describe('merging', () => {
  test('what is foretold of a merge is what it makes', async () => {
    const one = await newContact({ givenName: 'Ann', attributes: { city: 'Ghent', plan: 'gold' } });
    const email = `ann${numbers}@example.com`;
    const other = await newContact({
      email,
      givenName: 'Anna',
      surname: 'Lee',
      externalId: `x${numbers}`,
      attributes: { city: 'Bruges', size: 3 },
    });
    const tag = ok(await call('POST', `${base}/tags`, { name: `vip ${numbers}` }), 201);
    ok(await call('POST', `${base}/tags/${tag.id}/members`, { add: [other.id] }));
    const pair = `survivingId=${one.id}&discardedId=${other.id}`;
    const { fields, moves, attributesFit } = ok(await call('GET', `${base}/contacts/merge?${pair}`));
    assert.ok(attributesFit);
    assert.deepEqual(moves.tags, [`vip ${numbers}`]);
    assert.equal(moves.destinations.length, 2);
    const merged = ok(
      await call('POST', `${base}/contacts/merge`, { survivingId: one.id, discardedId: other.id }),
    );
    for (const { name, result } of fields)
      assert.deepEqual(
        name.startsWith('attributes.') ? merged.attributes[name.slice(11)] : merged[name],
        result,
        name,
      );
    assert.deepEqual(merged.attributes, { city: 'Ghent', plan: 'gold', size: 3 });
    assert.equal(merged.surname, 'Lee');
    const whole = ok(await call('GET', `${base}/contacts/${one.id}`));
    assert.deepEqual(
      whole.tags.map(({ name }: Json) => name),
      moves.tags,
    );
    for (const { address } of moves.destinations)
      assert.ok(whole.destinations.some((destination: Json) => destination.address === address));
    refused(await call('GET', `${base}/contacts/${other.id}`), 404);
    const told = ok(await call('GET', `${base}/contacts/${one.id}/timeline?kinds=merge`)).entries;
    assert.deepEqual(
      told.map(({ contactId }: Json) => contactId),
      [other.id],
    );
  });

  test('of two merges of one pair at once, one is made, and nobody merges with himself or a stranger', async () => {
    const [one, other] = [await newContact(), await newContact()];
    const ways = [
      { survivingId: one.id, discardedId: other.id },
      { survivingId: other.id, discardedId: one.id },
    ];
    const answers = await Promise.all(ways.map((body) => call('POST', `${base}/contacts/merge`, body)));
    assert.deepEqual(
      answers.map(({ status }) => status).toSorted((a, b) => a - b),
      [200, 404],
    );
    const self = { survivingId: one.id, discardedId: one.id };
    refused(await call('POST', `${base}/contacts/merge`, self), 400, 'discardedId');
    refused(await call('GET', `${base}/contacts/merge?survivingId=${one.id}`), 400, 'discardedId');
  });
});

describe('the timeline', () => {
  test('holds what was said, agreed to and refused, newest first, page by page and by kind', async () => {
    const ann = await newContact({ givenName: 'Tess' });
    for (const text of ['one', 'two', 'three'])
      ok(await call('POST', `${base}/messages`, { contactId: ann.id, content: { type: 'text', text } }), 202);
    const { destinations } = ok(await call('GET', `${base}/contacts/${ann.id}`));
    const block = `${base}/contacts/${ann.id}/destinations/${destinations[0].id}/block`;
    ok(await call('POST', block, { classes: ['marketing'], reason: 'asked on the phone' }));
    const at = `${base}/contacts/${ann.id}/timeline`;
    const { entries, next } = ok(await call('GET', at));
    assert.equal(next, null);
    assert.deepEqual(
      entries.map(({ type }: Json) => type),
      ['consent', 'message', 'message', 'message'],
    );
    assert.equal(entries[0].reason, 'asked on the phone');
    const pages: Json[] = [];
    let before = '';
    do {
      const page: Json = ok(await call('GET', `${at}?limit=1${before}`));
      pages.push(...page.entries);
      before = page.next === null ? '' : `&before=${encodeURIComponent(page.next)}`;
    } while (before);
    const when = (all: Json[]) => all.map(({ at: moment, type }) => [moment, type]);
    assert.deepEqual(when(pages), when(entries));
    const only = ok(await call('GET', `${at}?kinds=consent,order`)).entries;
    assert.deepEqual(only, [entries[0]]);
    refused(await call('GET', `${at}?kinds=sms`), 400, 'kinds');
    await until('settled', async () => ok(await call('GET', `${base}/settled`)).settled);
  });
});
