/** Mailgun's callbacks: `status` for events of our mails, `inbound` for mails that a route forwards. */
import { canonicalJson } from '../../base/canonical.ts';
import { hmac, sameText, sha256Hex } from '../../base/crypto.ts';
import type {
  Callback,
  CallbackAnswer,
  CallbackRequest,
  Inbound,
  Receipt,
  Settings,
  SignedOnce,
} from '../adapter.ts';
import { jsonObject, plainDetail, textSetting } from '../kit/outcome.ts';
import { entryOf, objectIn, textIn, type Json } from '../kit/json.ts';
import { mailOf } from './inbound.ts';
import { decodeMultipart, type FormPart } from './multipart.ts';
import { mailgunReason } from './outcomes.ts';
import { refIn } from './settings.ts';

/** 406 ends Mailgun's retries; anything but it and 200 is tried again for eight hours. */
const FORGED: CallbackAnswer = { status: 406, contentType: 'text/plain', body: 'signature does not match' };
const NOT_UNDERSTOOD: CallbackAnswer = { status: 406, contentType: 'text/plain', body: 'not understood' };
const OK: CallbackAnswer = { status: 200, contentType: 'text/plain', body: 'OK' };

/** Verifies and parses a callback. */
export function receiveMailgun(request: CallbackRequest, settings: Settings): Callback {
  if (request.purpose === 'status') return eventOf(request, settings);
  if (request.purpose === 'inbound') return forwarded(request, settings);
  return { kind: 'forged', answer: FORGED };
}

function eventOf(request: CallbackRequest, settings: Settings): Callback {
  const body = jsonObject(request.body.toString('utf8'));
  const signature = objectIn(body, 'signature');
  if (!isSigned(signature, request, settings)) return { kind: 'forged', answer: FORGED };
  const event = objectIn(body, 'event-data');
  const signed = signedOnce(signature, canonicalJson(event));
  const type = textIn(event, 'event');
  if (!event || !type)
    return { kind: 'malformed', detail: 'event-data is missing', answer: NOT_UNDERSTOOD, signed };
  const receipt = receiptOf(type, event, settings);
  const wish = UNWANTED.includes(type) ? stopOf(type, event, settings) : undefined;
  return {
    kind: 'parsed',
    receipts: receipt ? [receipt] : [],
    inbound: wish ? [wish] : [],
    answer: OK,
    signed,
  };
}

function forwarded(request: CallbackRequest, settings: Settings): Callback {
  const parts = partsOf(request);
  const fields = Object.create(null) as Json;
  for (const part of parts ?? []) if ('value' in part) fields[part.name] ??= part.value;
  if (!isSigned(fields, request, settings)) return { kind: 'forged', answer: FORGED };
  const signed = signedOnce(fields, contentOf(parts ?? []));
  const mail = mailOf(fields, parts ?? [], textSetting(settings, 'domain') ?? '');
  if (mail.kind === 'unreadable')
    return { kind: 'malformed', detail: mail.why, answer: NOT_UNDERSTOOD, signed };
  const inbound = mail.kind === 'mail' ? [mail.inbound] : [];
  return { kind: 'parsed', receipts: [], inbound, answer: OK, signed };
}

/** All that a form says, whatever its boundary and encoding, but for the signature itself. */
function contentOf(parts: readonly FormPart[]): string {
  const said = parts.filter(({ name }) => !SIGNATURE.includes(name));
  return canonicalJson(
    said.map((part) =>
      'value' in part
        ? [part.name, part.value]
        : [part.name, part.filename, part.mediaType, sha256Hex(part.content)],
    ),
  );
}

const SIGNATURE: readonly string[] = ['timestamp', 'token', 'signature'];

function signedOnce(signature: Json | undefined, content: string): SignedOnce {
  return { token: textIn(signature, 'token')!, contentHash: sha256Hex(content), forged: FORGED };
}

/** Multipart when there are attachments, else a plain form. */
function partsOf({ headers, body }: CallbackRequest): FormPart[] | undefined {
  const given = headers['content-type'];
  const contentType = (Array.isArray(given) ? given[0] : given) ?? '';
  if (/^multipart\//i.test(contentType)) return decodeMultipart(contentType, body);
  if (!/^application\/x-www-form-urlencoded/i.test(contentType)) return undefined;
  return [...new URLSearchParams(body.toString('utf8'))].map(([name, value]) => ({ name, value }));
}

/** How long after its signature a callback may come: Mailgun tries for eight hours, and does not say whether it signs anew. */
const OLDEST_MS = 12 * 60 * 60_000;
const EARLIEST_MS = 5 * 60_000;

/**
 * HMAC over timestamp and token, not over the content: whoever sees one callback could make others. So each signature is believed for
 * the content that it first came with (`signedOnce`), and HTTPS only.
 */
function isSigned(
  signature: Json | undefined,
  { receivedAtMs }: CallbackRequest,
  settings: Settings,
): boolean {
  const key = textSetting(settings, 'signingKey');
  const timestamp = signature?.timestamp;
  const token = textIn(signature, 'token');
  const given = textIn(signature, 'signature');
  const seconds = typeof timestamp === 'number' ? String(timestamp) : timestamp;
  if (!key || !token || !given || typeof seconds !== 'string' || !/^\d{1,12}$/.test(seconds)) return false;
  const ageMs = receivedAtMs === undefined ? 0 : receivedAtMs - Number(seconds) * 1000;
  if (ageMs > OLDEST_MS || ageMs < -EARLIEST_MS) return false;
  return sameText(given.toLowerCase(), hmac('sha256', key, seconds + token, 'hex'));
}

/** Events that say that somebody does not want our mail. They had it before they could say so. */
const UNWANTED: readonly string[] = ['complained', 'unsubscribed'];

/** Event to receipt state. Absent: `clicked`, and what is not about a mail of ours (`stored`, lists, validations). */
const STATES: Readonly<Record<string, Receipt['state']>> = {
  accepted: 'accepted',
  delivered: 'delivered',
  opened: 'read',
  failed: 'failed',
  rejected: 'failed',
  complained: 'delivered',
  unsubscribed: 'delivered',
};

function receiptOf(type: string, event: Json, settings: Settings): Receipt | undefined {
  const state = entryOf(STATES, type);
  if (!state) return undefined;
  // Mailgun goes on trying by itself.
  if (type === 'failed' && event.severity !== 'permanent') return undefined;
  // A mail program that fetches pictures before anybody looks: `apple`, `gmail`, `generic`.
  if (type === 'opened' && textIn(objectIn(event, 'client-info'), 'bot')) return undefined;
  const messageId = textIn(objectIn(objectIn(event, 'message'), 'headers'), 'message-id');
  const ref =
    textIn(objectIn(event, 'user-variables'), 'ref') ??
    (messageId ? refIn(messageId, textSetting(settings, 'domain') ?? '') : undefined);
  const externalId = messageId?.replace(/^<|>$/g, '');
  if (!ref && !externalId) return undefined;
  const atMs = typeof event.timestamp === 'number' ? Math.round(event.timestamp * 1000) : undefined;
  return {
    ...(ref ? { ref } : {}),
    ...(externalId ? { externalId } : {}),
    state,
    ...(type === 'failed' ? mailgunReason(event) : {}),
    ...(type === 'rejected' ? rejection(event) : {}),
    ...(atMs === undefined ? {} : { atMs }),
  };
}

function rejection(event: Json): Pick<Receipt, 'code' | 'class' | 'detail'> {
  const why = textIn(objectIn(event, 'reject'), 'reason') ?? 'rejected by Mailgun';
  return { code: 'rejected', class: 'config', detail: plainDetail(why, []) };
}

/** No message: only the keyword counts. */
function stopOf(type: string, event: Json, settings: Settings): Inbound | undefined {
  const from = textIn(event, 'recipient');
  const id = textIn(event, 'id');
  if (!from || !id) return undefined;
  const atMs = typeof event.timestamp === 'number' ? Math.round(event.timestamp * 1000) : undefined;
  return {
    externalId: `event:${id}`,
    from,
    to: textSetting(settings, 'incomingAddress') ?? textSetting(settings, 'domain') ?? '',
    text: '',
    media: [],
    handledKeyword: type === 'complained' ? 'complaint' : 'stop',
    raw: { from, event: type },
    ...(atMs === undefined ? {} : { atMs }),
  };
}
