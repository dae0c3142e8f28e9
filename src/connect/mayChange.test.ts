/** What an account may change of an action that was shared with it, and what of that a new version leaves standing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { CampaignFile } from '../../contract/campaign.ts';
import { carriedOver, strayed } from './mayChange.ts';

type Step = CampaignFile['steps'][number];
const say = (key: string, text: string): Step => ({ key, send: { content: { type: 'text', text } } });
const wait = (key: string, time: string): Step => ({ key, wait: { for: time } });
const campaign = (steps: Step[], more: Partial<CampaignFile> = {}): CampaignFile => ({
  parley: 'campaign/1',
  key: 'shared',
  trigger: { event: { did: 'order' } },
  steps,
  ...more,
});

const action = campaign([say('hello', 'Hi'), wait('pause', '1d'), say('bye', 'Bye')], { name: 'Shared' });

test('an unchanged copy keeps to the action; each change is told by the path at which it stands', () => {
  assert.equal(strayed(action, structuredClone(action), []), undefined);
  const changes: [CampaignFile, string][] = [
    [{ ...action, name: 'Mine' }, 'name'],
    [{ ...action, trigger: { event: { did: 'pay' } } }, 'trigger.event.did'],
    [
      campaign([say('hello', 'Yo'), ...action.steps.slice(1)], { name: 'Shared' }),
      'steps.hello.send.content.text',
    ],
    [campaign(action.steps.slice(0, 2), { name: 'Shared' }), 'steps.bye'],
    [campaign([...action.steps, wait('more', '1h')], { name: 'Shared' }), 'steps.more'],
    [campaign(action.steps.toReversed(), { name: 'Shared' }), 'order'],
  ];
  for (const [changed, path] of changes) {
    assert.equal(strayed(action, changed, []), path);
    const rest = strayed(action, changed, [path]);
    assert.ok(rest === undefined || rest === 'order', `${path}: ${rest}`);
  }
});

test('a path opens what lies below it, and nothing whose name only begins the same', () => {
  const changed = campaign([say('hello', 'Yo'), wait('pause', '2d'), say('bye', 'Bye')], { name: 'Shared' });
  assert.equal(strayed(action, changed, ['steps.hello.send']), 'steps.pause.wait.for');
  assert.equal(strayed(action, changed, ['steps.hello', 'steps.pause.wait']), undefined);
  assert.equal(strayed(action, changed, ['steps.hell', 'steps.pause']), 'steps.hello.send.content.text');
});

test('in which order fields were written is no change, in lists neither', () => {
  const variants = (turned: boolean) =>
    campaign([
      {
        key: 'offer',
        send: {
          variants: ['a', 'b'].map((key) =>
            turned
              ? { content: { text: key, type: 'text' }, share: '50%', key }
              : { key, share: '50%', content: { type: 'text', text: key } },
          ),
        },
      },
    ]);
  assert.equal(strayed(variants(false), variants(true), []), undefined);
  const [first] = structuredClone(variants(true).steps) as unknown as [
    { send: { variants: { share: string }[] } },
  ];
  first.send.variants[1]!.share = '40%';
  assert.equal(
    strayed(variants(false), campaign([first as unknown as Step]), []),
    'steps.offer.send.variants',
  );
});

test('a new version has what the account had changed where it may, and everything else as the company writes it', () => {
  const own = campaign([say('hello', 'Mine'), wait('pause', '9d'), say('bye', 'Bye')], { name: 'My name' });
  const next = campaign([say('hello', 'Hello'), wait('pause', '2d'), say('new', 'New')], { name: 'Newer' });
  const taken = carriedOver(next, own, ['name', 'steps.hello.send.content.text', 'steps.bye']);
  assert.deepEqual(
    taken,
    campaign([say('hello', 'Mine'), wait('pause', '2d'), say('new', 'New')], { name: 'My name' }),
  );
});

test('who may change all steps keeps the changes of those there are, and has those that are new', () => {
  const own = campaign([say('hello', 'Mine'), wait('pause', '9d'), say('bye', 'Bye')]);
  const next = campaign([wait('pause', '1d'), say('hello', 'Hi'), say('new', 'New')]);
  const taken = carriedOver(next, own, ['steps']);
  assert.deepEqual(taken, campaign([wait('pause', '9d'), say('hello', 'Mine'), say('new', 'New')]));
});

test('whatever may be changed, a new version that takes it over keeps to itself', () => {
  const keys = ['hello', 'pause', 'bye', 'new'];
  const step = fc.tuple(fc.constantFrom(...keys), fc.constantFrom('1', '2', '3'), fc.boolean());
  const file = fc
    .uniqueArray(step, { selector: ([key]) => key, maxLength: 4 })
    .map((steps) => campaign(steps.map(([key, text, says]) => (says ? say(key, text) : wait(key, text)))));
  const paths = [
    'steps',
    'order',
    'name',
    ...keys.flatMap((key) => [`steps.${key}`, `steps.${key}.send.content.text`]),
  ];
  fc.assert(
    fc.property(file, file, fc.subarray(paths), (next, own, mayChange) => {
      const taken = carriedOver(next, own, mayChange);
      assert.deepEqual(
        taken.steps.map(({ key }) => key),
        next.steps.map(({ key }) => key),
      );
      assert.equal(strayed(next, taken, mayChange), undefined);
      assert.deepEqual(carriedOver(next, own, []), next);
    }),
  );
});
