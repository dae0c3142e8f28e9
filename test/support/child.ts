/** Parley as a process of its own, for tests that kill it: settings from PARLEY_ variables, its URL on standard output. */
import { flushCompileCache } from 'node:module';
import { readConfig } from '../../src/base/config.ts';
import { startParley } from '../../src/parley.ts';

const config = readConfig(process.env);
if ('faults' in config) throw new Error(config.faults.join('; '));
const parley = await startParley(config);
// It may be killed at any moment; the next one starts from what this one compiled.
flushCompileCache();
process.stdout.write(`${parley.url ?? 'worker'}\n`);
process.on('SIGTERM', () => void parley.stop().then(() => process.exit(0)));
