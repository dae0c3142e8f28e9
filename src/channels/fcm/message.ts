/** A rendered push as FCM's HTTP v1 API takes it, for Android, Apple and web at once. Pure. */
import type { Outgoing } from '../adapter.ts';
import { apsOf, collapseId, expirationOf, given, knownByOutbound, type Push } from '../kit/pushPayload.ts';
import { topicOf } from '../webpush/payload.ts';
import { dataOfOutbound } from './outbound.ts';

/** Where a message goes: a registration token, or a Firebase installation id. */
export type FcmTarget = { token: string } | { fid: string };

/** The most bytes of notification and data. */
export const LARGEST_MESSAGE = 4096;
/** FCM keeps a message for four weeks at most. */
const LONGEST_TTL_S = 28 * 86_400;
/** Keys FCM keeps for itself; a message with one is refused as a whole, so they are left out. */
const RESERVED = /^(from|message_type|notification|google\..*|gcm\..*)$/i;

/** Where a message goes, and whether it is a library of Outbound that shows it on Android. */
type To = { target: FcmTarget; isOutbound?: boolean };

/** The body of a send, and how many bytes of it count. */
export function fcmMessage(
  { ref, messageClass, ttlS }: Pick<Outgoing, 'ref' | 'messageClass' | 'ttlS'>,
  push: Push,
  { target, isOutbound = false }: To,
  nowMs: number,
): { body: string; sizeBytes: number } {
  const { title, imageUrl, silent } = push;
  const alert = given({ title, body: push.body || undefined });
  const notification = { ...alert, ...given({ image: imageUrl }) };
  const data = dataOf(ref, push);
  const outbound = isOutbound ? { ...data, ...dataOfOutbound(ref, push) } : undefined;
  const key = push.collapseKey ?? ref;
  const urgent = !silent && messageClass !== 'marketing';
  const lifeS = ttlS === undefined ? undefined : Math.min(Math.max(Math.floor(ttlS), 0), LONGEST_TTL_S);
  const message = {
    ...target,
    // Android shows what has one by itself while the app is not open, and the library hears nothing of it.
    ...(silent || outbound ? {} : { notification }),
    data,
    android: given({
      priority: urgent ? 'HIGH' : 'NORMAL',
      ttl: lifeS === undefined ? undefined : `${lifeS}s`,
      // Not without a key of its own: FCM knows at most four of them for a device, and drops what is beyond.
      collapseKey: push.collapseKey,
      // On the device, though, each message replaces itself.
      notification: silent || outbound ? undefined : given({ tag: key, notificationCount: push.badge }),
      data: outbound,
    }),
    apns: {
      headers: given({
        'apns-collapse-id': collapseId(key),
        'apns-push-type': silent ? 'background' : 'alert',
        'apns-priority': urgent ? '10' : '5',
        'apns-expiration': lifeS === undefined ? undefined : expirationOf(nowMs, lifeS),
      }),
      payload: {
        aps: silent ? { 'content-available': 1 } : { ...(outbound ? { alert } : {}), ...given(apsOf(push)) },
        ...knownByOutbound(ref, push),
      },
      ...(imageUrl === undefined || silent ? {} : { fcmOptions: { image: imageUrl } }),
    },
    webpush: given({
      headers: given({
        Topic: topicOf(key),
        Urgency: silent ? 'low' : urgent ? 'high' : 'normal',
        TTL: lifeS === undefined ? undefined : String(lifeS),
      }),
      notification: silent
        ? undefined
        : { ...(outbound ? notification : {}), ...given({ tag: key, actions: webActions(push) }) },
      // "For all URL values, HTTPS is required."
      fcmOptions: push.deepLink?.startsWith('https://') ? { link: push.deepLink } : undefined,
    }),
  };
  const sizeBytes = sizeOf(silent ? {} : notification) + sizeOf(data);
  return { body: JSON.stringify({ message }), sizeBytes: Math.max(sizeBytes, sizeOf(outbound ?? {})) };
}

/** What the app reads. Values are texts. */
function dataOf(ref: string, push: Push): Record<string, string> {
  const own = Object.entries(push.data ?? {}).filter(([name]) => !RESERVED.test(name));
  const ours = given({
    ref,
    deepLink: push.deepLink,
    category: push.category,
    actions: push.actions && JSON.stringify(push.actions),
    ...(push.silent ? { title: push.title, body: push.body || undefined, imageUrl: push.imageUrl } : {}),
  });
  return { ...Object.fromEntries(own), ...(ours as Record<string, string>) };
}

function webActions(push: Push): { action: string; title: string }[] | undefined {
  return push.actions?.map(({ id, title }) => ({ action: id, title }));
}

/** Names and values, without what JSON puts around them: never more than FCM counts. */
function sizeOf(fields: object): number {
  let sizeBytes = 0;
  for (const [name, value] of Object.entries(fields))
    sizeBytes += Buffer.byteLength(name) + Buffer.byteLength(String(value));
  return sizeBytes;
}
