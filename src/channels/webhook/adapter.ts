/**
 * The generic channel: a message as a signed HTTP call to another system, which brings it to the person and may
 * tell us about it and send answers back. The wire is described in docs/channels/webhook.md.
 */
import type { ErrorClass } from '../../../contract/channels.ts';
import { retryAfterMs, type HttpOutcome } from '../../base/http.ts';
import type { Adapter, AdapterTools, IntegrationSetting, Outcome, Sender, Settings } from '../adapter.ts';
import { jsonObject, outcomeOf, plainDetail, secretsOf, textSetting, unanswered } from '../kit/outcome.ts';
import { signatureHeaders, signingKey } from '../kit/standardWebhooks.ts';
import { receiveWebhook } from './callback.ts';

const SETTINGS = {
  url: {
    required: true,
    secret: false,
    leads: true,
    means: 'Where messages are posted to.',
    schema: {
      type: 'string',
      pattern: '^https?://[^\\s]+$',
      rule: 'must be an address that begins with http:// or https://',
    },
  },
  secret: {
    required: true,
    secret: true,
    means: 'Signs both ways: `whsec_` and 24 to 64 random bytes in base64.',
    schema: {
      type: 'string',
      pattern: '^whsec_[A-Za-z0-9+/]{32,88}={0,2}$',
      rule: 'must be whsec_ and 24 to 64 bytes in base64',
    },
  },
  authorization: {
    required: false,
    secret: true,
    means: 'Value of an Authorization header, where the other system wants one besides the signature.',
  },
  headers: {
    required: false,
    secret: false,
    means: 'More headers for each call, a name to a value. Shown to operators, so nothing secret.',
    schema: { type: 'object', additionalProperties: { type: 'string' } },
  },
  receipts: {
    required: false,
    secret: false,
    means: 'True when the other system reports what became of a message. Otherwise its 2xx is the last word.',
    schema: { type: 'boolean' },
  },
} as const satisfies Record<string, IntegrationSetting>;

/** The adapter. */
export const webhook: Adapter = {
  provider: 'webhook',
  title: 'Webhook',
  channel: 'webhook',
  settings: SETTINGS,
  confirms: 'read',
  // `webhook-id` is the same for each attempt; the receiver is told to take each id once.
  idempotent: true,
  open: openWebhook,
  receive: receiveWebhook,
  parsedApart: { purposes: [], module: new URL('callback.ts', import.meta.url) },
};

/** What an answer means; the rest of 4xx is `content`, of 5xx `transient`, of 3xx `config`. */
export const WEBHOOK_ANSWERS: readonly (readonly [status: number, meaning: ErrorClass, title: string])[] = [
  [400, 'content', 'The message is not well formed'],
  [401, 'config', 'The signature is not accepted'],
  [403, 'config', 'We may not call'],
  [404, 'recipient', 'There is no such recipient'],
  [408, 'transient', 'The other system waited too long for us'],
  [410, 'recipient', 'The recipient is gone for good'],
  [413, 'content', 'The message is too big'],
  [422, 'content', 'The message cannot be carried out'],
  [425, 'transient', 'Too early'],
  [429, 'rate', 'Too many calls'],
  [503, 'transient', 'The other system is busy or stopped'],
];
const MEANING = new Map(WEBHOOK_ANSWERS.map(([status, meaning]) => [status, meaning]));

/** Names that the call itself sets, and that a setting may not. */
const OWN_HEADERS =
  /^(host|content-length|content-type|connection|transfer-encoding|authorization|webhook-.*)$/i;

function openWebhook(settings: Settings, tools: AdapterTools): Sender {
  const { http, deadlineMs } = tools;
  const url = textSetting(settings, 'url') ?? '';
  const key = signingKey(textSetting(settings, 'secret') ?? '');
  const secrets = secretsOf(SETTINGS, settings);
  const authorization = textSetting(settings, 'authorization');
  const constant = {
    ...extraHeaders(settings.headers),
    'content-type': 'application/json',
    'user-agent': 'Parley',
    ...(authorization ? { authorization } : {}),
  };
  const receipts = settings.receipts === true;
  return {
    async send({ ref, idempotencyKey, to, rendered, ttlS, messageClass }) {
      if (rendered.channel !== 'webhook') return WRONG_CHANNEL;
      const { text, payload } = rendered;
      const body = JSON.stringify({ type: 'message', ref, to, text, payload, ttlS, messageClass });
      const headers = {
        ...constant,
        ...signatureHeaders(key, { id: idempotencyKey, nowMs: tools.nowMs(), body }),
      };
      const call = await http.call({ method: 'POST', url, headers, body, deadlineMs });
      return webhookOutcome(call, { nowMs: tools.nowMs(), receipts, secrets });
    },
    close: () => Promise.resolve(),
  };
}

const WRONG_CHANNEL: Outcome = {
  kind: 'refused',
  code: 'wrong_channel',
  class: 'content',
  detail: 'not a message for a webhook',
};

function extraHeaders(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null) return {};
  const usable = Object.entries(value).filter(
    ([name, text]) =>
      typeof text === 'string' &&
      /^[\w!#$%&'*+.^`|~-]+$/.test(name) &&
      !OWN_HEADERS.test(name) &&
      !/[\r\n\0]/.test(text),
  );
  return Object.fromEntries(usable.map(([name, text]) => [name.toLowerCase(), text as string]));
}

function webhookOutcome(
  call: HttpOutcome,
  { nowMs, receipts, secrets }: { nowMs: number; receipts: boolean; secrets: readonly string[] },
): Outcome {
  if (call.kind !== 'answer') return unanswered(call, secrets);
  const { status } = call;
  const body = call.body.toString('utf8');
  if (status >= 200 && status < 300) {
    const id = jsonObject(body)?.id;
    return { kind: 'accepted', externalIds: typeof id === 'string' && id ? [id] : [], receipts };
  }
  const error = jsonObject(body)?.error;
  const said = typeof error === 'string' ? error : body;
  const detail = plainDetail(said || `HTTP ${status}`, secrets);
  const meaning = MEANING.get(status) ?? (status < 400 ? 'config' : status < 500 ? 'content' : 'transient');
  return outcomeOf(
    { class: meaning, retryAfterMs: retryAfterMs(call.headers, nowMs) },
    `http_${status}`,
    detail,
  );
}
