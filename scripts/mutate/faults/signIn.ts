/** Faults of signing in by the company's own provider (OpenID Connect). */
import { inFile, type Fault } from '../fault.ts';

const PROVIDER = ['test/signInProvider.test.ts'];
const ACCESS = ['src/accounts/access.test.ts'];

export const signInFaults: readonly Fault[] = [
  ...inFile('src/accounts/signIn/provider.ts', PROVIDER, [
    [
      'an address that nobody has verified is believed',
      "typeof email === 'string' && (isVerified === true || isVerified === 'true')",
      "typeof email === 'string'",
    ],
    ['the nonce is not looked at', '          expectedNonce: nonce,\n', ''],
    [
      'a provider that was away once stays away',
      '      found = undefined;\n',
      '',
      ['src/accounts/signIn/provider.test.ts'],
    ],
    [
      'what the provider tells only when asked is not asked for',
      "claims['email'] === undefined && configuration.serverMetadata().userinfo_endpoint !== undefined",
      'false as boolean',
    ],
    [
      'who was turned away there is told that the provider lies',
      "code === 'OAUTH_AUTHORIZATION_RESPONSE_ERROR' && said === 'access_denied'",
      "code === 'none' && said === 'access_denied'",
    ],
  ]),
  ...inFile('src/accounts/signIn/providerSignIn.ts', PROVIDER, [
    [
      'any domain comes in',
      '  if (domains.length === 0) return undefined;\n',
      '  if (domains.length >= 0) return undefined;\n',
    ],
    [
      'a domain within another one comes in',
      'one.toLowerCase() === domain',
      'domain?.endsWith(one.toLowerCase())',
      ['src/accounts/signIn/providerSignIn.test.ts'],
    ],
    [
      'who has an account at the provider is an operator of no workspace',
      'if (!operator || !(await belongsSomewhere(tx, operator.id)))',
      'if (!operator)',
    ],
    [
      'an address that changed hands opens the account of who had it before',
      'if (!bound && (await selectBound(tx, issuer, subject)) !== operator.id)',
      'if (bound as unknown === 0)',
    ],
    [
      'whom the subject was bound to does not matter',
      'boundTo === undefined ? await bind(tx, ids, vouched, nowMs) : await getOperator(tx, boundTo)',
      'boundTo === 0 ? await getOperator(tx, boundTo) : await bind(tx, ids, vouched, nowMs)',
    ],
    [
      'the second factor is not asked for although a workspace demands it',
      'const asksFactor = (await isFactorAsked(tx, found.id)) && (await hasFactor(tx, found.id));',
      'const asksFactor = false;',
    ],
    [
      'the second factor is asked for where no workspace demands it',
      '(await isFactorAsked(tx, found.id)) && (await hasFactor(tx, found.id))',
      '(await hasFactor(tx, found.id))',
    ],
    [
      'a sign-in that took too long is good',
      'expiresMs: nowMs + AWAY_MS }',
      'expiresMs: nowMs + 100 * AWAY_MS }',
      ACCESS,
    ],
  ]),
  ...inFile('src/accounts/signIn/sql.providerSignIn.ts', PROVIDER, [
    [
      'a sign-in of one browser is ended in another',
      'WHERE state_hash = ${s.stateHash} AND browser_hash = ${s.browserHash} AND expires_ms > ${nowMs}',
      'WHERE state_hash = ${s.stateHash} AND ${s.browserHash}::text IS NOT NULL AND expires_ms > ${nowMs}',
    ],
    [
      'the same subject of another issuer is the same operator',
      'WHERE issuer = ${issuer} AND subject = ${subject}',
      "WHERE ${issuer}::text <> '' AND subject = ${subject}",
      ACCESS,
    ],
    [
      'who was invited does not come in',
      'WHERE i.operator_id = ${operatorId} AND w.deleted_ms IS NULL',
      'WHERE i.operator_id = -${operatorId}::bigint AND w.deleted_ms IS NULL',
    ],
  ]),
  ...inFile('src/doors/console/providerDoor.ts', PROVIDER, [
    [
      'somebody is led to a page of others afterwards',
      "origin === new URL(publicUrl).origin && (pathname.startsWith('/w/') || pathname === '/me')",
      "pathname.startsWith('/w/') || pathname === '/me'",
    ],
    [
      'what is no page of the console is gone on to',
      "(pathname.startsWith('/w/') || pathname === '/me')",
      "(pathname.startsWith('/') || pathname === '/me')",
    ],
    [
      'a second tab takes the sign-in of the first',
      'const browser = browserOf(request) ?? randomToken(32);',
      'const browser = randomToken(32);',
    ],
    [
      'where somebody wanted to go is forgotten at the second factor',
      'return `${page}?to=${encodeURIComponent(returnTo)}#${code}`;',
      'return `${page}#${code}`;',
    ],
    [
      'a sign-in by the provider is in no log',
      "    await appendAudit(tx, ctx.ids, { actor: 'nobody', action: 'session.create', subject, detail, nowMs });\n",
      '',
    ],
  ]),
];
