/** The program: `parley <command>`. Runs on import, since bin/parley.mjs imports it; what it does is in src/cli. */
import { run } from './cli/program.ts';

await run(process.argv.slice(2));
