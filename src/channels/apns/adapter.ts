/**
 * Push to iPhone, iPad, Mac and Watch through Apple's own service (APNs), with a key (`.p8`), or a certificate (`.p12`) of before there
 * were keys. One HTTP/2 connection for each integration. APNs' 200 is the last word: whether the device showed it is not told.
 */
import type {
  Adapter,
  AdapterTools,
  IntegrationSetting,
  Outcome,
  Outgoing,
  Sender,
  Settings,
} from '../adapter.ts';
import { http2Client, type Http2Client } from '../kit/http2.ts';
import { secretsOf, textSetting } from '../kit/outcome.ts';
import { withKind } from '../kit/pushAddress.ts';
import { apnsOutcome } from './outcomes.ts';
import { apnsHeaders, apnsIdOf, apnsPayload, LARGEST_PAYLOAD } from '../kit/pushPayload.ts';
import { readCertificate } from './certificate.ts';
import { providerTokens, type ProviderTokens } from './token.ts';

/** Where APNs is, unless the settings say otherwise. */
const APNS_URL = 'https://api.push.apple.com';
/** Where it is for apps that Xcode has installed. */
const APNS_SANDBOX_URL = 'https://api.sandbox.push.apple.com';

const SETTINGS = {
  keyId: {
    required: false,
    secret: false,
    means: 'Id of the key, 10 letters and digits, from the developer account.',
    schema: { type: 'string', pattern: '^[A-Z0-9]{10}$', rule: 'must be 10 capital letters and digits' },
  },
  teamId: {
    required: false,
    secret: false,
    means: 'Id of the team that owns the app, 10 letters and digits.',
    schema: { type: 'string', pattern: '^[A-Z0-9]{10}$', rule: 'must be 10 capital letters and digits' },
  },
  privateKey: {
    required: false,
    secret: true,
    means: 'The key itself: the text of the file AuthKey_….p8, with its first and last line.',
  },
  certificate: {
    required: false,
    secret: true,
    means: 'Instead of a key: a push certificate, the file ….p12 in base64.',
  },
  password: {
    required: false,
    secret: true,
    means: 'The password of that file.',
    schema: { type: 'string' },
  },
  topic: {
    required: false,
    secret: false,
    means:
      'The bundle id of the app, as in com.example.app. With a certificate: that of the certificate when absent.',
  },
  production: {
    required: false,
    secret: false,
    means:
      'False for an app that Xcode installed; true for TestFlight and the App Store. When absent, what the certificate says; else true.',
    schema: { type: 'boolean' },
  },
  autoUpdateBadge: {
    required: false,
    secret: false,
    means: 'Kept for clients that set it; the badge is what a message says.',
    schema: { type: 'boolean' },
  },
  baseUrl: {
    required: false,
    secret: false,
    leads: true,
    means: 'Another address of APNs, for tests. Wins over production.',
  },
  otherBaseUrl: {
    required: false,
    secret: false,
    leads: true,
    means: 'Another address of APNs’ other environment, for tests beside baseUrl.',
  },
} as const satisfies Record<string, IntegrationSetting>;

/** The adapter. */
export const apns: Adapter = {
  provider: 'apns',
  title: 'Apple Push (APNs)',
  channel: 'push',
  settings: SETTINGS,
  amiss,
  confirms: 'nothing',
  // `apns-id` is not used against repeats; a repeat replaces the first on the device instead (`apns-collapse-id`).
  idempotent: false,
  open: openApns,
};

const PREFIX = 'apns:';
const TOKEN = /^[0-9a-fA-F]{16,400}$/;

/** Settings are those of a key, or those of a certificate. */
function amiss(settings: Settings): { field: string; rule: string } | undefined {
  const certificate = textSetting(settings, 'certificate');
  if (certificate === undefined) {
    const missing = (['keyId', 'teamId', 'privateKey', 'topic'] as const).find(
      (name) => textSetting(settings, name) === undefined,
    );
    return missing && { field: missing, rule: `is required (${SETTINGS[missing].means})` };
  }
  if (textSetting(settings, 'privateKey') !== undefined)
    return { field: 'certificate', rule: 'is used instead of privateKey, not beside it' };
  const read = readCertificate(certificate, textSetting(settings, 'password') ?? '');
  if ('wrong' in read) return { field: 'certificate', rule: read.wrong };
  return read.topic === undefined && textSetting(settings, 'topic') === undefined
    ? { field: 'topic', rule: 'is required: the certificate names no app' }
    : undefined;
}

/** How requests are signed in: each by a token, or all by the certificate of the connection. */
type SignIn = {
  topic: string;
  production: boolean;
  identity?: { cert: string; key: string };
  tokens?: ProviderTokens | undefined;
  /** Nothing is sent with it. */
  unusable?: Outcome;
};

function signInOf(settings: Settings): SignIn {
  const topic = textSetting(settings, 'topic');
  const isSandbox = settings.production === false;
  const certificate = textSetting(settings, 'certificate');
  if (certificate === undefined) {
    const [keyId, teamId, pem] = ['keyId', 'teamId', 'privateKey'].map(
      (name) => textSetting(settings, name) ?? '',
    );
    const tokens = providerTokens(keyId!, teamId!, pem!);
    return { topic: topic ?? '', production: !isSandbox, tokens, ...(tokens ? {} : { unusable: BAD_KEY }) };
  }
  const read = readCertificate(certificate, textSetting(settings, 'password') ?? '');
  if ('wrong' in read)
    return { topic: '', production: true, unusable: { ...BAD_KEY, detail: `certificate: ${read.wrong}` } };
  const { cert, key } = read;
  return {
    topic: topic ?? read.topic ?? '',
    production: isSandbox ? false : settings.production === true || read.production !== false,
    identity: { cert, key },
  };
}

function openApns(settings: Settings, tools: AdapterTools): Sender {
  const signIn = signInOf(settings);
  const { topic, tokens } = signIn;
  const { deadlineMs, guard } = tools;
  const clientAt = (baseUrl: string) =>
    http2Client({ baseUrl, deadlineMs, guard, identity: signIn.identity });
  const [baseUrl, otherUrl] = addressesOf(settings, signIn.production);
  const client = clientAt(baseUrl);
  let other: Http2Client | undefined;
  const secrets = secretsOf(SETTINGS, settings);
  const push = async (at: Http2Client, { path, headers, body }: ApnsRequest, jwt?: string) => {
    const signed = jwt === undefined ? headers : { ...headers, authorization: `bearer ${jwt}` };
    const answer = await at.call({ path, headers: signed, body });
    return apnsOutcome(answer, jwt === undefined ? secrets : [...secrets, jwt]);
  };
  const pushSigned = async (at: Http2Client, request: ApnsRequest) => {
    if (!tokens) return push(at, request);
    const jwt = tokens.current(tools.nowMs());
    const outcome = await push(at, request, jwt);
    const expired = 'class' in outcome && outcome.class === 'refresh_token';
    if (!expired || !tokens.replace(jwt, tools.nowMs())) return outcome;
    return push(at, request, tokens.current(tools.nowMs()));
  };
  return {
    async send(message) {
      if (signIn.unusable) return signIn.unusable;
      const request = requestOf(message, topic, tools.nowMs());
      if ('kind' in request) return request;
      const outcome = await pushSigned(client, request);
      if (otherUrl === undefined || !mayBeOfOther(outcome)) return outcome;
      const elsewhere = await pushSigned((other ??= clientAt(otherUrl)), request);
      return saysMore(elsewhere) ? elsewhere : outcome;
    },
    async close() {
      await Promise.all([client.close(), other?.close()]);
    },
  };
}

/** Of the environment that is set, and of the other; with an address of its own no other is known unless it is given. */
function addressesOf(settings: Settings, production: boolean): [own: string, other: string | undefined] {
  const own = textSetting(settings, 'baseUrl');
  if (own !== undefined) return [own, textSetting(settings, 'otherBaseUrl')];
  return production ? [APNS_URL, APNS_SANDBOX_URL] : [APNS_SANDBOX_URL, APNS_URL];
}

/**
 * A token of the other environment is answered as one that never was. Were it taken for dead, one wrong `production` would cost a workspace
 * the devices of everybody it writes to; and an app that somebody's Xcode installed has the same user as one from the App Store.
 */
function mayBeOfOther(outcome: Outcome): boolean {
  return outcome.kind === 'refused' && outcome.code === 'BadDeviceToken';
}

/**
 * Whether the other environment knows the token, or cannot say so yet. One that cannot be reached, or does not take our key, knows of none of ours:
 * what the first said stands.
 */
function saysMore(outcome: Outcome): boolean {
  if (outcome.kind === 'deferred') return outcome.code !== 'unreachable' && outcome.class !== 'config';
  return outcome.kind !== 'refused' || !['BadDeviceToken', 'DeviceTokenNotForTopic'].includes(outcome.code);
}

type ApnsRequest = { path: string; headers: Record<string, string>; body: string };

function requestOf(message: Outgoing, topic: string, nowMs: number): ApnsRequest | Outcome {
  const { ref, rendered } = message;
  const to = withKind(message.to, 'apns');
  if (rendered.channel !== 'push') return refused('wrong_channel', 'not a push');
  if (!to.startsWith(PREFIX)) return refused('wrong_address', 'not the token of an Apple device (apns:…)');
  const token = to.slice(PREFIX.length);
  if (!TOKEN.test(token))
    return {
      kind: 'refused',
      code: 'bad_address',
      class: 'recipient',
      detail: 'a device token is hex digits',
    };
  const body = apnsPayload(ref, rendered);
  const sizeBytes = Buffer.byteLength(body);
  if (sizeBytes > LARGEST_PAYLOAD)
    return refused('payload_too_large', `${sizeBytes} bytes; a push has at most ${LARGEST_PAYLOAD}`);
  const headers = {
    ...apnsHeaders(message, rendered, nowMs),
    'apns-topic': topic,
    'apns-id': apnsIdOf(ref),
    'content-type': 'application/json',
  };
  return { path: `/3/device/${token}`, headers, body };
}

function refused(code: string, detail: string): Outcome {
  return { kind: 'refused', code, class: 'content', detail };
}

const BAD_KEY: Extract<Outcome, { kind: 'deferred' }> = {
  kind: 'deferred',
  code: 'bad_key',
  class: 'config',
  detail: 'privateKey is not the text of a .p8 file (a P-256 private key in PEM)',
};
