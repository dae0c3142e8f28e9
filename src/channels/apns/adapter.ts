/**
 * Push to iPhone, iPad, Mac and Watch through Apple's own service (APNs), with a key (`.p8`). One HTTP/2 connection
 * for each integration. APNs' 200 is the last word: whether the device showed it is not told.
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
import { http2Client } from '../kit/http2.ts';
import { secretsOf, textSetting } from '../kit/outcome.ts';
import { apnsOutcome } from './outcomes.ts';
import { apnsHeaders, apnsIdOf, apnsPayload, LARGEST_PAYLOAD } from '../kit/pushPayload.ts';
import { providerTokens } from './token.ts';

/** Where APNs is, unless the settings say otherwise. */
const APNS_URL = 'https://api.push.apple.com';
/** Where it is for apps that Xcode has installed. */
const APNS_SANDBOX_URL = 'https://api.sandbox.push.apple.com';

const SETTINGS = {
  keyId: {
    required: true,
    secret: false,
    means: 'Id of the key, 10 letters and digits, from the developer account.',
    schema: { type: 'string', pattern: '^[A-Z0-9]{10}$' },
  },
  teamId: {
    required: true,
    secret: false,
    means: 'Id of the team that owns the app, 10 letters and digits.',
    schema: { type: 'string', pattern: '^[A-Z0-9]{10}$' },
  },
  privateKey: {
    required: true,
    secret: true,
    means: 'The key itself: the text of the file AuthKey_….p8, with its first and last line.',
  },
  topic: { required: true, secret: false, means: 'The bundle id of the app, as in com.example.app.' },
  production: {
    required: false,
    secret: false,
    means: 'False for an app that Xcode installed; true, also when absent, for TestFlight and the App Store.',
    schema: { type: 'boolean' },
  },
  baseUrl: {
    required: false,
    secret: false,
    leads: true,
    means: 'Another address of APNs, for tests. Wins over production.',
  },
} as const satisfies Record<string, IntegrationSetting>;

/** The adapter. */
export const apns: Adapter = {
  provider: 'apns',
  channel: 'push',
  settings: SETTINGS,
  confirms: 'nothing',
  // `apns-id` is not used against repeats; a repeat replaces the first on the device instead (`apns-collapse-id`).
  idempotent: false,
  open: openApns,
};

const PREFIX = 'apns:';
const TOKEN = /^[0-9a-fA-F]{16,400}$/;

function openApns(settings: Settings, tools: AdapterTools): Sender {
  const baseUrl =
    textSetting(settings, 'baseUrl') ?? (settings.production === false ? APNS_SANDBOX_URL : APNS_URL);
  const client = http2Client({ baseUrl, deadlineMs: tools.deadlineMs, guard: tools.guard });
  const topic = textSetting(settings, 'topic') ?? '';
  const secrets = secretsOf(SETTINGS, settings);
  const tokens = providerTokens(
    textSetting(settings, 'keyId') ?? '',
    textSetting(settings, 'teamId') ?? '',
    textSetting(settings, 'privateKey') ?? '',
  );
  const push = async (
    request: { path: string; headers: Record<string, string>; body: string },
    jwt: string,
  ) =>
    apnsOutcome(
      await client.call({ ...request, headers: { ...request.headers, authorization: `bearer ${jwt}` } }),
      [...secrets, jwt],
    );
  return {
    async send(message) {
      if (!tokens) return BAD_KEY;
      const request = requestOf(message, topic, tools.nowMs());
      if ('kind' in request) return request;
      const jwt = tokens.current(tools.nowMs());
      const outcome = await push(request, jwt);
      const expired = 'class' in outcome && outcome.class === 'refresh_token';
      if (!expired || !tokens.replace(jwt, tools.nowMs())) return outcome;
      return push(request, tokens.current(tools.nowMs()));
    },
    close: () => client.close(),
  };
}

function requestOf(
  message: Outgoing,
  topic: string,
  nowMs: number,
): { path: string; headers: Record<string, string>; body: string } | Outcome {
  const { ref, to, rendered } = message;
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

const BAD_KEY: Outcome = {
  kind: 'deferred',
  code: 'bad_key',
  class: 'config',
  detail: 'privateKey is not the text of a .p8 file (a P-256 private key in PEM)',
};
