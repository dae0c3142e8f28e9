/** Ceilings of mail and push: loops over the libraries that the adapters use, and nothing else. */
import { connect } from 'node:http2';
import { createTransport } from 'nodemailer';
import { serve } from './child.ts';
import { emailOf, inParallel } from './load.ts';
import { sharedMs } from './measure.ts';

/** Calls at once: as many as Parley makes for one integration. */
const AT_ONCE = 64;

const commands = {
  /** Sends so many mails over a pool of connections. */
  async smtp({ port, connections, count }: { port: number; connections: number; count: number }) {
    const pool = createTransport({
      pool: true,
      host: '127.0.0.1',
      port,
      maxConnections: connections,
      maxMessages: 1000,
    });
    const send = async (n: number) => {
      const plan = n % 2 ? 'pro' : 'free';
      await pool.sendMail({
        from: 'Bench <hello@bench.example>',
        to: emailOf(n),
        subject: 'New message',
        text: `Hello Ann${n}, your ${plan} plan is ready.`,
        html: `<!doctype html><html><body><p>Hello Ann${n}, your ${plan} plan is ready.</p></body></html>`,
        messageId: `<${n}@bench.example>`,
        headers: { 'List-Unsubscribe': `<http://127.0.0.1:4000/u/${n}>` },
      });
    };
    const fromMs = sharedMs();
    await inParallel(AT_ONCE, count, send);
    const ms = sharedMs() - fromMs;
    pool.close();
    return { ms };
  },
  /** Sends so many pushes over one connection, `streams` of them at once. */
  async push({ url, way, streams, count }: { url: string; way: PushWay; streams: number; count: number }) {
    const session = connect(url, { settings: { enablePush: false } });
    const send = (n: number) =>
      new Promise<void>((resolve, reject) => {
        const { headers, body } = REQUESTS[way](n);
        const stream = session.request({ ':method': 'POST', 'content-length': body.length, ...headers });
        let status: number | undefined;
        stream.once('response', (answer) => (status = answer[':status']));
        stream.resume();
        stream.once('error', reject);
        stream.once('end', () => (status === 200 ? resolve() : reject(new Error(`answered ${status}`))));
        stream.end(body);
      });
    const fromMs = sharedMs();
    await inParallel(streams, count, send);
    const ms = sharedMs() - fromMs;
    session.close();
    return { ms };
  },
};
/** What these ceilings can be asked. */
export type ChannelCeilingCommands = typeof commands;

type PushWay = 'fcm' | 'apns';
type Request = { headers: Record<string, string>; body: string };

const textOf = (n: number) => `Hello Ann${n}, your ${n % 2 ? 'pro' : 'free'} plan is ready.`;

/** As large as what the adapters send. */
const REQUESTS: Readonly<Record<PushWay, (n: number) => Request>> = {
  fcm: (n) => ({
    headers: {
      ':path': '/v1/projects/bench/messages:send',
      authorization: 'Bearer token-of-the-bench',
      'content-type': 'application/json',
    },
    body: JSON.stringify({
      message: {
        token: `${'t'.repeat(140)}${n}`,
        notification: { body: textOf(n) },
        data: { ref: `${n}` },
        android: { priority: 'NORMAL', ttl: '259200s', notification: { tag: `${n}` } },
        apns: { headers: { 'apns-priority': '5' }, payload: { aps: { alert: { body: textOf(n) } } } },
        webpush: { headers: { Urgency: 'normal' }, notification: { tag: `${n}` } },
      },
    }),
  }),
  apns: (n) => ({
    headers: {
      ':path': `/3/device/${n.toString(16).padStart(64, '0')}`,
      authorization: `bearer ${'j'.repeat(200)}`,
      'apns-topic': 'com.bench.app',
      'apns-push-type': 'alert',
      'apns-priority': '5',
      'apns-id': `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ aps: { alert: { body: textOf(n) } }, ref: `${n}` }),
  }),
};

serve(commands, async () => {});
