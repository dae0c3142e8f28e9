/** A second look at who may come in, how often, and at what targets are told: limits, times and conditions that are easily left out. */
import { inFile } from '../fault.ts';

const ACCESS = ['src/accounts/access.test.ts'];
const IDEMPOTENCY = ['src/accounts/idempotency.test.ts'];
const SIGN_IN = ['test/signIn.test.ts'];
const DELIVER = ['src/webhooks/deliver.test.ts'];
const BATCH = ['src/webhooks/batch.test.ts', ...DELIVER];
const POLICY = ['src/webhooks/policy.test.ts'];

export const moreAccessFaults = [
  ...inFile(
    'src/accounts/guesses.ts',
    [...SIGN_IN, 'test/strangers.test.ts'],
    [['links can be guessed two thousand at a time', 'most: 20, windowMs', 'most: 2_000, windowMs']],
  ),
  ...inFile(
    'src/accounts/sql.allowances.ts',
    ['test/quotas.test.ts', 'test/strangers.test.ts', ...SIGN_IN],
    [
      [
        'an allowance has no end',
        'WHERE greatest(a.back_ms, ${nowMs}::float8) + ${costMs}::float8 <= ${nowMs + windowMs + 0.5}::float8',
        '',
      ],
      [
        'what was used long ago counts for more than there is',
        'SET back_ms = greatest(a.back_ms, ${nowMs}::float8) + ${costMs}::float8`',
        'SET back_ms = a.back_ms + ${costMs}::float8`',
      ],
      [
        'whoever used a little has all of it back',
        'DELETE FROM allowances WHERE back_ms <= ${nowMs}::float8',
        'DELETE FROM allowances WHERE back_ms >= ${nowMs}::float8',
      ],
    ],
  ),
  ...inFile('src/accounts/signIn/secondFactor.ts', SIGN_IN, [
    ['codes are good for ten minutes', 'const STEPS_OFF = 1;', 'const STEPS_OFF = 20;'],
    [
      'a factor that was never confirmed is asked for',
      'if (!found || found.confirmedMs === null)',
      'if (!found)',
    ],
  ]),
  ...inFile('src/accounts/signIn/sql.secondFactor.ts', SIGN_IN, [
    [
      'a code works twice',
      'AND confirmed_ms IS NOT NULL AND last_step < ${step}',
      'AND confirmed_ms IS NOT NULL',
    ],
    [
      'a recovery code works twice',
      'SET recovery = array_remove(recovery, ${hash})',
      'SET recovery = recovery',
    ],
    [
      'a factor in use is replaced',
      'created_ms = excluded.created_ms\n    WHERE f.confirmed_ms IS NULL',
      'created_ms = excluded.created_ms',
    ],
  ]),
  ...inFile(
    'src/accounts/signIn/sql.passwordLinks.ts',
    [...SIGN_IN, 'test/administrator.test.ts'],
    [
      [
        'a link that is over sets a password',
        'AND l.expires_ms > ${nowMs} AND (l.operator_id',
        'AND (l.operator_id',
      ],
      ['who is disabled sets a password', 'AND (l.operator_id IS NULL OR o.disabled_ms IS NULL)', ''],
      [
        'an older link stays good',
        'DELETE FROM password_links WHERE operator_id IS NOT DISTINCT FROM ${l.operatorId} OR expires_ms',
        'DELETE FROM password_links WHERE expires_ms',
      ],
    ],
  ),
  ...inFile(
    'src/accounts/signIn/sql.signInLinks.ts',
    [...SIGN_IN, 'test/signInProvider.test.ts'],
    [
      [
        'a link to sign in is good for ever',
        'DELETE FROM sign_in_links WHERE token_hash = ${tokenHash} AND expires_ms > ${nowMs} RETURNING',
        'DELETE FROM sign_in_links WHERE token_hash = ${tokenHash} RETURNING',
      ],
    ],
  ),
  ...inFile(
    'src/accounts/signIn/sql.signUps.ts',
    [...SIGN_IN, 'test/connectPage.test.ts'],
    [
      ['a code is tried as often as one likes', 'AND tries < ${t.most} AND expires_ms', 'AND expires_ms'],
      [
        'a code that is over signs up',
        'AND tries < ${t.most} AND expires_ms > ${t.nowMs}',
        'AND tries < ${t.most}',
      ],
    ],
  ),
  ...inFile('src/accounts/keys.ts', ACCESS, [
    ['an app has one key too many', 'present >= MAX_SUNSHINE_KEYS', 'present > MAX_SUNSHINE_KEYS'],
    [
      'a key may be over when it is made',
      '(expiresMs as number) > input.nowMs',
      '(expiresMs as number) >= input.nowMs',
    ],
    [
      'two at once make one key too many',
      "if (!(await lockWorkspace(tx, workspaceId))) return fault('not_found', 'There is no such workspace.');",
      '',
    ],
    [
      'a session that was ended opens for a second',
      'forgetSession: (token) => sessions.forget(sha256Hex(token))',
      'forgetSession: (token) => sessions.forget(token)',
    ],
    [
      'an operator’s Sunshine key is an app’s',
      "(workspaceId === null ? ['account'] : ['app', 'appUser'])",
      "['app', 'appUser']",
    ],
  ]),
  ...inFile(
    'src/accounts/accessTokens.ts',
    ['test/web1on1.test.ts', ...ACCESS],
    [
      [
        'a scope has those above it, too',
        'SCOPES.slice(0, SCOPES.indexOf(scope) + 1)',
        'SCOPES.slice(0, SCOPES.indexOf(scope) + 2)',
      ],
    ],
  ),
  ...inFile('src/accounts/idempotency.ts', IDEMPOTENCY, [
    ['the order of keys makes another request', 'canonicalJson(body)', 'JSON.stringify(body)'],
    ['another method is the same request', '`${method.toUpperCase()}\\n${path}', '`${path}'],
    ['answers are kept for an hour', 'KEPT_MS = 24 * 3600 * 1000', 'KEPT_MS = 3600 * 1000'],
    [
      'a sweep takes what is a minute too young',
      'Math.min(oldest + SWEEP_SLICE_MS, before)',
      'oldest + SWEEP_SLICE_MS',
    ],
    ['a key is as long as one likes', 'key.length > 0 && key.length <= MAX_KEY &&', 'key.length > 0 &&'],
  ]),
  ...inFile(
    'src/accounts/requests.ts',
    ['test/console.test.ts', 'test/quotas.test.ts'],
    [['faults name addresses', "message.replaceAll(/\\S+@\\S+/g, '…@…')", 'message']],
  ),
  ...inFile('src/webhooks/policy.ts', POLICY, [
    ['Web1on1’s calls end after half a day', '18_000, 21_600, 28_800]', '18_000]'],
    [
      'a target that is busy is left alone for a day',
      'THROTTLED = new Set([429, 503])',
      'THROTTLED = new Set([429, 500, 503])',
    ],
    ['what is forbidden is tried again', '[400, 401, 403, 404, 406, 410]', '[400, 401, 404, 406, 410]'],
  ]),
  ...inFile(
    'src/webhooks/gates.ts',
    ['src/webhooks/gates.test.ts'],
    [
      ['any number waits at a gate', '|| gate.waiting.length >= MOST_WAITING', ''],
      ['who waits in vain does so for a minute', 'const STUCK_MS = 1000;', 'const STUCK_MS = 60_000;'],
    ],
  ),
  ...inFile('src/webhooks/deliver.ts', BATCH, [
    [
      'a target that asked to be left alone is called for the next',
      'if (askedMs > 0) run.gates.close(webhook.id, nowMs + askedMs);',
      '',
    ],
    ['what was put off once holds up its line for ever', 'else held.delete(id);', ''],
    ['an answer with a NUL costs the outcome', ".replaceAll('\\0', '\\uFFFD')", ''],
    ['all that are put off come back at once', 'waitMs * (1 + before / BATCH_SIZE)', 'waitMs'],
  ]),
  ...inFile('src/webhooks/settling.ts', BATCH, [
    ['a webhook is given up after five hours', 'FAILING_MS = 120 * 3_600_000', 'FAILING_MS = 5 * 3_600_000'],
    [
      'the second half is written where the first was lost',
      '(await writeGroup(deps, batch, group.slice(0, half), false)) &&',
      '((await writeGroup(deps, batch, group.slice(0, half), true)) || true) &&',
    ],
    ['groups are written in any order', '    await before;\n', ''],
    [
      'failing begins anew with each call',
      'failing.filter((w) => w.failingSinceMs === undefined)',
      'failing',
    ],
  ]),
  ...inFile('src/webhooks/log.ts', BATCH, [
    ['a replay is in another line', 'deps.ids.inBucket(bucketOf(repeats))', 'deps.ids.spread()'],
    [
      'a replay leaves out what failed in that moment',
      'Math.max(0, firstIdAt(which.sinceMs) - 1)',
      'Math.max(0, firstIdAt(which.sinceMs + 1))',
    ],
    ['a page is as long as one likes', 'Math.min(Math.max(page.limit ?? 50, 1), 200)', 'page.limit ?? 50'],
  ]),
  ...inFile(
    'src/webhooks/expand.ts',
    ['src/webhooks/expand.test.ts'],
    [
      [
        'only the first webhooks’ door is told',
        'if (!presenter) continue;',
        'if (!presenter || calls.length) continue;',
      ],
    ],
  ),
];
