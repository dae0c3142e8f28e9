/** Twilio Voice: calls a person, speaks the text and takes the keys they press. Account, codes and signature are those of SMS. */
import { formBody } from '../../base/http.ts';
import type { Adapter, AdapterTools, IntegrationSetting, Outcome, Sender, Settings } from '../adapter.ts';
import { secretsOf, textSetting } from '../kit/outcome.ts';
import { TWILIO_ACCOUNT_SETTINGS, twilioAccount } from '../twilio/adapter.ts';
import { lookUpTwilio } from '../twilio/lookUp.ts';
import { twilioOutcome } from '../twilio/outcomes.ts';
import { receiveCall } from './callback.ts';
import { callTwiml } from './twiml.ts';

const SETTINGS = {
  ...TWILIO_ACCOUNT_SETTINGS,
  phoneNumber: {
    required: true,
    secret: false,
    means: 'The number to call from: one of Twilio, or verified there. A name is not possible.',
    schema: {
      type: 'string',
      pattern: '^\\+[1-9][0-9]{4,14}$',
      rule: 'must be a number with a country code, such as +31201234567',
    },
  },
  voice: {
    required: false,
    secret: false,
    means: 'The voice, as in `Polly.Lotte-Neural`. A message can bring its own.',
  },
  language: {
    required: false,
    secret: false,
    means: 'The language, as in `nl-NL`. A message can bring its own.',
  },
  goodbye: { required: false, secret: false, means: 'What is said after keys were pressed.' },
  ringS: {
    required: false,
    secret: false,
    means: 'How long it rings, in seconds; 60 when absent.',
    schema: { type: 'integer', minimum: 5, maximum: 600 },
  },
  machineDetection: {
    required: false,
    secret: false,
    means:
      'Whether Twilio listens for a machine: off, Enable (speaks at once), DetectMessageEnd (after the beep).',
    schema: { enum: ['off', 'Enable', 'DetectMessageEnd'] },
  },
} as const satisfies Record<string, IntegrationSetting>;

/** The adapter. */
export const twilioVoice: Adapter = {
  provider: 'twilio-voice',
  title: 'Twilio Voice',
  channel: 'voice',
  settings: SETTINGS,
  confirms: 'read',
  idempotent: false,
  // A new account starts one call a second.
  ratePerS: 1,
  open: openTwilioVoice,
  receive: receiveCall,
  parsedApart: { purposes: [], module: new URL('callback.ts', import.meta.url) },
};

/** Twilio takes no more in the Twiml parameter. */
const LONGEST_TWIML = 4000;

function openTwilioVoice(settings: Settings, tools: AdapterTools): Sender {
  const { url, headers } = twilioAccount(settings);
  const endpoint = `${url}/Calls.json`;
  const secrets = secretsOf(SETTINGS, settings);
  const speech = { voice: textSetting(settings, 'voice'), language: textSetting(settings, 'language') };
  const detection = textSetting(settings, 'machineDetection');
  const constant = formBody({
    From: textSetting(settings, 'phoneNumber'),
    Timeout: typeof settings.ringS === 'number' ? String(settings.ringS) : undefined,
    MachineDetection: detection === 'off' ? undefined : detection,
  });
  return {
    async send({ to, rendered, callbackUrl }) {
      if (rendered.channel !== 'voice') return WRONG_CHANNEL;
      const gatherUrl = `${callbackUrl}${callbackUrl.includes('?') ? '&' : '?'}event=gather`;
      const twiml = callTwiml(rendered, speech, gatherUrl);
      if (twiml.length > LONGEST_TWIML) return TOO_LONG;
      const body = `${constant}&${formBody({ To: to, Twiml: twiml, StatusCallback: callbackUrl })}`;
      const { http, deadlineMs } = tools;
      const call = await http.call({ method: 'POST', url: endpoint, headers, body, deadlineMs });
      return twilioOutcome(call, { nowMs: tools.nowMs(), secrets, ownSender: false });
    },
    lookUp: ({ to, sinceMs, known }) =>
      lookUpTwilio({ tools, endpoint, headers, list: 'calls' }, { to, sinceMs, ...(known ? { known } : {}) }),
    close: () => Promise.resolve(),
  };
}

const WRONG_CHANNEL: Outcome = {
  kind: 'refused',
  code: 'wrong_channel',
  class: 'content',
  detail: 'not a call',
};
const TOO_LONG: Outcome = {
  kind: 'refused',
  code: 'too_long',
  class: 'content',
  detail: `what is said makes more than ${LONGEST_TWIML} characters of TwiML`,
};
