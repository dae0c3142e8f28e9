/**
 * A desktop, as far as a browser shows notifications on it: a session bus with the one service org.freedesktop.Notifications. What it
 * was told to show can be looked at and clicked on. D-Bus specification 0.43 (messages, marshalling, message bus), Desktop
 * Notifications Specification 1.3.
 */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A notification on the screen; `actions` are a name and what the button says, in turns. */
export type OnScreen = { id: number; title: string; body: string; actions: string[] };

export type Desktop = Awaited<ReturnType<typeof startDesktop>>;

const SERVICE = 'org.freedesktop.Notifications';
/** The names on the bus of the browser and of the service. */
const [BROWSER, OWNER] = [':1.1', ':1.2'];
const [CALL, RETURN, ERROR, SIGNAL] = [1, 2, 3, 4];
/** Header fields of a message. */
const HEADER = {
  path: 1,
  interface: 2,
  member: 3,
  error: 4,
  replyTo: 5,
  destination: 6,
  sender: 7,
  signature: 8,
};

export async function startDesktop() {
  const dir = await mkdtemp(join(tmpdir(), 'parley-bus-'));
  const screen = new Map<number, OnScreen>();
  /** The connection that notifications come over; a browser has several. */
  let browser: Socket | undefined;
  let made = 0;

  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    serve(socket, (message) => {
      const [signature, ...values] = answer(message, socket);
      const type = signature === undefined ? ERROR : RETURN;
      socket.write(written(type, { replyTo: message.serial, sender: message.to }, signature ?? '', values));
    });
  });
  await once(server.listen(join(dir, 'bus')), 'listening');

  /** The signature and the values of an answer; nothing when there is no such thing. */
  function answer({ member, body }: Message, socket: Socket): [] | [string, ...unknown[]] {
    const ofService = () => body.text() === SERVICE;
    switch (member) {
      case 'Hello':
        return ['s', BROWSER];
      case 'NameHasOwner':
        return ['b', ofService() ? 1 : 0];
      case 'GetNameOwner':
        return ofService() ? ['s', OWNER] : [];
      case 'AddMatch':
      case 'RemoveMatch':
        return [''];
      case 'ListNames':
      case 'ListActivatableNames':
        return ['as', []];
      case 'GetCapabilities':
        return ['as', ['actions', 'body']];
      case 'GetServerInformation':
        return ['ssss', 'desktop', 'parley', '1', '1.3'];
      case 'Notify':
        browser = socket;
        return ['u', show(body)];
      case 'CloseNotification':
        screen.delete(body.number());
        return [''];
      default:
        return [];
    }
  }

  function show(body: Body): number {
    body.text();
    const id = body.number() || ++made;
    body.text();
    screen.set(id, { id, title: body.text(), body: body.text(), actions: body.texts() });
    return id;
  }

  return {
    /** What DBUS_SESSION_BUS_ADDRESS is to be for a browser on this desktop. */
    address: `unix:path=${join(dir, 'bus')}`,
    screen: () => [...screen.values()],
    click({ id }: OnScreen) {
      const header = { path: `/${SERVICE.replaceAll('.', '/')}`, interface: SERVICE, sender: OWNER };
      browser!.write(written(SIGNAL, { ...header, member: 'ActionInvoked' }, 'us', [id, 'default']));
    },
    async close() {
      server.close();
      browser?.destroy();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

type Message = { serial: number; member: string; to: string; body: Body };
type Body = ReturnType<typeof reader>;

/** Lets a client in, whoever it is, and hands on what it calls. */
function serve(socket: Socket, called: (message: Message) => void): void {
  let unread = Buffer.alloc(0);
  let begun = false;
  socket.on('data', (chunk: Buffer) => {
    unread = Buffer.concat([unread, chunk]);
    for (let end; !begun && (end = unread.indexOf('\r\n')) >= 0; unread = unread.subarray(end + 2)) {
      const line = unread.toString('latin1', 0, end).replace('\0', '');
      begun = line === 'BEGIN';
      if (!begun) socket.write(line.startsWith('AUTH EXTERNAL') ? 'OK 0123456789abcdef\r\n' : 'ERROR\r\n');
    }
    while (begun && unread.length >= 16) {
      const bodyAt = padded(16 + unread.readUInt32LE(12), 8);
      const end = bodyAt + unread.readUInt32LE(4);
      if (unread.length < end) return;
      const whole = unread.subarray(0, end);
      unread = unread.subarray(end);
      if (whole[0] !== 'l'.charCodeAt(0)) throw new Error('a big-endian client');
      if (whole[1] === CALL) called(read(whole, bodyAt));
    }
  });
}

function read(whole: Buffer, bodyAt: number): Message {
  const header = new Map<number, string>();
  const fields = reader(whole.subarray(0, 16 + whole.readUInt32LE(12)), 16);
  while (fields.more()) {
    const [field, kind] = fields.field();
    header.set(
      field,
      kind === 'u' ? String(fields.number()) : kind === 'g' ? fields.signature() : fields.text(),
    );
  }
  return {
    serial: whole.readUInt32LE(8),
    member: header.get(HEADER.member) ?? '',
    to: header.get(HEADER.destination) ?? '',
    body: reader(whole.subarray(bodyAt), 0),
  };
}

/** Reads values one after the other; each begins at a multiple of its size. */
function reader(bytes: Buffer, at: number) {
  const signature = () => {
    const end = at + 1 + bytes[at]!;
    const value = bytes.toString('latin1', at + 1, end);
    at = end + 1;
    return value;
  };
  const number = () => {
    at = padded(at, 4) + 4;
    return bytes.readUInt32LE(at - 4);
  };
  const text = () => {
    const length = number();
    at += length + 1;
    return bytes.toString('utf8', at - length - 1, at - 1);
  };
  const texts = () => {
    const found: string[] = [];
    for (const end = number() + at; at < end; ) found.push(text());
    return found;
  };
  const field = (): [number, string] => {
    at = padded(at, 8) + 1;
    return [bytes[at - 1]!, signature()];
  };
  return { signature, number, text, texts, field, more: () => at < bytes.length };
}

let serial = 0;

function written(
  type: number,
  header: Partial<Record<'path' | 'interface' | 'member' | 'sender', string>> & { replyTo?: number },
  signature: string,
  values: unknown[],
): Buffer {
  const body = signature
    .replaceAll('as', 'S')
    .split('')
    .reduce<Buffer>((before, kind, i) => appended(before, kind, values[i]), Buffer.alloc(0));
  const error = type === ERROR ? 'org.freedesktop.DBus.Error.ServiceUnknown' : undefined;
  const kinds = { path: 'o', replyTo: 'u', signature: 'g' } as Record<string, string>;
  let fields: Buffer = Buffer.alloc(0);
  for (const [name, value] of Object.entries({ ...header, error, signature, destination: BROWSER })) {
    if (value === undefined || value === '') continue;
    const kind = kinds[name] ?? 's';
    const start = zeros(fields, padded(fields.length, 8));
    const variant = appended(
      Buffer.concat([start, Buffer.of(HEADER[name as keyof typeof HEADER])]),
      'g',
      kind,
    );
    fields = appended(variant, kind, value);
  }
  const front = Buffer.alloc(16);
  front.write('l');
  front.set([type, 0, 1], 1);
  front.writeUInt32LE(body.length, 4);
  front.writeUInt32LE(++serial, 8);
  front.writeUInt32LE(fields.length, 12);
  return Buffer.concat([zeros(Buffer.concat([front, fields]), padded(16 + fields.length, 8)), body]);
}

/** With one value more: b and u are numbers, g a signature, S an array of texts, the rest texts. */
function appended(before: Buffer, kind: string, value: unknown): Buffer {
  const number = (start: Buffer, n: number) => {
    const four = Buffer.alloc(4);
    four.writeUInt32LE(n);
    return Buffer.concat([zeros(start, padded(start.length, 4)), four]);
  };
  if (kind === 'b' || kind === 'u') return number(before, value as number);
  if (kind === 'g')
    return Buffer.concat([before, Buffer.of((value as string).length), Buffer.from(`${String(value)}\0`)]);
  if (kind === 'S') {
    const start = number(before, 0);
    const whole = (value as string[]).reduce<Buffer>((all, text) => appended(all, 's', text), start);
    whole.writeUInt32LE(whole.length - start.length, start.length - 4);
    return whole;
  }
  const bytes = Buffer.from(value as string);
  return Buffer.concat([number(before, bytes.length), bytes, Buffer.of(0)]);
}

function padded(length: number, size: number): number {
  return Math.ceil(length / size) * size;
}

function zeros(bytes: Buffer, length: number): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(length - bytes.length)]);
}
