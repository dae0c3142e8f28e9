/**
 * Signing in at Google with a service account (RFC 7523): a signed claim is exchanged for an access token, which is
 * kept until shortly before its end. However many messages wait for it, it is asked for once.
 */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { formBody, onlyWhile, retryAfterMs, type HttpOutcome } from '../../base/http.ts';
import type { AdapterTools } from '../adapter.ts';
import { signedJwt } from '../kit/jwt.ts';
import { jsonObject, outcomeOf, plainDetail, unanswered, type Failure } from '../kit/outcome.ts';

/** What a service account's file says. */
type FcmAccount = {
  projectId: string;
  email: string;
  keyId: string;
  key: KeyObject;
  /** The key as it was given, to be kept out of details. */
  pem: string;
  tokenUrl: string;
};

const GOOGLE_TOKEN_URL = 'https://oauth2.googleapis.com/token';
const SCOPE = 'https://www.googleapis.com/auth/firebase.messaging';
const CLAIM_S = 3600;
/** A token this near to its end is not used any more. */
const MARGIN_MS = 5 * 60_000;

/** The account in the text of a service account's file; or what is wrong with it. */
export function serviceAccountOf(text: string): FcmAccount | { wrong: string } {
  const file = jsonObject(text);
  if (!file) return { wrong: 'serviceAccount is not the JSON text of a key file' };
  const { project_id: projectId, client_email: email, private_key: pem } = file;
  for (const name of ['project_id', 'client_email', 'private_key'])
    if (typeof file[name] !== 'string' || file[name] === '')
      return { wrong: `serviceAccount has no ${name}` };
  try {
    const key = createPrivateKey(pem as string);
    if (key.asymmetricKeyType !== 'rsa') return { wrong: 'private_key of serviceAccount is not an RSA key' };
    return {
      projectId: projectId as string,
      email: email as string,
      keyId: typeof file.private_key_id === 'string' ? file.private_key_id : '',
      key,
      pem: pem as string,
      tokenUrl: typeof file.token_uri === 'string' ? file.token_uri : GOOGLE_TOKEN_URL,
    };
  } catch {
    return { wrong: 'private_key of serviceAccount is not a key in PEM' };
  }
}

/** Access tokens of one account. */
type AccessTokens = {
  current(): Promise<{ token: string } | Failure>;
  /** Google does not take this one any more. */
  drop(token: string): void;
};

/** The tokens of an account. `secrets` are kept out of details. */
export function accessTokens(
  account: FcmAccount,
  tools: AdapterTools,
  secrets: readonly string[],
): AccessTokens {
  let kept: { token: string; untilMs: number } | undefined;
  let asking: Promise<{ token: string } | Failure> | undefined;

  async function ask(): Promise<{ token: string } | Failure> {
    const askedMs = tools.nowMs();
    const call = await tools.http.call({
      method: 'POST',
      url: account.tokenUrl,
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      body: formBody({
        grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
        assertion: assertionOf(account, askedMs),
      }),
      deadlineMs: tools.deadlineMs,
    });
    const answer =
      call.kind === 'answer' && call.status === 200 ? jsonObject(call.body.toString()) : undefined;
    const token = answer?.access_token;
    if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) return notGranted(call, askedMs, secrets);
    const lifeMs = typeof answer?.expires_in === 'number' ? answer.expires_in * 1000 : CLAIM_S * 1000;
    kept = { token, untilMs: askedMs + Math.max(lifeMs - MARGIN_MS, lifeMs / 2) };
    return { token };
  }

  return {
    current() {
      if (kept && tools.nowMs() < kept.untilMs) return Promise.resolve({ token: kept.token });
      // It is for all that wait, whether or not the first of them may still be sent.
      asking ??= onlyWhile(undefined, ask).finally(() => {
        asking = undefined;
      });
      return asking;
    },
    drop(token) {
      if (kept?.token === token) kept = undefined;
    },
  };
}

function assertionOf({ email, keyId, key, tokenUrl }: FcmAccount, nowMs: number): string {
  const iat = Math.floor(nowMs / 1000);
  const header = { alg: 'RS256', typ: 'JWT', ...(keyId ? { kid: keyId } : {}) };
  return signedJwt(
    header,
    { iss: email, sub: email, scope: SCOPE, aud: tokenUrl, iat, exp: iat + CLAIM_S },
    key,
  );
}

/** Without a token no message has left, so nothing of it is unclear. */
function notGranted(call: HttpOutcome, nowMs: number, secrets: readonly string[]): Failure {
  if (call.kind !== 'answer')
    return { ...unanswered({ kind: 'unsent', reason: call.reason }, secrets), code: 'sign_in_unreachable' };
  const { status, headers, body } = call;
  const answer = jsonObject(body.toString('utf8'));
  const error = typeof answer?.error === 'string' ? answer.error : undefined;
  const said = typeof answer?.error_description === 'string' ? answer.error_description : (error ?? '');
  const code = error && /^[a-z_]{1,40}$/.test(error) ? `sign_in_${error}` : `sign_in_http_${status}`;
  const busy = status >= 500 || status < 300 || status === 408;
  return outcomeOf(
    {
      class: status === 429 ? 'rate' : busy ? 'transient' : 'config',
      retryAfterMs: retryAfterMs(headers, nowMs),
    },
    code,
    plainDetail(`sign-in at Google: HTTP ${status} ${said}`, secrets),
  );
}
