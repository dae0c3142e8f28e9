/** A rendered push as a browser gets it: JSON that a service worker shows, or Safari by itself. Pure. */
import { createHash } from 'node:crypto';
import { given, type Push } from '../kit/pushPayload.ts';

/**
 * `notification` is what `showNotification(notification.title, notification)` takes. With a link it is a declarative
 * push too (`web_push: 8030`), which Safari can show when no service worker answers; `mutable` lets one answer first.
 */
export function webPushPayload(ref: string, push: Push): string {
  const { body, deepLink, badge, actions, data, imageUrl } = push;
  const ours = { ...data, ...given({ ref, deepLink }) };
  if (push.silent)
    return JSON.stringify({ silent: true, title: push.title, body: body || undefined, data: ours });
  // A declarative action needs an address of its own, which a choice has not.
  const declarative = isWebAddress(deepLink) && !actions;
  return JSON.stringify({
    web_push: declarative ? 8030 : undefined,
    mutable: declarative || undefined,
    app_badge: badge,
    notification: {
      title: push.title ?? body,
      body: push.title === undefined || body === '' ? undefined : body,
      navigate: isWebAddress(deepLink) ? deepLink : undefined,
      image: imageUrl,
      // A repeat replaces the first on the screen.
      tag: push.collapseKey ?? ref,
      actions: actions?.map(({ id, title }) => ({ action: id, title })),
      data: ours,
    },
  });
}

/** A `Topic`: what replaces an earlier message that was not delivered yet. At most 32 base64url characters (RFC 8030 §5.4). */
export function topicOf(key: string): string {
  if (/^[A-Za-z0-9_-]{1,32}$/.test(key)) return key;
  return createHash('sha256').update(key).digest('base64url').slice(0, 32);
}

function isWebAddress(uri: string | undefined): boolean {
  return uri !== undefined && /^https?:\/\//i.test(uri);
}
