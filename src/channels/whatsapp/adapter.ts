/**
 * WhatsApp through Meta's Cloud API. `content` has made the message; here it gets its addressee and our reference, which
 * Meta returns with every status (`biz_opaque_callback_data`).
 */
import { WHATSAPP_USER_ID } from '../../../contract/channels.ts';
import type { Adapter, AdapterTools, Outcome, Outgoing, Sender, Settings } from '../adapter.ts';
import { secretsOf, textSetting } from '../kit/outcome.ts';
import { receiveWhatsApp } from './callback.ts';
import { fetchMedia } from './media.ts';
import { whatsappFailure, whatsappOutcome } from './outcomes.ts';
import { WHATSAPP_SETTINGS, whatsappUrl } from './settings.ts';

/** The adapter. */
export const whatsapp: Adapter = {
  provider: 'whatsapp',
  title: 'WhatsApp',
  channel: 'whatsapp',
  settings: WHATSAPP_SETTINGS,
  confirms: 'read',
  idempotent: false,
  // What a number starts with (Cloud API, "Throughput"); Meta raises it to 1,000 by itself.
  ratePerS: 80,
  open: openWhatsApp,
  fetchMedia,
  receive: receiveWhatsApp,
  parsedApart: { purposes: [], module: new URL('callback.ts', import.meta.url) },
};

const WRONG_CHANNEL: Outcome = {
  kind: 'refused',
  code: 'wrong_channel',
  class: 'content',
  detail: 'not a WhatsApp message',
};

function openWhatsApp(settings: Settings, tools: AdapterTools): Sender {
  const { http, deadlineMs } = tools;
  const number = encodeURIComponent(textSetting(settings, 'phoneNumberId') ?? '');
  const request = {
    method: 'POST',
    url: `${whatsappUrl(settings)}/${number}/messages`,
    headers: {
      authorization: `Bearer ${textSetting(settings, 'accessToken') ?? ''}`,
      'content-type': 'application/json',
      accept: 'application/json',
    },
    deadlineMs,
  } as const;
  const secrets = secretsOf(WHATSAPP_SETTINGS, settings);
  return {
    async send({ ref, to, rendered }) {
      if (rendered.channel !== 'whatsapp') return WRONG_CHANNEL;
      const body = bodyOf(rendered.payload, to, ref);
      return whatsappOutcome(await http.call({ ...request, body }), { nowMs: tools.nowMs(), secrets });
    },
    async showTyping(heardId) {
      // The same call says that it was read (Cloud API, "Typing indicators").
      const body = JSON.stringify({
        messaging_product: 'whatsapp',
        status: 'read',
        message_id: heardId,
        typing_indicator: { type: 'text' },
      });
      const answer = await http.call({ ...request, body });
      return answer.kind === 'answer' && answer.status === 200
        ? { kind: 'accepted', externalIds: [], receipts: false }
        : whatsappFailure(answer, { nowMs: tools.nowMs(), secrets });
    },
    close: () => Promise.resolve(),
  };
}

/**
 * The message on the wire. The payload may be a caller's own (an override), so who gets it and what names it are written
 * behind it; `context`, the message it answers, passes through.
 */
function bodyOf(payload: Record<string, unknown>, to: Outgoing['to'], ref: Outgoing['ref']): string {
  const named = {
    messaging_product: 'whatsapp',
    recipient_type: 'individual',
    to: undefined,
    recipient: undefined,
    biz_opaque_callback_data: ref,
  };
  return JSON.stringify({
    ...payload,
    ...named,
    ...(WHATSAPP_USER_ID.test(to) ? { recipient: to } : { to }),
  });
}
