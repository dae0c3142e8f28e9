/** What is kept of a contact and what comes of it, by the engine alone: how far campaigns lead to each other by what they change. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Step } from '../../../contract/campaign.ts';
import { BEGAN_MS, mailed, somebody, type Published } from '../testing/somebody.ts';
import { withAttributes } from '../steps/changed.ts';
import { look } from './look.ts';

const often = { entry: 'every', whileActive: 'alongside' } as const;
const rest: Step = { key: 'rest', wait: { for: '1m' } };

/** Set off by one attribute, it sets another, and takes its own away. */
const leads = (by: string, to: string, before: Step[] = []): Published => ({
  key: by,
  trigger: { attribute: { path: by, is: true } },
  ...often,
  steps: [...before, { key: 'set', set: { [to]: true, [by]: null } }],
});

test('campaigns that set each other off by what they change come to an end, also where they wait between, and it is told why', () => {
  const eve = somebody([leads('a', 'b', [rest]), leads('b', 'a', [rest])]);
  eve.becomes({ a: true });
  let rounds = 0;
  while (eve.due()) assert.ok(++rounds < 50, 'they go on for ever');
  assert.equal(eve.member.entries.size, 9, 'the first, and eight that led to each other');
  assert.equal(eve.refused('b'), 'chain');
  eve.becomes({ a: true, b: null }, BEGAN_MS + 86_400_000);
  assert.equal(eve.member.entries.size, 10, 'what is learnt from outside begins anew');
  // Without a wait it is the same instant, and nobody enters by one twice.
  const ann = somebody([leads('a', 'b'), leads('b', 'a')]);
  ann.becomes({ a: true });
  assert.deepEqual([ann.member.entries.size, ann.refused('a')], [2, 'entered_before']);
});

test('a chain goes on through a tag, a segment and a start, and through what another turn sees of a change', () => {
  const files: Published[] = [
    {
      key: 'one',
      trigger: { event: { did: 'in' } },
      ...often,
      steps: [rest, { key: 't', tag: { add: ['vip'] } }],
    },
    {
      key: 'two',
      trigger: { tag: { entered: 'vip' } },
      ...often,
      steps: [{ key: 's', set: { plan: 'pro' } }],
    },
    {
      key: 'three',
      trigger: { segment: { entered: 'pros' } },
      ...often,
      steps: [rest, { key: 's', start: { campaign: 'four' } }],
    },
    { key: 'four', trigger: { api: true }, ...often, steps: [mailed('m')] },
  ];
  const ann = somebody(files, {}, { segments: { pros: { attribute: 'plan', is: 'pro' } } });
  ann.does('in');
  while (ann.due());
  const depths = ann.member.entries
    .since()
    .map(({ campaignId, trigger }) => [campaignId, trigger!.depth ?? 0]);
  assert.deepEqual(depths.toReversed(), [
    [1, 0],
    [2, 1],
    [3, 2],
    [4, 3],
  ]);
  const bob = somebody([leads('a', 'b')]);
  bob.becomes({ a: true }, BEGAN_MS, 8);
  assert.equal(bob.member.entries.since()[0]!.trigger!.depth, 8);
  const eve = somebody([leads('a', 'b')]);
  eve.becomes({ a: true }, BEGAN_MS, 9);
  assert.deepEqual([eve.member.entries.size, eve.refused('a')], [0, 'chain']);
});

test('what one change led to is not counted on by the next', () => {
  const sets: Published = {
    key: 'sets',
    trigger: { event: { did: 'go' } },
    ...often,
    steps: [{ key: 'set', set: { b: true } }],
  };
  const ann = somebody([leads('a', 'x'), leads('b', 'x'), sets]);
  ann.becomes({ a: true }, BEGAN_MS, 3);
  ann.does('go', BEGAN_MS + 1);
  const depths = ann.member.entries
    .since()
    .map(({ campaignId, trigger }) => [campaignId, trigger!.depth ?? 0]);
  assert.deepEqual(depths.toReversed(), [
    [1, 3],
    [3, 0],
    [2, 1],
  ]);
});

test('who has not been gone through sets nothing off: it may have held all along', () => {
  const pro: Published = {
    key: 'pro',
    trigger: { attribute: { path: 'plan', is: 'pro' } },
    ...often,
    steps: [mailed('m')],
  };
  const segments = { pros: { attribute: 'plan', is: 'pro' } } as const;
  const bySegment: Published = { ...pro, key: 'by-segment', trigger: { segment: { entered: 'pros' } } };
  const ann = somebody([pro, bySegment], { plan: 'pro' }, { unknown: [100, 200], segments });
  ann.does('look');
  ann.becomes({ city: 'Rome' });
  assert.deepEqual([ann.member.entries.size, [...ann.changes.crossings.values()]], [0, []]);
  // Gone through, and then they are in it.
  ann.member.unknown = new Set();
  look(ann.live, ann.member, { asOfMs: BEGAN_MS, isHushed: true }, ann.changes);
  ann.becomes({ city: 'Oslo' }, BEGAN_MS + 1);
  assert.deepEqual([ann.member.entries.size, ann.changes.crossings.size], [0, 2]);
  ann.becomes({ plan: null }, BEGAN_MS + 2);
  ann.becomes({ plan: 'pro' }, BEGAN_MS + 3);
  assert.equal(ann.member.entries.size, 2, 'from then on it sets off');
});

test('campaigns.md §3.2: a filter that is asked at any time is asked when somebody leaves a segment that it names, whatever made them leave', () => {
  const file: Published = {
    key: 'pros-only',
    trigger: { event: { did: 'in' } },
    filter: { inSegment: 'pros' },
    checkFilter: 'always',
    steps: [{ key: 'rest', wait: { for: '30d' } }, mailed('m')],
  };
  const ann = somebody([file], { plan: 'pro' }, { segments: { pros: { attribute: 'plan', is: 'pro' } } });
  ann.becomes({});
  ann.does('in');
  assert.equal(ann.told('pros-only').at(-1), 'waits');
  ann.becomes({ plan: 'free' }, BEGAN_MS + 1);
  assert.equal(ann.told('pros-only').at(-1), 'exited: filter');
});

/** They are in another zone from an instant on. */
function movesTo(who: ReturnType<typeof somebody>, zone: string, atMs: number): void {
  who.member.facts = { ...who.member.facts, zone };
  who.becomes({}, atMs);
}

/** The next time that they are looked at because of a date. */
function comes(who: ReturnType<typeof somebody>): string {
  const { atMs } = [...who.changes.looks.values()][0]!;
  look(who.live, who.member, { asOfMs: atMs, isDue: true }, who.changes);
  return new Date(atMs).toISOString();
}

test('a date is one wherever they are: who was greeted in Auckland is not greeted again in Honolulu, where it comes later', () => {
  const born: Published = {
    key: 'birthday',
    trigger: { date: { attribute: 'born', yearly: true } },
    steps: [mailed('joy')],
  };
  const visit: Published = { ...born, key: 'visit', trigger: { date: { attribute: 'at' } } };
  const ann = somebody([born, visit], { born: '1990-05-12' });
  movesTo(ann, 'Pacific/Auckland', BEGAN_MS);
  assert.equal(comes(ann), '2026-05-11T21:00:00.000Z');
  assert.equal(ann.member.entries.size, 1);
  movesTo(ann, 'Pacific/Honolulu', Date.parse('2026-05-11T22:00:00Z'));
  assert.equal(comes(ann), '2026-05-12T19:00:00.000Z');
  assert.deepEqual([ann.member.entries.size, ann.refused('birthday')], [1, 'entered_before']);
  assert.equal(comes(ann), '2027-05-12T19:00:00.000Z');
  assert.equal(ann.member.entries.size, 2, 'the next year is another');
  // What is at another time of the same day is something else, and so is another day.
  for (const at of ['2027-06-01T10:00', '2027-06-01T15:00', '2027-06-02T15:00']) {
    ann.becomes({ at }, Date.parse('2027-05-20T00:00:00Z'));
    comes(ann);
  }
  assert.equal(ann.member.entries.size, 5);
});

test('who is only found by one watch leaves the others to what changed them', () => {
  const pro: Published = {
    key: 'pro',
    trigger: { attribute: { path: 'plan', is: 'pro' } },
    ...often,
    steps: [mailed('m')],
  };
  const ann = somebody([pro, { ...pro, key: 'big', trigger: { attribute: { path: 'size', is: 9 } } }]);
  ann.member.facts = withAttributes(ann.member.facts, { plan: 'pro', size: 9 });
  look(ann.live, ann.member, { asOfMs: BEGAN_MS, isHushed: true, only: 100 }, ann.changes);
  assert.deepEqual([ann.changes.crossings.size, ann.member.entries.size], [1, 0]);
  look(ann.live, ann.member, { asOfMs: BEGAN_MS + 1 }, ann.changes);
  assert.deepEqual(
    ann.member.entries.since().map(({ campaignId }) => campaignId),
    [2],
  );
});
