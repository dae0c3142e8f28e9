/** Parley with the console's pages as a process of its own, for tests that kill it under an open page: as child.ts, with the demo's credentials. */
import path from 'node:path';
import { readConfig } from '../../src/base/config.ts';
import { openWeb } from '../../src/doors/web/door.ts';
import { startParley } from '../../src/parley.ts';

const config = readConfig(process.env);
if ('faults' in config) throw new Error(config.faults.join('; '));
const web = openWeb(path.resolve(import.meta.dirname, '../..'));
const parley = await startParley(config, { web });
await web.settled;
const { workspace, keys } = parley.demo!;
process.stdout.write(`${JSON.stringify({ url: parley.url, ws: workspace.id, ...keys.console })}\n`);
process.on('SIGTERM', () => void parley.stop().then(() => process.exit(0)));
