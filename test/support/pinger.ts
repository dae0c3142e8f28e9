/** Asks a product for /healthz again and again, from a thread of its own, and tells how long it let itself be waited for. */
import { Worker } from 'node:worker_threads';

const PINGER = `
const { parentPort, workerData } = require('node:worker_threads');
const { request, Agent } = require('node:http');
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
let longestMs = 0;
const ping = () => {
  const startMs = performance.now();
  const call = request(workerData + '/healthz', { agent }, (answer) => {
    answer.resume();
    answer.on('end', () => {
      longestMs = Math.max(longestMs, answer.statusCode === 200 ? performance.now() - startMs : Infinity);
      setTimeout(ping, 2);
    });
  });
  call.on('error', () => { longestMs = Infinity; setTimeout(ping, 50); });
  call.end();
};
ping();
parentPort.on('message', () => { parentPort.postMessage(longestMs); longestMs = 0; });
`;

/** The longest wait since it was last asked, in milliseconds. */
export function startPinger(url: string): { longestMs(): Promise<number>; stop(): Promise<unknown> } {
  const worker = new Worker(PINGER, { eval: true, workerData: url });
  return {
    longestMs: () =>
      new Promise((resolve) => {
        worker.once('message', resolve);
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has none
        worker.postMessage('longest');
      }),
    stop: () => worker.terminate(),
  };
}
