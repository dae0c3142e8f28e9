/** The notification API, measured from outside: throughput, and the time from a request to its message on the wire. */
import { Pool } from 'undici';
import { inParallel } from './load.ts';
import { sharedMs } from './measure.ts';

/** Numbers of people who are written to here, so that the sink can tell them from those of a broadcast. */
export const NOTIFIED = '+1646';

/** Whom to call. */
export type Target = { url: string; appId: string; authorization: string; integrationId: string };

/** Sends notifications, each to a number of its own. */
export type Notifier = {
  /** Sends one; returns the number and when the request was sent. */
  notify(): Promise<{ to: string; sentMs: number }>;
  /** Sends over all connections for so long; returns how many were accepted. */
  flood(forMs: number): Promise<{ accepted: number; ms: number }>;
  close(): Promise<void>;
};

/** A client with `connections` connections that are kept. */
export function openNotifier(target: Target, connections: number): Notifier {
  const pool = new Pool(target.url, { connections, pipelining: 1 });
  const path = `/v1.1/apps/${target.appId}/notifications`;
  const headers = { authorization: target.authorization, 'content-type': 'application/json' };
  const notify = async () => {
    const to = `${NOTIFIED}${2_000_000 + last++}`;
    const body = JSON.stringify({
      destination: { integrationId: target.integrationId, destinationId: to },
      author: { role: 'appMaker' },
      message: { type: 'text', text: 'Your parcel is on its way.' },
    });
    const sentMs = sharedMs();
    const answer = await pool.request({ path, method: 'POST', headers, body });
    const text = await answer.body.text();
    if (answer.statusCode !== 201)
      throw new Error(`the notification API answered ${answer.statusCode}: ${text}`);
    return { to, sentMs };
  };
  return {
    notify,
    async flood(forMs) {
      const fromMs = sharedMs();
      let accepted = 0;
      await inParallel(connections, connections, async () => {
        while (sharedMs() - fromMs < forMs) {
          await notify();
          accepted++;
        }
      });
      return { accepted, ms: sharedMs() - fromMs };
    },
    close: () => pool.close(),
  };
}

/** Over all notifiers, so that nobody is written to twice. */
let last = 0;

/** The value below which `share` of the sorted values lie. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? NaN;
}
