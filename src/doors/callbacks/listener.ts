/**
 * Mail taken by SMTP, for installs that have no other way to hand it in. Takes only what is for an integration, says 250 when what
 * the mail says is committed, and 451 when that failed here: the other server comes again, and a repeat changes nothing. Sends
 * nothing: it relays for nobody, and answers no bounce with another. Knows nothing of what is in a mail.
 */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import { isFault } from '../../base/fault.ts';
import { toHex24 } from '../../base/ids.ts';
import type { Part } from '../../base/lifecycle.ts';
import type { Integration } from '../../accounts/integrations.ts';
import { MAIL_BYTES, type ReceiveCallback } from './callbacks.ts';
import type { HttpContext } from '../kit/context.ts';

/** Connections at a time; who comes then is asked to come again. */
const MOST_CONNECTIONS = 100;
/** Bytes of mails that are arriving, over all connections: each may be large, all of them at once may not. */
const MOST_HELD_BYTES = 4 * MAIL_BYTES;
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
const TOO_BIG: Refusal = { code: 552, text: '5.3.4 The mail is larger than is taken here' };

/** The listener. `port` is known while it runs. */
export function createMailListener(
  ctx: HttpContext,
  receive: ReceiveCallback,
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

async function openServer(ctx: HttpContext, desk: Desk): Promise<SMTPServer> {
  const { mailHost, mailPort, mailTlsCert, mailTlsKey } = ctx.config;
  const tls = mailTlsCert
    ? { cert: await readFile(mailTlsCert), key: await readFile(mailTlsKey) }
    : undefined;
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
    socketTimeout: IDLE_MS,
    closeTimeout: DRAIN_MS,
    // Names of others are asked for nowhere, and would have to be waited for.
    disableReverseLookup: true,
    logger: false,
    onConnect(session, done) {
      const late = () =>
        [...server.connections].filter(({ session: { id } }) => id === session.id).forEach(hangUp);
      desk.timers.set(session.id, ctx.clock.after(SESSION_MS, late));
      done();
    },
    onClose({ id }) {
      desk.timers.get(id)?.();
      desk.timers.delete(id);
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
  /** Sessions in which a mail is arriving, or being kept. */
  busy: Set<string>;
  timers: Map<string, () => void>;
  stopping: boolean;
};

function createDesk(ctx: HttpContext, receive: ReceiveCallback): Desk {
  let heldBytes = 0;
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
    async take(stream, session) {
      const mine = { bytes: 0 };
      try {
        const body = await read(stream, (bytes) => {
          mine.bytes += bytes;
          heldBytes += bytes;
          return heldBytes <= MOST_HELD_BYTES;
        });
        return Buffer.isBuffer(body) ? await handIn(ctx, receive, body, session) : body;
      } catch (error) {
        return failed(error);
      } finally {
        heldBytes -= mine.bytes;
      }
    },
  };
}

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
  ctx: HttpContext,
  receive: ReceiveCallback,
  body: Buffer,
  { envelope }: SMTPServerSession,
): Promise<Refusal | undefined> {
  const places = new Map<number, { integration: Integration; to: string[] }>();
  for (const { address } of envelope.rcptTo)
    for (const integration of await integrationsAt(ctx, address)) {
      const place = places.get(integration.id) ?? { integration, to: [] };
      place.to.push(address);
      places.set(integration.id, place);
    }
  let refusal: Refusal | undefined = UNKNOWN;
  for (const { integration, to } of places.values()) {
    const { id, callbackKey } = integration;
    const answer = await receive(id, callbackKey, {
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
    if (isFault(answer)) continue;
    if (answer.status < 300) refusal = undefined;
    else if (refusal)
      refusal = { code: 554, text: `5.6.0 ${answer.body.replaceAll(/\s+/g, ' ').slice(0, 200)}` };
  }
  return refusal;
}

/**
 * Who takes mail at an address, with or without a `+detail`. An address for answers is that of the integration that named it
 * first: nobody else's mail is to be had by naming its address. A bounce address may be several integrations': each knows its own.
 */
async function integrationsAt(ctx: HttpContext, address: string): Promise<Integration[]> {
  if (address.length > LONGEST_ADDRESS) return [];
  const exact = address.toLowerCase();
  const plain = exact.replace(/\+[^@]*(?=@[^@]*$)/, '');
  const found = await Promise.all([...new Set([exact, plain])].map((one) => ctx.directory.mailAt(one)));
  const takes = ({ provider }: Integration) => ctx.adapters[provider]?.takesMail === true;
  const incoming = found.flatMap((place) => place.incoming.filter(takes).slice(0, 1)).slice(0, 1);
  const bounces = found.flatMap((place) => place.bounces.filter(takes));
  return [...new Map([...incoming, ...bounces].map((one) => [one.id, one])).values()];
}
