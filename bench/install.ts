/** An install as a person has it: the real command, timed from its start until it is ready, and its memory when left alone. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { pause, systemClock } from '../src/base/clock.ts';
import { cleanEnvironment } from './child.ts';
import { memoryMb, sharedMs } from './measure.ts';

/** An install is idle when it was left alone for so long. */
const IDLE_AFTER_MS = 5_000;

/** A running `parley start`. */
type Running = { pid: number; readyS: number; stop(): Promise<void> };

/**
 * Starts Parley twice on a data directory that is made: the first start includes initdb. `keep` is told how to stop what
 * runs, should the bench end in between.
 */
export async function measureInstall(
  dataDir: string,
  keep: (stop: () => Promise<void>) => void,
): Promise<{ firstStartS: number; readyS: number; idleMb: number }> {
  const first = await startCommand(dataDir, keep);
  await first.stop();
  const second = await startCommand(dataDir, keep);
  await pause(systemClock, IDLE_AFTER_MS);
  const idleMb = await memoryMb(second.pid);
  await second.stop();
  return { firstStartS: first.readyS, readyS: second.readyS, idleMb };
}

async function startCommand(dataDir: string, keep: (stop: () => Promise<void>) => void): Promise<Running> {
  const fromMs = sharedMs();
  const command = fileURLToPath(new URL('../bin/parley.mjs', import.meta.url));
  const args = [command, 'start', '--json', '--port', '0', '--data', dataDir];
  const child = spawn(process.execPath, args, {
    env: { ...cleanEnvironment(), PARLEY_LOG_LEVEL: 'error' },
    stdio: ['ignore', 'pipe', 'inherit'],
    // A terminal's Ctrl-C is for the bench, which stops it in order.
    detached: true,
  });
  const gone = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGTERM');
    await gone;
  };
  keep(stop);
  const line = await Promise.race([
    once(createInterface(child.stdout), 'line') as Promise<[string]>,
    gone.then(() => {
      throw new Error('parley start ended before it was ready');
    }),
  ]);
  const { url } = JSON.parse(line[0]) as { url: string };
  while ((await fetch(`${url}/readyz`)).status !== 200) await pause(systemClock, 10);
  return { pid: child.pid!, readyS: (sharedMs() - fromMs) / 1000, stop };
}
