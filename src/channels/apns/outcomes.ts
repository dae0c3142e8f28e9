/** What APNs' reasons mean: one class per reason, and from an answer to an outcome. */
import type { ErrorClass } from '../../../contract/channels.ts';
import { isoTime } from '../../base/clock.ts';
import type { HttpOutcome } from '../../base/http.ts';
import type { Outcome } from '../adapter.ts';
import { jsonObject, outcomeOf, plainDetail, unanswered, type Failure } from '../kit/outcome.ts';

/** A row: reason, HTTP status, class, and what it says in words. */
type ApnsReason = readonly [reason: string, status: number, meaning: ErrorClass, title: string];

/** Every reason of Apple's table ("Handling notification responses from APNs"). */
export const APNS_REASONS: readonly ApnsReason[] = [
  ['BadDeviceToken', 400, 'recipient', 'The device token is invalid, or of the other environment'],
  ['DeviceTokenNotForTopic', 400, 'recipient', 'The device token belongs to another app'],
  ['Unregistered', 410, 'recipient', 'The app was removed, or takes no notifications any more'],
  ['ExpiredToken', 410, 'recipient', 'The device token has expired'],
  ['BadCollapseId', 400, 'content', 'The collapse id is longer than 64 bytes'],
  ['BadExpirationDate', 400, 'content', 'The expiration is invalid'],
  ['BadMessageId', 400, 'content', 'The apns-id is not a UUID'],
  ['BadPriority', 400, 'content', 'The priority is invalid'],
  ['BadTopic', 400, 'content', 'The topic is invalid'],
  ['DuplicateHeaders', 400, 'content', 'A header was given twice'],
  ['InvalidPushType', 400, 'content', 'The push type is invalid'],
  ['MissingDeviceToken', 400, 'content', 'There is no device token in the path'],
  ['MissingTopic', 400, 'content', 'There is no topic'],
  ['PayloadEmpty', 400, 'content', 'The payload is empty'],
  ['PayloadTooLarge', 413, 'content', 'The payload is larger than 4096 bytes'],
  ['TopicDisallowed', 400, 'config', 'The key may not push to this topic'],
  ['BadCertificate', 403, 'config', 'The certificate is invalid'],
  ['BadCertificateEnvironment', 403, 'config', 'The certificate is of the other environment'],
  ['Forbidden', 403, 'config', 'The action is not allowed'],
  ['InvalidProviderToken', 403, 'config', 'The signature does not fit key id, team id and private key'],
  ['MissingProviderToken', 403, 'config', 'There is no provider token'],
  ['UnrelatedKeyIdInToken', 403, 'config', 'The key id differs from that of earlier requests'],
  ['BadEnvironmentKeyIdInToken', 403, 'config', 'The key is of the other environment'],
  ['BadEnvironmentKeyInToken', 403, 'config', 'The key is of the other environment'],
  ['ExpiredProviderToken', 403, 'refresh_token', 'The provider token is older than an hour'],
  ['BadPath', 404, 'config', 'The path is invalid'],
  ['MethodNotAllowed', 405, 'config', 'The method is not POST'],
  ['TooManyRequests', 429, 'rate', 'Too many notifications to this one device'],
  ['TooManyProviderTokenUpdates', 429, 'config', 'The provider token is renewed too often'],
  ['IdleTimeout', 400, 'transient', 'The connection was quiet for too long'],
  ['InternalServerError', 500, 'transient', 'APNs has a fault'],
  ['ServiceUnavailable', 503, 'transient', 'APNs is not available'],
  ['Shutdown', 503, 'transient', 'This server of APNs is stopping'],
];

const BY_REASON = new Map(APNS_REASONS.map((row) => [row[0], row]));
/** "Retry after 15 minutes" (Apple, on a server that has a fault). A server that stops sends us to another at once. */
const FAULT_WAIT_MS = 15 * 60_000;

/** The outcome of a push. `secrets` are kept out of the detail. */
export function apnsOutcome(call: HttpOutcome, secrets: readonly string[]): Outcome {
  if (call.kind !== 'answer') return unanswered(call, secrets);
  const id = call.headers['apns-id'];
  // Each answer of APNs names the notification. A 200 that does not is somebody else's.
  if (call.status === 200 && typeof id === 'string')
    return { kind: 'accepted', externalIds: [id], receipts: false };
  const error = jsonObject(call.body.toString('utf8'));
  const reason = typeof error?.reason === 'string' ? error.reason : undefined;
  if (reason === undefined) return notApns(call.status, secrets);
  return ofReason(call.status, reason, error?.timestamp, secrets);
}

function ofReason(status: number, reason: string, timestamp: unknown, secrets: readonly string[]): Failure {
  const row = BY_REASON.get(reason);
  const since =
    typeof timestamp === 'number' && Math.abs(timestamp) < 8e15 ? `, since ${isoTime(timestamp)}` : '';
  const meaning = row?.[2] ?? classOfStatus(status);
  const code = row || /^[A-Za-z]{1,64}$/.test(reason) ? reason : `http_${status}`;
  const wait = reason === 'InternalServerError' || reason === 'ServiceUnavailable';
  return outcomeOf(
    { class: meaning, retryAfterMs: wait ? FAULT_WAIT_MS : undefined },
    plainDetail(code, secrets),
    plainDetail(`${row?.[3] ?? reason}${since}`, secrets),
  );
}

/** A reason that Apple has added since. */
function classOfStatus(status: number): ErrorClass {
  if (status === 410) return 'recipient';
  if (status === 429) return 'rate';
  if (status >= 500) return 'transient';
  return status === 403 || status === 404 || status === 405 ? 'config' : 'content';
}

/** Not Apple's own words: a proxy in between, or a wrong base URL. */
function notApns(status: number, secrets: readonly string[]): Failure {
  const code = `http_${status}`;
  const detail = plainDetail(`HTTP ${status} without a reason`, secrets);
  if (status >= 500 || status < 300 || status === 408) return { kind: 'unclear', code, detail };
  const config = status < 400 || status === 401 || status === 403 || status === 404 || status === 405;
  return outcomeOf({ class: config ? 'config' : 'transient' }, code, detail);
}
