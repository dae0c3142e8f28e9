/** A webhook of the Web1on1 door, and what it was told. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after } from 'node:test';
import type { Json } from '../web1on1Product.ts';

type Call = (method: string, path: string, body?: unknown) => Promise<{ status: number; body: Json }>;

/** Subscribes to events, everything unless it is said. */
export async function webhooksOf(call: Call, params: object = { events: ['*'] }) {
  const told: Json[] = [];
  const server = createServer((request, response) => {
    const challenge = new URL(request.url!, 'http://x').searchParams.get('challenge');
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (challenge === null) told.push(JSON.parse(Buffer.concat(chunks).toString()));
      response.end(challenge ?? '');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  const made = await call('POST', '/services', { name: 'hook', type: 'webhook', params: { url, ...params } });
  return {
    made,
    told,
    /** Texts of messages of a conversation, as they were told. */
    texts: (conversationId: string): string[] =>
      told.flatMap(({ event, data }) =>
        event.startsWith('message.') && data.conversation?.id === conversationId ? [data.message.text] : [],
      ),
  };
}
