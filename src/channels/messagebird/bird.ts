/**
 * Bird v1, the API that follows MessageBird's classic one: an idempotency key, our reference in `metadata`, and
 * Standard Webhooks that are set up once at Bird.
 */
import { beginningOf } from '../../base/text.ts';
import { parseIsoTime } from '../../base/clock.ts';
import type { ErrorClass } from '../../../contract/channels.ts';
import { sha256Hex } from '../../base/crypto.ts';
import { retryAfterMs, type HttpOutcome } from '../../base/http.ts';
import type {
  AdapterTools,
  Callback,
  CallbackAnswer,
  CallbackRequest,
  Inbound,
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
import { isSigned, signingKey } from '../kit/standardWebhooks.ts';
import { lookUpBird } from './lookUp.ts';
import { NO_SENDER, withMedia, WRONG_CHANNEL } from './classic.ts';
import { entryOf } from '../kit/json.ts';

/** What became of a message (`error.code` of an event). The list is open: an unknown code is transient. */
export const BIRD_FAILURES: readonly (readonly [code: string, meaning: ErrorClass, title: string])[] = [
  ['invalid_destination', 'recipient', 'The number does not exist'],
  ['unreachable', 'transient', 'The phone is off or out of reach'],
  ['blocked_by_carrier', 'blocked', 'The carrier filtered it'],
  ['blocked_by_recipient', 'blocked', 'The phone blocks the sender'],
  ['landline_unreachable', 'recipient', 'A landline that takes no text messages'],
  ['content_rejected', 'content', 'The carrier does not take the text'],
  ['sender_unregistered', 'config', 'The sender is not registered for the country'],
  ['recipient_opted_out', 'optout', 'The person said stop'],
  ['provider_unavailable', 'transient', 'The carrier could not be reached'],
  ['insufficient_balance', 'config', 'The wallet is empty'],
  ['unknown', 'transient', 'Not classified'],
];
const FAILURES = new Map(BIRD_FAILURES.map(([code, meaning]) => [code, meaning]));

/** Why a call was not taken (`error.type`). */
export const BIRD_ERRORS: readonly (readonly [type: string, meaning: ErrorClass, title: string])[] = [
  ['auth_error', 'config', 'The key is wrong'],
  ['permission_error', 'config', 'The key may not send'],
  ['billing_error', 'config', 'The wallet is empty'],
  ['misdirected_error', 'config', 'The key belongs to another region'],
  ['not_found_error', 'config', 'No such address at Bird'],
  ['not_implemented_error', 'config', 'Bird does not offer this'],
  ['precondition_error', 'config', 'Something at Bird is to be set up first'],
  ['gone_error', 'config', 'This address of the API is no more'],
  ['bad_request_error', 'content', 'The request is not well formed'],
  ['validation_error', 'content', 'A field is not valid'],
  ['payload_too_large_error', 'content', 'The message is too long'],
  ['rate_limit_error', 'rate', 'Too many calls'],
  ['conflict_error', 'transient', 'The same message is being handled just now'],
  ['too_early_error', 'transient', 'Too early'],
  ['service_unavailable_error', 'transient', 'Bird is busy or stopped'],
  ['internal_error', 'ambiguous', 'Trouble at Bird'],
];
const ERRORS = new Map(BIRD_ERRORS.map(([type, meaning]) => [type, meaning]));

/** Opens Bird v1. */
export function openBird(settings: Settings, tools: AdapterTools, secrets: readonly string[]): Sender {
  const key = textSetting(settings, 'accessKey') ?? '';
  const base = (textSetting(settings, 'baseUrl') ?? birdUrl(key)).replace(/\/+$/, '');
  const constant = {
    authorization: `Bearer ${key}`,
    'content-type': 'application/json',
    accept: 'application/json',
    // The migration guide wants one; the shipped SDK sends one.
    'user-agent': 'Parley',
  };
  const originator = textSetting(settings, 'originator');
  const post = async (at: string, idempotencyKey: string, body: object): Promise<HttpOutcome> =>
    await tools.http.call({
      method: 'POST',
      url: `${base}/v1/sms/${at}`,
      headers: { ...constant, 'idempotency-key': idempotencyKey },
      body: JSON.stringify(body),
      deadlineMs: tools.deadlineMs,
    });
  const get = async (at: string): Promise<HttpOutcome> =>
    await tools.http.call({
      method: 'GET',
      url: `${base}/v1/sms/${at}`,
      headers: constant,
      deadlineMs: tools.deadlineMs,
    });
  const judging = (ownSender: boolean): Judging => ({ nowMs: tools.nowMs(), secrets, ownSender });
  const send = async (message: Outgoing): Promise<Outcome> => {
    const body = bodyOf(message, originator);
    if ('kind' in body) return body;
    const call = await post('messages', message.idempotencyKey, body);
    return birdOutcome(call, judging(ownSender(message)));
  };
  const sendMany = async (messages: readonly Outgoing[]): Promise<Outcome[]> => {
    if (messages.length <= 1) return await Promise.all(messages.map(send));
    const bodies = messages.map((message) => bodyOf(message, originator));
    const call = await post('batches', batchKey(messages), bodies);
    const outcomes = batchOutcomes(call, messages.length, judging(messages.some(ownSender)));
    // One bad message makes Bird refuse the whole call and queue nothing of it: halves are tried, until it stands alone.
    if (outcomes[0]?.kind !== 'refused') return outcomes;
    const middle = messages.length >> 1;
    return [...(await sendMany(messages.slice(0, middle))), ...(await sendMany(messages.slice(middle)))];
  };
  return {
    idempotent: true,
    batchIdempotent: false,
    send,
    async sendBatch(messages) {
      const unfit = messages.map((message) => bodyOf(message, originator)).map((body) => 'kind' in body);
      const taken = (await sendMany(messages.filter((_, at) => !unfit[at]))).values();
      return await Promise.all(
        messages.map(async (message, at) => (unfit[at] ? await send(message) : taken.next().value!)),
      );
    },
    lookUp: (message) => lookUpBird(get, message),
    close: () => Promise.resolve(),
  };
}

/** Most messages in one call (Bird v1, `createSmsMessageBatch`). */
export const BIRD_BATCH = 100;

function ownSender({ rendered }: Outgoing): boolean {
  return rendered.channel === 'sms' && rendered.from !== undefined;
}

type BirdBody = { to: string; from: string; text: string; category: string; metadata: { ref: string } };

/** A message as Bird takes it, alone or in a batch; why not, for one that cannot be sent. */
function bodyOf(
  { ref, to, rendered, messageClass }: Outgoing,
  originator: string | undefined,
): BirdBody | Failure {
  if (rendered.channel !== 'sms') return WRONG_CHANNEL;
  const from = rendered.from ?? originator;
  if (!from) return NO_SENDER;
  return {
    to,
    from,
    text: withMedia(rendered),
    category: messageClass ?? 'transactional',
    metadata: { ref },
  };
}

/** The same messages have the same key; it says nothing of a message that comes again in other company. */
function batchKey(messages: readonly Outgoing[]): string {
  return sha256Hex(messages.map(({ idempotencyKey }) => idempotencyKey).join('\n'));
}

/** All of a batch is taken, or nothing of it; the answer is in the order of the messages. */
function batchOutcomes(call: HttpOutcome, count: number, judging: Judging): Outcome[] {
  const answer =
    call.kind === 'answer' && call.status < 300 ? jsonObject(call.body.toString('utf8')) : undefined;
  const data: unknown = answer?.data;
  const ids = Array.isArray(data)
    ? data.flatMap((one) => textIn(one as Record<string, unknown>, 'id') ?? [])
    : [];
  if (ids.length === count) return ids.map((id) => ({ kind: 'accepted', externalIds: [id], receipts: true }));
  const failure = birdOutcome(call, judging);
  return Array.from({ length: count }, () => failure);
}

/** A key names its region: `bk_eu_…`. */
function birdUrl(key: string): string {
  return `https://${/^bk_([a-z0-9-]+)_/.exec(key)?.[1] ?? 'eu'}.platform.bird.com`;
}

type Judging = { nowMs: number; secrets: readonly string[]; ownSender: boolean };

function birdOutcome(call: HttpOutcome, { nowMs, secrets, ownSender }: Judging): Outcome {
  if (call.kind !== 'answer') return unanswered(call, secrets);
  const { status } = call;
  const answer = jsonObject(call.body.toString('utf8'));
  if (status >= 200 && status < 300 && typeof answer?.id === 'string' && answer.id)
    return { kind: 'accepted', externalIds: [answer.id], receipts: true };
  const error = objectIn(answer, 'error');
  const name = textIn(error, 'name');
  const code = name ?? textIn(error, 'code') ?? `http_${status}`;
  const detail = plainDetail(textIn(error, 'message') ?? `HTTP ${status} without an explanation`, secrets);
  if (status < 300) return { kind: 'unclear', code, detail };
  const verdict = error ? verdictOf(error, status, ownSender) : verdictOfStatus(status);
  return outcomeOf(
    { ...verdict, retryAfterMs: retryAfterMs(call.headers, nowMs) },
    beginningOf(code, 64),
    detail,
  );
}

function verdictOf(error: Record<string, unknown>, status: number, ownSender: boolean): CodeMeaning {
  const name = textIn(error, 'name');
  if (name === 'SMSInvalidRecipient') return { class: 'recipient' };
  if (name === 'SMSNoEligibleSender' || error.param === 'from')
    return ownSender ? { class: 'config', onlyThisMessage: true } : { class: 'config' };
  const known = ERRORS.get(textIn(error, 'type') ?? '');
  if (known) return { class: known };
  return status >= 500 || status === 429 ? verdictOfStatus(status) : { class: lastStep(error) };
}

/** For types that are not known yet: Bird says in `next` whether waiting or acting helps. */
function lastStep(error: Record<string, unknown>): ErrorClass {
  const next: unknown = error.next;
  const kind = Array.isArray(next) ? ((next.at(-1) ?? {}) as Record<string, unknown>).kind : undefined;
  if (kind === 'wait') return 'transient';
  return kind === 'operation' || kind === 'external' ? 'config' : 'content';
}

function verdictOfStatus(status: number): CodeMeaning {
  if (status === 429) return { class: 'rate' };
  if (status === 503) return { class: 'transient' };
  if (status >= 500 || status === 408) return { class: 'ambiguous' };
  const config = status < 400 || (status >= 401 && status <= 404) || status === 421;
  return { class: config ? 'config' : 'transient' };
}

const FORGED: CallbackAnswer = { status: 401, contentType: 'text/plain', body: 'signature does not match' };
const OK: CallbackAnswer = { status: 200, contentType: 'text/plain', body: 'OK' };

const STATES: Readonly<Record<string, Receipt['state']>> = {
  'sms.accepted': 'accepted',
  'sms.sent': 'accepted',
  'sms.delivered': 'delivered',
  'sms.undelivered': 'failed',
  'sms.failed': 'failed',
  'sms.rejected': 'failed',
  'sms.expired': 'failed',
};

/** Verifies and parses an event of Bird v1. Events of other products are let pass. */
export function receiveBird(request: CallbackRequest, settings: Settings): Callback {
  if (!isSigned(request, signingKey(textSetting(settings, 'signingKey') ?? '')))
    return { kind: 'forged', answer: FORGED };
  const event = jsonObject(request.body.toString('utf8'));
  const type = textIn(event, 'type');
  const data = objectIn(event, 'data');
  if (!type || !data) return { kind: 'malformed', detail: 'type or data is missing', answer: OK };
  const nothing: Callback = { kind: 'parsed', receipts: [], inbound: [], answer: OK };
  const state = entryOf(STATES, type);
  if (!state && type !== 'sms.received') return nothing;
  const id = textIn(data, 'sms_id');
  if (!id) return { kind: 'malformed', detail: 'data.sms_id is missing', answer: OK };
  const atMs = parseIsoTime(textIn(event, 'timestamp') ?? '');
  const at = atMs === undefined ? {} : { atMs };
  if (!state) return { ...nothing, inbound: [{ ...inboundOf(id, data), ...at }] };
  const ref = textIn(objectIn(data, 'metadata'), 'ref');
  const failure = state === 'failed' ? failureOf(type, objectIn(data, 'error')) : {};
  return { ...nothing, receipts: [{ externalId: id, state, ...(ref ? { ref } : {}), ...failure, ...at }] };
}

function failureOf(
  type: string,
  error: Record<string, unknown> | undefined,
): Pick<Receipt, 'code' | 'class' | 'detail'> {
  const code = textIn(error, 'code') ?? 'unknown';
  const detail = plainDetail(textIn(error, 'description') ?? '', []);
  return {
    code: beginningOf(code, 64),
    class: type === 'sms.expired' ? 'expired' : (FAILURES.get(code) ?? 'transient'),
    ...(detail ? { detail } : {}),
  };
}

function inboundOf(id: string, data: Record<string, unknown>): Inbound {
  const from = senderOf(textIn(data, 'from') ?? '');
  const subject = textIn(data, 'subject');
  return {
    externalId: id,
    from,
    to: senderOf(textIn(data, 'to') ?? ''),
    text: textIn(data, 'text') ?? '',
    media: mediaOf(data.media),
    raw: { phoneNumber: from, ...(textIn(data, 'carrier') ? { carrier: textIn(data, 'carrier') } : {}) },
    ...(subject ? { subject } : {}),
  };
}

/** Attachments are a preview at Bird, their form not published: what has a URL is taken. */
function mediaOf(value: unknown): Inbound['media'] {
  if (!Array.isArray(value)) return [];
  return (value as unknown[]).flatMap((item) => {
    const media = typeof item === 'object' && item !== null ? (item as Record<string, unknown>) : undefined;
    const url = textIn(media, 'url');
    const mediaType = textIn(media, 'content_type');
    return url ? [{ url, ...(mediaType ? { mediaType } : {}) }] : [];
  });
}

function textIn(object: Record<string, unknown> | undefined, name: string): string | undefined {
  const value = object?.[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function objectIn(
  object: Record<string, unknown> | undefined,
  name: string,
): Record<string, unknown> | undefined {
  const value = object?.[name];
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}
