/** A rendered push as APNs takes it: headers and payload. Pure. */
import type { Rendered } from '../../../contract/channels.ts';
import { sha256Hex } from '../../base/crypto.ts';
import type { Outgoing } from '../adapter.ts';

/** A push, rendered. */
export type Push = Extract<Rendered, { channel: 'push' }>;

/** The most bytes of a payload. */
export const LARGEST_PAYLOAD = 4096;

/**
 * The payload: `aps`, what an app of ours reads (`ref`, `deepLink`, …), what a library of Outbound knows its own by, and the message's own data
 * beside it.
 */
export function apnsPayload(ref: string, push: Push): string {
  const { title, body, data, imageUrl, deepLink, actions } = push;
  const seen = given({ title, body: body || undefined });
  const plain = {
    ...data,
    ...(push.silent ? seen : {}),
    ...given({ ref, deepLink, imageUrl, actions }),
    aps: push.silent ? { 'content-available': 1 } : { alert: seen, ...apsOf(push) },
  };
  const known = JSON.stringify({ ...plain, ...knownByOutbound(ref, push) });
  // What has room without it goes without it.
  return Buffer.byteLength(known) > LARGEST_PAYLOAD ? JSON.stringify(plain) : known;
}

/**
 * What the libraries of Outbound and Connect on phones know their own pushes by, and tell of again (`_oid`); they open the link themselves
 * (`_odl`). Read in outboundio/ios-sdk (`isOutboundNotification`) and outboundio/android-sdk (`PushNotification`).
 */
export function knownByOutbound(ref: string, { deepLink }: Push): { _oid?: string; _odl?: string } {
  return given({ _oid: ref, _odl: deepLink });
}

/** The fields that have a value, so that the others hide nothing they are spread over. */
export function given<T extends object>(fields: T): Partial<T> {
  // A loop: it is asked seven times for each push, and a filter over entries was a tenth of what a push costs here.
  const there: Partial<T> = {};
  for (const name of Object.keys(fields) as (keyof T)[])
    if (fields[name] !== undefined) there[name] = fields[name];
  return there;
}

/** `aps` of a visible push but its alert. */
export function apsOf(push: Push): Record<string, unknown> {
  return {
    badge: push.badge,
    category: push.category,
    sound: 'default',
    // Lets the app's notification service extension fetch the picture.
    'mutable-content': push.imageUrl === undefined ? undefined : 1,
  };
}

/** The headers of a push. */
export function apnsHeaders(
  { ref, messageClass, ttlS }: Pick<Outgoing, 'ref' | 'messageClass' | 'ttlS'>,
  push: Push,
  nowMs: number,
): Record<string, string> {
  return {
    'apns-push-type': push.silent ? 'background' : 'alert',
    // 5 lets the device wait for a good moment; a background push with 10 is refused.
    'apns-priority': push.silent || messageClass === 'marketing' ? '5' : '10',
    'apns-collapse-id': collapseId(push.collapseKey ?? ref),
    ...(ttlS === undefined ? {} : { 'apns-expiration': expirationOf(nowMs, ttlS) }),
  };
}

/** When APNs may give up, unix seconds; `0` is one try. */
export function expirationOf(nowMs: number, ttlS: number): string {
  return ttlS > 0 ? String(Math.ceil(nowMs / 1000 + ttlS)) : '0';
}

/**
 * What replaces an earlier notification on the device. Without a key of its own a message replaces only itself, so
 * that a repeat after an unclear outcome is not shown twice. A key that fits no header is hashed.
 */
export function collapseId(key: string): string {
  return /^[\x21-\x7e]{1,64}$/.test(key) ? key : sha256Hex(key);
}

/** A UUID that is the same for each attempt at a delivery (RFC 9562 §5.8). */
export function apnsIdOf(ref: string): string {
  const hex = sha256Hex(`apns-id ${ref}`);
  const variant = ((Number.parseInt(hex[16]!, 16) & 0b0011) | 0b1000).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
