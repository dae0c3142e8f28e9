/** What the doors promise: every route says what it is for and what it answers, in schemas of `contract/`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ROUTES as CONSOLE } from '../src/doors/console/routes.ts';
import { ACCOUNT_ROUTES, APP_ROUTES, ROUTES as SUNSHINE } from '../src/doors/sunshine/routes.ts';
import { ROUTES as WEB1ON1 } from '../src/doors/web1on1/routes.ts';

const DOORS = {
  console: CONSOLE,
  sunshine: [...SUNSHINE, ...APP_ROUTES, ...ACCOUNT_ROUTES],
  web1on1: WEB1ON1,
};

for (const [door, routes] of Object.entries(DOORS))
  test(`every route of ${door} has a summary and schemas of its answers`, () => {
    const without = routes.filter(({ does, answers }) => !does || !answers);
    assert.deepEqual(
      without.map(({ method, path }) => `${method} ${path}`),
      [],
    );
    for (const { does, path } of routes) assert.match(does!, /^[A-Z].*[.]$/, path);
  });
