/** What befalls processes: they die, sleep past their lease, lose the database, and come back. */
import { kill, stopPlayer } from '../player.ts';
import { KINDS, type Kind } from '../providers.ts';
import type { Run, Step } from '../run.ts';
import type { RoomPlay } from './room.ts';

const NAMES = ['a', 'b', 'c'] as const;

export const processes: RoomPlay = {
  name: 'processes',
  waits: true,
  steps: [
    { what: 'kill', weight: 4, draw: (draws) => ({ worker: draws.one('killed', NAMES) }) },
    { what: 'hire', weight: 6, draw: (draws) => ({ worker: draws.one('hired', NAMES) }) },
    { what: 'stop', weight: 1, draw: (draws) => ({ worker: draws.one('stopped', NAMES) }) },
    {
      what: 'sleep',
      weight: 3,
      draw: (draws) => ({ worker: draws.one('sleeps', NAMES), forMs: draws.between('sleeps for', 500, 40_000) }),
    },
    {
      what: 'cut',
      weight: 3,
      draw: (draws) => ({ worker: draws.one('cut off', NAMES), forMs: draws.between('cut off for', 0, 20_000) }),
    },
    { what: 'kill the door', weight: 1 },
    { what: 'lose commits', weight: 1, draw: (draws) => ({ chance: draws.one('chance', [0, 0.01, 0.05]) }) },
    {
      what: 'outage',
      weight: 1,
      draw: (draws) => ({ kind: draws.one('out', KINDS), forMs: draws.between('out for', 5_000, 200_000) }),
    },
    {
      what: 'slow',
      scene: 0.15,
      draw: (draws) => ({ kind: draws.one('slow', [...KINDS, 'all', 'all'] as const), mostMs: draws.between('how slow', 800, 5_000) }),
    },
    // Both only where they are asked for: no seed has them by itself.
    { what: 'slow database', scene: 0, draw: (draws) => ({ player: draws.one('whose database is slow', ['a', 'b', 'door'] as const) }) },
    // The door is another one then: what is asked of it from then on has them.
    { what: 'few connections', scene: 0, draw: (draws) => ({ count: draws.between('connections', 2, 3) }) },
    { what: 'trouble', weight: 1, draw: (draws) => ({ level: draws.one('level', [0, 0.5, 1, 2.5]) }) },
  ],
  perform,
  // Whatever is logged as an error is a fault of the code: what a run does to it is to be expected.
  check: async ({ errors, sameIds }) => [...[...new Set(errors)].map((error) => `an error was logged: ${error}`), ...sameIds],
};

async function perform(run: Run, step: Step): Promise<void> {
  const name = String(step['worker']);
  const worker = run.workers.get(name);
  switch (step.what) {
    case 'hire':
      return await run.hire(name);
    case 'kill':
      if (worker) await kill(worker);
      return void run.workers.delete(name);
    case 'stop':
      // Whoever sleeps or has no database does not end in time.
      if (!worker || worker.asleepUntilMs > run.stage.nowMs()) return;
      run.workers.delete(name);
      return await stopPlayer(run.cast, worker);
    case 'sleep':
      if (worker) worker.asleepUntilMs = run.stage.nowMs() + Number(step['forMs']);
      return;
    case 'cut':
      return await worker?.store.cut(run.stage.nowMs() + Number(step['forMs']));
    case 'kill the door':
      await kill(run.door());
      return await run.reopenDoor();
    case 'outage':
      run.outages.set(step['kind'] as Kind, run.stage.nowMs() + Number(step['forMs']));
      return;
    case 'slow':
      for (const kind of KINDS) if (step['kind'] === kind || step['kind'] === 'all') run.slow.set(kind, Number(step['mostMs']));
      return;
    case 'slow database':
      return void run.slowStores.add(String(step['player']));
    case 'few connections':
      run.cast.connections = Number(step['count']);
      await kill(run.door());
      return await run.reopenDoor();
    case 'lose commits':
      run.trouble.lostCommits = Number(step['chance']);
      return;
    default:
      run.trouble.level = Number(step['level']);
  }
}

/** What was a dead worker's lane is another's after so long, at most: the lease, and the next round of renewals. */
const TAKEN_OVER_MS = 40_000;

/** How much of a time there was nobody to do what was due: no worker, or one that slept, was cut off, or died on its lanes. */
export function awayMs(run: Run): (fromMs: number, toMs: number) => number {
  const gaps: { fromMs: number; toMs: number }[] = [];
  const alive = new Set(['a']);
  let nobodySinceMs: number | undefined;
  for (const { atMs, step } of run.done) {
    if (step.room !== 'processes') continue;
    const name = String(step['worker']);
    if (step.what === 'hire') {
      alive.add(name);
      if (nobodySinceMs !== undefined) gaps.push({ fromMs: nobodySinceMs, toMs: atMs + TAKEN_OVER_MS });
      nobodySinceMs = undefined;
    } else if (step.what === 'kill' || step.what === 'stop') {
      if (!alive.delete(name)) continue;
      if (alive.size) gaps.push({ fromMs: atMs, toMs: atMs + TAKEN_OVER_MS });
      else nobodySinceMs = atMs;
    } else if (step.what === 'sleep' || step.what === 'cut')
      gaps.push({ fromMs: atMs, toMs: atMs + Number(step['forMs']) + TAKEN_OVER_MS });
  }
  if (nobodySinceMs !== undefined) gaps.push({ fromMs: nobodySinceMs, toMs: run.healedMs + TAKEN_OVER_MS });
  return (fromMs, toMs) =>
    gaps.reduce((sum, gap) => sum + Math.max(0, Math.min(toMs, gap.toMs) - Math.max(fromMs, gap.fromMs)), 0);
}
