/**
 * Google's push service on this machine, so that a real Chromium can subscribe and be pushed to without the world outside: check-in,
 * registration, the connection that messages come down (MCS), and the front that senders post to (RFC 8030, RFC 8292).
 * It knows nothing of encryption: what a sender posts goes to the browser as it came.
 *
 * As in Chromium: google_apis/gcm/protocol/{checkin,mcs}.proto, google_apis/gcm/engine/{checkin,registration,unregistration}_request.cc
 * and connection_handler_impl.cc, components/gcm_driver/crypto/gcm_encryption_provider.cc.
 */
import { createHash, createPublicKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { jwtVerify } from 'jose';
import { systemClock } from '../../src/base/clock.ts';
import { CERTIFICATE, KEY } from './certificate.ts';

/** A message as its sender posted it, and what the sender was told. */
export type Posted = { token: string; headers: IncomingHttpHeaders; body: Buffer; status: number };

export type PushService = Awaited<ReturnType<typeof startPushService>>;

/** A browser's subscription: to whom its messages go, and the key that its senders sign with. */
type Registration = { category: string; subtype: string; sender: string };
type Waiting = { token: string; topic: string | undefined; body: Buffer };

const DEVICE_ID = 4_242_424_242_424_242n;
const DAY_MS = 86_400_000;
const FRONT = '/fcm/send/';
/** What MCS calls its messages. */
const TAG = { heartbeatPing: 0, heartbeatAck: 1, loginRequest: 2, loginResponse: 3, dataMessage: 8 };
const MCS_VERSION = 41;

export async function startPushService() {
  const registrations = new Map<string, Registration>();
  const posted: Posted[] = [];
  let waiting: Waiting[] = [];
  const sent = new Map<string, Waiting>();
  let socket: TLSSocket | undefined;
  let held = false;
  /** What senders know this service as. */
  let origin = '';
  let made = 0;

  const web = createServer((request, response) => void answer(request, response));
  const mcs = createTlsServer({ key: KEY, cert: CERTIFICATE }, (connection) => {
    // Of several connections the last is the one that counts: Chromium starts anew when its network changes.
    serveMcs(connection, (received) => {
      for (const id of received) sent.delete(id);
      // What went down a connection that was closed at that moment goes again.
      waiting.unshift(...sent.values());
      sent.clear();
      socket = connection;
      flush();
    });
  });
  await Promise.all([web, mcs].map((server) => once(server.listen(0, '127.0.0.1'), 'listening')));
  const [webPort, mcsPort] = [web, mcs].map((server) => (server.address() as AddressInfo).port);
  const here = `http://127.0.0.1:${webPort}`;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await read(request);
    const path = request.url ?? '/';
    if (path === '/checkin') response.writeHead(200).end(checkedIn());
    else if (path === '/register')
      response.writeHead(200).end(register(new URLSearchParams(body.toString())));
    else if (path.startsWith(FRONT)) {
      const { headers } = request;
      const token = decodeURIComponent(path.slice(FRONT.length));
      const status = await statusOf(headers, registrations.get(token), origin);
      posted.push({ token, headers, body, status });
      if (status === 201) take({ token, topic: headers.topic as string | undefined, body });
      response.writeHead(status, status === 201 ? { location: `${here}/m/${posted.length}` } : {}).end();
    } else response.writeHead(404).end();
  }

  function register(form: URLSearchParams): string {
    const subtype = form.get('X-subtype') ?? '';
    if (form.get('delete') === 'true') {
      for (const [token, one] of registrations) if (one.subtype === subtype) registrations.delete(token);
      return `token=${subtype}`;
    }
    const token = `token-${++made}`;
    registrations.set(token, { category: form.get('app')!, subtype, sender: form.get('sender')! });
    return `token=${token}`;
  }

  /** RFC 8030 §5.4: a message replaces the one with the same topic that was not delivered yet. */
  function take(message: Waiting): void {
    const replaced = ({ token, topic }: Waiting) =>
      topic !== undefined && token === message.token && topic === message.topic;
    waiting = [...waiting.filter((one) => !replaced(one)), message];
    flush();
  }

  function flush(): void {
    if (held || !socket?.writable) return;
    for (const message of waiting.splice(0)) {
      const to = registrations.get(message.token);
      if (!to) continue;
      const id = `m${++made}`;
      sent.set(id, message);
      socket.write(frame(TAG.dataMessage, dataMessage(to, id, message.body)));
    }
  }

  return {
    /** What a Chromium is started with that is to have its push from here. */
    flags: [
      `--gcm-checkin-url=${here}/checkin`,
      `--gcm-registration-url=${here}/register`,
      `--gcm-mcs-endpoint=https://localhost:${mcsPort}`,
      `--ignore-certificate-errors-spki-list=${fingerprint()}`,
    ],
    posted,
    /** True while the subscription is there: a browser tells of its end when it gets round to it. */
    knows: (token: string) => registrations.has(token),
    /** Where a call to an endpoint is to go instead: to the same path here, in clear. */
    urlOf(endpoint: string): string {
      const url = new URL(endpoint);
      ({ origin } = url);
      return here + url.pathname;
    },
    /** Keeps messages back, as for a browser that is away. */
    hold: () => void (held = true),
    release() {
      held = false;
      flush();
    },
    /** Sends a browser what nobody posted. */
    slip(token: string, body: Buffer) {
      take({ token, topic: undefined, body });
    },
    async close() {
      socket?.destroy();
      web.closeAllConnections();
      await Promise.all([web, mcs].map((server) => once(server.close(), 'close')));
    },
  };
}

/** RFC 8292 §4: a sender is let in that signs with the key the subscription was made with, for this service, for at most a day. */
async function statusOf(
  headers: IncomingHttpHeaders,
  registration: Registration | undefined,
  origin: string,
): Promise<number> {
  if (!registration) return 410;
  const [, jwt, key] = /^vapid t=([^,]+), k=(\S+)$/.exec(headers.authorization ?? '') ?? [];
  if (!jwt || !key || headers.ttl === undefined || headers['content-encoding'] !== 'aes128gcm') return 400;
  if (key !== registration.sender) return 403;
  const [x, y] = [1, 33].map((from) =>
    Buffer.from(key, 'base64url')
      .subarray(from, from + 32)
      .toString('base64url'),
  );
  const publicKey = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x: x!, y: y! }, format: 'jwk' });
  const rules = { audience: origin, algorithms: ['ES256'], requiredClaims: ['exp', 'sub'] };
  const signed = await jwtVerify(jwt, publicKey, rules).catch(() => undefined);
  return signed && signed.payload.exp! * 1000 <= systemClock.nowMs() + DAY_MS ? 201 : 401;
}

/** Answers a browser's login, which names the messages it has, and its heartbeats; what else it says is acknowledgements. */
function serveMcs(connection: TLSSocket, ready: (received: string[]) => void): void {
  let unread = Buffer.alloc(0);
  let greeted = false;
  connection.on('error', () => connection.destroy());
  connection.on('data', (chunk: Buffer) => {
    unread = Buffer.concat([unread, chunk]);
    if (!greeted) {
      greeted = true;
      unread = unread.subarray(1);
      connection.write(Buffer.of(MCS_VERSION));
    }
    for (;;) {
      const size = readVarint(unread, 1);
      if (!size || unread.length < size.end + size.value) return;
      const tag = unread[0];
      const message = unread.subarray(size.end, size.end + size.value);
      unread = unread.subarray(size.end + size.value);
      if (tag === TAG.heartbeatPing) connection.write(frame(TAG.heartbeatAck, Buffer.alloc(0)));
      if (tag !== TAG.loginRequest) continue;
      connection.write(frame(TAG.loginResponse, Buffer.concat([field(1, 'here'), field(6, 1)])));
      ready(texts(message, 10));
    }
  });
}

/** AndroidCheckinResponse: stats_ok, android_id, security_token. */
function checkedIn(): Buffer {
  return Buffer.concat([field(1, 1), fixed64(7, DEVICE_ID), fixed64(8, DEVICE_ID + 1n)]);
}

/** DataMessageStanza: from, category, app_data, persistent_id, raw_data. */
function dataMessage({ category, subtype, sender }: Registration, id: string, body: Buffer): Buffer {
  const said = { subtype, 'content-encoding': 'aes128gcm' };
  return Buffer.concat([
    field(3, sender),
    field(5, category),
    ...Object.entries(said).map(([key, value]) => field(7, Buffer.concat([field(1, key), field(2, value)]))),
    field(9, id),
    field(21, body),
  ]);
}

function frame(tag: number, body: Buffer): Buffer {
  return Buffer.concat([Buffer.of(tag), varint(body.length), body]);
}

/** A field of a protobuf: a number as a varint, the rest by its length. */
function field(number: number, value: number | string | Buffer): Buffer {
  if (typeof value === 'number') return Buffer.concat([varint(number << 3), varint(value)]);
  const bytes = Buffer.from(value as string);
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
}

function fixed64(number: number, value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return Buffer.concat([varint((number << 3) | 1), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (; value > 127; value >>>= 7) bytes.push((value & 127) | 128);
  return Buffer.from([...bytes, value]);
}

function readVarint(bytes: Buffer, from: number): { value: number; end: number } | undefined {
  let value = 0;
  for (let i = from; i < bytes.length; i++) {
    value |= (bytes[i]! & 127) << (7 * (i - from));
    if (bytes[i]! < 128) return { value, end: i + 1 };
  }
  return undefined;
}

/** The texts of one field of a protobuf. */
function texts(message: Buffer, number: number): string[] {
  const found: string[] = [];
  for (let at = 0; at < message.length; ) {
    const key = readVarint(message, at)!;
    const read = readVarint(message, key.end)!;
    at = read.end;
    if ((key.value & 7) !== 2) continue;
    at += read.value;
    if (key.value >>> 3 === number) found.push(message.toString('utf8', read.end, at));
  }
  return found;
}

/** How Chromium is told that this one certificate is to be believed. */
function fingerprint(): string {
  const key = new X509Certificate(CERTIFICATE).publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(key).digest('base64');
}

async function read(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
