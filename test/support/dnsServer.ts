/** A name server on loopback: answers questions for texts over UDP, and nothing else. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** A name server. */
export type DnsServer = { address: string; asked: string[]; stop(): Promise<void> };

const TXT = 16;
const NO_SUCH_NAME = 3;

/** Starts one. `texts` are by name; a name that is `silent` is never answered. */
export async function startDns(
  texts: Readonly<Record<string, readonly string[]>>,
  silent: readonly string[] = [],
): Promise<DnsServer> {
  const socket: Socket = createSocket('udp4');
  const asked: string[] = [];
  socket.on('message', (question, from) => {
    const { name, type, end } = readQuestion(question);
    asked.push(name);
    if (silent.includes(name)) return;
    const found = type === TXT ? texts[name] : undefined;
    socket.send(answerTo(question.subarray(0, end), found), from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked,
    async stop() {
      socket.close();
      await once(socket, 'close');
    },
  };
}

function readQuestion(message: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = message[at]!; length > 0; length = message[at]!) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: message.readUInt16BE(at + 1), end: at + 5 };
}

/** The question again with its answers; a name that is not there is said so. */
function answerTo(question: Buffer, found: readonly string[] | undefined): Buffer {
  const head = Buffer.from(question);
  // An answer, recursion is available.
  head.writeUInt16BE(0x8180 | (found ? 0 : NO_SUCH_NAME), 2);
  head.writeUInt16BE(found?.length ?? 0, 6);
  // What was asked besides (EDNS) is not answered.
  head.writeUInt16BE(0, 10);
  return Buffer.concat([head, ...(found ?? []).map(recordOf)]);
}

function recordOf(text: string): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; at === 0 || at < text.length; at += 255) {
    const piece = Buffer.from(text.slice(at, at + 255), 'latin1');
    pieces.push(Buffer.from([piece.length]), piece);
  }
  const data = Buffer.concat(pieces);
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(TXT, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(60, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}
