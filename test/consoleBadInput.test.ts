/**
 * What the console's API does with input that is wrong: a table made from the routes and their schemas. Everything is answered
 * with a 4xx in the door's form, nothing is stored, and another tenant's things are not there.
 */
import assert from 'node:assert/strict';
import { before as beforeAll, describe, test } from 'node:test';
import { ROUTES } from '../src/doors/console/routes.ts';
import type { Route } from '../src/doors/console/route.ts';
import { caller, errors, startConsole, type Json, type Reply } from './consoleProduct.ts';
import { testDatabase } from './support/database.ts';

const database = await testDatabase();
const { sql } = database;
const { url, demo, call, base } = await startConsole(database);
const NONE = '0'.repeat(24);

const TABLES = [
  'api_keys',
  'audit_log',
  'broadcasts',
  'consent_log',
  'contacts',
  'conversations',
  'deliveries',
  'destinations',
  'idempotency',
  'identities',
  'integrations',
  'memberships',
  'messages',
  'operator_sessions',
  'operators',
  'set_members',
  'sets',
  'simulated_messages',
  'simulator_rules',
  'suppressions',
  'webhook_calls',
  'webhooks',
  'workspaces',
];
const stored = async () => {
  const counts: Record<string, number> = {};
  for (const table of TABLES) {
    const [row] = await sql.unsafe(
      `SELECT count(*)::integer AS n, coalesce(max(t::text), '') AS last FROM ${table} t`,
    );
    counts[table] = row!['n'];
    if (table === 'workspaces') counts[row!['last']] = 1;
  }
  return counts;
};

type Schema = {
  type?: string;
  const?: unknown;
  anyOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  maxItems?: number;
  minItems?: number;
};

/** A value that satisfies a schema. */
function sample(schema: Schema): unknown {
  if (schema.const !== undefined) return schema.const;
  if (schema.anyOf) return sample(schema.anyOf[0]!);
  switch (schema.type) {
    case 'string':
      if (schema.pattern?.includes('{24}')) return NONE;
      if (schema.pattern?.includes('%')) return '10%';
      if (schema.pattern?.includes('_-]')) return 'an-id';
      return schema.pattern
        ? '08:30'
        : 'x'.repeat(Math.max(3, schema.minLength ?? 0)).slice(0, schema.maxLength);
    case 'integer':
    case 'number':
      return Math.max(1, schema.minimum ?? 1);
    case 'boolean':
      return true;
    case 'array':
      return schema.items ? [sample(schema.items)] : [];
    case 'null':
      return null;
    case undefined:
    default:
      return Object.fromEntries(
        Object.entries(schema.properties ?? {})
          .filter(([name]) => schema.required?.includes(name))
          .map(([name, inner]) => [name, sample(inner)]),
      );
  }
}

/** Values that break a schema. */
function broken(schema: Schema): unknown[] {
  if (schema.const !== undefined) return ['nope', 5, null];
  if (schema.anyOf) {
    const nullable = schema.anyOf.some(({ type }) => type === 'null');
    const kinds = new Set(schema.anyOf.map(({ type, const: fixed }) => type ?? typeof fixed));
    return [
      [[]],
      ...(nullable ? [] : [null]),
      ...(kinds.has('number') || kinds.has('integer') ? [] : [5.5]),
      ...(kinds.has('string') ? [] : ['nope']),
    ];
  }
  switch (schema.type) {
    case 'string':
      return [
        5,
        true,
        {},
        [],
        null,
        'nul \0 in it',
        'half \ud800 of a pair',
        ...(schema.maxLength ? ['x'.repeat(schema.maxLength + 1)] : []),
        ...(schema.pattern && !new RegExp(schema.pattern).test('nope !') ? ['nope !'] : []),
        ...(schema.minLength ? [''] : []),
      ];
    case 'integer':
      return [
        '1',
        1.5,
        null,
        {},
        (schema.minimum ?? 0) - 1,
        ...(schema.maximum && schema.maximum < Number.MAX_SAFE_INTEGER ? [schema.maximum + 1] : []),
      ];
    case 'number':
      return ['1', null, {}, (schema.minimum ?? 0) - 1];
    case 'array':
      return ['x', {}, null, ...(schema.items ? broken(schema.items).map((item) => [item]) : [])];
    case undefined:
    default:
      return ['x', 5, [], null];
  }
}

/** Bodies that a route must refuse, with the field that its answer has to name where the schema alone decides. */
function* badBodies(schema: Schema): Generator<{ body: unknown; field?: string }> {
  const good = sample(schema) as Record<string, unknown>;
  yield { body: undefined };
  for (const body of ['{', '[', 'null', '5', '[]', '"x"', '{"a":1,}', '\u0000']) yield { body };
  yield { body: { ...good, noSuchField: 1 }, field: 'noSuchField' };
  yield { body: { ...good, ['__proto__x']: 1 } };
  for (const [name, inner] of Object.entries(schema.properties ?? {})) {
    if (schema.required?.includes(name)) {
      const { [name]: _left, ...rest } = good;
      yield { body: rest, field: name };
    }
    for (const value of broken(inner)) yield { body: { ...good, [name]: value }, field: name };
    if (inner.type === 'object' && inner.properties) {
      yield { body: { ...good, [name]: { ...(sample(inner) as object), noSuchField: 1 } }, field: name };
      for (const [part, deeper] of Object.entries(inner.properties))
        for (const value of broken(deeper))
          yield { body: { ...good, [name]: { ...(sample(inner) as object), [part]: value } }, field: name };
    }
  }
}

function pathOf(route: Route, workspaceId: string, id = NONE): string {
  const below = route.path.replaceAll(/:\w+/g, id);
  return route.of === 'workspace' ? `/api/workspaces/${workspaceId}${below}` : `/api${below}`;
}

function refused(reply: Reply, what: string): void {
  assert.ok(
    reply.status >= 400 && reply.status < 500,
    `${what}: ${reply.status} ${JSON.stringify(reply.body)}`,
  );
  const { error } = reply.body;
  assert.deepEqual(Object.keys(reply.body), ['error'], what);
  assert.ok(
    typeof error.code === 'string' && typeof error.message === 'string' && error.message.length > 5,
    what,
  );
  assert.ok(
    Object.keys(error).every((name) => ['code', 'message', 'field'].includes(name)),
    what,
  );
}

const writes = ROUTES.filter((route) => route.kind === 'write');
const before = await stored();

describe('bodies', () => {
  for (const route of writes)
    test(`${route.method} ${route.path}`, async () => {
      const at = pathOf(route, demo.workspace.id);
      const schema: Schema | undefined = route.body;
      const bodies = schema
        ? badBodies(schema)
        : [{ body: '{' }, { body: '[]' }, { body: '5' }, { body: { odd: 1 }, field: 'odd' }];
      for (const { body, field } of bodies) {
        const what = `${route.method} ${at} ${JSON.stringify(body)?.slice(0, 200)}`;
        const reply = await call(route.method, at, body);
        refused(reply, what);
        if (field !== undefined && reply.status === 400) {
          const named: string = reply.body.error.field ?? '';
          assert.ok(
            named === field || named.startsWith(`${field}.`) || named.startsWith(`${field}[`),
            `${what}: ${named}`,
          );
        }
        if (field !== undefined && route.of !== 'nobody')
          assert.equal(reply.status, route.upload ? 415 : 400, `${what} ${JSON.stringify(reply.body)}`);
      }
    });
});

describe('queries and paths', () => {
  for (const route of ROUTES)
    test(`${route.method} ${route.path}`, async () => {
      const at = pathOf(route, demo.workspace.id);
      const body = route.kind === 'write' && route.body ? sample(route.body) : undefined;
      refused(await call(route.method, `${at}?noSuchName=1`, body), `${at} odd query`);
      for (const name of Object.keys(route.query ?? {})) {
        refused(await call(route.method, `${at}?${name}=1&${name}=2`), `${at} ${name} twice`);
        refused(await call(route.method, `${at}?${name}=%00`), `${at} ${name} NUL`);
        if (
          !['search', 'address', 'q', 'key', 'trigger', 'route'].includes(name) &&
          !(name === 'after' && route.path === '/events/names')
        )
          refused(await call(route.method, `${at}?${name}=nope`), `${at} ${name}=nope`);
      }
      for (const limit of 'limit' in (route.query ?? {}) ? ['0', '201', '-1', '1.5', '1e2', ''] : [])
        refused(await call('GET', `${at}?limit=${limit}`), `${at} limit ${limit}`);
      if (!route.path.includes(':')) return;
      for (const id of [
        '1',
        'nope',
        '%00',
        '%ED%A0%80',
        '9'.repeat(400),
        "';--",
        NONE,
        'f'.repeat(24),
        '../..',
      ])
        refused(
          await call(
            route.method,
            pathOf(route, demo.workspace.id, encodeURIComponent(decodeSafely(id))),
            body,
          ),
          `${at} ${id}`,
        );
    });
});

function decodeSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

test('the limits of the server itself are told in the form of the door', async () => {
  refused(await call('GET', '/api/nope'), 'no route');
  refused(await call('PUT', base), 'no method');
  refused(await call('POST', `${base}/contacts`, { givenName: 'x'.repeat(1_100_000) }), 'too large');
  refused(
    await call('POST', `${base}/contacts`, 'a=b', { 'content-type': 'application/x-www-form-urlencoded' }),
    'a form',
  );
  refused(await call('POST', `${base}/contacts`, '{}', { 'idempotency-key': 'x'.repeat(256) }), 'a long key');
  refused(await call('POST', `${base}/contacts`, '{}', { 'idempotency-key': '' }), 'an empty key');
});

test('nothing was stored by any of it', async () => {
  assert.deepEqual(await stored(), before);
});

/** Another workspace with one of everything, which the demo's console key does not reach. */
async function makeOther() {
  const { email, password } = demo.keys.console;
  const { body: session } = await caller(url)('POST', '/api/sessions', { email, password });
  const owner = caller(url, session.token);
  const made = await owner('POST', '/api/workspaces', { name: 'Other', environment: 'test' });
  const other = `/api/workspaces/${made.body.id}`;
  // The demo's console key reaches the demo workspace only.
  const theirs: Record<string, string> = {};
  const make = async (name: string, at: string, body: object) => {
    const reply = await owner('POST', `${other}${at}`, body);
    assert.ok(reply.status < 300, JSON.stringify(reply.body));
    theirs[name] = reply.body[name === 'messageId' ? 'messageId' : name === 'keyId' ? 'keyId' : 'id'];
    return reply.body;
  };
  await make('contactId', '/contacts', { phone: '+14155550100' });
  const { body: shown } = await owner('GET', `${other}/contacts/${theirs['contactId']}`);
  theirs['destinationId'] = shown.destinations[0].id;
  await make('setId', '/lists', { name: 'L' });
  const tag = await owner('POST', `${other}/tags`, { name: 'T' });
  await make('integrationId', '/integrations', {
    type: 'webhook',
    settings: { url: 'https://example.com/x', secret: `whsec_${'A'.repeat(32)}` },
  });
  await make('messageId', '/messages', {
    contactId: theirs['contactId'],
    content: { type: 'text', text: 'x' },
  });
  await make('broadcastId', '/broadcasts', {
    name: 'B',
    content: { type: 'text', text: 'x' },
    channel: 'sms',
    audience: { include: { all: true } },
  });
  await make('ruleId', '/simulator/rules', { addressPattern: '*', outcome: 'delivered' });
  await make('keyId', '/keys', { door: 'sunshine' });
  return { id: made.body.id as string, other, theirs, tagId: tag.body.id as string, kept: await stored() };
}

describe('another tenant', () => {
  let others: Awaited<ReturnType<typeof makeOther>>;
  beforeAll(async () => {
    others = await makeOther();
  });

  test('its workspace is not there', async () => {
    for (const route of ROUTES.filter(({ of }) => of === 'workspace')) {
      const body = route.kind === 'write' && route.body ? sample(route.body) : undefined;
      const at = pathOf(route, others.id);
      const reply = await call(route.method, at, body);
      assert.equal(reply.status, 404, `${route.method} ${at}`);
      refused(reply, at);
    }
    const csv = await call('POST', `${others.other}/contacts/import`, 'email\n', {
      'content-type': 'text/csv',
    });
    assert.equal(csv.status, 404);
  });

  test('its things are not there', async () => {
    const { theirs, tagId } = others;
    const valid: Record<string, Json> = {
      block: { classes: ['marketing'] },
      unblock: { classes: ['marketing'] },
      schedule: { at: '2040-01-01T00:00:00Z' },
      offer: { connectId: 'nobody' },
      rate: { ratePerS: 1 },
      test: { to: '+14155550101', text: 'x' },
      'broadcasts test': { address: '+14155550101' },
      'templates test': { address: '+14155550101', channel: 'sms' },
      secrets: { secrets: {} },
      members: { add: [] },
      'replay-failed': { since: '2026-01-01T00:00:00Z' },
      click: { url: 'https://example.com/' },
      destinations: { channel: 'sms', address: '+14155550199' },
    };
    const found: string[] = [];
    for (const route of ROUTES.filter(({ path }) => path.includes(':'))) {
      const below = route.path.replaceAll(/:(\w+)/g, (_, name: string) =>
        name === 'setId' && route.path.startsWith('/tags') ? tagId : (theirs[name] ?? NONE),
      );
      const last = route.path.split('/').at(-1)!;
      const body: Json =
        route.kind === 'write' && route.body
          ? (valid[`${route.path.split('/')[1]} ${last}`] ?? valid[last] ?? sample(route.body))
          : undefined;
      if (body?.content) body.content = { type: 'text', text: 'x' };
      const asked = route.path.endsWith('/path') ? `?contact=${NONE}` : '';
      const reply = await call(route.method, `${base}${below}${asked}`, body);
      // What takes a sign-in, or a grant, says so whatever the id is.
      if (reply.status === 403)
        assert.match(reply.body.error.message, /operator: sign in|account is not connected/);
      else if (reply.status !== 404)
        found.push(`${route.method} ${below}: ${reply.status} ${JSON.stringify(reply.body)}`);
    }
    assert.deepEqual(found, []);
    const content = { type: 'text', text: 'x' };
    const audience = (include: object) => ({ name: 'x', content, channel: 'sms', audience: { include } });
    for (const [at, body] of [
      ['/messages', { contactId: theirs['contactId'], content }],
      [
        '/messages',
        {
          destination: { channel: 'sms', address: '+14155550102' },
          content,
          integrationId: theirs['integrationId'],
        },
      ],
      ['/broadcasts', audience({ lists: [theirs['setId']] })],
      ['/broadcasts', audience({ tags: [tagId] })],
      ['/broadcasts', { ...audience({ all: true }), integrationId: theirs['integrationId'] }],
    ] as const)
      assert.equal((await call('POST', `${base}${at}`, body)).status, 404, at);
    for (const query of [
      `contact=${theirs['contactId']}&message=${theirs['messageId']}`,
      `contact=${theirs['contactId']}&broadcast=${theirs['broadcastId']}`,
    ])
      assert.equal((await call('GET', `${base}/why?${query}`)).status, 404);
    assert.deepEqual((await call('GET', `${base}/contacts?setId=${theirs['setId']}`)).body.contacts, []);
  });

  test('nothing of it was changed', async () => {
    const after = await stored();
    for (const table of TABLES.filter((name) => !['simulated_messages', 'deliveries'].includes(name)))
      assert.equal(after[table], others.kept[table], table);
  });
});

test('none of it was an error of ours', () => {
  assert.deepEqual(errors, []);
});
