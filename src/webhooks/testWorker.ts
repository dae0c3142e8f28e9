/** For tests: a worker in a process of its own, to be killed. Its database is in TEST_CONNECTION; says `ready` when it works. */
import { systemClock } from '../base/clock.ts';
import { openPool, type Connection } from '../db/pool.ts';
import { startRig } from './testRig.ts';

const sql = openPool(JSON.parse(process.env['TEST_CONNECTION']!) as Connection, {
  max: 8,
  name: 'test worker',
});
await startRig({ sql, clock: systemClock, node: 2 });
process.stdout.write('ready\n');
// Timers do not keep a process alive here; the connection to the tester does.
process.stdin.resume();
