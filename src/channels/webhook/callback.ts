/** What another system tells us: signed JSON, one event or a list of events. Unknown fields are let be. */
import { beginningOf } from '../../base/text.ts';
import { parseIsoTime } from '../../base/clock.ts';
import { ERROR_CLASSES, type ErrorClass } from '../../../contract/channels.ts';
import type { Callback, CallbackAnswer, CallbackRequest, Inbound, Receipt, Settings } from '../adapter.ts';
import { jsonObject, textSetting } from '../kit/outcome.ts';
import { isSigned, signingKey } from '../kit/standardWebhooks.ts';

const OK: CallbackAnswer = { status: 200, contentType: 'application/json', body: '{}' };
const FORGED = answer(401, 'signature is missing, wrong or older than five minutes');

const MOST_EVENTS = 1000;

/** Verifies and parses a callback. One event that is not understood makes the whole malformed: nothing is half done. */
export function receiveWebhook(request: CallbackRequest, settings: Settings): Callback {
  if (!isSigned(request, signingKey(textSetting(settings, 'secret') ?? '')))
    return { kind: 'forged', answer: FORGED };
  const events = eventsIn(request.body.toString('utf8'));
  const receipts: Receipt[] = [];
  const inbound: Inbound[] = [];
  for (const event of events ?? []) {
    const problem = take(event, receipts, inbound);
    if (problem) return malformed(problem);
  }
  return events
    ? { kind: 'parsed', receipts, inbound, answer: OK }
    : malformed('the body is not a JSON event');
}

function answer(status: number, error: string): CallbackAnswer {
  return { status, contentType: 'application/json', body: JSON.stringify({ error }) };
}

function malformed(detail: string): Callback {
  return { kind: 'malformed', detail, answer: answer(400, detail) };
}

type Event = Record<string, unknown>;

function eventsIn(body: string): Event[] | undefined {
  const whole = jsonObject(body);
  if (!whole) return undefined;
  if (whole.type !== undefined || !Array.isArray(whole.events)) return [whole];
  const events = whole.events as unknown[];
  const plain = events.every((event) => typeof event === 'object' && event !== null && !Array.isArray(event));
  return plain && events.length <= MOST_EVENTS ? (events as Event[]) : undefined;
}

/** Adds what the event says; answers with what is wrong with it. */
function take(event: Event, receipts: Receipt[], inbound: Inbound[]): string | undefined {
  if (event.type === 'receipt') {
    const receipt = receiptOf(event);
    if (typeof receipt === 'string') return receipt;
    receipts.push(receipt);
    return undefined;
  }
  if (event.type !== 'message') return 'type: must be message or receipt';
  const message = messageOf(event);
  if (typeof message === 'string') return message;
  inbound.push(message);
  return undefined;
}

const STATES = ['accepted', 'delivered', 'read', 'failed'] as const;

function receiptOf(event: Event): Receipt | string {
  const state = STATES.find((known) => known === event.state);
  if (!state) return `state: must be one of ${STATES.join(', ')}`;
  const ref = text(event.ref);
  const externalId = text(event.id);
  // Deliveries are found by our name for them alone: an id of theirs is kept, but nothing is looked up by it.
  if (!ref) return 'ref: is required';
  const kind = ERROR_CLASSES.find((known) => known === event.class) satisfies ErrorClass | undefined;
  if (event.class !== undefined && !kind) return `class: must be one of ${ERROR_CLASSES.join(', ')}`;
  const code = text(event.code);
  const detail = beginningOf(text(event.detail), 300);
  const at = timeOf(event.at);
  return {
    state,
    ref,
    ...(externalId ? { externalId } : {}),
    ...(state === 'failed' ? { code: code ?? 'failed', class: kind ?? 'content' } : {}),
    ...(detail ? { detail } : {}),
    ...(at === undefined ? {} : { atMs: at }),
  };
}

function messageOf(event: Event): Inbound | string {
  const externalId = text(event.id);
  const from = text(event.from);
  if (!externalId) return 'id: is required';
  if (!from) return 'from: is required';
  const media = mediaOf(event.media);
  const body = text(event.text) ?? '';
  const payload = text(event.payload);
  if (!media) return 'media: must be a list of {url, mediaType?, name?}';
  if (!body && !media.length && !payload) return 'text, media or payload: one is required';
  const profileName = text(event.profileName);
  const replyTo = text(event.replyTo);
  const at = timeOf(event.at);
  return {
    externalId,
    from,
    to: text(event.to) ?? '',
    text: body,
    media,
    ...(profileName ? { profileName } : {}),
    ...(replyTo ? { replyTo } : {}),
    ...(payload ? { payload } : {}),
    ...(at === undefined ? {} : { atMs: at }),
    raw: jsonObject(JSON.stringify(event.raw ?? {})) ?? {},
  };
}

function mediaOf(value: unknown): Inbound['media'] | undefined {
  if (value === undefined) return [];
  if (!Array.isArray(value)) return undefined;
  const media: Inbound['media'] = [];
  for (const item of value as unknown[]) {
    if (typeof item !== 'object' || item === null) return undefined;
    const { url, mediaType, name } = item as Event;
    if (typeof url !== 'string' || !/^https?:\/\//.test(url)) return undefined;
    media.push({
      url,
      ...(typeof mediaType === 'string' ? { mediaType } : {}),
      ...(typeof name === 'string' ? { name } : {}),
    });
  }
  return media;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function timeOf(value: unknown): number | undefined {
  return typeof value === 'string' ? parseIsoTime(value) : undefined;
}
