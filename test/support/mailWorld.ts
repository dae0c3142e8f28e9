/** What tests of mail share: a running Parley with a live workspace that sends through a real mail server. */
import { startMailSink, type MailSink } from './mailSink.ts';
import { newConsoleKey, newIntegration } from './messages.ts';
import { newWorkspace, startWorld, type World } from './world.ts';

export type MailWorld = {
  world: World;
  sink: MailSink;
  app: Awaited<ReturnType<typeof newWorkspace>>;
  consoleKey: string;
  stop: () => Promise<void>;
};

/** Starts it on an empty database. */
export async function startMailWorld(connection: Parameters<typeof startWorld>[0]): Promise<MailWorld> {
  const sink = await startMailSink();
  const world = await startWorld(connection, { PARLEY_PROVIDER_DEADLINE_MS: '2000' });
  const app = await newWorkspace(world.ctx, 'live');
  await newIntegration(world.ctx, app.id, 'smtp', {
    host: '127.0.0.1',
    port: sink.port,
    from: 'shop@shop.example',
  });
  const consoleKey = await newConsoleKey(world.ctx, app.id);
  return {
    world,
    sink,
    app,
    consoleKey,
    async stop() {
      await world.stop();
      await sink.close();
    },
  };
}
