/** MessageBird: its classic API and Bird v1, their messages, callbacks and signatures, and what codes mean. */
import { Type, type TProperties } from 'typebox';
import type { CodesByClass, Described } from '../contract.ts';
import { closed, like, oneOf, open, orNull, phone, text, url } from './shape.ts';

/** The classic API, of which no document was ever published. */
export const CLASSIC: Described = {
  source: 'github.com/messagebird/messagebird-nodejs, types/messages.d.ts at 2d8b7de (2023-01-25)',
  readOn: '2026-11-20',
  collected: 'messagebird-legacy.json',
  calls: [
    {
      method: 'POST',
      path: /^\/messages$/,
      takes: 'json',
      body: closed(
        {
          originator: like('^(?:\\+?\\d{1,17}|(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11})$'),
          recipients: Type.Array(like('^[1-9]\\d{6,14}$'), { minItems: 1, maxItems: 50 }),
          body: text(),
        },
        {
          reference: text(),
          reportUrl: url,
          datacoding: oneOf('plain', 'unicode', 'auto'),
          validity: Type.Integer({ minimum: 1 }),
          type: oneOf('sms', 'binary', 'flash'),
          scheduledDatetime: text(),
        },
      ),
      rule: (body) =>
        body['reportUrl'] && !body['reference'] ? ['a reportUrl without a reference is never called'] : [],
      answers: {
        201: open({
          id: text(),
          direction: oneOf('mt'),
          recipients: open({
            items: Type.Array(
              open({
                recipient: Type.Integer(),
                status: oneOf('scheduled', 'sent', 'buffered', 'delivered', 'expired', 'delivery_failed'),
              }),
            ),
          }),
        }),
      },
      failure: open({
        errors: Type.Array(open({ code: Type.Integer(), description: Type.String() })),
      }),
    },
  ],
};

/**
 * A status report as the classic API signs it: a JWT with the SHA-256 of the URL. Computed 2026-11-28 with
 * node:crypto.
 */
export const CLASSIC_SIGNED = {
  signingKey: 'signing-key-of-our-own',
  atMs: 1_764_000_030_000,
  url: 'https://parley.example/callbacks/7/k/status?ref=c1.p1.0&id=9f3d&recipient=31600000001&reference=c1.p1.0&status=delivery_failed&statusReason=unknown+subscriber&statusDatetime=2025-11-24T16%3A00%3A00%2B00%3A00&statusErrorCode=5',
  token:
    'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJNZXNzYWdlQmlyZCIsIm5iZiI6MTc2NDAwMDAwMCwiZXhwIjoxNzY0MDAwMDYwLCJqdGkiOiIwYTFiMmMzZC0wMDAwLTQwMDAtODAwMC0wMDAwMDAwMDAwMDEiLCJ1cmxfaGFzaCI6ImIyYjI2MjQ4NjdhMWFjYmIzZWFiNDA2YWIzZGNjODYxNDUxZWYyZjljNjc1ZjAyMDQ1NGNlZmI3MWEwNTZiYzQifQ.JC9DEwOTSrNRdpWpDI4FLTODcVFy9dkDQzxYalbO2s4',
} as const;

const id = like('^sms_[0-9a-z_]{1,40}$');
const time = like('^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:\\.\\d+)?Z$');
const segments = open({
  count: Type.Integer({ minimum: 1 }),
  encoding: oneOf('GSM_7BIT', 'UCS2'),
  characters: Type.Integer({ minimum: 0 }),
});
const wanted = closed(
  { to: phone, text: text(), category: oneOf('transactional', 'marketing', 'authentication', 'service') },
  {
    from: text(),
    // Seconds: a minute to two days.
    validity_period: Type.Integer({ minimum: 60, maximum: 172_800 }),
    metadata: Type.Record(Type.String(), Type.Unknown()),
    tags: Type.Array(Type.Unknown(), { maxItems: 20 }),
    media_urls: Type.Array(url),
    scheduled_at: time,
  },
);
const made = open({
  id,
  direction: oneOf('outbound', 'inbound'),
  status: oneOf(
    'scheduled',
    'accepted',
    'sent',
    'delivered',
    'undelivered',
    'failed',
    'rejected',
    'received',
  ),
  to: text(),
  from: text(),
  segments,
  created_at: time,
});
const failure = open({
  error: open({
    type: like('^[a-z_]+_error$'),
    code: like('^E\\d{5}$'),
    name: text(),
    message: text(),
    doc_url: url,
    request_id: text(),
  }),
});
const said = (more: TProperties = {}) =>
  open({
    sms_id: id,
    workspace_id: like('^ws_'),
    to: text(),
    from: text(),
    tags: orNull(Type.Array(Type.Unknown())),
    metadata: orNull(Type.Record(Type.String(), Type.Unknown())),
    ...more,
  });
const why = open({ code: text(), description: text(), occurred_at: time });
const EVENTS: Record<string, TProperties> = {
  'sms.accepted': { segments },
  'sms.sent': {},
  'sms.delivered': {},
  'sms.received': { segments, text: text() },
  'sms.failed': { error: why },
  'sms.undelivered': { error: why },
  'sms.rejected': { error: why },
  'sms.expired': { error: why },
};

/** Bird v1; `/webhook` is what it calls. */
export const BIRD: Described = {
  source:
    'github.com/messagebird/bird-sdk-typescript, packages/sdk/src/generated/schemas.gen.ts at 0d5cc9a (2026-08-19)',
  readOn: '2026-11-20',
  collected: 'bird-v1.json',
  calls: [
    {
      method: 'POST',
      path: /^\/v1\/sms\/messages$/,
      takes: 'json',
      body: wanted,
      answers: { 202: made },
      failure,
    },
    {
      method: 'POST',
      path: /^\/v1\/sms\/batches$/,
      takes: 'json',
      body: Type.Array(wanted, { minItems: 1, maxItems: 100 }),
      answers: {
        202: open({ data: Type.Array(made), summary: open({ accepted_count: Type.Integer() }) }),
      },
      failure,
    },
    {
      method: 'GET',
      path: /^\/v1\/sms\/messages$/,
      // Read 2026-11-28: to, direction, created_after (RFC 3339), limit; starting_after with the cursor of the page before.
      answers: { 200: open({ data: Type.Array(made), next_cursor: orNull(text()) }) },
      failure,
    },
    {
      method: 'POST',
      path: /^\/webhook$/,
      takes: 'json',
      body: (body) => {
        const type = String(body['type']);
        return closed({ type: oneOf(...Object.keys(EVENTS)), timestamp: time, data: said(EVENTS[type]) });
      },
      answers: {},
    },
  ],
};

/** Why a message failed, as Bird v1 says it. */
export const BIRD_FAILURES_BY_CLASS: CodesByClass<string> = {
  recipient: ['invalid_destination', 'landline_unreachable'],
  transient: ['provider_unavailable', 'unknown', 'unreachable'],
  blocked: ['blocked_by_carrier', 'blocked_by_recipient'],
  content: ['content_rejected'],
  config: ['insufficient_balance', 'sender_unregistered'],
  optout: ['recipient_opted_out'],
};
