/** The settings of a Mailgun integration and what follows from them alone. */
import type { IntegrationSetting, Settings } from '../adapter.ts';
import { HIDE_LINK } from '../kit/mail/unsubscribeLink.ts';
import { textSetting } from '../kit/outcome.ts';

/** Where the API of each region is. A domain lives in one of them, and the other one answers 404. */
export const MAILGUN_URLS = { us: 'https://api.mailgun.net', eu: 'https://api.eu.mailgun.net' } as const;

/** The settings. */
export const MAILGUN_SETTINGS = {
  apiKey: {
    required: true,
    secret: true,
    means: 'A sending key of the domain, or an API key of the account.',
  },
  domain: {
    required: true,
    secret: false,
    means: 'The domain to send from, as it is called at Mailgun: mg.sunshine.example.',
    schema: {
      type: 'string',
      pattern: '^(?=.{4,253}$)[A-Za-z0-9-]+(\\.[A-Za-z0-9-]+)+$',
      rule: 'must be a domain name, such as mg.sunshine.example',
    },
  },
  incomingAddress: {
    required: false,
    secret: false,
    means: 'The address that answers go to; a route of Mailgun forwards it to Parley.',
  },
  fromAddress: {
    required: false,
    secret: false,
    means: 'Sender, as in `Sunshine <hello@mg.sunshine.example>`. The incoming address when absent.',
  },
  signingKey: {
    required: false,
    secret: true,
    means: 'The HTTP webhook signing key. Without it no callback is believed.',
  },
  region: {
    required: false,
    secret: false,
    means: 'Where the domain is: us or eu. us when absent.',
    schema: { enum: ['us', 'eu'] },
  },
  baseUrl: {
    required: false,
    secret: false,
    leads: true,
    means: 'Where the API is; that of the region when absent.',
  },
  hideUnsubscribeLink: HIDE_LINK,
} as const satisfies Record<string, IntegrationSetting>;

/** The address of the API under which the domain's calls are, and the headers of each. */
export function mailgunAccount(settings: Settings): {
  url: string;
  domain: string;
  headers: Record<string, string>;
} {
  const region = settings.region === 'eu' ? 'eu' : 'us';
  const domain = textSetting(settings, 'domain') ?? '';
  const base = (textSetting(settings, 'baseUrl') ?? MAILGUN_URLS[region]).replace(/\/+$/, '');
  const key = textSetting(settings, 'apiKey') ?? '';
  return {
    url: `${base}/v3/${encodeURIComponent(domain)}`,
    domain,
    headers: {
      authorization: `Basic ${Buffer.from(`api:${key}`).toString('base64')}`,
      accept: 'application/json',
    },
  };
}

/** The Message-Id of a delivery, without its brackets: the same for each attempt, so that receivers can tell a repeat. */
export function messageIdOf(ref: string, domain: string): string {
  return `${ref}@${domain}`;
}

/** The ref in a Message-Id of ours, with or without brackets; undefined when it is not ours. */
export function refIn(messageId: string, domain: string): string | undefined {
  const [, ref, host] = /^\s*<?([A-Za-z0-9._~-]{1,40})@([^<>@\s]+)>?\s*$/.exec(messageId) ?? [];
  return host?.toLowerCase() === domain.toLowerCase() ? ref : undefined;
}
