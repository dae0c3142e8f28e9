/** The providers Parley can send through. A new one is a folder here and one line below. */
import type { Adapter } from './adapter.ts';
import { apns } from './apns/adapter.ts';
import { fcm } from './fcm/adapter.ts';
import { mailgun } from './mailgun/adapter.ts';
import { messagebird } from './messagebird/adapter.ts';
import { smtp } from './smtp/adapter.ts';
import { twilio } from './twilio/adapter.ts';
import { twilioVoice } from './twilio-voice/adapter.ts';
import { webchat } from './webchat/adapter.ts';
import { webhook } from './webhook/adapter.ts';
import { webpush } from './webpush/adapter.ts';
import { whatsapp } from './whatsapp/adapter.ts';

const ALL: readonly Adapter[] = [
  apns,
  fcm,
  mailgun,
  messagebird,
  smtp,
  twilio,
  twilioVoice,
  webchat,
  webhook,
  webpush,
  whatsapp,
];

/** Every adapter by its provider name, as in an integration's `type`. Has no prototype, so any name may be asked for. */
export const ADAPTERS: Readonly<Record<string, Adapter | undefined>> = Object.assign(
  Object.create(null) as object,
  Object.fromEntries(ALL.map((adapter) => [adapter.provider, adapter])),
);
