/** Twilio's status callbacks and incoming messages. Unknown parameters are let be: Twilio adds some without notice. */
import { beginningOf } from '../../base/text.ts';
import type { Callback, CallbackAnswer, CallbackRequest, Inbound, Receipt, Settings } from '../adapter.ts';
import { textSetting } from '../kit/outcome.ts';
import { mediaIn } from './media.ts';
import { signedParameters } from './signature.ts';
import { twilioTitle, twilioVerdict } from './outcomes.ts';
import { entryOf } from '../kit/json.ts';

const FORGED: CallbackAnswer = { status: 403, contentType: 'text/plain', body: 'signature does not match' };
const NOTED: CallbackAnswer = { status: 204, contentType: 'text/plain', body: '' };
/** An answer without a message in it: what we say to the person goes out as a message of its own. */
const SILENT: CallbackAnswer = {
  status: 200,
  contentType: 'text/xml',
  body: '<?xml version="1.0" encoding="UTF-8"?><Response/>',
};

/** Message status to receipt state. What is absent (`receiving`, `received`) is about incoming messages. */
const STATES: Readonly<Record<string, Receipt['state']>> = {
  accepted: 'accepted',
  scheduled: 'accepted',
  queued: 'accepted',
  sending: 'accepted',
  sent: 'accepted',
  delivered: 'delivered',
  partially_delivered: 'delivered',
  read: 'read',
  undelivered: 'failed',
  failed: 'failed',
  canceled: 'failed',
};

/** Verifies and parses a callback: `status` on one of our messages, `inbound` from a person. */
export function receiveTwilio(request: CallbackRequest, settings: Settings): Callback {
  const parameters = signedParameters(request, textSetting(settings, 'authToken') ?? '');
  if (!parameters) return { kind: 'forged', answer: FORGED };
  if (request.purpose === 'status') return statusOf(parameters, request.query.ref);
  if (request.purpose === 'inbound') return inboundOf(parameters);
  return { kind: 'malformed', detail: `no callback ends in ${request.purpose}`, answer: NOTED };
}

function statusOf(parameters: URLSearchParams, ref: string | undefined): Callback {
  const status = parameters.get('MessageStatus') ?? parameters.get('SmsStatus') ?? '';
  const sid = parameters.get('MessageSid') ?? parameters.get('SmsSid');
  const state = entryOf(STATES, status);
  if (!state || !sid) {
    const detail = sid
      ? `unknown MessageStatus ${JSON.stringify(beginningOf(status, 40))}`
      : 'MessageSid is missing';
    return { kind: 'malformed', detail, answer: NOTED };
  }
  const receipt: Receipt = { externalId: sid, state, ...(ref ? { ref } : {}) };
  if (state === 'failed') Object.assign(receipt, failure(status, parameters.get('ErrorCode')));
  return { kind: 'parsed', receipts: [receipt], inbound: [], answer: NOTED };
}

function failure(status: string, errorCode: string | null): Pick<Receipt, 'code' | 'class' | 'detail'> {
  if (!errorCode || !/^\d{1,6}$/.test(errorCode)) {
    // Canceled is somebody's decision at Twilio; a failure without a code says as little as 30008.
    return status === 'canceled'
      ? { code: 'canceled', class: 'blocked', detail: 'canceled at Twilio' }
      : { code: status, class: 'transient', detail: 'no ErrorCode given' };
  }
  const code = Number(errorCode);
  const detail = twilioTitle(code);
  return { code: errorCode, class: twilioVerdict(code).class, ...(detail ? { detail } : {}) };
}

/** Channel facts kept with the destination. */
const RAW = ['From', 'FromCity', 'FromState', 'FromZip', 'FromCountry'];

function inboundOf(parameters: URLSearchParams): Callback {
  const get = (name: string): string => parameters.get(name) ?? '';
  const externalId = get('MessageSid') || get('SmsSid');
  const from = get('From');
  if (!externalId || !from)
    return { kind: 'malformed', detail: 'MessageSid or From is missing', answer: SILENT };
  const inbound: Inbound = {
    externalId,
    from,
    to: get('To'),
    text: get('Body'),
    media: mediaIn(parameters),
    raw: Object.fromEntries(RAW.flatMap((name) => (get(name) ? [[name, get(name)]] : []))),
  };
  // Present only when Advanced Opt-Out has acted and answered.
  const keyword = get('OptOutType').toLowerCase();
  if (keyword === 'stop' || keyword === 'start' || keyword === 'help') inbound.handledKeyword = keyword;
  return { kind: 'parsed', receipts: [], inbound: [inbound], answer: SILENT };
}
