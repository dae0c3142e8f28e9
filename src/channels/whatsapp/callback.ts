/**
 * Meta's callbacks: the challenge that proves the URL is ours, statuses, messages and what people chose about marketing.
 * One callback may carry several of each, repeated and out of order; fields and values that are not known are let be.
 */
import { hmac, sameText } from '../../base/crypto.ts';
import type { Callback, CallbackAnswer, CallbackRequest, Inbound, Receipt, Settings } from '../adapter.ts';
import { jsonObject, plainDetail, textSetting } from '../kit/outcome.ts';
import { contactsIn, inboundOf, secondsOf, whoWrote } from './inbound.ts';
import { entryOf, objectsIn, objectIn, textIn, type Json } from '../kit/json.ts';
import { detailOf, whatsappTitle, whatsappVerdict } from './outcomes.ts';

const FORGED: CallbackAnswer = { status: 403, contentType: 'text/plain', body: 'signature does not match' };
const OK: CallbackAnswer = { status: 200, contentType: 'text/plain', body: 'OK' };

/** Verifies and parses a callback, whatever its purpose: Meta has one address for everything. */
export function receiveWhatsApp(request: CallbackRequest, settings: Settings): Callback {
  if (request.method === 'GET') return challenged(request, textSetting(settings, 'verifyToken'));
  if (!isSigned(request, textSetting(settings, 'appSecret'))) return { kind: 'forged', answer: FORGED };
  const event = jsonObject(request.body.toString('utf8'));
  if (!event || !Array.isArray(event.entry))
    return { kind: 'malformed', detail: 'entry is missing', answer: OK };
  const receipts: Receipt[] = [];
  const inbound: Inbound[] = [];
  for (const entry of objectsIn(event, 'entry'))
    for (const change of objectsIn(entry, 'changes')) {
      const value = objectIn(change, 'value');
      if (change.field === 'messages') {
        for (const status of objectsIn(value, 'statuses')) receipts.push(...receiptOf(status));
        for (const message of messagesOf(value, settings)) inbound.push(message);
      }
      if (change.field === 'user_preferences')
        for (const preference of preferencesOf(value, settings)) inbound.push(preference);
    }
  return { kind: 'parsed', receipts, inbound, answer: OK };
}

/** The challenge is a number of Meta's; anything longer or odder is not sent back. */
const CHALLENGE = /^[A-Za-z0-9_-]{1,200}$/;

function challenged({ query }: CallbackRequest, verifyToken: string | undefined): Callback {
  const given = query['hub.verify_token'];
  const genuine = query['hub.mode'] === 'subscribe' && verifyToken && given && sameText(given, verifyToken);
  if (!genuine) return { kind: 'forged', answer: { ...FORGED, body: 'the verify token does not match' } };
  const challenge = query['hub.challenge'] ?? '';
  if (!CHALLENGE.test(challenge))
    return { kind: 'malformed', detail: 'hub.challenge is missing', answer: { ...OK, status: 400 } };
  return { kind: 'parsed', receipts: [], inbound: [], answer: { ...OK, body: challenge } };
}

/** Over the bytes as they came: Meta signs its own escaping (`\u00e9`), which no parser gives back. */
function isSigned(request: CallbackRequest, appSecret: string | undefined): boolean {
  const header = request.headers['x-hub-signature-256'];
  const given = Array.isArray(header) ? header[0] : header;
  return (
    appSecret !== undefined &&
    given !== undefined &&
    sameText(given, `sha256=${hmac('sha256', appSecret, request.body, 'hex')}`)
  );
}

/** Status to receipt state. `deleted` is absent: the person removed it from their phone, and had it before. */
const STATES: Readonly<Record<string, Receipt['state']>> = {
  sent: 'accepted',
  delivered: 'delivered',
  read: 'read',
  // A voice message was listened to.
  played: 'read',
  failed: 'failed',
};
/** Other programs may send through the same number, with data of their own. */
const REF = /^[A-Za-z0-9._~-]{1,40}$/;

function receiptOf(status: Json): Receipt[] {
  const state = entryOf(STATES, textIn(status, 'status') ?? '');
  const externalId = textIn(status, 'id');
  if (!state || !externalId) return [];
  const ref = textIn(status, 'biz_opaque_callback_data');
  const atMs = secondsOf(status.timestamp);
  return [
    {
      externalId,
      state,
      ...(ref && REF.test(ref) ? { ref } : {}),
      ...(atMs === undefined ? {} : { atMs }),
      ...(state === 'failed' ? failureOf(objectsIn(status, 'errors')[0]) : {}),
    },
  ];
}

function failureOf(error: Json | undefined): Pick<Receipt, 'code' | 'class' | 'detail'> {
  const code = error?.code;
  // A failure without a code says as little as 131000.
  if (typeof code !== 'number')
    return { code: 'failed', class: 'transient', detail: 'Meta gave no error code' };
  const detail = plainDetail(detailOf(error) ?? whatsappTitle(code) ?? '', []);
  return { code: String(code), class: whatsappVerdict(code).class, ...(detail ? { detail } : {}) };
}

/** One app has one callback address for all its numbers: what was said to another number is not for this integration. */
function isOurs(value: Json | undefined, settings: Settings): boolean {
  const id = textIn(objectIn(value, 'metadata'), 'phone_number_id');
  return id === undefined || id === textSetting(settings, 'phoneNumberId');
}

function messagesOf(value: Json | undefined, settings: Settings): Inbound[] {
  if (!isOurs(value, settings)) return [];
  const contacts = contactsIn(value);
  return objectsIn(value, 'messages').flatMap(
    (message) => inboundOf(message, contacts, numberOf(value, settings)) ?? [],
  );
}

/** The number that was written to. */
function numberOf(value: Json | undefined, settings: Settings): string {
  const digits = textIn(objectIn(value, 'metadata'), 'display_phone_number')?.replace(/\D/g, '');
  return digits ? `+${digits}` : (textSetting(settings, 'phoneNumber') ?? '');
}

/** Somebody stopped marketing messages, or takes them again. No message: only the keyword counts. */
function preferencesOf(value: Json | undefined, settings: Settings): Inbound[] {
  if (!isOurs(value, settings)) return [];
  const contacts = contactsIn(value);
  return objectsIn(value, 'user_preferences').flatMap((preference): Inbound[] => {
    const wish = textIn(preference, 'value');
    const who = whoWrote({ from: preference.wa_id, from_user_id: preference.user_id }, contacts);
    if (!who || preference.category !== 'marketing_messages' || (wish !== 'stop' && wish !== 'resume'))
      return [];
    const seconds =
      typeof preference.timestamp === 'number' ? String(preference.timestamp) : preference.timestamp;
    const atMs = secondsOf(seconds);
    return [
      {
        externalId: `preference:${who.from}:${wish}:${String(seconds)}`,
        from: who.from,
        to: numberOf(value, settings),
        text: '',
        media: [],
        handledKeyword: wish === 'stop' ? 'stop' : 'start',
        raw: { ...who.raw, preference: { category: 'marketing_messages', value: wish } },
        ...(atMs === undefined ? {} : { atMs }),
      },
    ];
  });
}
