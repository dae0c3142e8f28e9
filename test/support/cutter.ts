/** A TCP proxy that cuts connections: what a bad network does to a client, at any byte. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A proxy. */
export type Cutter = {
  url: string;
  /** Where connections lead from now on. */
  lead(url: string): void;
  /** Cuts all connections there are; returns how many. */
  cut(): number;
  /** Stops, or starts again, to pass on what the server says. */
  hold(held: boolean): void;
  close(): Promise<void>;
};

/** Starts a proxy to a URL. */
export async function startCutter(to: string): Promise<Cutter> {
  let target = new URL(to);
  const pairs = new Set<{ inner: Socket; outer: Socket }>();
  const server = createServer((inner) => {
    const outer = connect(Number(target.port), target.hostname);
    const pair = { inner, outer };
    pairs.add(pair);
    const end = () => {
      pairs.delete(pair);
      inner.destroy();
      outer.destroy();
    };
    for (const socket of [inner, outer]) socket.on('error', end).on('close', end);
    inner.pipe(outer);
    outer.pipe(inner);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lead(url) {
      target = new URL(url);
    },
    cut() {
      const count = pairs.size;
      for (const { inner, outer } of pairs) {
        inner.destroy();
        outer.destroy();
      }
      return count;
    },
    hold(held) {
      for (const { inner, outer } of pairs) {
        if (held) {
          outer.unpipe(inner);
          outer.pause();
        } else outer.pipe(inner);
      }
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const { inner, outer } of pairs) {
          inner.destroy();
          outer.destroy();
        }
      }),
  };
}
