/** The map of the console: every address there is, and that each leads to a page. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { paths } from '../web/console/paths.ts';

/** What functions give with all they take. An address that is changed breaks what people have kept of it, so it is changed here, too. */
const MAP = {
  signIn: '/sign-in',
  me: '/me',
  workspace: '/w/WS',
  inbox: '/w/WS/inbox/B/C',
  people: '/w/WS/people',
  imports: '/w/WS/people/imports',
  person: '/w/WS/people/B',
  broadcasts: '/w/WS/broadcasts',
  broadcast: '/w/WS/broadcasts/B/C',
  campaigns: '/w/WS/campaigns',
  campaign: '/w/WS/campaigns/B/C',
  templates: '/w/WS/templates',
  template: '/w/WS/templates/B',
  developers: '/w/WS/developers/B',
  webhook: '/w/WS/developers/webhooks/B/C',
  channels: '/w/WS/channels',
  integration: '/w/WS/channels/B',
  newChannel: '/w/WS/channels/new/B',
  settings: '/w/WS/settings/B',
  simulator: '/w/WS/simulator',
};

test('addresses are as they were, and each leads to a page', () => {
  const made = Object.fromEntries(
    Object.entries(paths).map(([name, of]) => [name, (of as (...given: string[]) => string)('WS', 'B', 'C')]),
  );
  for (const [name, address] of Object.entries(MAP)) assert.equal(made[name], address);
  const source = readFileSync(path.join(import.meta.dirname, '../web/console/routes.tsx'), 'utf8');
  const routes = [...source.matchAll(/path: '([^']+)'/g)].map(
    ([, at]) =>
      new RegExp(`^${at!.replaceAll(/\/?\{-\$\w+\}/g, '(?:/[^/]+)?').replaceAll(/\$\w+/g, '[^/]+')}$`),
  );
  for (const [name, address] of Object.entries(made)) {
    const below = address.replace(/^\/w\/WS\//, '');
    const parts = [below, below.replace(/^inbox\/B\/C$/, 'inbox/B')];
    assert.ok(
      routes.some((route) => parts.some((one) => route.test(one))),
      name,
    );
  }
});
