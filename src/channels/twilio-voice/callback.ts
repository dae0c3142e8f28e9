/**
 * What Twilio tells about a call: how it ended, and the keys that were pressed. A completed call is not a heard one:
 * a mailbox or nobody may have answered.
 */
import { beginningOf } from '../../base/text.ts';
import type { ErrorClass } from '../../../contract/channels.ts';
import type { Callback, CallbackAnswer, CallbackRequest, Receipt, Settings } from '../adapter.ts';
import { textSetting } from '../kit/outcome.ts';
import { twilioTitle, twilioVerdict } from '../twilio/outcomes.ts';
import { signedParameters } from '../twilio/signature.ts';
import { goodbyeTwiml } from './twiml.ts';

/** Ends of a call that are failures, besides Twilio's error codes. */
export const CALL_ENDS: readonly (readonly [code: string, meaning: ErrorClass, title: string])[] = [
  ['busy', 'transient', 'The line was busy'],
  ['no-answer', 'transient', 'Nobody picked up'],
  ['failed', 'transient', 'The call did not come about'],
  ['canceled', 'blocked', 'Canceled at Twilio'],
  ['not_heard', 'transient', 'Picked up and put down at once'],
  ['machine', 'transient', 'A machine answered, and its message was not waited for'],
  ['fax', 'recipient', 'A fax answered'],
  ['sip_404', 'recipient', 'The number does not exist'],
  ['sip_410', 'recipient', 'The number is gone'],
  ['sip_484', 'recipient', 'The number is incomplete'],
  ['sip_604', 'recipient', 'The number exists nowhere'],
  ['sip_403', 'config', 'The account may not call there'],
  ['sip_603', 'transient', 'Declined'],
];
const ENDS = new Map(CALL_ENDS.map(([code, meaning, title]) => [code, { meaning, title }]));

const FORGED: CallbackAnswer = { status: 403, contentType: 'text/plain', body: 'signature does not match' };
const NOTED: CallbackAnswer = { status: 204, contentType: 'text/plain', body: '' };

/** Verifies and parses a callback: the end of a call, or keys. */
export function receiveCall(request: CallbackRequest, settings: Settings): Callback {
  const parameters = signedParameters(request, textSetting(settings, 'authToken') ?? '');
  if (!parameters) return { kind: 'forged', answer: FORGED };
  const sid = parameters.get('CallSid');
  if (request.purpose !== 'status' || !sid) {
    const detail = sid ? `no callback ends in ${request.purpose}` : 'CallSid is missing';
    return { kind: 'malformed', detail, answer: NOTED };
  }
  const { ref, event } = request.query;
  const receipt = { externalId: sid, ...(ref ? { ref } : {}) };
  if (event === 'gather') return keysOf(parameters, receipt, settings);
  const said = stateOf(parameters);
  if (!said) {
    const status = JSON.stringify(beginningOf(parameters.get('CallStatus') ?? 'none', 40));
    return { kind: 'malformed', detail: `unknown CallStatus ${status}`, answer: NOTED };
  }
  const atMs = Date.parse(parameters.get('Timestamp') ?? '');
  const at = Number.isNaN(atMs) ? {} : { atMs };
  return { kind: 'parsed', receipts: [{ ...receipt, ...said, ...at }], inbound: [], answer: NOTED };
}

/** Keys are an answer of the person, and prove that they listened. */
function keysOf(
  parameters: URLSearchParams,
  receipt: { externalId: string; ref?: string },
  settings: Settings,
): Callback {
  const digits = parameters.get('Digits') ?? '';
  const body = goodbyeTwiml(textSetting(settings, 'goodbye'), {
    voice: textSetting(settings, 'voice'),
    language: textSetting(settings, 'language'),
  });
  const answer = { status: 200, contentType: 'text/xml', body };
  if (!/^[0-9*#]{1,64}$/.test(digits)) return { kind: 'parsed', receipts: [], inbound: [], answer };
  const inbound = {
    externalId: `${receipt.externalId}-${digits}`,
    // We called them, so the person is at the called end.
    from: parameters.get('To') ?? '',
    to: parameters.get('From') ?? '',
    // Which choice the keys stand for is known where the message is.
    text: digits,
    replyTo: receipt.externalId,
    media: [],
    raw: {},
  };
  return { kind: 'parsed', receipts: [{ ...receipt, state: 'read' }], inbound: [inbound], answer };
}

type Said = Pick<Receipt, 'state' | 'code' | 'class' | 'detail'>;

function stateOf(parameters: URLSearchParams): Said | undefined {
  const status = parameters.get('CallStatus') ?? '';
  switch (status) {
    case 'queued':
    case 'initiated':
    case 'ringing':
    case 'in-progress':
      return { state: 'accepted' };
    case 'completed':
      return completed(parameters);
    case 'busy':
    case 'no-answer':
    case 'canceled':
      return end(status);
    case 'failed':
      return failed(parameters);
    default:
      return undefined;
  }
}

function completed(parameters: URLSearchParams): Said {
  const answeredBy = parameters.get('AnsweredBy') ?? '';
  if (answeredBy === 'fax') return end('fax');
  // With DetectMessageEnd we spoke after the beep: the mailbox has it. Otherwise we spoke into the greeting.
  if (/^machine_end_(beep|silence)$/.test(answeredBy))
    return { state: 'delivered', detail: 'spoken into a mailbox' };
  if (answeredBy.startsWith('machine')) return end('machine');
  if (parameters.get('CallDuration') === '0') return end('not_heard');
  return { state: 'delivered' };
}

function failed(parameters: URLSearchParams): Said {
  const code = parameters.get('ErrorCode') ?? '';
  if (/^[1-9]\d{4}$/.test(code)) {
    const detail = twilioTitle(Number(code));
    return { state: 'failed', code, class: twilioVerdict(Number(code)).class, ...(detail ? { detail } : {}) };
  }
  const sip = `sip_${parameters.get('SipResponseCode') ?? ''}`;
  return end(ENDS.has(sip) ? sip : 'failed');
}

function end(code: string): Said {
  const { meaning, title } = ENDS.get(code)!;
  return { state: 'failed', code, class: meaning, detail: title };
}
