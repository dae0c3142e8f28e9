/**
 * Twilio SMS and MMS. This is the hot path of an SMS broadcast: what does not change between messages is built
 * when the sender is opened, and an answer is not parsed further than needed.
 */
import { formBody, formText } from '../../base/http.ts';
import type {
  Adapter,
  AdapterTools,
  IntegrationSetting,
  Outcome,
  Outgoing,
  Sender,
  Settings,
} from '../adapter.ts';
import { secretsOf, textSetting } from '../kit/outcome.ts';
import { receiveTwilio } from './callback.ts';
import { connectNumber } from './connect.ts';
import { listTwilio } from './list.ts';
import { lookUpTwilio } from './lookUp.ts';
import { fetchTwilioMedia } from './media.ts';
import { lookUpNumber } from './number.ts';
import { twilioOutcome } from './outcomes.ts';

/** Where Twilio's API is, unless the settings say otherwise. */
const TWILIO_URL = 'https://api.twilio.com';

/** Settings that every Twilio product shares. */
export const TWILIO_ACCOUNT_SETTINGS = {
  accountSid: {
    required: true,
    secret: false,
    means: 'The account, `AC…`, from the Twilio console.',
    schema: { type: 'string', pattern: '^AC[0-9a-fA-F]{32}$', rule: 'must be AC and 32 hex digits' },
  },
  authToken: {
    required: true,
    secret: true,
    means:
      'The primary auth token of the account. Twilio signs callbacks with it, also when an API key sends.',
  },
  apiKey: {
    required: false,
    secret: true,
    means: 'An API key, `SK…`, to send with instead of the auth token.',
  },
  apiSecret: { required: false, secret: true, means: 'The secret of the API key.' },
  baseUrl: {
    required: false,
    secret: false,
    leads: true,
    means: `Where the API is; ${TWILIO_URL} when absent.`,
  },
} as const satisfies Record<string, IntegrationSetting>;

const SETTINGS = {
  ...TWILIO_ACCOUNT_SETTINGS,
  phoneNumber: {
    required: false,
    secret: false,
    means: 'The number to send from, `+…`. One of phoneNumber, messagingServiceSid and senderId is needed.',
    schema: {
      type: 'string',
      pattern: '^(\\+[1-9][0-9]{4,14}|[0-9]{3,8})$',
      rule: 'must be a number with a country code, such as +31201234567, or a short code of 3 to 8 digits',
    },
  },
  phoneNumberSid: {
    required: false,
    secret: false,
    means:
      'The number as Twilio names it, `PN…`: phoneNumber is read from it, and answers to it are sent here.',
  },
  messagingServiceSid: {
    required: false,
    secret: false,
    means: 'A Messaging Service, `MG…`, that picks the number. Wins over senderId and phoneNumber.',
    schema: { type: 'string', pattern: '^MG[0-9a-fA-F]{32}$', rule: 'must be MG and 32 hex digits' },
  },
  senderId: {
    required: false,
    secret: false,
    means:
      'A name to send from, 1 to 11 letters, digits and spaces. One-way: nobody can answer. Wins over phoneNumber.',
    schema: {
      type: 'string',
      pattern: '^(?! )(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}(?<! )$',
      rule: 'must be 1 to 11 letters A-Z or a-z, digits or spaces, and not digits only',
    },
  },
} as const satisfies Record<string, IntegrationSetting>;

/** The adapter. */
export const twilio: Adapter = {
  provider: 'twilio',
  title: 'Twilio',
  channel: 'sms',
  settings: SETTINGS,
  confirms: 'delivered',
  idempotent: false,
  // A long code sends one segment a second; a Messaging Service with more numbers is set by the workspace.
  ratePerS: 1,
  open: openTwilio,
  connect: (settings, tools, { inbound }) => connectNumber(settings, accountAt(settings, tools), inbound),
  lookUpNumber: (settings, tools, number) => lookUpNumber(accountAt(settings, tools), number),
  listMessages: (settings, tools, asked) => listTwilio(accountAt(settings, tools), asked),
  fetchMedia: (settings, tools, url) => fetchTwilioMedia(accountAt(settings, tools), url),
  receive: receiveTwilio,
  parsedApart: { purposes: [], module: new URL('callback.ts', import.meta.url) },
};

function accountAt(settings: Settings, tools: AdapterTools) {
  return { tools, account: twilioAccount(settings), secrets: secretsOf(SETTINGS, settings) };
}

/** URLs and headers of an account, built once. */
export function twilioAccount(settings: Settings): {
  url: string;
  lookUpUrl: string;
  headers: Record<string, string>;
} {
  const accountSid = textSetting(settings, 'accountSid') ?? '';
  const key = textSetting(settings, 'apiKey');
  const secret = textSetting(settings, 'apiSecret');
  const pair =
    key && secret ? `${key}:${secret}` : `${accountSid}:${textSetting(settings, 'authToken') ?? ''}`;
  const base = (textSetting(settings, 'baseUrl') ?? TWILIO_URL).replace(/\/+$/, '');
  return {
    // Look-ups have a host beside the API's, in every region of Twilio. A stand-in is one host for both.
    lookUpUrl: base.replace(/^https:\/\/api\.((?:[a-z0-9-]+\.)*twilio\.com)$/, 'https://lookups.$1'),
    url: `${base}/2010-04-01/Accounts/${encodeURIComponent(accountSid)}`,
    headers: {
      authorization: `Basic ${Buffer.from(pair).toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
    },
  };
}

const NO_SENDER: Outcome = {
  kind: 'deferred',
  code: 'no_sender',
  class: 'config',
  detail: 'the integration has none of phoneNumber, messagingServiceSid and senderId',
};
const WRONG_CHANNEL: Outcome = {
  kind: 'refused',
  code: 'wrong_channel',
  class: 'content',
  detail: 'not a text message',
};
/** The longest ValidityPeriod Twilio takes, in seconds. */
const LONGEST_VALIDITY_S = 36_000;

function openTwilio(settings: Settings, tools: AdapterTools): Sender {
  const { url, headers } = twilioAccount(settings);
  const { http, deadlineMs } = tools;
  const endpoint = `${url}/Messages.json`;
  const from = fromOf(settings);
  const secrets = secretsOf(SETTINGS, settings);
  const callback = callbackText();
  return {
    async send({ ref, to, rendered, callbackUrl, ttlS }) {
      if (rendered.channel !== 'sms') return WRONG_CHANNEL;
      const sender = rendered.from ? formBody({ From: rendered.from }) : from;
      if (!sender) return NO_SENDER;
      let body = `${sender}&${formBody({
        To: to,
        Body: rendered.text || undefined,
        ValidityPeriod: ttlS === undefined ? undefined : validityOf(ttlS),
      })}&StatusCallback=${callback(callbackUrl, ref)}`;
      if (rendered.media)
        for (const media of rendered.media) body += `&MediaUrl=${encodeURIComponent(media.url)}`;
      const call = await http.call({ method: 'POST', url: endpoint, headers, body, deadlineMs });
      return twilioOutcome(call, { nowMs: tools.nowMs(), secrets, ownSender: rendered.from !== undefined });
    },
    lookUp: (message) => lookUpTwilio({ tools, endpoint, headers, list: 'messages' }, message),
    close: () => Promise.resolve(),
  };
}

/** A callback's URL as forms have it. All of it but the ref at its end is the same for every message, and is written once. */
function callbackText(): (url: string, ref: string) => string {
  let beginning = '';
  let text = '';
  return (url, ref) => {
    if (!url.endsWith(ref)) return formText(url);
    if (url.length !== beginning.length + ref.length || !url.startsWith(beginning)) {
      beginning = url.slice(0, url.length - ref.length);
      text = formText(beginning);
    }
    return text + formText(ref);
  };
}

function fromOf(settings: Settings): string | undefined {
  const service = textSetting(settings, 'messagingServiceSid');
  if (service) return formBody({ MessagingServiceSid: service });
  const from = textSetting(settings, 'senderId') ?? textSetting(settings, 'phoneNumber');
  return from && formBody({ From: from });
}

function validityOf(ttlS: Outgoing['ttlS'] & number): string {
  return String(Math.min(Math.max(Math.floor(ttlS), 1), LONGEST_VALIDITY_S));
}
