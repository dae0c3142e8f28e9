/** The thread in which callbacks are parsed that hold what a stranger wrote (`apart.ts`). */
import { servesApart, type Handed } from '../base/apartThread.ts';
import type { Callback, CallbackRequest, Settings } from './adapter.ts';
import type { ApartRequest } from './apart.ts';
import { receiveMailgun } from './mailgun/callback.ts';
import { receiveSmtp } from './smtp/receive.ts';

const PARSERS: Readonly<Record<string, (request: CallbackRequest, settings: Settings) => Callback>> = {
  mailgun: receiveMailgun,
  smtp: receiveSmtp,
};

servesApart(({ provider, request, body, settings }: ApartRequest): Handed<Callback> => {
  const whole = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  return handed(PARSERS[provider]!({ ...request, body: whole }, settings));
});

/** Files are views of the mail, which would be copied whole with each: each gets bytes of its own, which are given away. */
function handed(callback: Callback): Handed<Callback> {
  if (callback.kind !== 'parsed') return { value: callback, hand: [] };
  const hand: ArrayBuffer[] = [];
  const inbound = callback.inbound.map((message) => ({
    ...message,
    media: message.media.map((file) => {
      if (!file.bytes) return file;
      const bytes = new Uint8Array(file.bytes);
      hand.push(bytes.buffer);
      return { ...file, bytes };
    }),
  }));
  return { value: { ...callback, inbound }, hand };
}
