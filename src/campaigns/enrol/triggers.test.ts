/** What an event may set off, by what it says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CampaignFile, Where } from '../../../contract/campaign.ts';
import { versionOf } from '../steps/version.ts';
import type { Campaign } from './member.ts';
import { setOffBy, triggersOf } from './triggers.ts';

function campaign(id: number, where?: Where, did = 'visit'): Campaign {
  const trigger = { event: { did, ...(where ? { where } : {}) } };
  const steps = [{ key: 's', send: { content: { type: 'text', text: 'hello' } } }];
  const file = { parley: 'campaign/1', key: `c${id}`, trigger, steps } as CampaignFile;
  const version = versionOf({ id, campaignId: id, workspaceId: 1, number: 1, file });
  const of = { workspaceId: 1, key: file.key, epoch: 1, salt: '', outside: null };
  return { ...of, id, paused: null, pausedMs: null, version };
}

test('of a thousand campaigns on one name, each for another shop, an event is offered to its shop’s and to those of all shops', () => {
  const many = Array.from({ length: 1_000 }, (_, n) => campaign(n, { property: 'shop', is: n }));
  const triggers = triggersOf([...many, campaign(5_000), campaign(6_000, undefined, 'leave')]);
  const ids = (properties: Record<string, unknown> | null, name = 'visit') =>
    setOffBy(triggers, name, properties).map(({ id }) => id);
  assert.deepEqual(ids({ shop: 7 }), [7, 5_000]);
  assert.deepEqual(ids({ shop: '7' }), [5_000], 'a number is no text');
  assert.deepEqual([ids({}), ids(null)], [[5_000], [5_000]]);
  assert.deepEqual([ids({ shop: 7 }, 'leave'), ids({}, 'unknown')], [[6_000], []]);
});

test('what decides may be one of several, one of all, or within; what is looked up or is not so simple is always offered', () => {
  const asked: Where[] = [
    { property: 'shop', in: ['a', 'b', 'b'] },
    {
      all: [
        { property: 'sum', greaterThan: 3 },
        { property: 'shop', is: 'a' },
      ],
    },
    {
      any: [
        { property: 'shop', is: 'a' },
        { property: 'sum', is: 1 },
      ],
    },
    { not: { property: 'shop', is: 'a' } },
    { property: 'shop', is: { attribute: 'shop' } },
    { property: 'cart.shop', is: 'a' },
    { property: 'isNew', is: false },
  ];
  const triggers = triggersOf(asked.map((where, i) => campaign(i, where)));
  const ids = (properties: Record<string, unknown>) =>
    setOffBy(triggers, 'visit', properties).map(({ id }) => id);
  assert.deepEqual(ids({ shop: 'a' }), [0, 1, 2, 3, 4]);
  assert.deepEqual(ids({ shop: 'b', cart: { shop: 'a' } }), [0, 2, 3, 4, 5]);
  assert.deepEqual(ids({ shop: 'c', isNew: false }), [2, 3, 4, 6]);
});
