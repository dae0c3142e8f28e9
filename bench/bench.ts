/** What the orchestrator's parts share: what a run works with, and how a piece of work is measured. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Child, Commands } from './child.ts';
import { startMeter } from './measure.ts';
import type { Options } from './options.ts';
import type { ParleyCommands } from './parleyProcess.ts';
import { topFunctions } from './profile.ts';
import type { Found, Rate } from './report.ts';
import type { SinkCommands } from './sink.ts';

/** What a run works with. */
export type Bench = {
  options: Options;
  folder: string;
  found: Found;
  sink: Child<SinkCommands>;
  sinkUrl: string;
  /** Starts a process that is stopped at the end, however it comes. */
  start: <C extends Commands>(file: string, args?: string[]) => Promise<Child<C>>;
  /** Takes what is to be called at the end. */
  keep: (stop: () => Promise<void>) => void;
};
/** Parley's process. */
export type ParleyChild = Child<ParleyCommands>;

/** Tells whoever waits how it goes. */
export const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** Times `work`, which says how long it took, and measures CPU and memory until `after` is done. */
export async function timed(
  bench: Bench,
  pid: number,
  what: string,
  count: number,
  work: () => Promise<{ ms: number; note?: string; count?: number }>,
): Promise<{ rate: Rate }> {
  await bench.sink.ask('reset', undefined);
  const meter = await startMeter(pid);
  let done: { ms: number; note?: string; count?: number };
  let cost: { cpuS: number; ownCpuS: number; peakMb: number };
  try {
    done = await work();
  } finally {
    cost = await meter.stop();
  }
  const n = done.count ?? count;
  const rate: Rate = {
    what,
    perS: (n / done.ms) * 1000,
    cpuPer1000: (cost.cpuS / n) * 1000,
    peakMb: cost.peakMb,
    ...(done.note ? { note: done.note } : {}),
  };
  const own = ((cost.ownCpuS / n) * 1000).toFixed(3);
  say(
    `${what}: ${Math.round(rate.perS)}/s, ${rate.cpuPer1000.toFixed(3)} CPU-s per 1,000 (${own} of the process itself), peak ${Math.round(rate.peakMb)} MB`,
  );
  return { rate };
}

/** How a Parley process is started: its data directory, and whether its statements are watched. */
export function parleyArguments({ folder, options }: Bench, name: string): string[] {
  return [join(folder, name), ...(options.profile === undefined ? [] : ['statements'])];
}

/** With `--profile`: says where the time goes in `work`, and writes it to the folder. */
export async function profiled(
  bench: Bench,
  child: ParleyChild,
  what: string,
  work: () => Promise<void>,
): Promise<void> {
  const folder = bench.options.profile;
  if (folder === undefined) return await work();
  await mkdir(folder, { recursive: true });
  await child.ask('startProfile');
  await work();
  const file = join(folder, `${what}.cpuprofile`);
  const statements = await child.ask('stopProfile', file);
  await writeFile(join(folder, `${what}.statements.json`), JSON.stringify(statements, null, 1));
  say(await topFunctions(file, 40));
  for (const { ms, plan_ms: planMs, calls, rows, query } of statements)
    say(`${ms} ms (planning ${planMs}), ${calls} calls, ${rows} rows: ${query}`);
}
