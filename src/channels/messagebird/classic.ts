/**
 * MessageBird's classic REST API: no idempotency key, status reports by GET, incoming messages by a Flow that the
 * owner sets up. Bird ends it with 2026; it is here for accounts that still have it.
 */
import { beginningOf } from '../../base/text.ts';
import { parseIsoTime } from '../../base/clock.ts';
import type { ErrorClass } from '../../../contract/channels.ts';
import { retryAfterMs, type HttpOutcome } from '../../base/http.ts';
import { sameText } from '../../base/crypto.ts';
import type {
  AdapterTools,
  Callback,
  CallbackAnswer,
  CallbackRequest,
  Outcome,
  Outgoing,
  Receipt,
  Sender,
  Settings,
} from '../adapter.ts';
import {
  jsonObject,
  outcomeOf,
  plainDetail,
  textSetting,
  unanswered,
  type Failure,
  type CodeMeaning,
} from '../kit/outcome.ts';
import { senderOf } from '../kit/sender.ts';
import { isMessageBirdSigned } from './jwt.ts';
import { entryOf } from '../kit/json.ts';

/** Errors of a call. MessageBird never published a full list: an unknown one is judged by the HTTP status. */
export const CLASSIC_ERRORS: readonly (readonly [code: number, meaning: ErrorClass, title: string])[] = [
  [2, 'config', 'The access key is wrong'],
  [9, 'content', 'A parameter is missing or wrong'],
  [10, 'content', 'A parameter is not valid'],
  [20, 'config', 'Not found'],
  [21, 'content', 'The request is not well formed'],
  [25, 'config', 'Not enough balance'],
  [98, 'transient', 'The API was not found'],
  [99, 'transient', 'Trouble at MessageBird'],
];
const ERRORS = new Map(CLASSIC_ERRORS.map(([code, meaning]) => [code, meaning]));

/** Reasons of a failed delivery (`statusReason`), as MessageBird's documents had them. */
export const CLASSIC_REASONS: readonly (readonly [reason: string, meaning: ErrorClass])[] = [
  ['unknown subscriber', 'recipient'],
  ['unavailable subscriber', 'transient'],
  ['expired', 'expired'],
  ['opted out', 'optout'],
  ['received network error', 'transient'],
  ['insufficient balance', 'config'],
  ['carrier rejected', 'blocked'],
  ['capacity limit reached', 'rate'],
  ['generic delivery failure', 'transient'],
];
const REASONS = new Map(CLASSIC_REASONS);

/** Where the API is, unless the settings say otherwise. */
export const CLASSIC_URL = 'https://rest.messagebird.com';

/** URL and headers of an account. */
export function classicAccount(settings: Settings): { url: string; headers: Record<string, string> } {
  return {
    url: (textSetting(settings, 'baseUrl') ?? CLASSIC_URL).replace(/\/+$/, ''),
    headers: {
      authorization: `AccessKey ${textSetting(settings, 'accessKey') ?? ''}`,
      'content-type': 'application/json',
      accept: 'application/json',
    },
  };
}

/** Opens the classic API. */
export function openClassic(settings: Settings, tools: AdapterTools, secrets: readonly string[]): Sender {
  const account = classicAccount(settings);
  const { headers } = account;
  const url = `${account.url}/messages`;
  const originator = textSetting(settings, 'originator');
  const { http, deadlineMs } = tools;
  return {
    async send({ ref, to, rendered, callbackUrl, ttlS }: Outgoing) {
      if (rendered.channel !== 'sms') return WRONG_CHANNEL;
      const from = rendered.from ?? originator;
      if (!from) return NO_SENDER;
      const body = JSON.stringify({
        originator: from,
        recipients: [to.replace(/^\+/, '')],
        body: withMedia(rendered),
        reference: ref,
        reportUrl: reportUrl(callbackUrl, settings),
        datacoding: 'auto',
        ...(ttlS === undefined ? {} : { validity: Math.max(1, Math.floor(ttlS)) }),
      });
      const call = await http.call({ method: 'POST', url, headers, body, deadlineMs });
      return classicOutcome(call, { nowMs: tools.nowMs(), secrets, ownSender: rendered.from !== undefined });
    },
    close: () => Promise.resolve(),
  };
}

/** Not a text message. */
export const WRONG_CHANNEL: Failure = {
  kind: 'refused',
  code: 'wrong_channel',
  class: 'content',
  detail: 'not a text message',
};
/** Nothing to send from. */
export const NO_SENDER: Failure = {
  kind: 'deferred',
  code: 'no_sender',
  class: 'config',
  detail: 'the integration has no originator',
};

/** The text, with the addresses of pictures behind it: neither API takes MMS. */
export function withMedia({ text, media }: { text: string; media?: { url: string }[] }): string {
  return [text, ...(media ?? []).map(({ url }) => url)].filter(Boolean).join('\n');
}

/** Without a signing key a status report is known by the secret in its URL. */
function reportUrl(callbackUrl: string, settings: Settings): string {
  const secret = textSetting(settings, 'webhookSecret');
  if (!secret || textSetting(settings, 'signingKey')) return callbackUrl;
  return `${callbackUrl}${callbackUrl.includes('?') ? '&' : '?'}secret=${encodeURIComponent(secret)}`;
}

/** How a call is judged. */
type Judging = { nowMs: number; secrets: readonly string[]; ownSender: boolean };

function classicOutcome(call: HttpOutcome, judging: Judging): Outcome {
  if (call.kind !== 'answer') return unanswered(call, judging.secrets);
  const answer = jsonObject(call.body.toString('utf8'));
  if (call.status >= 200 && call.status < 300 && typeof answer?.id === 'string' && answer.id)
    return { kind: 'accepted', externalIds: [answer.id], receipts: true };
  return classicFailure(call, judging);
}

/** The outcome of an answer that is not a success. */
export function classicFailure(
  call: Extract<HttpOutcome, { kind: 'answer' }>,
  { nowMs, secrets, ownSender }: Judging,
): Failure {
  const { status } = call;
  const error = firstError(jsonObject(call.body.toString('utf8')));
  const code = error ? String(error.code) : `http_${status}`;
  const detail = plainDetail(error?.description ?? `HTTP ${status} without an explanation`, secrets);
  if (status === 429)
    return outcomeOf({ class: 'rate', retryAfterMs: retryAfterMs(call.headers, nowMs) }, code, detail);
  // No idempotency key: it may have been sent.
  if (status >= 500 || status < 300 || status === 408) return { kind: 'unclear', code, detail };
  return outcomeOf(error ? verdictOf(error, ownSender) : verdictOfStatus(status), code, detail);
}

type ClassicError = { code: number; description: string; parameter: string };

function firstError(answer: Record<string, unknown> | undefined): ClassicError | undefined {
  const list: unknown = answer?.errors;
  if (!Array.isArray(list)) return undefined;
  const { code, description, parameter } = (list[0] ?? {}) as Record<string, unknown>;
  if (typeof code !== 'number') return undefined;
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  return { code, description: text(description), parameter: text(parameter) };
}

function verdictOf({ code, parameter }: ClassicError, ownSender: boolean): CodeMeaning {
  const meaning = ERRORS.get(code) ?? 'content';
  if (meaning === 'content' && /^(recipient|phone_?number$)/i.test(parameter)) return { class: 'recipient' };
  if (meaning === 'content' && parameter === 'originator')
    return ownSender ? { class: 'config', onlyThisMessage: true } : { class: 'config' };
  return { class: meaning };
}

function verdictOfStatus(status: number): CodeMeaning {
  const config = status < 400 || (status >= 401 && status <= 404);
  return { class: config ? 'config' : 'transient' };
}

const FORGED: CallbackAnswer = { status: 401, contentType: 'text/plain', body: 'signature does not match' };
const OK: CallbackAnswer = { status: 200, contentType: 'text/plain', body: 'OK' };

const STATES: Readonly<Record<string, Receipt['state']>> = {
  scheduled: 'accepted',
  sent: 'accepted',
  buffered: 'accepted',
  delivered: 'delivered',
  expired: 'failed',
  delivery_failed: 'failed',
};

/** Verifies and parses a classic callback: `status` reports and `inbound` messages. */
export function receiveClassic(request: CallbackRequest, settings: Settings): Callback {
  const key = textSetting(settings, 'signingKey');
  const secret = textSetting(settings, 'webhookSecret');
  const given = request.query.secret ?? request.purpose.split('/').slice(1).join('/');
  const genuine = key ? isMessageBirdSigned(request, key) : secret !== undefined && sameText(given, secret);
  if (!genuine) return { kind: 'forged', answer: FORGED };
  const fields = fieldsOf(request);
  const purpose = request.purpose.split('/')[0];
  if (purpose === 'status') return statusOf(fields, request.query.ref);
  if (purpose === 'inbound') return inboundOf(fields);
  return { kind: 'malformed', detail: `no callback ends in ${purpose}`, answer: OK };
}

/** Query, form or JSON: a status report is a GET, a Flow posts as its owner set it up. */
function fieldsOf(request: CallbackRequest): Record<string, string> {
  const body = request.body.toString('utf8');
  const json = jsonObject(body);
  const posted = json
    ? Object.fromEntries(
        Object.entries(json).flatMap(([name, value]) =>
          typeof value === 'string' || typeof value === 'number' ? [[name, String(value)]] : [],
        ),
      )
    : Object.fromEntries(new URLSearchParams(body));
  return { ...request.query, ...posted };
}

function statusOf(fields: Record<string, string>, ref: string | undefined): Callback {
  const { id, reference, status = '', statusDatetime, statusReason, statusErrorCode } = fields;
  const state = entryOf(STATES, status);
  const name = ref ?? reference;
  if (!state || !(id ?? name))
    return {
      kind: 'malformed',
      detail: `unknown status ${JSON.stringify(beginningOf(status, 40))}`,
      answer: OK,
    };
  const atMs = statusDatetime === undefined ? undefined : parseIsoTime(statusDatetime);
  const reason = statusReason ?? status;
  const failure = {
    code: statusErrorCode ?? beginningOf(reason.replaceAll(' ', '_'), 64),
    class: status === 'expired' ? 'expired' : (REASONS.get(reason) ?? 'transient'),
    detail: plainDetail(reason, []),
  } as const;
  const receipt: Receipt = {
    state,
    ...(name ? { ref: name } : {}),
    ...(id ? { externalId: id } : {}),
    ...(atMs === undefined ? {} : { atMs }),
    ...(state === 'failed' ? failure : {}),
  };
  return { kind: 'parsed', receipts: [receipt], inbound: [], answer: OK };
}

function inboundOf(fields: Record<string, string>): Callback {
  const first = (...names: string[]) => names.map((name) => fields[name]).find(Boolean);
  const id = first('id', 'message_id');
  const from = first('originator', 'source', 'sender');
  if (!id || !from) return { kind: 'malformed', detail: 'id or originator is missing', answer: OK };
  const number = senderOf(from);
  const to = first('recipient', 'destination') ?? '';
  const created = first('createdDatetime', 'receive_datetime');
  const atMs = created === undefined ? undefined : parseIsoTime(created);
  const inbound = {
    externalId: id,
    from: number,
    to: senderOf(to),
    text: first('body', 'payload', 'message') ?? '',
    media: [],
    raw: { phoneNumber: number },
    ...(atMs === undefined ? {} : { atMs }),
  };
  return { kind: 'parsed', receipts: [], inbound: [inbound], answer: OK };
}
