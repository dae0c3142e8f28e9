/** Who gets in: operators, roles, keys, tokens. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';
import { SignJWT } from 'jose';
import { vault as createVault } from '../base/crypto.ts';
import { isFault, type Fault } from '../base/fault.ts';
import { idSource } from '../base/ids.ts';
import { testDatabase } from '../../test/support/database.ts';
import {
  authenticateConsole,
  authenticateKey,
  authenticateSunshine,
  mayConsole,
  signAppToken,
} from './authenticate.ts';
import { transact } from './idempotency.ts';
import { createKey, createKeyring, listKeys, revokeKey, type DoorName, type KeyOwner } from './keys.ts';
import {
  changePassword,
  endSessions,
  openSession,
  proveNewPassword,
  provePassword,
  createOperator,
  listMembers,
  removeMember,
  SESSION_MS,
  setMember,
  signOut,
  sweepSessions,
} from './operators.ts';
import { AWAY_MS, comeBack, letIn, sendAway } from './signIn/providerSignIn.ts';
import { can } from './roles.ts';
import { ACTIONS, ROLES, type Action, type Role } from '../../contract/roles.ts';
import { createWorkspace, listWorkspaces } from './workspaces.ts';

const database = await testDatabase();
const { sql } = database;
const START = Date.UTC(2026, 3, 1);
const clock = { ms: START, nowMs: () => clock.ms };
const ids = idSource(1, clock.nowMs);
const vault = createVault('a secret of an install that is long enough');
const tools = { vault, ids };
const keyring = createKeyring({ sql, vault, clock });
let people = 0;

function good<T>(outcome: T | Fault): T {
  if (isFault(outcome)) throw new Error(`${outcome.fault}: ${outcome.message}`);
  return outcome;
}

async function signIn(db: typeof sql, input: { email: string; password: string; nowMs: number }) {
  const proved = await provePassword(db, input);
  return isFault(proved) ? proved : await openSession(db, proved, input.nowMs);
}

function faultOf(outcome: unknown): Fault {
  ok(isFault(outcome), `expected a fault, got ${JSON.stringify(outcome)}`);
  return outcome;
}

async function operator(password = 'correct horse battery') {
  return good(
    await createOperator(sql, ids, {
      email: `p${++people}@example.com`,
      name: `P${people}`,
      password,
      nowMs: clock.ms,
    }),
  );
}

async function workspace(ownerId?: number) {
  return good(
    await transact(sql, (tx) =>
      createWorkspace(tx, ids, {
        name: 'W',
        environment: 'test',
        ...(ownerId ? { ownerId } : {}),
        nowMs: clock.ms,
      }),
    ),
  );
}

function key(owner: KeyOwner, door: DoorName, more: { scopes?: string[]; expiresMs?: number } = {}) {
  return transact(sql, (tx) => createKey(tx, tools, { owner, door, ...more, nowMs: clock.ms }));
}

const jwt = (claims: object, kid: string, secret: string, header: object = {}) => {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ typ: 'JWT', alg: 'HS256', kid, ...header })}.${part(claims)}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
};

const sunshine = (authorization: string | undefined) =>
  authenticateSunshine(keyring, { authorization, nowMs: clock.ms });
const bearer = (token: string) => sunshine(`Bearer ${token}`);

describe('operators', () => {
  it('signs in by address and password, and out', async () => {
    const who = await operator();
    const session = good(
      await signIn(sql, {
        email: ` ${who.email.toUpperCase()}`,
        password: 'correct horse battery',
        nowMs: clock.ms,
      }),
    );
    deepEqual(session.operator, who);
    equal(session.expiresMs, clock.ms + SESSION_MS);
    const [row] = await sql`SELECT password_hash FROM operators WHERE id = ${who.id}`;
    match(row!['password_hash'], /^\$argon2id\$/);
    const stored = await sql`SELECT token_hash FROM operator_sessions WHERE operator_id = ${who.id}`;
    ok(!stored.some((one) => one['token_hash'] === session.token), 'only a hash of the token is stored');

    const authorization = `Bearer ${session.token}`;
    const caller = good(await authenticateConsole(keyring, { authorization, nowMs: clock.ms }));
    equal(caller.operatorId, who.id);
    const later = await authenticateConsole(keyring, { authorization, nowMs: clock.ms + SESSION_MS });
    equal(faultOf(later).fault, 'invalid_auth');
    equal(await signOut(sql, session.token), true);
    keyring.forgetSession(session.token);
    equal(
      faultOf(await authenticateConsole(keyring, { authorization, nowMs: clock.ms })).fault,
      'invalid_auth',
    );
    equal(await signOut(sql, session.token), false);
  });

  it('refuses a wrong password, an unknown address and odd values in the same words', async () => {
    const who = await operator();
    const tries = [
      { email: who.email, password: 'wrong horse battery' },
      { email: 'nobody@example.com', password: 'correct horse battery' },
      { email: 'a\0b@example.com', password: 'x' },
      { email: 7 as never, password: {} as never },
      { email: who.email, password: 'x'.repeat(1_000_000) },
    ];
    const faults = await Promise.all(tries.map((one) => signIn(sql, { ...one, nowMs: clock.ms })));
    equal(new Set(faults.map((one) => faultOf(one).message)).size, 1);
  });

  it('names the field and the rule of what it refuses', async () => {
    const who = await operator();
    const input = { email: 'new@example.com', name: 'N', password: 'long enough it is', nowMs: clock.ms };
    const make = async (more: object) => faultOf(await createOperator(sql, ids, { ...input, ...more }));
    equal((await make({ email: 'no address' })).field, 'email');
    equal((await make({ name: '' })).field, 'name');
    equal((await make({ name: 'a\0' })).field, 'name');
    equal((await make({ password: 'short' })).field, 'password');
    equal((await make({ password: 'x'.repeat(201) })).field, 'password', 'nobody could sign in with it');
    deepEqual([(await make({ email: who.email })).fault], ['conflict']);
  });

  it('changes a password and ends all sessions', async () => {
    const who = await operator();
    const email = who.email;
    const session = good(await signIn(sql, { email, password: 'correct horse battery', nowMs: clock.ms }));
    const change = async (password: string) => {
      const asked = { operatorId: who.id, password, newPassword: 'another long password', nowMs: clock.ms };
      const proved = await proveNewPassword(sql, asked);
      return isFault(proved) ? proved : await transact(sql, (tx) => changePassword(tx, proved));
    };
    equal(faultOf(await change('wrong horse battery')).field, 'password');
    equal(await change('correct horse battery'), true);
    equal(await keyring.session(session.token), undefined);
    good(await signIn(sql, { email, password: 'another long password', nowMs: clock.ms }));
  });

  it('sweeps sessions that are over', async () => {
    const who = await operator();
    await signIn(sql, { email: who.email, password: 'correct horse battery', nowMs: 1 });
    ok((await sweepSessions(sql, 1 + SESSION_MS)) >= 1);
  });
});

describe('roles', () => {
  it('are one table, answered with true or with a reason', () => {
    equal(can('viewer', 'contacts.read'), true);
    deepEqual(can('agent', 'broadcasts.send'), {
      fault: 'forbidden',
      message:
        'The role agent may not start, pause and cancel broadcasts; that takes owner or admin or marketer.',
    });
    for (const action of Object.keys(ACTIONS) as Action[]) {
      equal(can('owner', action), true);
      if (ROLES.filter((role) => can(role, action) === true).length < 5)
        ok(isFault(can('viewer', action)), `a viewer only looks: ${action}`);
    }
  });

  it('belong to a workspace, which keeps at least one owner', async () => {
    const [ann, bob] = [await operator(), await operator()];
    const w = await workspace(ann.id);
    const member = (operatorId: number, role: Role) =>
      transact(sql, (tx) => setMember(tx, { workspaceId: w.id, operatorId, role }));
    const leave = (operatorId: number) =>
      transact(sql, (tx) => removeMember(tx, { workspaceId: w.id, operatorId }));
    equal(await member(bob.id, 'agent'), true);
    deepEqual(
      (await listMembers(sql, { workspaceId: w.id })).map(({ id, role }) => [id, role]),
      [
        [ann.id, 'owner'],
        [bob.id, 'agent'],
      ],
    );
    deepEqual(
      (await listWorkspaces(sql, { operatorId: bob.id })).map((one) => [one.workspace.id, one.role]),
      [[w.id, 'agent']],
    );
    equal(faultOf(await leave(ann.id)).fault, 'conflict');
    equal(faultOf(await member(ann.id, 'admin')).fault, 'conflict');
    equal(await member(bob.id, 'owner'), true);
    equal(await leave(ann.id), true);
    equal(faultOf(await leave(ann.id)).fault, 'not_found');
    equal(faultOf(await member(bob.id, 'boss' as Role)).field, 'role');
    equal(faultOf(await member(12345, 'agent')).fault, 'not_found');
  });
});

describe('keys', () => {
  it('show a secret once, and keep it sealed (Sunshine) or hashed', async () => {
    const w = await workspace();
    const app = good(await key({ workspaceId: w.id }, 'sunshine'));
    clock.ms++;
    const out = good(await key({ workspaceId: w.id }, 'outbound', { scopes: ['private'] }));
    match(app.key.keyId, /^app_[0-9a-f]{24}$/);
    deepEqual(app.key.scopes, ['app', 'appUser']);
    equal(out.token, `${out.key.keyId}.${out.secret}`);
    const listed = await listKeys(sql, { owner: { workspaceId: w.id } });
    deepEqual(listed, [app.key, out.key]);
    ok(!JSON.stringify(listed).includes(app.secret));
    const rows = await sql`SELECT * FROM api_keys WHERE workspace_id = ${w.id} ORDER BY created_ms`;
    equal(rows[0]!['secret_hash'], null);
    equal(rows[1]!['secret_sealed'], null);
    ok(!JSON.stringify(rows).includes(out.secret));
    ok(!Buffer.from(rows[0]!['secret_sealed']).includes(app.secret));
  });

  it('are at most ten per app, also when asked for at once', async () => {
    const w = await workspace();
    const made = await Promise.all(Array.from({ length: 12 }, () => key({ workspaceId: w.id }, 'sunshine')));
    equal(made.filter((one) => !isFault(one)).length, 10);
    equal(faultOf(made.find(isFault)).fault, 'payment_required');
    good(await key({ workspaceId: w.id }, 'shout'));
  });

  it('refuse what they cannot be', async () => {
    const w = await workspace();
    const owner = { workspaceId: w.id };
    equal(faultOf(await key(owner, 'back' as DoorName)).field, 'door');
    equal(faultOf(await key(owner, 'console')).field, 'scopes');
    equal(faultOf(await key(owner, 'console', { scopes: ['king'] })).field, 'scopes');
    equal(faultOf(await key(owner, 'shout', { scopes: ['a b'] })).field, 'scopes');
    equal(faultOf(await key(owner, 'shout', { expiresMs: clock.ms })).field, 'expiresMs');
    equal(faultOf(await key({ workspaceId: 5 }, 'shout')).fault, 'not_found');
  });

  it('are revoked by their owner only, at once here and within a second elsewhere', async () => {
    const [w, other] = [await workspace(), await workspace()];
    const { key: app, secret } = good(await key({ workspaceId: w.id }, 'sunshine'));
    const elsewhere = createKeyring({ sql, vault, clock });
    const token = `Bearer ${jwt({ scope: 'app' }, app.keyId, secret)}`;
    const there = () => authenticateSunshine(elsewhere, { authorization: token, nowMs: clock.ms });
    good(await sunshine(token));
    good(await there());
    const revoke = (workspaceId: number) =>
      revokeKey(sql, { owner: { workspaceId }, door: 'sunshine', keyId: app.keyId, nowMs: clock.ms });
    equal(faultOf(await revoke(other.id)).fault, 'not_found');
    good(await sunshine(token));
    equal(await revoke(w.id), true);
    keyring.forgetKey('sunshine', app.keyId);
    equal(faultOf(await sunshine(token)).fault, 'invalid_auth');
    good(await there());
    clock.ms += 1001;
    equal(faultOf(await there()).fault, 'invalid_auth');
    deepEqual(await listKeys(sql, { owner: { workspaceId: w.id } }), []);
  });
});

const ann = await operator();
const w = await workspace(ann.id);
const app = good(await key({ workspaceId: w.id }, 'sunshine'));
const account = good(await key({ operatorId: ann.id }, 'sunshine'));

describe('the Sunshine door', () => {
  const { keyId } = app.key;
  const inWorkspace = { workspaceId: w.id, keyId };

  it('lets in tokens of the scopes of a key', async () => {
    deepEqual(await bearer(jwt({ scope: 'app', iat: 1 }, keyId, app.secret)), {
      scope: 'app',
      ...inWorkspace,
    });
    deepEqual(await bearer(jwt({ scope: 'appUser', userId: 'bob@x.com' }, keyId, app.secret)), {
      scope: 'appUser',
      userId: 'bob@x.com',
      ...inWorkspace,
    });
    match(account.key.keyId, /^act_/);
    deepEqual(await bearer(jwt({ scope: 'account' }, account.key.keyId, account.secret)), {
      scope: 'account',
      operatorId: ann.id,
      keyId: account.key.keyId,
    });
    equal((await keyring.rolesOf(ann.id)).get(w.id), 'owner');
  });

  it('lets in a token that jose signed', async () => {
    const token = await new SignJWT({ scope: 'app' })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid: keyId })
      .setExpirationTime('1h')
      .sign(Buffer.from(app.secret));
    good(await authenticateSunshine(keyring, { authorization: `bearer ${token}`, nowMs: clock.ms }));
  });

  it('signs a token for a key of the workspace, and for no other', async () => {
    const sign = (workspaceId: number, id: string) =>
      signAppToken(keyring, { workspaceId, keyId: id, nowMs: clock.ms });
    deepEqual(await bearer(good(await sign(w.id, keyId))), { scope: 'app', ...inWorkspace });
    for (const [workspaceId, id] of [
      [1, keyId],
      [w.id, account.key.keyId],
      [w.id, 'app_0'],
    ] as const)
      equal(faultOf(await sign(workspaceId, id)).fault, 'not_found');
    const short = good(await key({ workspaceId: w.id }, 'sunshine', { expiresMs: clock.ms + 1_000 }));
    const late = { workspaceId: w.id, keyId: short.key.keyId, nowMs: clock.ms + 1_000 };
    good(await signAppToken(keyring, { ...late, nowMs: clock.ms }));
    equal(faultOf(await signAppToken(keyring, late)).fault, 'not_found', 'a key that is over signs nothing');
  });

  it('lets in key id and secret by Basic, in the scope of the owner of the key', async () => {
    const basic = (id: string, secret: string) =>
      sunshine(`Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`);
    deepEqual(await basic(keyId, app.secret), { scope: 'app', ...inWorkspace });
    deepEqual(await basic(account.key.keyId, account.secret), {
      scope: 'account',
      operatorId: ann.id,
      keyId: account.key.keyId,
    });
    equal(faultOf(await basic(keyId, `${app.secret}x`)).fault, 'invalid_auth');
    equal(faultOf(await basic(keyId, '')).fault, 'invalid_auth');
    equal(faultOf(await basic('app_0', app.secret)).fault, 'invalid_auth');
    equal(faultOf(await sunshine('Basic !!!')).fault, 'invalid_auth');
  });

  it('tells missing credentials from bad ones', async () => {
    for (const none of [undefined, '', '  '])
      deepEqual(await sunshine(none), { fault: 'unauthorized', message: 'Authorization is required' });
    for (const odd of [
      'Bearer',
      'Digest x',
      'Bearer a b',
      'Bearer x',
      'Bearer a.b',
      'Bearer a.b.c.d',
      'Bearer ...',
    ])
      equal(faultOf(await sunshine(odd)).fault, 'invalid_auth', odd);
    equal(faultOf(await sunshine(`Bearer ${'x'.repeat(100_000)}`)).fault, 'invalid_auth');
  });

  it('refuses every other algorithm, other secrets and changed tokens', async () => {
    const token = jwt({ scope: 'app' }, keyId, app.secret);
    const [head, body, signature] = token.split('.') as [string, string, string];
    const changed = Buffer.from(JSON.stringify({ scope: 'app', x: 1 })).toString('base64url');
    const none = Buffer.from(JSON.stringify({ alg: 'none', kid: keyId })).toString('base64url');
    const bad = [
      jwt({ scope: 'app' }, keyId, 'other'),
      jwt({ scope: 'app' }, keyId, ''),
      jwt({ scope: 'app' }, account.key.keyId, app.secret),
      jwt({ scope: 'app' }, 'app_unknown', app.secret),
      jwt({ scope: 'app' }, 'a\0b', app.secret),
      ...['none', 'HS512', 'RS256', 'hs256', '', null, ['HS256']].map((alg) =>
        jwt({ scope: 'app' }, keyId, app.secret, { alg }),
      ),
      jwt({ scope: 'app' }, keyId, app.secret, { crit: ['exp'] }),
      jwt({ scope: 'app' }, keyId, app.secret, { kid: 7 }),
      `${head}.${changed}.${signature}`,
      `${head}.${body}.${signature.slice(1)}`,
      `${head}.${body}.${'A'.repeat(43)}`,
      `${none}.${body}.`,
      `${none}.${body}.${signature}`,
      jwt([] as object, keyId, app.secret),
    ];
    for (const one of bad) equal(faultOf(await bearer(one)).fault, 'invalid_auth', one);
  });

  it('holds claims to their rules', async () => {
    const nowS = Math.floor(clock.ms / 1000);
    const fine = [{ exp: nowS + 1 }, { nbf: nowS - 1 }, { exp: nowS + 0.5, nbf: 0 }, { userId: 'x' }];
    for (const claims of fine) good(await bearer(jwt({ scope: 'app', ...claims }, keyId, app.secret)));
    const bad = [
      { scope: 'account' },
      { scope: undefined },
      { scope: ['app'] },
      { scope: 'appUser' },
      { scope: 'appUser', userId: 5 },
      { scope: 'appUser', userId: '' },
      { userId: 5 },
      { exp: nowS },
      { exp: 'never' },
      { nbf: nowS + 1 },
      { nbf: null },
    ];
    for (const claims of bad) {
      const outcome = await bearer(jwt({ scope: 'app', ...claims }, keyId, app.secret));
      equal(faultOf(outcome).fault, 'invalid_auth', JSON.stringify(claims));
    }
    const asAccount = jwt({ scope: 'app' }, account.key.keyId, account.secret);
    equal(faultOf(await bearer(asAccount)).fault, 'invalid_auth');
  });

  it('closes to keys that are over, of deleted workspaces and of disabled operators', async () => {
    const bob = await operator();
    const other = await workspace(bob.id);
    const short = good(await key({ workspaceId: other.id }, 'sunshine', { expiresMs: clock.ms + 5000 }));
    const long = good(await key({ workspaceId: other.id }, 'sunshine'));
    const his = good(await key({ operatorId: bob.id }, 'sunshine'));
    const tokens = {
      short: jwt({ scope: 'app' }, short.key.keyId, short.secret),
      long: jwt({ scope: 'app' }, long.key.keyId, long.secret),
      his: jwt({ scope: 'account' }, his.key.keyId, his.secret),
    };
    for (const token of Object.values(tokens)) good(await bearer(token));
    clock.ms += 5000;
    equal(faultOf(await bearer(tokens.short)).fault, 'invalid_auth');
    good(await bearer(tokens.long));
    await sql`UPDATE workspaces SET deleted_ms = 1 WHERE id = ${other.id}`;
    await sql`UPDATE operators SET disabled_ms = 1 WHERE id = ${bob.id}`;
    clock.ms += 1001;
    equal(faultOf(await bearer(tokens.long)).fault, 'invalid_auth');
    equal(faultOf(await bearer(tokens.his)).fault, 'invalid_auth');
    equal((await keyring.rolesOf(bob.id)).size, 0);
  });

  it('opens nothing for a key that was sealed under another secret', async () => {
    const strange = createKeyring({ sql, vault: createVault('quite another secret of an install'), clock });
    const authorization = `Bearer ${jwt({ scope: 'app' }, keyId, app.secret)}`;
    equal(
      faultOf(await authenticateSunshine(strange, { authorization, nowMs: clock.ms })).fault,
      'invalid_auth',
    );
  });

  it('checks a token that is known without asking the store, and without anything dear', async () => {
    const token = jwt({ scope: 'app', iat: 1 }, keyId, app.secret);
    await bearer(token);
    const asked: string[] = [];
    database.hear((text) => asked.push(text));
    const runs = 5000;
    const before = process.threadCpuUsage();
    for (let i = 0; i < runs; i++) await bearer(token);
    const { user, system } = process.threadCpuUsage(before);
    database.hear(undefined);
    // What is kept is read anew each second of a clock that stands still here.
    deepEqual(asked, []);
    // By the processor it took, which no neighbour changes much: 25 µs when it was measured, and one hash of a password is 20,000.
    ok((user + system) / runs < 500, `${((user + system) / runs).toFixed(1)} µs`);
  });
});

describe('the console door', () => {
  it('lets in sessions and keys, each with its role, and walls workspaces', async () => {
    const ann = await operator();
    const [w, other] = [await workspace(ann.id), await workspace()];
    const agent = good(await key({ workspaceId: w.id }, 'console', { scopes: ['agent'] }));
    const own = good(await key({ operatorId: ann.id }, 'console', { scopes: ['marketer'] }));
    const enter = async (token: string) =>
      good(await authenticateConsole(keyring, { authorization: `Bearer ${token}`, nowMs: clock.ms }));
    const byKey = await enter(agent.token);
    deepEqual(byKey, { keyId: agent.key.keyId, roles: new Map([[w.id, 'agent']]) });
    equal(mayConsole(byKey, w.id, 'conversations.reply'), true);
    equal(faultOf(mayConsole(byKey, w.id, 'keys.manage')).fault, 'forbidden');
    equal(faultOf(mayConsole(byKey, other.id, 'contacts.read')).fault, 'not_found');
    deepEqual(await enter(own.token), {
      keyId: own.key.keyId,
      operatorId: ann.id,
      roles: new Map([[w.id, 'marketer']]),
    });
    good(
      await transact(sql, (tx) =>
        setMember(tx, { workspaceId: other.id, operatorId: ann.id, role: 'viewer' }),
      ),
    );
    clock.ms += 1_001;
    deepEqual(
      (await enter(own.token)).roles.get(other.id),
      'viewer',
      'a key does no more than its operator may, either',
    );
    for (const bad of [`${agent.token}x`, agent.key.keyId, `ses_${agent.secret}`, 'x.y'])
      equal(
        faultOf(await authenticateConsole(keyring, { authorization: `Bearer ${bad}`, nowMs: clock.ms }))
          .fault,
        'invalid_auth',
      );
    equal(
      faultOf(await authenticateConsole(keyring, { authorization: undefined, nowMs: clock.ms })).fault,
      'unauthorized',
    );
  });

  it('does not take the key of another door', async () => {
    const w = await workspace();
    const out = good(await key({ workspaceId: w.id }, 'outbound', { scopes: ['private'] }));
    const authorization = `Bearer ${out.token}`;
    const holder = { keyId: out.key.keyId, workspaceId: w.id, scopes: ['private'] };
    const nowMs = clock.ms;
    deepEqual(await authenticateKey(keyring, { door: 'outbound', token: out.token, nowMs }), holder);
    deepEqual(await authenticateKey(keyring, { door: 'outbound', authorization, nowMs }), holder);
    const basic = `Basic ${Buffer.from(`${out.key.keyId}:${out.secret}`).toString('base64')}`;
    deepEqual(await authenticateKey(keyring, { door: 'outbound', authorization: basic, nowMs }), holder);
    equal(
      faultOf(await authenticateKey(keyring, { door: 'shout', authorization, nowMs })).fault,
      'invalid_auth',
    );
    equal(faultOf(await authenticateConsole(keyring, { authorization, nowMs })).fault, 'invalid_auth');
    equal(faultOf(await sunshine(basic)).fault, 'invalid_auth');
  });
});

describe('the provider', () => {
  const browser = 'a cookie of one browser';
  const away = (nowMs: number) => sendAway(sql, { browser, returnTo: '/inbox', nowMs });
  const back = ({ state }: { state: string }, nowMs: number) => comeBack(sql, { browser, state, nowMs });

  it('lets somebody be away for ten minutes and no longer', async () => {
    const [inTime, late] = [await away(clock.ms), await away(clock.ms)];
    equal(AWAY_MS, 600_000);
    equal((await back(inTime, clock.ms + AWAY_MS - 1))?.returnTo, '/inbox');
    equal(await back(late, clock.ms + AWAY_MS), undefined);
  });

  it('names nobody by a subject of another issuer', async () => {
    const [ann, eve] = [await operator(), await operator()];
    for (const { id } of [ann, eve]) await workspace(id);
    const at = { domains: [], nowMs: clock.ms };
    const come = (issuer: string, email: string) =>
      sql.begin((tx) => letIn(tx, ids, { issuer, subject: '1', email }, at));
    equal(good(await come('https://one.example', ann.email)).operator.id, ann.id);
    equal(good(await come('https://other.example', eve.email)).operator.id, eve.id);
    equal(good(await come('https://one.example', eve.email)).operator.id, ann.id, 'the subject is who it is');
  });
});

it('who ends all sessions but the own stays signed in, and nowhere else', async () => {
  const made = await createOperator(sql, ids, {
    email: 'sessions@example.com',
    name: 'Sam',
    password: 'correct horse battery',
    nowMs: clock.ms,
  });
  ok(!isFault(made));
  const [own, other] = [await openSession(sql, made, clock.ms), await openSession(sql, made, clock.ms)];
  equal(await endSessions(sql, made.id, { allBut: own.token }), 1);
  const who = async (token: string) =>
    await authenticateConsole(keyring, { authorization: `Bearer ${token}`, nowMs: clock.ms });
  ok(!isFault(await who(own.token)));
  ok(isFault(await who(other.token)));
});
