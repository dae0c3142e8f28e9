/** Faults of who may do what: keys, sessions, roles. */
import { inFile } from '../fault.ts';

const ACCESS = ['src/accounts/walls.test.ts', 'src/accounts/access.test.ts'];
const WALLS = [
  'src/accounts/walls.test.ts',
  'src/accounts/access.test.ts',
  'src/accounts/workspaces.test.ts',
];

export const accountFaults = [
  ...inFile(
    'src/accounts/removal.ts',
    ['test/workspaceSettings.test.ts'],
    [['a deleted workspace is done with while its files are there', "if (!isAlone) return 'not ours';", '']],
  ),
  ...inFile(
    'src/accounts/integrations.ts',
    ['test/console.test.ts'],
    [
      [
        'who comes second changes a channel unseen',
        'if (input.revision !== undefined && input.revision !== row.revision) return changedMeanwhile(row.revision);',
        '',
      ],
    ],
  ),
  ...inFile('src/accounts/authenticate.ts', WALLS, [
    ['an expired key of another door opens', '!isInTime(key, request.nowMs) ||', ''],
    ['an expired signing key opens', 'if (!pair || !key || !isInTime(key, nowMs) ||', 'if (!pair || !key ||'],
    [
      'a session that is over is good',
      'if (!session || session.expiresMs <= nowMs) return undefined;',
      'if (!session) return undefined;',
    ],
    [
      'an expired key is good',
      'return key.expiresMs === undefined || nowMs < key.expiresMs;',
      'return true;',
    ],
    ['a key is good a moment too long', 'nowMs < key.expiresMs;', 'nowMs <= key.expiresMs;'],
    ['any secret opens', '|| !sameText(sha256Hex(pair[1]), key.secretHash!))', ')'],
    ['any secret of a signing key opens', '|| !sameText(pair[1], key.secret!))', ')'],
    ['an expired key signs', '!isInTime(key, nowMs) || !isSignedBy', '!isSignedBy'],
    ['any signature is good', '|| !isSignedBy(key, `${head}.${body}`, signature))', ')'],
    ['any algorithm is good', "header['alg'] !== 'HS256' ||", ''],
    [
      'a token that is over is good',
      "if (exp !== undefined && !(typeof exp === 'number' && nowS < exp)) return invalid('The token is expired.');",
      '',
    ],
    [
      'a token that is not good yet is',
      "if (nbf !== undefined && !(typeof nbf === 'number' && nowS >= nbf))",
      'if (false)',
    ],
    ['a key signs what it may not', '|| !key.scopes.includes(scope))', ')'],
    [
      'an operator’s key is more than its role',
      '(ROLES.indexOf(own) > ROLES.indexOf(role) ? own : role)',
      'own',
    ],
    [
      'an operator’s key is more than the operator',
      '(ROLES.indexOf(own) > ROLES.indexOf(role) ? own : role)',
      'role',
    ],
    [
      'a workspace that is not reached is told of',
      "role === undefined ? fault('not_found', 'There is no such workspace.') : can(role, action)",
      'role === undefined ? true : can(role, action)',
    ],
    ['roles are not asked', ': can(role, action);', ': true;'],
    ['a key of another workspace signs tokens', 'key.workspaceId !== input.workspaceId ||', ''],
  ]),
  ...inFile(
    'contract/roles.ts',
    ['src/accounts/access.test.ts', 'test/doorRoles.test.ts'],
    [
      [
        'everybody may do everything',
        'if (roles.includes(role)) return undefined;',
        'if (roles.length > 0) return undefined;',
      ],
      ['marketers make keys', "'keys.manage': { roles: ADMINS", "'keys.manage': { roles: MARKETERS"],
      ['viewers send', "const STAFF = ['owner',", "const STAFF = ['viewer', 'owner',"],
      ['admins make owners', "'owners.manage': { roles: OWNERS", "'owners.manage': { roles: ADMINS"],
      [
        'admins delete the workspace',
        "'workspace.delete': { roles: OWNERS",
        "'workspace.delete': { roles: ADMINS",
      ],
      ['customers see broadcasts', "'broadcasts.read': { roles: ANYONE", "'broadcasts.read': { roles: ALL"],
      [
        'agents send broadcasts',
        "'broadcasts.send': { roles: MARKETERS",
        "'broadcasts.send': { roles: PEOPLE",
      ],
      [
        'marketers export contacts',
        "'contacts.export': { roles: ADMINS",
        "'contacts.export': { roles: MARKETERS",
      ],
      [
        'marketers erase contacts',
        "'contacts.erase': { roles: ADMINS",
        "'contacts.erase': { roles: MARKETERS",
      ],
      ['everybody reads the audit log', "'audit.read': { roles: ADMINS", "'audit.read': { roles: ANYONE"],
      ['viewers change contacts', "const SELF = ['owner',", "const SELF = ['viewer', 'owner',"],
      ['agents speak as others', "const SPEAKERS = ['owner',", "const SPEAKERS = ['agent', 'owner',"],
      [
        'anything is the name of a role',
        'return (ROLES as readonly unknown[]).includes(value);',
        'return typeof value === "string";',
      ],
    ],
  ),
  ...inFile('src/accounts/sql.access.ts', WALLS, [
    [
      'a session of a disabled operator is good',
      'WHERE s.token_hash = ANY(${tokenHashes}::text[]) AND s.ended_by IS NULL AND o.disabled_ms IS NULL',
      'WHERE s.token_hash = ANY(${tokenHashes}::text[]) AND s.ended_by IS NULL',
    ],
    [
      'a disabled operator signs in',
      'WHERE email = ${email} AND disabled_ms IS NULL',
      'WHERE email = ${email}',
    ],
    ['a disabled operator is one', 'WHERE id = ${id} AND disabled_ms IS NULL', 'WHERE id = ${id}'],
    [
      'a revoked key opens',
      'WHERE k.revoked_ms IS NULL\n      AND (k.workspace_id IS NULL',
      'WHERE (k.workspace_id IS NULL',
    ],
    [
      'a key of a deleted workspace opens',
      'AND (k.workspace_id IS NULL OR (w.id IS NOT NULL AND w.deleted_ms IS NULL))',
      '',
    ],
    [
      'a key of a disabled operator opens',
      '      AND (k.operator_id IS NULL OR (o.id IS NOT NULL AND o.disabled_ms IS NULL))',
      '',
    ],
    ['another workspace’s keys are listed', ': db`k.workspace_id = ${k.workspaceId}`;', ': db`true`;'],
    [
      'another workspace’s key is revoked',
      ': db`workspace_id = ${k.workspaceId}`;\n  const done',
      ': db`true`;\n  const done',
    ],
    ['revoked keys are listed', 'WHERE ${owner} AND k.revoked_ms IS NULL AND', 'WHERE ${owner} AND'],
    [
      'a role in a deleted workspace stays',
      'WHERE m.operator_id = ANY(${operatorIds}::bigint[]) AND w.deleted_ms IS NULL',
      'WHERE m.operator_id = ANY(${operatorIds}::bigint[])',
    ],
    ['roles of others are one’s own', 'WHERE m.operator_id = ANY(${operatorIds}::bigint[]) AND', 'WHERE'],
    [
      'an owner who is disabled is enough',
      'AND m.operator_id <> ${m.operatorId}\n        AND o.disabled_ms IS NULL',
      'AND m.operator_id <> ${m.operatorId}',
    ],
    ['the last owner counts as another', 'AND m.operator_id <> ${m.operatorId}\n', '\n'],
    [
      'an owner of another workspace is enough',
      "WHERE m.workspace_id = ${m.workspaceId} AND m.role = 'owner' AND",
      "WHERE m.role = 'owner' AND",
    ],
    [
      'a password that was changed is changed again',
      'WHERE id = ${o.id} AND password_hash = ${o.oldHash}',
      'WHERE id = ${o.id}',
    ],
    ['expired keys count as keys', 'AND (expires_ms IS NULL OR expires_ms > ${nowMs})', ''],
    [
      'sessions of others end',
      'WHERE operator_id = ${operatorId} AND ended_by IS NULL`;',
      'WHERE ended_by IS NULL`;',
    ],
    [
      'sessions that are not over are swept',
      'DELETE FROM operator_sessions WHERE coalesce(kept_until_ms, expires_ms) <= ${nowMs}',
      'DELETE FROM operator_sessions',
    ],
  ]),
  ...inFile('src/accounts/operators.ts', ACCESS, [
    [
      'wrong passwords cost nothing',
      'if (count === undefined) return',
      'if (count === undefined && false) return',
    ],
    [
      'any password is right',
      "row && right ? await further(operatorOf(row)) : 'wrong'",
      "row ? await further(operatorOf(row)) : 'wrong'",
    ],
    [
      'wrong passwords are not counted',
      "if ('wrong' in tried) return tried.wrong;",
      "if ('wrong' in tried) return (await deleteFailures(db, emailHash), tried.wrong);",
    ],
    ['the first wrong one makes wait', 'count < FREE_TRIES ? 0', 'count < 1 ? 0'],
    ['nobody waits longer', 'FIRST_WAIT_MS * 2 ** (count - FREE_TRIES)', 'FIRST_WAIT_MS'],
    [
      'a change of password leaves sessions',
      '  await updateSessionsOfEnded(tx, id);\n  return true;',
      '  return true;',
    ],
    [
      'the last owner may become less',
      "if (input.role !== 'owner' && !(await staysOwned(tx, input))) return lastOwner();",
      '',
    ],
    ['the last owner may go', 'if (!(await staysOwned(tx, input))) return lastOwner();\n  return', 'return'],
    [
      'a session lasts for ever',
      'const expiresMs = nowMs + SESSION_MS;',
      'const expiresMs = nowMs + 1000 * SESSION_MS;',
    ],
    ['a short password is one', 'password.length >= MIN_PASSWORD &&', ''],
  ]),
  ...inFile('src/accounts/sql.ts', WALLS, [
    [
      'a deleted workspace is there',
      'WHERE w.id = ANY(${ids}::bigint[]) AND w.deleted_ms IS NULL',
      'WHERE w.id = ANY(${ids}::bigint[])',
    ],
    [
      'a deleted integration is there',
      'WHERE id = ANY(${ids}::bigint[]) AND deleted_ms IS NULL',
      'WHERE id = ANY(${ids}::bigint[])',
    ],
    [
      'integrations of others are one’s own',
      'WHERE workspace_id = ANY(${workspaceIds}::bigint[]) AND deleted_ms IS NULL',
      'WHERE deleted_ms IS NULL',
    ],
    [
      'another’s integration is changed',
      'WHERE id = ${id} AND workspace_id = ${workspaceId} AND deleted_ms IS NULL FOR NO KEY UPDATE',
      'WHERE id = ${id} AND deleted_ms IS NULL FOR NO KEY UPDATE',
    ],
    [
      'another’s integration is switched off',
      'UPDATE integrations SET status = ${i.status}, changed_ms = ${nowMs}\n    WHERE id = ${i.id} AND workspace_id = ${i.workspaceId}',
      'UPDATE integrations SET status = ${i.status}, changed_ms = ${nowMs}\n    WHERE id = ${i.id}',
    ],
    [
      'another’s integration is deleted',
      'callback_key_sealed = NULL\n    WHERE id = ${i.id} AND workspace_id = ${i.workspaceId}',
      'callback_key_sealed = NULL\n    WHERE id = ${i.id}',
    ],
    [
      'another’s audit log is read',
      'WHERE bucket = ${a.bucket} AND workspace_id = ${a.workspaceId} AND',
      'WHERE bucket = ${a.bucket} AND',
    ],
  ]),
  ...inFile(
    'src/accounts/cache.ts',
    ['src/accounts/cache.test.ts'],
    [
      [
        'what was changed elsewhere is never seen',
        'const fresh = ageMs >= 0 && ageMs <= FRESH_MS;',
        'const fresh = true;',
      ],
      ['what was forgotten is remembered', 'forget(key) {\n      entries.delete(key);', 'forget(_key) {'],
      ['a failed read is kept', 'if (entries.get(key) === entry) entries.delete(key);', ''],
    ],
  ),
  ...inFile(
    'src/accounts/idempotency.ts',
    ['src/accounts/idempotency.test.ts'],
    [
      ['a request is done twice', 'if (kept[n]) known.set(at, replay(kept[n], requestHash));\n    else', ''],
      ['two at once are both done', 'else if (!taken[n]) known.set(at, inFlight());', ''],
      [
        'together: what is refused stands',
        "if (refused === 'undoes all' && answers.some(isFault)) throw new NotTogether('one of them is refused');",
        '',
      ],
      ['a key answers for another request', 'if (kept.request_hash !== requestHash)', 'if (false)'],
      ['a refusal stands', 'if (isFault(outcome)) throw new RolledBack(outcome);', ''],
      [
        'keys of others are one’s own',
        'return [{ scope, key, requestHash,',
        "return [{ scope: 'x', key, requestHash,",
      ],
    ],
  ),
  ...inFile(
    'src/accounts/signIn/passwordLinks.ts',
    ['test/signIn.test.ts', 'test/administrator.test.ts'],
    [
      [
        'a link works twice',
        'if (!(await deletePasswordLink(tx, tokenHash))) return over();',
        'await deletePasswordLink(tx, tokenHash);',
      ],
      [
        'a new password leaves sessions',
        '  await updateSessionsOfEnded(tx, id);\n  const row',
        '  const row',
      ],
    ],
  ),
];
