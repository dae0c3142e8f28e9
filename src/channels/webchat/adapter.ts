/**
 * Our own channel: the web chat. There is nobody to call: a message is in the store before it is handed over here, and the live
 * channel (doors/live) shows it to whoever is connected, now or at the next connect. So the answer is always the same, and what
 * the person's own messenger confirms comes back as receipts.
 */
import type { Adapter, IntegrationSetting, Outcome } from '../adapter.ts';

const looks = (means: string, schema?: Record<string, unknown>): IntegrationSetting => ({
  required: false,
  secret: false,
  means,
  ...(schema ? { schema } : {}),
});
const COLOR = {
  type: 'string',
  pattern: '^#?[0-9a-fA-F]{6}$',
  rule: 'must be a color of six hex digits, such as #1a73e8',
};
const PIXELS = { type: 'string', maxLength: 16 };
const NAMES = { type: 'array', maxItems: 50, items: { type: 'string', minLength: 1, maxLength: 255 } };

/** How the messenger looks (api/sunshine.md §4), kept for messengers that ask for it. */
const LOOKS: Readonly<Record<string, IntegrationSetting>> = {
  brandColor: looks('Color of the button and the header.', COLOR),
  conversationColor: looks('Color of what the person says.', COLOR),
  actionColor: looks('Color of links and buttons.', COLOR),
  displayStyle: looks('button or tab.', { type: 'string', enum: ['button', 'tab'] }),
  businessName: looks('Name in the header.'),
  businessIconUrl: looks('Picture in the header.'),
  buttonIconUrl: looks('Picture of the button.'),
  buttonWidth: looks('Width of the button.', PIXELS),
  buttonHeight: looks('Height of the button.', PIXELS),
  backgroundImageUrl: looks('Picture behind the conversation.'),
  fixedIntroPane: looks('The introduction stays in sight.', { type: 'boolean' }),
  integrationOrder: looks('Ids of integrations that are offered besides, in order.', NAMES),
  originWhitelist: looks('Pages that may show the messenger.', NAMES),
};

/** The adapter. */
export const webchat: Adapter = {
  provider: 'webchat',
  title: 'Web chat',
  channel: 'webchat',
  settings: LOOKS,
  confirms: 'read',
  // Nothing is sent here, so nothing is sent twice.
  idempotent: true,
  open: () => ({
    send: ({ rendered }) => Promise.resolve(rendered.channel === 'webchat' ? HANDED_OVER : WRONG_CHANNEL),
    close: () => Promise.resolve(),
  }),
};

const HANDED_OVER: Outcome = { kind: 'accepted', externalIds: [], receipts: true };

const WRONG_CHANNEL: Outcome = {
  kind: 'refused',
  code: 'wrong_channel',
  class: 'content',
  detail: 'not a message for the web chat',
};
