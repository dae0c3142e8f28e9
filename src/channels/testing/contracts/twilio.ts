/** Twilio: messages, calls, look-ups, the signature of its callbacks, and what its codes mean. */
import { Type } from 'typebox';
import type { CodesByClass, Described } from '../contract.ts';
import { closed, like, oneOf, open, orNull, phone, several, text, url } from './shape.ts';

const sid = (prefix: string) => like(`^(?:${prefix})[0-9a-fA-F]{32}$`);
const account = '/2010-04-01/Accounts/AC[0-9a-fA-F]{32}';
const yesNo = oneOf('true', 'false');
const seconds = like('^\\d+$');

/** A number, a short code, or up to eleven letters and digits of which one is a letter. */
const sender = Type.Union([phone, like('^\\d{3,8}$'), like('^(?=.*[A-Za-z])[A-Za-z0-9 &_+-]{1,11}$')]);

const failure = open({ code: Type.Integer(), message: Type.String(), status: Type.Integer() });

/** A time as Twilio's libraries write it (`serialize.iso8601DateTime`), or a day. */
const moment = like('^\\d{4}-\\d\\d-\\d\\d(?:T\\d\\d:\\d\\d:\\d\\dZ)?$');

/** A message in the list of them. */
const listed = open(
  {
    sid: sid('SM|MM'),
    direction: oneOf('inbound', 'outbound-api', 'outbound-call', 'outbound-reply'),
    date_created: text(),
  },
  { status: text(), body: Type.String(), date_sent: orNull(text()), from: orNull(Type.String()), to: text() },
);

/** Messages, calls, and where the answers to a number go. */
export const TWILIO: Described = {
  source: 'github.com/twilio/twilio-oai, twilio_api_v2010 at d50069b (2026-04-14)',
  readOn: '2026-11-20',
  collected: 'twilio-api-v2010.json',
  calls: [
    {
      method: 'POST',
      path: new RegExp(`^${account}/Messages\\.json$`),
      takes: 'form',
      body: closed(
        { To: like('^(?:\\+[1-9]\\d{6,14}|\\d{3,15})$') },
        {
          From: sender,
          MessagingServiceSid: sid('MG'),
          Body: text(1600),
          MediaUrl: several(url),
          StatusCallback: url,
          ValidityPeriod: seconds,
          ShortenUrls: yesNo,
          SmartEncoded: yesNo,
          ScheduleType: oneOf('fixed'),
          SendAt: text(),
        },
      ),
      rule: (body) => [
        ...(body['From'] || body['MessagingServiceSid'] ? [] : ['neither From nor MessagingServiceSid']),
        ...(body['Body'] || body['MediaUrl'] ? [] : ['neither Body nor MediaUrl']),
        ...([body['MediaUrl'] ?? []].flat().length > 10 ? ['more than ten MediaUrl'] : []),
      ],
      answers: {
        201: open(
          {
            sid: sid('SM|MM'),
            status: oneOf('accepted', 'scheduled', 'queued', 'sending', 'sent', 'delivered', 'failed'),
          },
          {
            error_code: orNull(Type.Integer()),
            num_segments: orNull(like('^\\d+$')),
            messaging_service_sid: orNull(sid('MG')),
          },
        ),
      },
      failure,
    },
    {
      method: 'GET',
      path: new RegExp(`^${account}/Messages\\.json$`),
      query: closed(
        {},
        {
          To: phone,
          From: sender,
          DateSent: moment,
          'DateSent<': moment,
          'DateSent>': moment,
          PageSize: like('^(?:[1-9]\\d{0,2}|1000)$'),
          Page: like('^\\d+$'),
          PageToken: text(),
        },
      ),
      answers: {
        200: open(
          { messages: Type.Array(listed) },
          { next_page_uri: orNull(like('^/2010-04-01/')), page: Type.Integer(), page_size: Type.Integer() },
        ),
      },
      failure,
    },
    {
      method: 'POST',
      path: new RegExp(`^${account}/Calls\\.json$`),
      takes: 'form',
      body: closed(
        { To: phone, From: phone },
        {
          // The document of the call's parameters: 4,000 characters at most.
          Twiml: text(4000),
          Url: url,
          StatusCallback: url,
          StatusCallbackMethod: oneOf('GET', 'POST'),
          StatusCallbackEvent: several(oneOf('initiated', 'ringing', 'answered', 'completed')),
          Timeout: seconds,
          TimeLimit: seconds,
          MachineDetection: oneOf('Enable', 'DetectMessageEnd'),
        },
      ),
      rule: (body) => (body['Twiml'] || body['Url'] ? [] : ['neither Twiml nor Url']),
      answers: {
        201: open({
          sid: sid('CA'),
          status: oneOf('queued', 'ringing', 'in-progress', 'completed', 'busy', 'failed', 'no-answer'),
        }),
      },
      failure,
    },
    {
      method: 'POST',
      path: new RegExp(`^${account}/IncomingPhoneNumbers/PN[0-9a-fA-F]{32}\\.json$`),
      takes: 'form',
      body: closed({}, { SmsUrl: url, SmsMethod: oneOf('GET', 'POST') }),
      answers: { 200: open({ sid: sid('PN'), phone_number: phone }) },
      failure,
    },
  ],
};

/** Look-ups. */
export const TWILIO_LOOKUPS: Described = {
  source: 'github.com/twilio/twilio-oai, twilio_lookups_v2 at d50069b (2026-04-14)',
  readOn: '2026-11-20',
  collected: 'twilio-lookups-v2.json',
  calls: [
    {
      method: 'GET',
      path: /^\/v2\/PhoneNumbers\/(?:\+|%2B)\d+$/,
      answers: {
        200: open(
          { phone_number: phone, valid: Type.Boolean() },
          {
            country_code: orNull(like('^[A-Z]{2}$')),
            line_type_intelligence: orNull(
              open({}, { type: orNull(text()), error_code: orNull(Type.Integer()) }),
            ),
          },
        ),
      },
      failure,
    },
  ],
};

/**
 * Callbacks as Twilio signs them: HMAC-SHA1 over the URL and the form's fields by name, or over the URL alone with the SHA-256 of
 * a JSON body in it. Computed 2026-11-28 with `twilio` 6.2.0 (`getExpectedTwilioSignature`).
 */
export const TWILIO_SIGNED = {
  authToken: '5ecf0d1b2a3948576a7b8c9daebfc0d1',
  calls: [
    {
      url: 'https://parley.example/callbacks/7/k/other?ref=c1.p1.0',
      fields: {
        AccountSid: `AC${'1'.repeat(32)}`,
        MessageSid: `SM${'2'.repeat(32)}`,
        MessageStatus: 'undelivered',
        ErrorCode: '30005',
        To: '+4915112345678',
        From: 'Bakkerij',
      },
      signature: 'YiJxG4FSJbOWGRS+Rza61o39dWk=',
    },
    {
      url: 'https://parley.example/callbacks/7/k/other?x=a%20b&y=%C3%A9',
      fields: {
        MessageSid: `SM${'3'.repeat(32)}`,
        From: '+4915112345678',
        To: '+4915735980000',
        Body: 'Grüße & küsse = 🥨 "Ja"',
        NumMedia: '0',
        OptOutType: '',
      },
      signature: '3aWdidWnR954UIQXfmoaTiDDyto=',
    },
    {
      url: 'https://parley.example/callbacks/7/k/other?ref=c1.p1.0&event=gather',
      fields: {
        CallSid: `CA${'4'.repeat(32)}`,
        CallStatus: 'in-progress',
        Digits: '9',
        FinishedOnKey: '',
        a: 'lower after upper',
        Z: '1',
      },
      signature: '6NLXKWw9CIJClDg4lAlS3ODC+cg=',
    },
    {
      url: 'https://parley.example/callbacks/7/k/other?bodySHA256=4cc9f1e70100ed5332f8d238ab9730ffbdab3b0c8b2ef0de73134e13af462908',
      json: '{"n":7,"s":"ß"}',
      signature: '64Hw/9Sp84nc2/TnVdEv7QNjuVo=',
    },
  ],
} as const;

/** Codes of refused calls and failed deliveries (Twilio's error dictionary, 2026-11). */
export const TWILIO_CODES_BY_CLASS: CodesByClass<number> = {
  transient: [11200, 21730, 30003, 30008, 30009, 30017, 30020, 30021, 63009, 63010, 63012],
  content: [
    12100, 21602, 21605, 21617, 21618, 21620, 21623, 21652, 21654, 21658, 30007, 30019, 63005, 63006, 63013,
    63021, 63026, 63027, 63028, 63029, 63030, 63034,
  ],
  recipient: [13224, 21202, 21211, 21214, 21217, 21614, 30005, 30006, 63003, 63024, 63032, 63036],
  rate: [14107, 20429, 21611, 30001, 30022, 30023, 30027, 63017, 63018, 63038],
  config: [
    20003, 20005, 20006, 20010, 21203, 21210, 21212, 21215, 21216, 21219, 21401, 21408, 21601, 21603, 21604,
    21606, 21607, 21608, 21609, 21612, 21621, 21622, 21655, 21656, 21657, 21659, 21660, 21661, 21701, 21702,
    21703, 21704, 21705, 21709, 30002, 30018, 30024, 30032, 30033, 30034, 30035, 63001, 63002, 63007, 63008,
    63015, 63040, 63041, 63042, 63051,
  ],
  optout: [21610, 63014, 63033],
  blocked: [30004, 30450],
  ambiguous: [30410],
  window: [63016],
  expired: [30036],
};
