/** Mailgun: messages, its log of events, the signature of its callbacks, and what statuses and reasons mean. */
import { Type } from 'typebox';
import type { CodesByClass, Described } from '../contract.ts';
import { closed, like, oneOf, open, several, text } from './shape.ts';

/** A field of ours, a header, or an option: anything else is a misspelling. */
const FIELD = /^(?:h:[A-Za-z0-9-]+|v:\S+|o:[a-z-]+|t:[a-z]+)$/;
const KNOWN = new Set(
  'from to cc bcc subject text html amp-html template attachment inline recipient-variables'.split(' '),
);
const yesNo = oneOf('yes', 'no', 'true', 'false');

/** A page of the log. */
const events = open(
  { items: Type.Array(open({ event: text(), timestamp: Type.Number() }, { id: text() })) },
  { paging: open({}, { next: text(), previous: text() }) },
);

/** The calls. */
export const MAILGUN: Described = {
  source: 'github.com/mailgun/mailgun-mcp-server, src/openapi.yaml at 78d610f (2026-07-09)',
  readOn: '2026-11-20',
  collected: 'mailgun.json',
  calls: [
    {
      method: 'POST',
      path: /^\/v3\/[^/]+\/messages$/,
      takes: 'form',
      body: open(
        { from: text(), to: several(text()), subject: Type.String() },
        {
          text: Type.String(),
          html: Type.String(),
          'o:deliver-within': like('^\\d+h(?:\\d+m)?$|^\\d+m$'),
          'o:tracking': yesNo,
          'o:tag': several(text(128)),
          'recipient-variables': like('^\\{'),
        },
      ),
      rule: (body) => [
        ...Object.keys(body)
          .filter((name) => !KNOWN.has(name) && !FIELD.test(name))
          .map((name) => `no such field: ${name}`),
        ...(['text', 'html', 'amp-html', 'template'].some((name) => name in body) ? [] : ['nothing is said']),
        ...([body['to']].flat().length > 1000 ? ['more than 1,000 recipients'] : []),
      ],
      answers: { 200: open({ id: text(), message: text() }) },
    },
    {
      method: 'GET',
      path: /^\/v3\/[^/]+\/events$/,
      query: open(
        {},
        {
          begin: like('^\\d+$'),
          end: like('^\\d+$'),
          ascending: oneOf('yes', 'no'),
          limit: like('^(?:[1-9]\\d?|[12]\\d\\d|300)$'),
          event: text(),
        },
      ),
      answers: { 200: events },
    },
    {
      // Where `paging.next` leads: what was asked for is in the token.
      method: 'GET',
      path: /^\/v3\/[^/]+\/events\/[\w=~.%-]+$/,
      query: closed({}),
      answers: { 200: events },
    },
  ],
};

/** Signed as Mailgun does (“Securing webhooks”): HMAC-SHA256 over timestamp and token. Computed 2026-11-28 with node:crypto. */
export const MAILGUN_SIGNED = {
  signingKey: 'signing-key-of-our-own',
  timestamp: '1764000000',
  token: '0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a697887',
  signature: '4eafbe54a1a6d679aee1d1c9179dba877c810d24a721c2dfb30a71a4e34cc85b',
} as const;

/** Statuses of answers (documentation.mailgun.com “API overview”; 403 and 504 come from what stands before it). */
export const MAILGUN_ANSWERS_BY_CLASS: CodesByClass<number> = {
  content: [400, 413],
  config: [401, 402, 403, 404],
  rate: [429],
  ambiguous: [500, 502, 504],
  transient: [503],
};

/** Reasons of permanent failures (“Events”). */
export const MAILGUN_REASONS_BY_CLASS: CodesByClass<string> = {
  recipient: ['bounce', 'suppress-bounce'],
  optout: ['suppress-complaint', 'suppress-unsubscribe'],
  expired: ['old'],
};
