/** Status callbacks as Twilio makes them, one call for each message, after a broadcast. */
import { createHmac } from 'node:crypto';
import { Pool } from 'undici';
import { formBody } from '../src/base/http.ts';
import { inParallel } from './load.ts';
import { sharedMs } from './measure.ts';

/** Token that the bench's Twilio account signs with. */
export const TWILIO_TOKEN = 'token-of-the-bench';

/** Tells that each message was delivered, over so many connections; returns how long that took. Signed beforehand. */
export async function tellDelivered(urls: readonly string[], connections: number): Promise<number> {
  const { origin } = new URL(urls[0]!);
  const pool = new Pool(origin, { connections, pipelining: 1 });
  const calls = urls.map((url, n) => {
    const fields = {
      AccountSid: `AC${'0'.repeat(32)}`,
      MessageSid: `SM${n.toString(16).padStart(32, '0')}`,
      MessageStatus: 'delivered',
    };
    const signed = url + Object.entries(fields).flat().join('');
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      'x-twilio-signature': createHmac('sha1', TWILIO_TOKEN).update(signed).digest('base64'),
    };
    return { path: url.slice(origin.length), method: 'POST' as const, headers, body: formBody(fields) };
  });
  const fromMs = sharedMs();
  await inParallel(connections, calls.length, async (n) => {
    const answer = await pool.request(calls[n]!);
    await answer.body.dump();
    if (answer.statusCode >= 300) throw new Error(`a status callback was answered ${answer.statusCode}`);
  });
  const ms = sharedMs() - fromMs;
  await pool.close();
  return ms;
}
