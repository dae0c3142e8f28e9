/** The program: `parley <command>`. Runs on import, since bin/parley.mjs imports it; what it does is in src/cli. */
import { flushCompileCache } from 'node:module';
import path from 'node:path';
import { run } from './cli/program.ts';

// Only `start` needs the product itself; the other commands call it, and are quick for not reading it.
await run(process.argv.slice(2), async (config) => {
  const serves = config.roles.includes('http');
  // Before all else: the pages are built beside the database that is being made.
  const web = serves
    ? (await import('./doors/web/door.ts')).openWeb(path.join(import.meta.dirname, '..'))
    : undefined;
  try {
    const parley = await (await import('./parley.ts')).startParley(config, web ? { web } : {});
    // Written now and not at the end, which a container that is killed never comes to; what was read of it is given back.
    flushCompileCache();
    return parley;
  } catch (error) {
    web?.close();
    throw error;
  }
});
