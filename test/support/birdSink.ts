/** A provider that can be asked: the calls of Bird v1 on a real socket. What it takes it lists, whether or not it answers. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isoTime, systemClock } from '../../src/base/clock.ts';

/** A message as it was taken. */
export type Taken = { id: string; to: string; ref: string; atMs: number };
type Wanted = { to: string; from: string; text: string; metadata: { ref: string } };

/** `lost`: it takes the call and breaks the connection; `cut`: it breaks the connection and takes nothing. */
export type BirdAnswer = 'accept' | 'lost' | 'cut';

/** Starts it. */
export async function startBirdSink() {
  const taken: Taken[] = [];
  let listed = 0;
  const sink = {
    url: '',
    taken,
    listed: () => listed,
    countOf: (to: string) => taken.filter((one) => one.to === to).length,
    answer: (_call: number): BirdAnswer => 'accept',
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  const shown = ({ id, to, ref, atMs }: Taken) => ({
    id,
    direction: 'outbound',
    status: 'accepted',
    to,
    from: 'Sunshine',
    segments: { count: 1, encoding: 'GSM_7BIT', characters: 2 },
    created_at: isoTime(atMs),
    metadata: { ref },
  });
  const take = ({ to, metadata: { ref } }: Wanted): Taken => {
    const id = `sms_${String(taken.length).padStart(26, '0')}`;
    const one = { id, to, ref, atMs: systemClock.nowMs() };
    taken.push(one);
    return one;
  };
  let calls = 0;
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url!, 'http://localhost');
    const answer = (status: number, body: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (request.method === 'GET') {
      listed++;
      const since = Date.parse(searchParams.get('created_after')!);
      const data = taken.filter(({ to, atMs }) => to === searchParams.get('to') && atMs >= since).map(shown);
      return answer(200, {
        data: data.toReversed(),
        next_cursor: null,
        prev_cursor: null,
        refresh_cursor: null,
      });
    }
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const how = sink.answer(calls++);
      const body = JSON.parse(Buffer.concat(chunks).toString()) as Wanted | Wanted[];
      const mine = how === 'cut' ? [] : [body].flat().map((one) => shown(take(one)));
      if (how !== 'accept') return request.socket.resetAndDestroy();
      return answer(
        202,
        pathname.endsWith('/batches') ? { data: mine, summary: { accepted_count: mine.length } } : mine[0]!,
      );
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  sink.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return sink;
}
