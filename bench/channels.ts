/**
 * Broadcasts by mail and push, to providers that are processes of their own. Shows what a batch (Mailgun) and a multiplexed
 * connection (FCM, APNs) bring, beside what the bare library does.
 */
import { generateKeyPairSync } from 'node:crypto';
import { parleyArguments, profiled, timed, type Bench, type ParleyChild } from './bench.ts';
import type { ChannelCeilingCommands } from './channelCeiling.ts';
import type { Child } from './child.ts';
import { EVERYONE, SHARED_TEXT, TEXT, WARM } from './load.ts';
import type { MailgunSinkCommands } from './mailgunSink.ts';
import type { ChannelWay, ParleyCommands } from './parleyProcess.ts';
import type { PushSinkCommands } from './pushSink.ts';
import type { SmtpSinkCommands } from './smtpSink.ts';

/** Connections to the mail server, here and in its ceiling. */
const SMTP_CONNECTIONS = 10;
/** Before anything is timed, so much of it is sent: a process that has just started is slow. */
const WARM_SHARE = 1;

/** A provider: counts what comes, and says in words how it came. */
type Provider = {
  reset(): Promise<void>;
  arrived(): Promise<{ count: number; how: string }>;
};

type Channels = {
  bench: Bench;
  child: ParleyChild;
  size: number;
  ceilings: Child<ChannelCeilingCommands>;
};

const inWords = (n: number) => n.toLocaleString('en-US');

/** Adds all lines, each to as many people as the smallest broadcast has. */
export async function measureChannels(bench: Bench): Promise<void> {
  const ceilings = await bench.start<ChannelCeilingCommands>('./channelCeiling.ts');
  // A Parley of its own: behind a broadcast to a million, Postgres cleans up for minutes.
  const child = await bench.start<ParleyCommands>('./parleyProcess.ts', parleyArguments(bench, 'channels'));
  const channels: Channels = { bench, child, size: bench.options.sizes[0]!, ceilings };
  await measureSmtp(channels);
  await measureMailgun(channels);
  await measurePush(channels);
  await child.stop();
  await ceilings.stop();
}

async function measureSmtp(channels: Channels): Promise<void> {
  const { bench, ceilings } = channels;
  const sink = await bench.start<SmtpSinkCommands>('./smtpSink.ts');
  const port = await sink.ask('port');
  const ceiling = await measureCeiling(
    channels,
    `Nodemailer’s pool alone, ${SMTP_CONNECTIONS} connections`,
    (count) => ceilings.ask('smtp', { port, connections: SMTP_CONNECTIONS, count }),
  );
  await prepare(channels, 'smtp', {
    host: '127.0.0.1',
    port,
    from: 'Bench <hello@bench.example>',
    maxConnections: SMTP_CONNECTIONS,
  });
  const provider: Provider = {
    reset: () => sink.ask('reset'),
    async arrived() {
      const { count, connections } = await sink.ask('count');
      return { count, how: `over ${connections} connections, each for 1,000 mails at most` };
    },
  };
  await measureBroadcast(channels, { way: 'smtp', what: 'SMTP', text: TEXT, provider, ceiling });
  await sink.stop();
}

async function measureMailgun(channels: Channels): Promise<void> {
  const { bench } = channels;
  const sink = await bench.start<MailgunSinkCommands>('./mailgunSink.ts');
  await prepare(channels, 'mailgun', {
    apiKey: 'key-of-the-bench',
    domain: 'mg.bench.example',
    fromAddress: 'Bench <hello@mg.bench.example>',
    baseUrl: await sink.ask('url'),
  });
  const provider: Provider = {
    reset: () => sink.ask('reset'),
    async arrived() {
      const { count, calls, most } = await sink.ask('count');
      return { count, how: `${inWords(calls)} calls, up to ${inWords(most)} in one` };
    },
  };
  for (const [what, text] of [
    ['Mailgun, the same for all', SHARED_TEXT],
    ['Mailgun, personalised', TEXT],
  ] as const)
    await measureBroadcast(channels, { way: 'mailgun', what, text, provider });
  await sink.stop();
}

async function measurePush(channels: Channels): Promise<void> {
  const { bench, ceilings } = channels;
  const sink = await bench.start<PushSinkCommands>('./pushSink.ts');
  const urls = await sink.ask('urls');
  const provider: Provider = {
    reset: () => sink.ask('reset'),
    async arrived() {
      const { count, connections, mostStreams } = await sink.ask('count');
      return {
        count,
        how: `over ${connections} connection${connections === 1 ? '' : 's'}, up to ${mostStreams} streams at once`,
      };
    },
  };
  const settings = pushSettings(urls);
  for (const [way, what] of [
    ['fcm', 'FCM'],
    ['apns', 'APNs'],
  ] as const) {
    const loop = (streams: number) => (count: number) =>
      ceilings.ask('push', { url: urls.push, way, streams, count });
    await measureCeiling(channels, `${what}, bare HTTP/2, one stream at a time`, loop(1));
    const ceiling = await measureCeiling(channels, `${what}, bare HTTP/2, 64 streams at once`, loop(64));
    await prepare(channels, way, settings[way]);
    await measureBroadcast(channels, { way, what, text: TEXT, provider, ceiling });
  }
  await sink.stop();
}

/** Settings of FCM and APNs that are here. */
export function pushSettings(urls: { push: string; signIn: string }) {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const serviceAccount = {
    type: 'service_account',
    project_id: 'bench',
    private_key_id: 'key-of-the-bench',
    private_key: rsa.export({ type: 'pkcs8', format: 'pem' }),
    client_email: 'bench@bench.iam.gserviceaccount.com',
    token_uri: `${urls.signIn}/token`,
  };
  return {
    fcm: { serviceAccount: JSON.stringify(serviceAccount), baseUrl: urls.push },
    apns: {
      keyId: 'BENCHKEY01',
      teamId: 'BENCHTEAM1',
      privateKey: String(ec.export({ type: 'pkcs8', format: 'pem' })),
      topic: 'com.bench.app',
      baseUrl: urls.push,
    },
  };
}

/** Its rate per second. */
async function measureCeiling(
  { bench, size, ceilings }: Channels,
  what: string,
  run: (count: number) => Promise<{ ms: number }>,
): Promise<number> {
  await run(size * WARM_SHARE);
  const { rate } = await timed(bench, ceilings.pid, what, size, () => run(size));
  bench.found.channels.push(rate);
  return rate.perS;
}

async function prepare(
  { child, size }: Channels,
  way: ChannelWay,
  settings: Record<string, unknown>,
): Promise<void> {
  await child.ask('makeChannel', { way, settings });
  await child.ask('makeContacts', { way, count: size, warm: size * WARM_SHARE });
  await child.ask('settleStore');
}

async function measureBroadcast(
  { bench, child, size }: Channels,
  line: { way: ChannelWay; what: string; text: string; provider: Provider; ceiling?: number },
): Promise<void> {
  const { way, text, provider, ceiling } = line;
  const what = `broadcast to ${inWords(size)}, ${line.what}`;
  const warm = await child.ask('startBroadcast', { way, tag: WARM, text });
  await child.ask('untilSent', { way, id: warm.id });
  await child.ask('untilQuiet');
  await provider.reset();
  await profiled(bench, child, line.what.replaceAll(/\W+/g, '-').toLowerCase(), async () => {
    const { rate } = await timed(bench, child.pid, what, size, async () => {
      const { id, fromMs } = await child.ask('startBroadcast', { way, tag: EVERYONE, text });
      const { atMs } = await child.ask('untilSent', { way, id });
      await child.ask('untilQuiet');
      const counts = await child.ask('counts', { way, id });
      if (counts.accepted !== size)
        throw new Error(`${what}: not all were reached: ${JSON.stringify(counts)}`);
      const { count, how } = await provider.arrived();
      if (count !== size) throw new Error(`${what}: ${count} came to the provider`);
      return { ms: atMs - fromMs, note: how };
    });
    bench.found.channels.push({ ...rate, ...(ceiling === undefined ? {} : { ceilingPerS: ceiling }) });
  });
}
