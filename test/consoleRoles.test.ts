/**
 * What a role may not do is told before the click: every change that a page makes is one of a route, the route's action is in the table of
 * roles, and the page asks that table. `test/doorRoles.test.ts` tries the same routes as everybody, so page, table and server agree.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ACTIONS, ROLES, whyNot, type Action } from '../contract/roles.ts';
import { pathOf } from '../src/doors/console/door.ts';
import type { Route } from '../src/doors/console/route.ts';
import { ROUTES } from '../src/doors/console/routes.ts';

const WEB = path.join(import.meta.dirname, '../web');
const sources = new Map(
  readdirSync(WEB, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file) && /^(console|simulator)/.test(file))
    .map((file) => [file.replaceAll('\\', '/'), readFileSync(path.join(WEB, file), 'utf8')]),
);

/** Calls that are made by a part which does not ask itself: the page that holds its button does. */
const ASKED_BY: Readonly<Record<string, readonly string[]>> = {
  'console/live/outbox.ts': ['console/pages/inbox/Composer.tsx'],
  'console/pages/inbox/change.ts': ['console/pages/inbox/Head.tsx'],
  'console/pages/inbox/keeping.ts': ['console/pages/inbox/Views.tsx'],
  'console/pages/inbox/composing.ts': ['console/pages/inbox/Composer.tsx'],
  'console/pages/inbox/Files.tsx': ['console/pages/inbox/Composer.tsx'],
  'console/pages/broadcasts/draft.ts': ['console/pages/broadcasts/Message.tsx'],
  'console/pages/inbox/Suggest.tsx': ['console/pages/inbox/Composer.tsx'],
  'console/pages/settings/save.ts': ['console/pages/settings/Workspace.tsx'],
  'simulator/Answer.tsx': ['simulator/Simulator.tsx'],
  'simulator/Call.tsx': ['simulator/Simulator.tsx'],
  'simulator/Device.tsx': ['simulator/Simulator.tsx'],
  'simulator/Mail.tsx': ['simulator/Simulator.tsx'],
  'simulator/Rules.tsx': ['simulator/Simulator.tsx'],
  'simulator/WebPage.tsx': ['simulator/Simulator.tsx'],
  'console/shell/advance.ts': ['console/shell/Band.tsx', 'simulator/Coming.tsx'],
};

/** What whoever sees the page may do, so that nothing is to be asked: a role that may not do it does not see the page's data either. */
const SEEING: readonly Action[] = ['workspace.read', 'contacts.read', 'messages.read', 'broadcasts.read'];

/** Routes beside the table, whose body is a stream (`contactsImport.ts`). */
const BESIDE: Readonly<Record<string, Action>> = { 'POST /workspaces/X/imports': 'contacts.import' };

type Call = { file: string; method: string; path: string };

/** The changes a file asks for: the method, and the path with `X` where it names something. */
function callsOf(file: string, source: string): Call[] {
  const known = new Map(
    [...source.matchAll(/const (\w+) =\s+at\(\s*(?:ws|id),\s*([`'][^`']*[`'])/g)].map(([, name, text]) => [
      name!,
      text!,
    ]),
  );
  const calls = [
    ...source.matchAll(
      /\b(?:call|upload)(?:<[^;]*?>)?\(\s*(?:(?:(\w+) \? )?'(POST|PUT|PATCH|DELETE)'(?: : '(POST|PUT|PATCH|DELETE)')?,\s*)?(?:at\(\s*(?:ws|id),\s*([`'][^`']*[`'])|([`'][^`']*[`'])|(\w+)\b)/g,
    ),
  ];
  return calls.flatMap(([whole, , method, or, below, plain, name]) => {
    if (method === undefined && !whole.startsWith('upload')) return [];
    const written = below ?? (name === undefined ? undefined : known.get(name));
    const text = written === undefined ? plain : `'/workspaces/X${written.slice(1, -1)}'`;
    assert.ok(text, `${file}: the address of ${whole} is not read by this test`);
    const at = text
      .slice(1, -1)
      .replaceAll(/\$\{path\}/g, () => `/workspaces/X${known.get('path')?.slice(1, -1) ?? ''}`)
      .replaceAll('${kind}', 'KIND')
      .replaceAll(/\$\{[^}]*\}/g, 'X')
      .replace(/\?.*$/, '');
    // Lists and tags have one page.
    const places = at.includes('KIND') ? ['list', 'tag'].map((kind) => at.replace('KIND', kind)) : [at];
    return [method ?? 'POST', ...(or ? [or] : [])].flatMap((one) =>
      places.map((place) => ({ file, method: one, path: place })),
    );
  });
}

/**
 * The routes that a call can be of. What it names may be anything, also a word that the page chooses: then it is one of several, and
 * `isOne` says so.
 */
function routesOf({ method, path: at }: Call): { routes: Route[]; isOne: boolean } {
  const parts = at.split('/');
  const fits = (isWord: boolean) =>
    ROUTES.filter((route) => {
      const theirs = pathOf(route).split('/');
      return (
        route.method === method &&
        theirs.length === parts.length &&
        theirs.every((one, n) => one.startsWith(':') || one === parts[n] || (isWord && parts[n] === 'X'))
      );
    });
  const exact = fits(false);
  return exact.length > 0 ? { routes: exact, isOne: false } : { routes: fits(true), isOne: true };
}

/** The two ways in which anything is called, and a text to copy: they hold no call themselves. */
const WAYS = ['console/api/call.ts', 'console/api/upload.ts', 'console/pages/channels/snippet.ts'];
const calls = [...sources]
  .filter(([file]) => !WAYS.includes(file))
  .flatMap(([file, source]) => callsOf(file, source));

/** What a source asks the table for: by itself, or by what is decided of a broadcast (`may.ts`). */
function askedIn(source: string): Action[] {
  const decided = [...sources.get('console/may.ts')!.matchAll(/export function (\w+)\([^{]*\{(.*?)\n\}/gs)];
  const used = decided
    .filter(([, name]) => new RegExp(`\\b${name}\\(`).test(source))
    .map(([, , body]) => body!);
  return (Object.keys(ACTIONS) as Action[]).filter((action) =>
    [source, ...used].some((text) => text.includes(`'${action}'`)),
  );
}

/** Whether whoever may do one thing may do another: asking for the one is asking for the other. */
const implies = (asked: Action, needed: Action): boolean =>
  ROLES.every((role) => whyNot(role, asked) !== undefined || whyNot(role, needed) === undefined);

test('every change that a page makes is of a route, and the page asks beforehand whether the role may', () => {
  assert.ok(calls.length > 80, `${calls.length} calls were read`);
  const unasked = calls.flatMap((one) => {
    const { routes, isOne } = routesOf(one);
    const beside = BESIDE[`${one.method} ${one.path}`];
    if (routes.length === 0 && !beside) return [`${one.file}: there is no route ${one.method} ${one.path}`];
    const asked = [one.file, ...(ASKED_BY[one.file] ?? [])].flatMap((file) => askedIn(sources.get(file)!));
    const needed = beside
      ? [beside]
      : routes.filter(({ of }) => of === 'workspace').map(({ action }) => action);
    const missing = needed.filter(
      (action) => !SEEING.includes(action) && !asked.some((given) => implies(given, action)),
    );
    if (isOne && missing.length < needed.length) return [];
    return missing.map(
      (action) => `${one.file}: ${one.method} ${one.path} takes ${action}, which is not asked for`,
    );
  });
  assert.deepEqual([...new Set(unasked)].toSorted(), []);
});

test('what a role may not do is said with the roles that it takes, and with no word for who is no person', () => {
  for (const action of Object.keys(ACTIONS) as Action[])
    for (const role of ROLES) {
      const reason = whyNot(role, action);
      const may = (ACTIONS[action].roles as readonly string[]).includes(role);
      assert.equal(reason === undefined, may, `${role} ${action}`);
      if (reason === undefined) continue;
      const [, takes] = reason.split('that takes ');
      const named = ROLES.filter((one) => new RegExp(`\\b${one}\\b`).test(takes!));
      const able = ROLES.filter((one) => (ACTIONS[action].roles as readonly string[]).includes(one));
      assert.deepEqual(named, able, reason);
      assert.doesNotMatch(takes!, /bot|customer|server|browser/, reason);
    }
});
