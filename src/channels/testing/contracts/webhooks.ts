/** Standard Webhooks 1.0, by which we sign what we call and Bird signs what it calls (github.com/standard-webhooks, read 2026-11-20). */

/** A call as it is signed. Computed 2026-11-28 with `standardwebhooks` 1.1.1. */
export const STANDARD_SIGNED = {
  secret: 'whsec_dHdlbnR5LWZvdXIgYnl0ZXMgb2Ygb3Vycw==',
  body: '{"type":"message.sent","n":1}',
  headers: {
    'webhook-id': 'evt_own_1',
    'webhook-timestamp': '1764000000',
    'webhook-signature': 'v1,x8gjbLDzQPDzECJ+Hc/jJuxpoAkNFZBze3aJdHut5Ns=',
  },
} as const;
