/** Channels, providers, message classes and what a rendered message looks like on its way to an adapter. */

/** The channels on which a contact can be reached. */
export const CHANNELS = ['sms', 'whatsapp', 'email', 'push', 'voice', 'webchat', 'webhook'] as const;
export type ChannelName = (typeof CHANNELS)[number];

/** What an address of a device begins with when it says what kind of token it is; a device tells of its token without. */
export const TOKEN_KIND = /^(?:apns|fcm|fid|webpush):/;

/** How WhatsApp names a person whose number is hidden behind a username: `US.1349…`, `US.ENT.1181…`. */
export const WHATSAPP_USER_ID = /^[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}$/;

/** What a message is for. Consent, quiet hours and the policy for an unknown outcome depend on it. */
export const MESSAGE_CLASSES = ['transactional', 'marketing', 'authentication'] as const;
export type MessageClass = (typeof MESSAGE_CLASSES)[number];

/**
 * What a provider's error means for us. One class per code, from each provider's table:
 * `recipient` the address will never work; `optout` the person said stop; `blocked` policy refuses it;
 * `content` malformed, never retry unchanged; `config` an operator must fix the integration;
 * `rate` too fast, not the message's fault; `transient` retry with backoff; `refresh_token` new credential, retry at once;
 * `ambiguous` may have been sent; `window` WhatsApp's 24 hours are over; `hold_24h` not before a day has passed;
 * `template_paused`, `sender_paused` hold that template or sender; `expired` its time is over;
 * `provider_retrying` informational.
 */
export const ERROR_CLASSES = [
  'recipient',
  'optout',
  'blocked',
  'content',
  'config',
  'rate',
  'transient',
  'refresh_token',
  'ambiguous',
  'window',
  'hold_24h',
  'template_paused',
  'sender_paused',
  'expired',
  'provider_retrying',
] as const;
export type ErrorClass = (typeof ERROR_CLASSES)[number];

/** How somebody is asked whether an address that is linked is theirs. */
export const CONFIRMATIONS = ['immediate', 'userActivity', 'prompt'] as const;

/** What kind of line a phone number is, as far as anybody can tell. */
export const LINE_TYPES = [
  'mobile',
  'landline',
  'landline_or_mobile',
  'voip',
  'toll_free',
  'premium',
  'other',
] as const;
export type LineType = (typeof LINE_TYPES)[number];

/** A file that goes with a message; `url` is fetched by the provider or by us just before the call. */
export type RenderedMedia = { url: string; mediaType?: string; name?: string };

/** A message, personalised and degraded to what its channel can show: the input of an adapter. */
export type Rendered =
  | { channel: 'sms'; text: string; from?: string; media?: RenderedMedia[] }
  | {
      channel: 'email';
      subject: string;
      text: string;
      html?: string;
      from?: string;
      replyTo?: string;
      attachments?: RenderedMedia[];
      headers?: Record<string, string>;
    }
  | { channel: 'whatsapp'; payload: Record<string, unknown> & { type: string }; text: string }
  | {
      channel: 'push';
      title?: string;
      body: string;
      data?: Record<string, string>;
      imageUrl?: string;
      deepLink?: string;
      category?: string;
      badge?: number;
      collapseKey?: string;
      silent?: boolean;
      actions?: { id: string; title: string }[];
    }
  | {
      channel: 'voice';
      say: string;
      voice?: string;
      language?: string;
      gather?: { digits: number; prompt?: string };
    }
  | { channel: 'webchat'; payload: Record<string, unknown>; text: string }
  | { channel: 'webhook'; payload: Record<string, unknown>; text: string };
