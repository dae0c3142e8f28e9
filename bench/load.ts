/** The call that every line of the bench makes: the same form, headers and connections for the ceiling, the floor and Parley. */
import { Agent, type Dispatcher } from 'undici';
import { formBody } from '../src/base/http.ts';

/** Connections of the ceiling and the floor. */
export const CONNECTIONS = 50;

/** What a message of a broadcast says. */
export const TEXT = 'Hello {{ contact.givenName }}, your {{ attributes.plan }} plan is ready.';

/** The phone number of the n-th contact: a valid one, since imports check. */
export function phoneOf(n: number): string {
  return `+1212${2_000_000 + n}`;
}

/** The same for all: what a provider that takes many recipients in one call can take in one. */
export const SHARED_TEXT = 'Hello, your plan is ready: see what is new in it.';

/** The tag of all contacts of a channel, and of those with whom it is warmed up. */
export const EVERYONE = 'everyone';
/** See `EVERYONE`. */
export const WARM = 'warm';

/** The mail address of the n-th contact. */
export function emailOf(n: number): string {
  return `ann${n}@mail.example`;
}

/** Posts to a sink. */
export type Poster = {
  /** Sends the n-th contact its message. */
  post(to: string, n: number): Promise<void>;
  close(): Promise<void>;
};

/** A client on undici's dispatch, its fastest call. */
export function openPoster(sinkUrl: string): Poster {
  const agent = new Agent({ connections: CONNECTIONS, pipelining: 1 });
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    authorization: `Basic ${Buffer.from(`AC${'0'.repeat(32)}:token-of-the-bench`).toString('base64')}`,
  };
  const path = `/2010-04-01/Accounts/AC${'0'.repeat(32)}/Messages.json`;
  const fixed = formBody({ From: '+15005550000' });
  return {
    post: (to, n) =>
      new Promise((resolve, reject) => {
        const body = `${fixed}&${formBody({
          To: to,
          Body: `Hello Ann${n}, your ${n % 2 ? 'pro' : 'free'} plan is ready.`,
          StatusCallback: `http://127.0.0.1:4000/callbacks/000000000000000000000000/key/status?ref=${n}`,
        })}`;
        agent.dispatch({ origin: sinkUrl, path, method: 'POST', headers, body }, answered(resolve, reject));
      }),
    close: () => agent.close(),
  };
}

/** Reads an answer to its end; anything but 201 is an error. */
function answered(resolve: () => void, reject: (error: Error) => void): Dispatcher.DispatchHandler {
  let status = 0;
  return {
    onRequestStart() {},
    onResponseStart(_controller, statusCode) {
      status = statusCode;
    },
    onResponseData() {},
    onResponseEnd() {
      if (status === 201) resolve();
      else reject(new Error(`the sink answered ${status}`));
    },
    onResponseError(_controller, error) {
      reject(error);
    },
  };
}

/** Does `work` for each number below `count`, `width` at a time. */
export async function inParallel(
  width: number,
  count: number,
  work: (n: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const one = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: width }, one));
}
