/** The thread in which callbacks are parsed that hold what a stranger wrote (`apart.ts`). */
import { servesApart, type Handed } from '../base/apartThread.ts';
import type { Callback, CallbackRequest, Settings } from './adapter.ts';
import type { ApartRequest } from './apart.ts';
import { holdsMore, MOST_FACTS } from './kit/json.ts';

type Receive = (request: CallbackRequest, settings: Settings) => Callback;

servesApart(async (asked: ApartRequest): Promise<Handed<Callback>> => {
  const { module, receive, request, body, settings } = asked;
  const parser = ((await import(module)) as Readonly<Record<string, Receive>>)[receive]!;
  return handed(
    parser({ ...request, body: Buffer.from(body.buffer, body.byteOffset, body.byteLength) }, settings),
  );
});

/** Files are views of the mail, which would be copied whole with each: each gets bytes of its own, which are given away. */
function handed(callback: Callback): Handed<Callback> {
  if (callback.kind !== 'parsed') return { value: callback, hand: [] };
  const told = callback.receipts.length + callback.inbound.length;
  if (told > MOST_TOLD) return { value: tooMany(told), hand: [] };
  const hand: ArrayBuffer[] = [];
  const inbound = callback.inbound.map((message) => ({
    ...message,
    raw: fewer(message.raw),
    ...(message.facts ? { facts: { kind: message.facts.kind, ...fewer(message.facts) } } : {}),
    media: message.media.map((file) => {
      if (!file.bytes) return file;
      const bytes = new Uint8Array(file.bytes);
      hand.push(bytes.buffer);
      return { ...file, bytes };
    }),
  }));
  return { value: { ...callback, inbound }, hand };
}

/** Without what is too much to be kept, as it would be left out of it (receipts/clean.ts): to take that over would hold up everybody else. */
function fewer(facts: Record<string, unknown>): Record<string, unknown> {
  const kept = Object.entries(facts).filter(([, value]) => !holdsMore(value, MOST_FACTS));
  return { ...Object.fromEntries(kept), ...(kept.length < Object.keys(facts).length ? { cut: true } : {}) };
}

/** Ten times what any provider tells of at once (Meta: 1,000 updates): to take over more would hold up everybody else. */
const MOST_TOLD = 10_000;

function tooMany(told: number): Callback {
  const detail = `it tells of ${told} things, and ${MOST_TOLD} is the most`;
  return {
    kind: 'malformed',
    detail,
    answer: { status: 413, contentType: 'text/plain', body: detail },
  };
}
