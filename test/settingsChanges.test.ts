/** What was changed, as pages tell it: a readable difference, of an entry of the audit log and of what somebody else did meanwhile. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IntegrationShown } from '../contract/doors/console/integrations.ts';
import type { WorkspaceShown } from '../contract/doors/console/workspaces.ts';

import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { deedOf, deedSaid, pageOf } from '../web/console/pages/settings/deeds.ts';
import { ACTIONS } from '../contract/roles.ts';
import { changesOf, channelDifferences, differences } from '../web/console/pages/settings/changes.ts';

test('a change is told from what to what, without braces, also where what is changed has a from and a to', () => {
  const night = { from: '21:00', to: '08:00' };
  const told = changesOf({
    timeZone: { from: 'UTC', to: 'Europe/Paris' },
    'settings.quietHours': { from: null, to: night },
    'settings.channelOrder': { from: ['sms', 'email'], to: null },
    'settings.trackOpens': { from: null, to: true },
  });
  assert.deepEqual(told, [
    { name: 'time zone', value: 'UTC → Europe/Paris' },
    { name: 'quiet hours', value: 'nothing → from 21:00, to 08:00' },
    { name: 'order of channels', value: 'sms, email → nothing' },
    { name: 'opens are counted', value: 'nothing → on' },
  ]);
  assert.deepEqual(changesOf({ role: { from: 'agent', to: null }, email: 'a@b.example', many: { n: 3 } }), [
    { name: 'role', value: 'agent → nothing' },
    { name: 'email', value: 'a@b.example' },
    { name: 'many.n', value: '3' },
  ]);
});

test('what an entry names by its id alone is told by its name, also among many and where one became another, and leads to its page', () => {
  const names = new Map([
    ['D1', 'Dana'],
    ['T1', 'Sales'],
  ]);
  const known = {
    nameOf: (id: string) => names.get(id),
    hrefOf: (field: string, id: string) => pageOf('WS', field, id),
  };
  assert.deepEqual(
    changesOf({ assigneeId: 'D1', teamId: { from: null, to: 'T1' }, memberIds: ['D1', 'gone'] }, known),
    [
      { name: 'assigned to', value: 'Dana', href: '/w/WS/settings/members' },
      { name: 'team', value: 'nothing → Sales' },
      { name: 'who is in it', value: 'Dana, gone' },
    ],
  );
  assert.deepEqual(changesOf({ contactId: 'P1', text: 'D1 ' }, known), [
    { name: 'person', value: 'P1', href: '/w/WS/people/P1' },
    { name: 'text', value: 'D1 ' },
  ]);
});

test('what somebody else changed is told, and what is the same is not', () => {
  const here = { name: 'Shop', country: 'NL', timeZone: 'UTC', settings: { trackOpens: true } };
  const now = { ...here, timeZone: 'Europe/Paris', settings: { frequencyCap: { most: 3, perHours: 24 } } };
  assert.deepEqual(differences(here as WorkspaceShown, now as WorkspaceShown), [
    { name: 'time zone', value: 'UTC → Europe/Paris' },
    { name: 'opens are counted', value: 'on → nothing' },
    { name: 'how often', value: 'nothing → most 3, perHours 24' },
  ]);
  assert.deepEqual(differences(here as WorkspaceShown, here as WorkspaceShown), []);
  const channel = { name: '', ratePerS: null, settings: { from: '+1' }, revision: 1 };
  const theirs = { ...channel, ratePerS: 5, settings: { from: '+2' }, revision: 2 };
  assert.deepEqual(
    channelDifferences(channel as unknown as IntegrationShown, theirs as unknown as IntegrationShown),
    [
      { name: 'how fast', value: 'nothing → 5 a second' },
      { name: 'from', value: '+1 → +2' },
    ],
  );
});

test('every action of the audit log that there is in the source has words', () => {
  const root = path.join(import.meta.dirname, '..', 'src');
  const texts = globSync('**/*.ts', { cwd: root })
    .filter((name) => !name.endsWith('.test.ts'))
    .map((name) => readFileSync(path.join(root, name), 'utf8'));
  const found = texts.flatMap((text) => [
    ...[...text.matchAll(/\baction(?::| =)[^\n;]*/g)].flatMap(([line]) =>
      [...line.matchAll(/'([a-z_]+\.[a-z_.]+)'/g)].map(([, action]) => action!),
    ),
    ...[...text.matchAll(/\bnoted\('([a-z_]+\.[a-z_.]+)'/g)].map(([, action]) => action!),
  ]);
  const audited = [...new Set(found)].filter((action) => !(action in ACTIONS));
  assert.ok(audited.length > 80, String(audited.length));
  assert.deepEqual(
    audited.filter((action) => deedOf(action) === undefined),
    [],
  );
  // Of what has a name of its own in the source, the verb comes from a call.
  const begins = texts.flatMap((text) =>
    [...text.matchAll(/\baction: `([a-z_]+)\.\$\{/g)].map(([, about]) => about!),
  );
  assert.ok(begins.length > 8);
  for (const about of begins) assert.notEqual(deedOf(`${about}.create`), undefined, about);
});

test('an entry is a sentence: what it was done to by its name, with its page', () => {
  const said = (action: string, subject: string, detail: object = {}) =>
    deedSaid('WS', { action, subject, detail }, (of) => (of === 'operator:1' ? 'Dana' : undefined));
  assert.deepEqual(said('broadcast.start', 'broadcast:B', { name: 'Sunday' }), {
    before: 'started ',
    which: { text: 'the broadcast Sunday', href: '/w/WS/broadcasts/B/message' },
    after: '',
  });
  assert.equal(said('member.add', 'operator:1').which?.text, 'the operator Dana');
  assert.deepEqual(said('session.create', 'operator:1').which, null);
  assert.deepEqual(said('segment.update', 'segment:S', { name: 'regulars' }).which, {
    text: 'the segment regulars',
    href: '/w/WS/people/audiences/S',
  });
  const order = said('order.update', 'order:7', { name: 'A-12', contactId: 'P1' });
  assert.deepEqual(
    order.which,
    { text: 'the order A-12', href: '/w/WS/people/P1' },
    'it is shown with whose it is',
  );
  assert.equal(said('order.delete', 'order:7', { contactId: 'P1' }).which?.href, undefined);
  const campaign = said('campaign.enter', 'campaign:C', { name: 'welcome', contactId: 'P1' });
  assert.deepEqual(campaign.which, { text: 'the campaign welcome', href: '/w/WS/campaigns/C/results' });
  assert.equal(said('segment.delete', 'segment:S').which?.href, undefined, 'what is gone has no page');
});
