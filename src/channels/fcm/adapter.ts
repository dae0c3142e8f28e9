/**
 * Push through Firebase Cloud Messaging (HTTP v1): Android, and Apple and web apps that use Firebase. One HTTP/2
 * connection for each integration, a request for each device. FCM's 200 is the last word.
 */
import type { Adapter, AdapterTools, IntegrationSetting, Outcome, Sender, Settings } from '../adapter.ts';
import { http2Client } from '../kit/http2.ts';
import { secretsOf, textSetting } from '../kit/outcome.ts';
import { withKind } from '../kit/pushAddress.ts';
import { accessTokens, serviceAccountOf } from './account.ts';
import { fcmMessage, type FcmTarget, LARGEST_MESSAGE } from './message.ts';
import { fcmOutcome, wantsNewToken } from './outcomes.ts';

/** Where FCM is, unless the settings say otherwise. */
const FCM_URL = 'https://fcm.googleapis.com';

const SETTINGS = {
  serviceAccount: {
    required: true,
    secret: true,
    means: 'The whole text of a service account’s key file (JSON), from the Firebase console.',
  },
  projectId: {
    required: false,
    secret: false,
    means: 'Firebase project to send for; that of the service account when absent.',
    schema: {
      type: 'string',
      pattern: '^[a-z0-9][a-z0-9:.-]*$',
      rule: 'must be the id of a project: lower-case letters, digits and -',
    },
  },
  senderId: {
    required: false,
    secret: false,
    means: 'Number of the Firebase project, to be shown.',
    schema: { type: 'string', pattern: '^[0-9]+$', rule: 'must be digits' },
  },
  outboundLibrary: {
    required: false,
    secret: false,
    means:
      'Whether the Android app has the library of Outbound or Connect: pushes go to it as data, as that library shows them and tells of them.',
    schema: { type: 'boolean' },
  },
  baseUrl: { required: false, secret: false, leads: true, means: `Where FCM is; ${FCM_URL} when absent.` },
} as const satisfies Record<string, IntegrationSetting>;

/** The adapter. */
export const fcm: Adapter = {
  provider: 'fcm',
  title: 'Firebase (FCM)',
  channel: 'push',
  settings: SETTINGS,
  confirms: 'nothing',
  idempotent: false,
  open: openFcm,
};

function openFcm(settings: Settings, tools: AdapterTools): Sender {
  const account = serviceAccountOf(textSetting(settings, 'serviceAccount') ?? '');
  if ('wrong' in account) return unusable(account.wrong);
  const secrets = [...secretsOf(SETTINGS, settings), account.pem];
  const client = http2Client({
    baseUrl: textSetting(settings, 'baseUrl') ?? FCM_URL,
    deadlineMs: tools.deadlineMs,
    guard: tools.guard,
  });
  const tokens = accessTokens(account, tools, secrets);
  const project = encodeURIComponent(textSetting(settings, 'projectId') ?? account.projectId);
  const isOutbound = settings['outboundLibrary'] === true;
  const path = `/v1/projects/${project}/messages:send`;
  const call = (body: string, token: string) =>
    client.call({
      path,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body,
    });
  return {
    async send(message) {
      const { to, rendered } = message;
      if (rendered.channel !== 'push') return refused('wrong_channel', 'not a push');
      const target = targetOf(to);
      if (!target) return refused('wrong_address', 'not a device of Firebase (fcm:… or fid:…)');
      const { body, sizeBytes } = fcmMessage(message, rendered, { target, isOutbound }, tools.nowMs());
      if (sizeBytes > LARGEST_MESSAGE)
        return refused('payload_too_large', `${sizeBytes} bytes; a push has at most ${LARGEST_MESSAGE}`);
      let access = await tokens.current();
      if ('kind' in access) return access;
      let answer = await call(body, access.token);
      if (wantsNewToken(answer)) {
        tokens.drop(access.token);
        access = await tokens.current();
        if ('kind' in access) return access;
        answer = await call(body, access.token);
      }
      return fcmOutcome(answer, tools.nowMs(), [...secrets, access.token]);
    },
    close: () => client.close(),
  };
}

function targetOf(to: string): FcmTarget | undefined {
  const [, kind, id] = /^(fcm|fid):([\x21-\x7e]{1,4096})$/.exec(withKind(to, 'fcm')) ?? [];
  if (!kind || !id) return undefined;
  return kind === 'fid' ? { fid: id } : { token: id };
}

function refused(code: string, detail: string): Outcome {
  return { kind: 'refused', code, class: 'content', detail };
}

/** Holds everything until the setting is put right. */
function unusable(detail: string): Sender {
  return {
    send: () => Promise.resolve({ kind: 'deferred', code: 'bad_service_account', class: 'config', detail }),
    close: () => Promise.resolve(),
  };
}
