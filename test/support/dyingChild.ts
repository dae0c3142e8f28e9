/**
 * Parley as a process of its own that dies by kill -9 in the middle of what it does: at its DIES_AT-th statement since it was
 * up, counted over all it does; just before the statement is sent when that number is odd, right after when it is even, so that nobody
 * has heard what came of it.
 */
import pg from 'pg';
import './child.ts';

const diesAt = Number(process.env['DIES_AT']);
if (!(diesAt > 0)) throw new Error('DIES_AT must say at which statement');
let statements = 0;
type Query = (this: pg.Client, ...given: unknown[]) => unknown;
const prototype = pg.Client.prototype as unknown as { query: Query };
const { query } = prototype;
prototype.query = function (this: pg.Client, ...given: unknown[]) {
  const isLast = ++statements === diesAt;
  if (isLast && diesAt % 2) process.kill(process.pid, 'SIGKILL');
  const made = query.apply(this, given);
  // The statement goes out with the loop's next look at the socket.
  if (isLast) setImmediate(() => process.kill(process.pid, 'SIGKILL'));
  return made;
};
