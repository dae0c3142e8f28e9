/** What FCM's errors mean: one class per code, and from an answer to an outcome. */
import type { ErrorClass } from '../../../contract/channels.ts';
import { retryAfterMs, type HttpOutcome } from '../../base/http.ts';
import type { Outcome } from '../adapter.ts';
import { jsonObject, outcomeOf, plainDetail, unanswered, type CodeMeaning } from '../kit/outcome.ts';

/** A row: code, HTTP status, class, and what it says in words. */
type FcmCode = readonly [code: string, status: number, meaning: ErrorClass, title: string];

/** Codes of `google.firebase.fcm.v1.FcmError`, and of google.rpc where that is absent. */
export const FCM_CODES: readonly FcmCode[] = [
  ['INVALID_ARGUMENT', 400, 'content', 'A field of the message is invalid'],
  ['THIRD_PARTY_AUTH_ERROR', 401, 'config', 'The APNs key or web push key of the Firebase project is bad'],
  ['UNAUTHENTICATED', 401, 'refresh_token', 'The access token is not accepted'],
  ['SENDER_ID_MISMATCH', 403, 'recipient', 'The device belongs to another Firebase project'],
  ['PERMISSION_DENIED', 403, 'config', 'The service account may not send for this project'],
  ['UNREGISTERED', 404, 'recipient', 'The app was removed, or the token is old'],
  ['QUOTA_EXCEEDED', 429, 'rate', 'Too many messages, to this device or from this project'],
  ['INTERNAL', 500, 'transient', 'FCM has a fault'],
  ['UNAVAILABLE', 503, 'transient', 'FCM is not available'],
];

const CLASS_OF = new Map<string, ErrorClass>([
  ...FCM_CODES.map(([code, , meaning]): [string, ErrorClass] => [code, meaning]),
  ['RESOURCE_EXHAUSTED', 'rate'],
  // Without an FcmError it is not the device that is unknown, but the project or the path.
  ['NOT_FOUND', 'config'],
  ['DEADLINE_EXCEEDED', 'ambiguous'],
]);
const FCM_ERROR = /\/google\.firebase\.fcm\.v1\.FcmError$/;
/** "At least one minute", where Google names no time for a quota. */
const QUOTA_WAIT_MS = 60_000;

/** The outcome of a send. An UNAUTHENTICATED that a new token did not mend is for an operator. */
export function fcmOutcome(call: HttpOutcome, nowMs: number, secrets: readonly string[]): Outcome {
  if (call.kind !== 'answer') return unanswered(call, secrets);
  const { status, headers, body } = call;
  const answer = jsonObject(body.toString('utf8'));
  if (status === 200 && typeof answer?.name === 'string' && answer.name.startsWith('projects/'))
    return { kind: 'accepted', externalIds: [answer.name], receipts: false };
  const error = errorOf(answer?.error);
  const waitMs = retryAfterMs(headers, nowMs);
  if (!error) return notFcm(status, waitMs);
  const named = error.code ?? `http_${status}`;
  return outcomeOf(
    verdictOf(named, status, error, waitMs),
    plainDetail(named, secrets),
    plainDetail(error.message || `HTTP ${status}`, secrets),
  );
}

/** True when a new access token may help. */
export function wantsNewToken(call: HttpOutcome): boolean {
  if (call.kind !== 'answer' || call.status !== 401) return false;
  return errorOf(jsonObject(call.body.toString('utf8'))?.error)?.code !== 'THIRD_PARTY_AUTH_ERROR';
}

type FcmError = { code: string | undefined; message: string; fields: string[] };

function errorOf(value: unknown): FcmError | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { status, message, details } = value as Record<string, unknown>;
  const list = (Array.isArray(details) ? details : []).filter(
    (detail): detail is Record<string, unknown> => typeof detail === 'object' && detail !== null,
  );
  const own = list.find((detail) => typeof detail['@type'] === 'string' && FCM_ERROR.test(detail['@type']));
  const code = [own?.errorCode, status].find(
    (name): name is string =>
      typeof name === 'string' && /^[A-Z_]{1,64}$/.test(name) && name !== 'UNSPECIFIED_ERROR',
  );
  const fields = list
    .flatMap(({ fieldViolations }) => (Array.isArray(fieldViolations) ? (fieldViolations as unknown[]) : []))
    .map((violation) => (violation as { field?: unknown } | null)?.field)
    .filter((field) => typeof field === 'string');
  return { code, message: typeof message === 'string' ? message : '', fields };
}

function verdictOf(code: string, status: number, error: FcmError, waitMs: number | undefined): CodeMeaning {
  const meaning = CLASS_OF.get(code) ?? classOfStatus(status);
  if (code === 'INVALID_ARGUMENT') return { class: namesDevice(error) ? 'recipient' : 'content' };
  if (meaning === 'refresh_token') return { class: 'config' };
  if (meaning === 'rate') return { class: 'rate', retryAfterMs: waitMs ?? QUOTA_WAIT_MS };
  return { class: meaning, retryAfterMs: waitMs };
}

/** Whether it is the address that is invalid: only then may it be given up. */
function namesDevice({ fields, message }: FcmError): boolean {
  if (fields.length > 0) return fields.some((field) => field === 'message.token' || field === 'message.fid');
  return /\bregistration token\b|\bmessage\.(token|fid)\b/i.test(message);
}

/** A code that Google has added since. */
function classOfStatus(status: number): ErrorClass {
  if (status === 404) return 'config';
  if (status === 401 || status === 403) return 'config';
  if (status === 429) return 'rate';
  return status >= 500 ? 'transient' : 'content';
}

/** Not FCM's own words: Google's front end (502 and 503 in HTML), a proxy in between, or a wrong base URL. */
function notFcm(status: number, waitMs: number | undefined): Outcome {
  const code = `http_${status}`;
  const detail = `HTTP ${status} without an explanation`;
  if (status === 429)
    return outcomeOf({ class: 'rate', retryAfterMs: waitMs ?? QUOTA_WAIT_MS }, code, detail);
  if (status === 502 || status === 503)
    return outcomeOf({ class: 'transient', retryAfterMs: waitMs }, code, detail);
  if (status >= 500 || status < 300 || status === 408) return { kind: 'unclear', code, detail };
  const config = status < 400 || status === 401 || status === 403 || status === 404;
  return outcomeOf({ class: config ? 'config' : 'transient' }, code, detail);
}
