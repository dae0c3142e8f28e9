/** Hearing notifications: a connection of its own, outside the pool. */
import pg from 'pg';

/** A connection of its own that listens, and is made again when it is lost: `missed` is told then, as what was said meanwhile is not. */
export async function listenOn(
  settings: pg.ClientConfig,
  channel: string,
  told: (payload: string) => void,
  missed: () => void = () => {},
): Promise<{ close(): Promise<void> }> {
  const AGAIN_MS = 500;
  let closed = false;
  let client: pg.Client | undefined;
  const connect = async (): Promise<void> => {
    const made = new pg.Client(settings);
    const again = () => {
      if (closed || client !== made) return;
      client = undefined;
      setTimeout(() => void retry(), AGAIN_MS).unref();
    };
    made.on('error', again);
    made.on('end', again);
    made.on('notification', ({ payload }) => told(payload ?? ''));
    client = made;
    await made.connect();
    await made.query(`LISTEN ${pg.escapeIdentifier(channel)}`);
  };
  const retry = async (): Promise<void> => {
    if (closed) return;
    await connect().then(missed, () => {
      client = undefined;
      setTimeout(() => void retry(), AGAIN_MS).unref();
    });
  };
  await connect();
  return {
    async close() {
      closed = true;
      await client?.end().catch(() => {});
    },
  };
}
