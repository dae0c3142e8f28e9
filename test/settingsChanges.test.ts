/** What was changed, as pages tell it: a readable difference, of an entry of the audit log and of what somebody else did meanwhile. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IntegrationShown } from '../contract/doors/console/integrations.ts';
import type { WorkspaceShown } from '../contract/doors/console/workspaces.ts';
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
    { name: 'channelOrder', value: 'sms, email → nothing' },
    { name: 'trackOpens', value: 'nothing → on' },
  ]);
  assert.deepEqual(changesOf({ role: { from: 'agent', to: null }, email: 'a@b.example', many: { n: 3 } }), [
    { name: 'role', value: 'agent → nothing' },
    { name: 'email', value: 'a@b.example' },
    { name: 'many.n', value: '3' },
  ]);
});

test('what somebody else changed is told, and what is the same is not', () => {
  const here = { name: 'Shop', country: 'NL', timeZone: 'UTC', settings: { trackOpens: true } };
  const now = { ...here, timeZone: 'Europe/Paris', settings: { frequencyCap: { most: 3, perHours: 24 } } };
  assert.deepEqual(differences(here as WorkspaceShown, now as WorkspaceShown), [
    { name: 'time zone', value: 'UTC → Europe/Paris' },
    { name: 'trackOpens', value: 'on → nothing' },
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
