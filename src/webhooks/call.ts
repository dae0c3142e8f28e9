/**
 * One call: its headers, its signature, its deadline. Knows nothing of what its outcome leads to.
 *
 * Signed as Standard Webhooks 1.0.0 has it: HMAC-SHA256 of `id.timestamp.body`. The key is what follows `whsec_` in the
 * secret, from base64. A secret that somebody chose himself and that does not begin so is the key as it stands (UTF-8):
 * libraries call that format raw.
 */
import type { Clock } from '../base/clock.ts';
import { hmac } from '../base/crypto.ts';
import { isId } from '../base/ids.ts';
import type { HttpClient, HttpOutcome } from '../base/http.ts';
import type { DoorName } from '../accounts/keys.ts';
import type { BasicAuth, WebhookSecrets } from './webhooks.ts';
import type { Webhook } from './webhook.ts';

/** Sunshine waits so long (api/sunshine.md §8.2); Standard Webhooks advises 15 to 30 s. */
export const DEADLINE_MS = 20_000;
const WHSEC = 'whsec_';

/**
 * Makes one call. `messageId` stays the same over retries and replays, so that the receiver can tell a repeat; the guarded
 * client given refuses private addresses.
 */
export async function callTarget(
  deps: { http: HttpClient; clock: Clock; deadlineMs: number },
  webhook: Pick<Webhook, 'door' | 'target'>,
  secrets: WebhookSecrets,
  call: { messageId: string; body: string },
): Promise<HttpOutcome> {
  const { http, clock, deadlineMs } = deps;
  return await http.call({
    method: 'POST',
    url: webhook.target,
    headers: {
      'content-type': 'application/json',
      'user-agent': 'Parley',
      ...signed(secrets.secret, call, clock.nowMs()),
      ...OWN_HEADERS[webhook.door]?.(secrets.secret, call.body),
      ...(secrets.basicAuth && { authorization: basic(secrets.basicAuth) }),
    },
    body: call.body,
    deadlineMs,
    // Any 2xx is a success (Standard Webhooks), whatever comes behind it.
    statusOnly: true,
  });
}

/** `webhook-id` of a call: that of the first call with this content. */
export function messageIdOf(call: { id: number; replayOf: number | null }): string {
  return `msg_${(call.replayOf ?? call.id).toString(36)}`;
}

/** The first call behind a `webhook-id`; undefined where the text is none. */
export function firstCallOf(messageId: string): number | undefined {
  const id = /^msg_[0-9a-z]{1,11}$/.test(messageId) ? Number.parseInt(messageId.slice(4), 36) : undefined;
  return isId(id) ? id : undefined;
}

/** What doors had before there was a standard. Sunshine's is the plain secret, Web1on1's signs with SHA-1. */
const OWN_HEADERS: Partial<Record<DoorName, (secret: string, body: string) => Record<string, string>>> = {
  sunshine: (secret) => ({ 'x-api-key': secret }),
  web1on1: (secret, body) => ({ 'x-hub-signature': `sha1=${hmac('sha1', secret, body, 'hex')}` }),
};

function signed(
  secret: string,
  call: { messageId: string; body: string },
  nowMs: number,
): Record<string, string> {
  const key = secret.startsWith(WHSEC)
    ? Buffer.from(secret.slice(WHSEC.length), 'base64')
    : Buffer.from(secret, 'utf8');
  const timestamp = String(Math.floor(nowMs / 1000));
  const signature = hmac('sha256', key, `${call.messageId}.${timestamp}.${call.body}`, 'base64');
  return {
    'webhook-id': call.messageId,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${signature}`,
  };
}

function basic({ username, password }: BasicAuth): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}
