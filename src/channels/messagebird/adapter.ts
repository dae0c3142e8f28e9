/** SMS through MessageBird, whose two APIs are one provider: the classic one and Bird v1. A setting picks. */
import type { Adapter, IntegrationSetting } from '../adapter.ts';
import { secretsOf } from '../kit/outcome.ts';
import { BIRD_BATCH, openBird } from './bird.ts';
import { isV1, receiveMessageBird } from './callback.ts';
import { CLASSIC_URL, openClassic } from './classic.ts';
import { lookUpNumber, NOT_OFFERED } from './number.ts';

const SETTINGS = {
  api: {
    required: false,
    secret: false,
    means: 'classic or v1. When absent, a key that begins with bk_ is for v1, any other for classic.',
    schema: { enum: ['classic', 'v1'] },
  },
  accessKey: { required: true, secret: true, means: 'The access key; of Bird v1 `bk_<region>_…`.' },
  originator: {
    required: true,
    secret: false,
    means: 'Who it comes from: a number with its country code, or 1 to 11 letters, digits and spaces.',
    schema: {
      type: 'string',
      pattern: '^(\\+?[0-9]{3,15}|(?! )(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}(?<! ))$',
      rule: 'must be a number, or 1 to 11 letters A-Z or a-z, digits or spaces and not digits only',
    },
  },
  signingKey: {
    required: false,
    secret: true,
    means:
      'Verifies callbacks. Classic: the signing key. v1: the secret of the webhook, `whsec_…`; needed there.',
  },
  webhookSecret: {
    required: false,
    secret: true,
    means: 'Classic without a signing key: a secret of yours that stands in the callback URLs.',
  },
  baseUrl: {
    required: false,
    secret: false,
    leads: true,
    means: `Where the API is; ${CLASSIC_URL}, or the region of the key, when absent.`,
  },
} as const satisfies Record<string, IntegrationSetting>;

/** The adapter. */
export const messagebird: Adapter = {
  provider: 'messagebird',
  title: 'MessageBird',
  channel: 'sms',
  settings: SETTINGS,
  confirms: 'delivered',
  // Bird v1 is; its sender says so.
  idempotent: false,
  // Of Bird v1. The classic API takes several recipients of one text, but one reference for all: receipts could not be told apart.
  batchSize: BIRD_BATCH,
  open(settings, tools) {
    const secrets = secretsOf(SETTINGS, settings);
    return isV1(settings) ? openBird(settings, tools, secrets) : openClassic(settings, tools, secrets);
  },
  lookUpNumber: (settings, tools, number) =>
    isV1(settings)
      ? Promise.resolve(NOT_OFFERED)
      : lookUpNumber(settings, tools, secretsOf(SETTINGS, settings), number),
  receive: receiveMessageBird,
  parsedApart: { purposes: [], module: new URL('callback.ts', import.meta.url) },
};
