/**
 * Mail taken by SMTP, for installs that have no other way to hand it in. Takes only what is for an integration, says 250 when what
 * the mail says is committed, and 451 when that failed here: the other server comes again, and a repeat changes nothing. Sends
 * nothing: it relays for nobody, and answers no bounce with another. Knows nothing of what is in a mail.
 */
import { beginningOf } from '../base/text.ts';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import type { SMTPServer, SMTPServerDataStream, SMTPServerSession } from 'smtp-server';
import { toHex24 } from '../base/ids.ts';
import { networkOf } from '../base/network.ts';
import type { Part } from '../base/lifecycle.ts';
import type { Integration } from '../accounts/integrations.ts';
import type { Clock } from '../base/clock.ts';
import type { Config } from '../base/config.ts';
import type { Log } from '../base/log.ts';
import type { Directory } from '../accounts/directory.ts';
import type { Adapter, CallbackAnswer, CallbackRequest } from '../channels/adapter.ts';
import { readsQuotedAddresses } from './quotedAddress.ts';

/** The largest mail: large providers take this much. */
export const MAIL_BYTES = 25 * 1024 * 1024;

/** What the listener works with. */
type ListenerDeps = {
  config: Config;
  clock: Clock;
  log: Log;
  directory: Directory;
  adapters: Readonly<Record<string, Adapter | undefined>>;
  publicUrl(): string;
  /** How long a peer may say nothing before it is hung up on: `IDLE_MS` when absent. */
  mailIdleMs?: number;
};

/** Who takes a mail in, as a callback of its integration. */
type TakeMail = (integration: Integration, request: CallbackRequest) => Promise<CallbackAnswer>;

/** Connections at a time, in all and from one address; who comes then is asked to come again. */
const MOST_CONNECTIONS = 100;
const MOST_FROM_ONE = 20;
/** Bytes of mails that are arriving or being read: each may be large, all of them at once may not, and those of one address less. */
const MOST_HELD_BYTES = 4 * MAIL_BYTES;
const MOST_HELD_OF_ONE = 2 * MAIL_BYTES;
const MOST_RECIPIENTS = 50;
/** RFC 5321 §4.5.3.1: 64 characters, @ and 255. */
const LONGEST_ADDRESS = 320;
/** Nobody needs longer for what we take. */
const SESSION_MS = 10 * 60_000;
const IDLE_MS = 60_000;
const DRAIN_MS = 15_000;

/** A reply that is not 250. */
type Refusal = { code: number; text: string };
const UNKNOWN: Refusal = { code: 550, text: '5.1.1 There is no such mailbox here' };
const TROUBLE: Refusal = { code: 451, text: '4.3.0 Trouble here; please try again' };
const CROWDED: Refusal = { code: 452, text: '4.3.1 Too much mail at once; please try again' };
const TOO_MANY: Refusal = {
  code: 421,
  text: '4.7.0 Too many connections from your address; please come again',
};
const TOO_BIG: Refusal = { code: 552, text: '5.3.4 The mail is larger than is taken here' };

/** The listener. `port` is known while it runs. */
export function createMailListener(
  ctx: ListenerDeps,
  receive: TakeMail,
): Part & { port(): number | undefined } {
  let server: SMTPServer | undefined;
  let desk: Desk | undefined;
  return {
    name: 'mail listener',
    port: () => (server?.server.address() as AddressInfo | null | undefined)?.port,
    async start() {
      desk = createDesk(ctx, receive);
      server = await openServer(ctx, desk);
      ctx.log.info({ host: ctx.config.mailHost, port: this.port() }, 'mail is taken');
    },
    async stop() {
      if (!server || !desk) return;
      const closed = new Promise<void>((resolve) => server!.close(resolve));
      desk.stopping = true;
      // Whoever is handing over a mail is heard to the end, and told; the others are free to come again elsewhere.
      for (const connection of server.connections)
        if (!desk.busy.has(connection.session.id)) hangUp(connection);
      await closed;
    },
  };
}

async function openServer(ctx: ListenerDeps, desk: Desk): Promise<SMTPServer> {
  const { mailHost, mailPort, mailTlsCert, mailTlsKey } = ctx.config;
  const tls = mailTlsCert
    ? { cert: await readFile(mailTlsCert), key: await readFile(mailTlsKey) }
    : undefined;
  // Most installs hear no mail: its code is loaded where one does.
  const { SMTPServer } = await import('smtp-server');
  const server = new SMTPServer({
    ...tls,
    name: URL.parse(ctx.publicUrl())?.hostname ?? mailHost,
    banner: 'Parley',
    // Without a certificate of its own the library would offer one whose key everybody has.
    disabledCommands: tls ? ['AUTH'] : ['AUTH', 'STARTTLS'],
    authOptional: true,
    size: MAIL_BYTES,
    maxClients: MOST_CONNECTIONS,
    maxRecipients: MOST_RECIPIENTS,
    socketTimeout: ctx.mailIdleMs ?? IDLE_MS,
    closeTimeout: DRAIN_MS,
    // Names of others are asked for nowhere, and would have to be waited for.
    disableReverseLookup: true,
    // What a sender may be called is the sender's server's to say: `ann..b.@docomo.ne.jp` is somebody's address.
    lenientAddressParsing: true,
    logger: false,
    onConnect(session, done) {
      if (!desk.enter(session)) return void answer(Promise.resolve(TOO_MANY), done);
      for (const connection of server.connections)
        if (connection.session.id === session.id) readsQuotedAddresses(connection);
      const late = () =>
        [...server.connections].filter(({ session: { id } }) => id === session.id).forEach(hangUp);
      desk.timers.set(session.id, ctx.clock.after(SESSION_MS, late));
      done();
    },
    onClose(session) {
      desk.leave(session);
      desk.timers.get(session.id)?.();
      desk.timers.delete(session.id);
    },
    onRcptTo({ address }, _session, done) {
      void answer(desk.knows(address), done);
    },
    onData(stream, session, done) {
      desk.busy.add(session.id);
      void answer(desk.take(stream, session), (error) => {
        desk.busy.delete(session.id);
        done(error, 'Taken');
        if (!desk.stopping) return;
        // After what was just said has left.
        for (const connection of server.connections)
          if (connection.session.id === session.id) setImmediate(() => hangUp(connection));
      });
    },
  });
  // What breaks on a connection is that connection's; the library closes it. A port that is taken is told below, too.
  server.on('error', (error) => ctx.log.debug({ error }, 'a mail connection broke'));
  server.listen(mailPort, mailHost);
  await once(server.server, 'listening');
  return server;
}

function hangUp(connection: { send(code: number, text: string): void; close(): void }): void {
  connection.send(421, '4.3.2 This server is closing the connection');
  connection.close();
}

async function answer(
  asked: Promise<Refusal | undefined>,
  done: (error: Error | null) => void,
): Promise<void> {
  const refusal = await asked;
  done(refusal ? Object.assign(new Error(refusal.text), { responseCode: refusal.code }) : null);
}

/** Where mail is handed in. */
type Desk = {
  /** Why mail to an address is not taken; undefined when it is. */
  knows(address: string): Promise<Refusal | undefined>;
  take(stream: SMTPServerDataStream, session: SMTPServerSession): Promise<Refusal | undefined>;
  /** Whether one more from that address may come. */
  enter(session: SMTPServerSession): boolean;
  leave(session: SMTPServerSession): void;
  /** Sessions in which a mail is arriving, or being kept. */
  busy: Set<string>;
  timers: Map<string, () => void>;
  stopping: boolean;
};

function createDesk(ctx: ListenerDeps, receive: TakeMail): Desk {
  let heldBytes = 0;
  const peers = new Map<string, Peer>();
  const inside = new Map<string, Peer>();
  const failed = (error: unknown): Refusal => {
    ctx.log.error({ error }, 'a mail could not be taken');
    return TROUBLE;
  };
  return {
    busy: new Set(),
    timers: new Map(),
    stopping: false,
    async knows(address) {
      try {
        return (await integrationsAt(ctx, address)).length ? undefined : UNKNOWN;
      } catch (error) {
        return failed(error);
      }
    },
    enter(session) {
      const name = networkOf(session.remoteAddress);
      const peer = peers.get(name) ?? { name, connections: 0, bytes: 0 };
      if (peer.connections >= MOST_FROM_ONE) return false;
      peer.connections++;
      peers.set(name, peer);
      inside.set(session.id, peer);
      return true;
    },
    leave({ id }) {
      const peer = inside.get(id);
      if (!peer) return;
      inside.delete(id);
      if (--peer.connections === 0) peers.delete(peer.name);
    },
    async take(stream, session) {
      const mine = { bytes: 0 };
      const peer = inside.get(session.id);
      const hold = (bytes: number) => {
        mine.bytes += bytes;
        heldBytes += bytes;
        if (peer) peer.bytes += bytes;
        return heldBytes <= MOST_HELD_BYTES && (peer?.bytes ?? 0) <= MOST_HELD_OF_ONE;
      };
      try {
        const body = await read(stream, hold);
        return Buffer.isBuffer(body) ? await handIn(ctx, receive, body, session) : body;
      } catch (error) {
        return failed(error);
      } finally {
        hold(-mine.bytes);
      }
    },
  };
}

/** What one network has open here. */
type Peer = { name: string; connections: number; bytes: number };

/** Reads a mail to its end, the part that is too much as well: a reply comes after the final dot. */
async function read(
  stream: SMTPServerDataStream,
  hold: (bytes: number) => boolean,
): Promise<Buffer | Refusal> {
  const chunks: Buffer[] = [];
  let crowded = false;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      if (crowded || stream.sizeExceeded) continue;
      chunks.push(chunk);
      crowded = !hold(chunk.length);
    }
  } catch {
    // The other server left in the middle; nobody hears this.
    return TROUBLE;
  }
  if (stream.sizeExceeded) return TOO_BIG;
  return crowded ? CROWDED : Buffer.concat(chunks);
}

/** Gives a mail to each integration it is for. One that cannot read it does not keep it from the others. */
async function handIn(
  ctx: ListenerDeps,
  receive: TakeMail,
  body: Buffer,
  { envelope }: SMTPServerSession,
): Promise<Refusal | undefined> {
  const recipients = new Map<number, { integration: Integration; to: string[] }>();
  for (const { address } of envelope.rcptTo)
    for (const integration of await integrationsAt(ctx, address)) {
      const recipient = recipients.get(integration.id) ?? { integration, to: [] };
      recipient.to.push(address);
      recipients.set(integration.id, recipient);
    }
  let refusal: Refusal | undefined = UNKNOWN;
  for (const { integration, to } of recipients.values()) {
    const { id, callbackKey } = integration;
    const answer = await receive(integration, {
      method: 'POST',
      url: `${ctx.publicUrl()}/callbacks/${toHex24(id)}/${callbackKey}/mail`,
      purpose: 'mail',
      query: {},
      headers: {
        'content-type': 'message/rfc822',
        'x-envelope-from': `<${envelope.mailFrom ? envelope.mailFrom.address : ''}>`,
        'x-envelope-to': to.join(','),
      },
      body,
      receivedAtMs: ctx.clock.nowMs(),
    });
    if (answer.status < 300) refusal = undefined;
    // Read by nobody yet: the other server comes again, and who has it already is not changed by a repeat.
    else if (answer.status >= 500) return TROUBLE;
    else if (refusal)
      refusal = { code: 554, text: `5.6.0 ${beginningOf(answer.body.replaceAll(/\s+/g, ' '), 200)}` };
  }
  return refusal;
}

/**
 * Who takes mail at an address, with or without a `+detail`. An address for answers is that of the integration that named it
 * first: nobody else's mail is to be had by naming its address. A bounce address may be several integrations': each knows its own.
 */
async function integrationsAt(ctx: ListenerDeps, address: string): Promise<Integration[]> {
  if (address.length > LONGEST_ADDRESS) return [];
  const exact = address.toLowerCase();
  const plain = exact.replace(/\+[^@]*(?=@[^@]*$)/, '');
  const found = await Promise.all([...new Set([exact, plain])].map((one) => ctx.directory.mailAt(one)));
  const takes = ({ provider }: Integration) => ctx.adapters[provider]?.takesMail === true;
  const incoming = found.flatMap((takers) => takers.incoming.filter(takes).slice(0, 1)).slice(0, 1);
  const bounces = found.flatMap((takers) => takers.bounces.filter(takes));
  return [...new Map([...incoming, ...bounces].map((one) => [one.id, one])).values()];
}
