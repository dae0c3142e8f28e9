/**
 * Push to browsers (Web Push: RFC 8030, 8291, 8292). There is no provider to sign up with: each subscription names
 * the push service of its browser, which is called over the guarded client, since anybody can bring an endpoint.
 */
import { jsonObject, secretsOf, textSetting } from '../kit/outcome.ts';
import type {
  Adapter,
  AdapterTools,
  Connected,
  IntegrationSetting,
  Outcome,
  Outgoing,
  Sender,
  Settings,
} from '../adapter.ts';
import { encryptPush, LARGEST_PLAINTEXT, type SubscriptionKeys } from './encrypt.ts';
import { webPushOutcome } from './outcomes.ts';
import { topicOf, webPushPayload } from './payload.ts';
import { generateVapidKeys, type Vapid, vapidOf, vapidPublicKey } from './vapid.ts';

const SETTINGS = {
  vapidSubject: {
    required: true,
    secret: false,
    means:
      'Whom a push service can reach about our messages: mailto:… or https://…. Apple refuses an invented one.',
    schema: {
      type: 'string',
      pattern: '^(mailto:[^@\\s]+@[^@\\s]+|https://\\S+)$',
      rule: 'must be mailto: and an address, or begin with https://',
    },
  },
  vapidPrivateKey: {
    required: false,
    secret: true,
    means: 'Private VAPID key, 32 bytes in base64url. Made with the integration when absent.',
    schema: { type: 'string', pattern: '^[A-Za-z0-9_-]{40,44}$', rule: 'must be 32 bytes in base64url' },
  },
  vapidPublic: {
    required: false,
    secret: false,
    means: 'Public VAPID key, which a page subscribes with. Made from the private key when absent.',
    schema: {
      type: 'string',
      pattern: '^B[A-Za-z0-9_-]{86}$',
      rule: 'must be an uncompressed point of P-256 in base64url, which begins with B',
    },
  },
  pushServices: {
    required: false,
    secret: false,
    means:
      'Hosts of the push services that may be called, with what is below them. Any public host when absent.',
    schema: { type: 'array', items: { type: 'string', minLength: 1 } },
  },
} as const satisfies Record<string, IntegrationSetting>;

/** The adapter. */
export const webpush: Adapter = {
  provider: 'webpush',
  title: 'Web Push',
  channel: 'push',
  settings: SETTINGS,
  confirms: 'nothing',
  idempotent: false,
  open: openWebPush,
  connect: (settings) => Promise.resolve(withKeys(settings)),
};

/** What a browser gives when it subscribes. */
type Subscription = { endpoint: string; keys: { p256dh: string; auth: string } };

const PREFIX = 'webpush:';

/** A subscription as an address. */
export function webPushAddress({ endpoint, keys: { p256dh, auth } }: Subscription): string {
  return `${PREFIX}${Buffer.from(JSON.stringify({ endpoint, keys: { p256dh, auth } })).toString('base64url')}`;
}

/** Without a lifetime of its own a message is kept as long as any push service does: four weeks. */
const LONGEST_TTL_S = 28 * 86_400;

function openWebPush(settings: Settings, tools: AdapterTools): Sender {
  const { http, deadlineMs } = tools;
  const secrets = secretsOf(SETTINGS, settings);
  const vapid = vapidOf(
    textSetting(settings, 'vapidPrivateKey') ?? '',
    textSetting(settings, 'vapidSubject') ?? '',
  );
  const services = Array.isArray(settings.pushServices)
    ? (settings.pushServices as unknown[]).map(String)
    : [];
  return {
    async send(message) {
      if (!vapid) return NO_KEY;
      const request = requestOf(message, vapid, services, tools.nowMs());
      if ('kind' in request) return request;
      const call = await http.call({ method: 'POST', ...request, deadlineMs });
      return webPushOutcome(call, tools.nowMs(), secrets);
    },
    close: () => Promise.resolve(),
  };
}

type Request = { url: string; headers: Record<string, string>; body: Buffer };

function requestOf(message: Outgoing, vapid: Vapid, services: string[], nowMs: number): Request | Outcome {
  const { ref, to, rendered, ttlS, messageClass } = message;
  if (rendered.channel !== 'push') return refused('content', 'wrong_channel', 'not a push');
  if (!to.startsWith(PREFIX)) return refused('content', 'wrong_address', 'not a browser (webpush:…)');
  const address = addressOf(to.slice(PREFIX.length));
  if ('wrong' in address) return refused('recipient', 'bad_address', address.wrong);
  const { endpoint, keys } = address;
  const { hostname } = endpoint;
  if (services.length > 0 && !services.some((host) => hostname === host || hostname.endsWith(`.${host}`)))
    return refused('blocked', 'push_service_not_allowed', `${hostname} is not among pushServices`);
  const plain = Buffer.from(webPushPayload(ref, rendered));
  if (plain.length > LARGEST_PLAINTEXT)
    return refused(
      'content',
      'payload_too_large',
      `${plain.length} bytes; a push has at most ${LARGEST_PLAINTEXT}`,
    );
  const body = encryptPush(plain, keys);
  if (!body) return refused('recipient', 'bad_address', 'p256dh is not a point of the curve P-256');
  const urgency = rendered.silent ? 'low' : messageClass === 'marketing' ? 'normal' : 'high';
  return {
    url: endpoint.href,
    headers: {
      authorization: vapid.authorization(endpoint.origin, nowMs),
      'content-encoding': 'aes128gcm',
      'content-type': 'application/octet-stream',
      ttl: String(Math.min(Math.max(Math.floor(ttlS ?? LONGEST_TTL_S), 0), LONGEST_TTL_S)),
      topic: topicOf(rendered.collapseKey ?? ref),
      urgency,
    },
    body,
  };
}

function addressOf(text: string): { endpoint: URL; keys: SubscriptionKeys } | { wrong: string } {
  const subscription = jsonObject(Buffer.from(text, 'base64url').toString('utf8'));
  const { endpoint, keys } = (subscription ?? {}) as {
    endpoint?: unknown;
    keys?: Record<string, unknown> | null;
  };
  if (typeof endpoint !== 'string' || !URL.canParse(endpoint)) return { wrong: 'endpoint is not a URL' };
  const url = new URL(endpoint);
  // As in browsers, what does not leave the machine needs no TLS; whether it may be called is the guard's to say.
  const local = /^(localhost|127\.[0-9.]+|\[::1\])$/.test(url.hostname);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && local))
    return { wrong: 'endpoint is not an https URL' };
  if (url.username || url.password) return { wrong: 'endpoint holds a name or password' };
  const [p256dh, auth] = [keys?.p256dh, keys?.auth].map((key) =>
    Buffer.from(typeof key === 'string' ? key : '', 'base64url'),
  );
  if (p256dh!.length !== 65) return { wrong: 'keys.p256dh is not 65 bytes in base64url' };
  if (auth!.length !== 16) return { wrong: 'keys.auth is not 16 bytes in base64url' };
  return { endpoint: url, keys: { p256dh: p256dh!, auth: auth! } };
}

/** The settings with both keys. A key pair is made once: subscriptions are bound to it. */
function withKeys(settings: Settings): Connected {
  const given = textSetting(settings, 'vapidPrivateKey');
  const givenPublic = textSetting(settings, 'vapidPublic');
  if (!given && givenPublic)
    return refused('config', 'vapid_keys_differ', 'vapidPublic without vapidPrivateKey');
  const privateKey = given ?? generateVapidKeys().privateKey;
  const vapidPublic = vapidPublicKey(privateKey);
  if (!vapidPublic) return refused('config', 'bad_key', 'vapidPrivateKey is not a private key of P-256');
  if (givenPublic && givenPublic !== vapidPublic)
    return refused('config', 'vapid_keys_differ', 'vapidPublic does not belong to vapidPrivateKey');
  return { kind: 'connected', settings: { ...settings, vapidPrivateKey: privateKey, vapidPublic } };
}

function refused(
  meaning: 'content' | 'recipient' | 'config' | 'blocked',
  code: string,
  detail: string,
): Extract<Outcome, { kind: 'refused' }> {
  return { kind: 'refused', code, class: meaning, detail };
}

const NO_KEY: Outcome = {
  kind: 'deferred',
  code: 'bad_key',
  class: 'config',
  detail: 'vapidPrivateKey is not a private key of P-256',
};
