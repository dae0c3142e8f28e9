/**
 * Parley as a process of its own that tells when its loop was held: for how long, in time that this thread used of a processor, so
 * that what other programs of the machine take does not count. A line `held <milliseconds>` on standard output for each.
 */
import './child.ts';

const TOLD_MS = 10;
let last = process.threadCpuUsage();
setInterval(() => {
  const { user, system } = process.threadCpuUsage(last);
  last = process.threadCpuUsage();
  const ms = (user + system) / 1000;
  if (ms > TOLD_MS) process.stdout.write(`held ${ms}\n`);
}, 1).unref();
