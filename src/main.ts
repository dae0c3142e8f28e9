/** The program: `parley <command>`. Runs on import, since bin/parley.mjs imports it; what it does is in src/cli. */
import { run } from './cli/program.ts';

// Only `start` needs the product itself; the other commands call it, and are quick for not reading it.
await run(process.argv.slice(2), async (config) => (await import('./parley.ts')).startParley(config));
