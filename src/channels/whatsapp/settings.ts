/** The settings of a WhatsApp integration and what follows from them alone. */
import type { IntegrationSetting, Settings } from '../adapter.ts';
import { textSetting } from '../kit/outcome.ts';

/** Where the API is, with its version, unless the settings say otherwise. */
const WHATSAPP_URL = 'https://graph.facebook.com/v25.0';

/** The settings. */
export const WHATSAPP_SETTINGS = {
  phoneNumberId: {
    required: true,
    secret: false,
    means: 'The number to send from, as Meta names it: digits, from API Setup.',
    schema: { type: 'string', pattern: '^[0-9]{5,25}$', rule: 'must be digits, not the phone number itself' },
  },
  accessToken: {
    required: true,
    secret: true,
    means: 'Access token of a system user with whatsapp_business_messaging; one that does not expire.',
  },
  appSecret: {
    required: false,
    secret: true,
    means: 'The app secret, with which Meta signs callbacks. Without it no callback is believed.',
  },
  verifyToken: {
    required: false,
    secret: true,
    means: 'A text of yours that Meta repeats when the callback URL is set up.',
  },
  businessAccountId: {
    required: false,
    secret: false,
    means: 'The WhatsApp business account, digits: its templates can be listed, made and deleted.',
  },
  accountId: { required: false, secret: false, means: 'The same as businessAccountId.' },
  accountManagementAccessToken: {
    required: false,
    secret: true,
    means:
      'Access token with whatsapp_business_management. With it, a template is kept as the person sees it.',
  },
  phoneNumber: { required: false, secret: false, means: 'The number to send from, `+…`, to be shown.' },
  baseUrl: {
    required: false,
    secret: false,
    leads: true,
    means: `Where the API is, with its version; ${WHATSAPP_URL} when absent.`,
  },
} as const satisfies Record<string, IntegrationSetting>;

/** The address of the API in these settings, without a slash at its end. */
export function whatsappUrl(settings: Settings): string {
  return (textSetting(settings, 'baseUrl') ?? WHATSAPP_URL).replace(/\/+$/, '');
}

/** The business account in these settings, under either of its names. */
export function businessAccountOf(settings: Settings): string | undefined {
  return textSetting(settings, 'businessAccountId') ?? textSetting(settings, 'accountId');
}
