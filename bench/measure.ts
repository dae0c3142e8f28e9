/**
 * What processes cost: CPU and memory of a process and all it started, from Linux's /proc. A Parley is measured with its
 * Postgres, since the servers are children of the process that embeds them.
 */
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { pause, systemClock } from '../src/base/clock.ts';

/** Milliseconds of the clock that all processes of a machine share (CLOCK_MONOTONIC). */
export function sharedMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

const TICKS_PER_S = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
const SAMPLE_MS = 250;

/** The process and its descendants. */
export async function treeOf(pid: number): Promise<number[]> {
  const children = (await read(`/proc/${pid}/task/${pid}/children`)) ?? '';
  const below = await Promise.all(
    children
      .split(' ')
      .filter(Boolean)
      .map((child) => treeOf(Number(child))),
  );
  return [pid, ...below.flat()];
}

/**
 * CPU seconds of the process and its descendants so far. Those of descendants that ended are with whoever waited for them
 * (cutime and cstime), so a backend that goes away during a measurement still counts.
 */
export async function cpuS(pid: number): Promise<number> {
  const ticks = await Promise.all((await treeOf(pid)).map((one) => ticksOf(one, [11, 12, 13, 14])));
  return ticks.reduce((sum, n) => sum + n, 0) / TICKS_PER_S;
}

/** CPU seconds of the process alone. */
export async function ownCpuS(pid: number): Promise<number> {
  return (await ticksOf(pid, [11, 12])) / TICKS_PER_S;
}

async function ticksOf(pid: number, at: readonly number[]): Promise<number> {
  const stat = await read(`/proc/${pid}/stat`);
  if (!stat) return 0;
  // The name, in brackets, may hold anything; what follows it is numbers. proc(5): utime is field 14.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return at.reduce((sum, field) => sum + Number(fields[field]), 0);
}

/** Memory of the process and its descendants, in MB: pages that several share are counted once (PSS). */
export async function memoryMb(pid: number): Promise<number> {
  const kb = await Promise.all(
    (await treeOf(pid)).map(async (one) =>
      Number(/^Pss:\s+(\d+) kB/m.exec((await read(`/proc/${one}/smaps_rollup`)) ?? '')?.[1] ?? 0),
    ),
  );
  return kb.reduce((sum, n) => sum + n, 0) / 1024;
}

async function read(file: string): Promise<string | undefined> {
  // A process may end at any moment.
  return await readFile(file, 'utf8').catch(() => undefined);
}

/** CPU and peak memory from now on. */
export type Meter = { stop(): Promise<{ cpuS: number; ownCpuS: number; peakMb: number }> };

/** Starts to measure a process and its descendants. */
export async function startMeter(pid: number): Promise<Meter> {
  const [fromS, ownFromS] = await Promise.all([cpuS(pid), ownCpuS(pid)]);
  const stopping = new AbortController();
  let peakMb = 0;
  const sample = async () => (peakMb = Math.max(peakMb, await memoryMb(pid)));
  const sampling = (async () => {
    while (!stopping.signal.aborted) {
      await sample();
      await pause(systemClock, SAMPLE_MS, stopping.signal);
    }
  })();
  return {
    async stop() {
      const [toS, ownToS] = await Promise.all([cpuS(pid), ownCpuS(pid)]);
      stopping.abort();
      await sampling;
      await sample();
      return { cpuS: toS - fromS, ownCpuS: ownToS - ownFromS, peakMb };
    },
  };
}
