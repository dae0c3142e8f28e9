/**
 * What one does to another, and a first hour: a workspace whose provider hangs beside one whose provider answers, broadcasts that wait
 * for the morning, and an install that is used before Postgres has seen what is in it.
 */
import { pause, systemClock } from '../src/base/clock.ts';
import { parleyArguments, say, timed, type Bench } from './bench.ts';
import { cpuS, sharedMs } from './measure.ts';
import type { ParleyCommands } from './parleyProcess.ts';
import type { Rate } from './report.ts';

/** A broadcast of this size takes seconds, so that a hanging call's deadline falls into it. */
const NEIGHBOUR_COUNT = 50_000;
const HELD_BROADCASTS = 10;
const HELD_RECIPIENTS = 1_000;
const IDLE_MS = 15_000;
/** A backend of Postgres that has nothing to do tells what it counted only after 10 s (`PGSTAT_IDLE_INTERVAL`, backend/utils/activity/pgstat.c). */
const COUNTED_MS = 12_000;
const FRESH_COUNT = 100_000;

/** What was found. */
export type Neighbours = {
  /** The same broadcast alone, and while the neighbour's provider hangs. */
  alone: Rate;
  beside: Rate;
  /** What an idle process costs, without and with broadcasts that are held. */
  idle: Idle;
  held: Idle;
  /** An install that was made this minute. */
  fresh: { importS: number; forecastS: number; broadcastS: number };
};
/** Cost of doing nothing. */
export type Idle = { transactionsPerS: number; cpuMsPerS: number };

/** Measures all three. */
export async function measureNeighbours(bench: Bench): Promise<Neighbours> {
  const fresh = await measureFresh(bench);
  const child = await bench.start<ParleyCommands>('./parleyProcess.ts', parleyArguments(bench, 'neighbours'));
  await child.ask('makeWorkspaces', bench.sinkUrl);
  for (const way of ['http', 'hanging'] as const)
    await child.ask('importContacts', { way, from: 0, to: NEIGHBOUR_COUNT, tags: ['all'] });
  await child.ask('settleStore');
  const broadcast = async (what: string) => {
    const { rate } = await timed(bench, child.pid, what, NEIGHBOUR_COUNT, async () => {
      const { id, fromMs } = await child.ask('startBroadcast', { way: 'http', tag: 'all' });
      const { atMs } = await child.ask('untilSent', { way: 'http', id });
      const { count } = await bench.sink.ask('count');
      if (count !== NEIGHBOUR_COUNT) throw new Error(`${what}: ${count} came to the sink`);
      return { ms: atMs - fromMs };
    });
    return rate;
  };
  // A process that has just started is slow; this one is not counted.
  await broadcast('a broadcast, before');
  const alone = await broadcast('a broadcast, alone');
  const { id } = await child.ask('startBroadcast', { way: 'hanging', tag: 'all' });
  while ((await bench.sink.ask('hanging')) === 0) await pause(systemClock, 10);
  const beside = await broadcast('a broadcast, beside a provider that hangs');
  await child.ask('cancelBroadcast', { way: 'hanging', id });
  await child.stop();
  return { alone, beside, ...(await measureHeld(bench)), fresh };
}

async function measureHeld(bench: Bench): Promise<{ idle: Idle; held: Idle }> {
  const child = await bench.start<ParleyCommands>('./parleyProcess.ts', parleyArguments(bench, 'held'));
  await child.ask('makeWorkspaces', bench.sinkUrl);
  await child.ask('importContacts', { way: 'http', from: 0, to: HELD_RECIPIENTS, tags: ['all'] });
  const measure = async (what: string): Promise<Idle> => {
    // What was just done is cleaned up behind it, and counted.
    await pause(systemClock, COUNTED_MS);
    const [fromCount, fromS, fromMs] = [await child.ask('transactions'), await cpuS(child.pid), sharedMs()];
    await pause(systemClock, IDLE_MS);
    const seconds = (sharedMs() - fromMs) / 1000;
    const found = {
      transactionsPerS: ((await child.ask('transactions')) - fromCount) / seconds,
      cpuMsPerS: (((await cpuS(child.pid)) - fromS) * 1000) / seconds,
    };
    say(
      `${what}: ${found.transactionsPerS.toFixed(1)} transactions/s, ${found.cpuMsPerS.toFixed(1)} ms CPU/s`,
    );
    return found;
  };
  const idle = await measure('idle');
  await child.ask('beginQuietHours', 'http');
  for (let n = 0; n < HELD_BROADCASTS; n++) {
    const { id } = await child.ask('startBroadcast', { way: 'http', tag: 'all' });
    await child.ask('untilHeld', { way: 'http', id });
  }
  const held = await measure(`${HELD_BROADCASTS} broadcasts held`);
  await child.stop();
  return { idle, held };
}

/** Nothing here lets Postgres settle: who has just installed it does not either. */
async function measureFresh(bench: Bench): Promise<Neighbours['fresh']> {
  const child = await bench.start<ParleyCommands>('./parleyProcess.ts', parleyArguments(bench, 'fresh'));
  await child.ask('makeWorkspaces', bench.sinkUrl);
  await bench.sink.ask('reset', undefined);
  const imported = await child.ask('importContacts', {
    way: 'http',
    from: 0,
    to: FRESH_COUNT,
    tags: ['all'],
  });
  const forecast = await child.ask('forecast', { way: 'http', tag: 'all' });
  if (forecast.reachable !== FRESH_COUNT) throw new Error(`the forecast was ${JSON.stringify(forecast)}`);
  const { id, fromMs } = await child.ask('startBroadcast', { way: 'http', tag: 'all' });
  const { atMs } = await child.ask('untilSent', { way: 'http', id });
  await child.stop();
  const fresh = {
    importS: imported.ms / 1000,
    forecastS: forecast.ms / 1000,
    broadcastS: (atMs - fromMs) / 1000,
  };
  say(
    `fresh install: import ${fresh.importS.toFixed(1)} s, forecast ${fresh.forecastS.toFixed(2)} s, broadcast ${fresh.broadcastS.toFixed(1)} s`,
  );
  return fresh;
}
