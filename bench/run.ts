/**
 * The bench: runs everything side by side on one machine, prints tables, and writes RESULTS.md from a whole run. What it
 * starts it stops, whatever happens, and it ends within 25 minutes.
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { isoTime, pause, systemClock } from '../src/base/clock.ts';
import { parleyArguments, profiled, say, timed, type Bench, type ParleyChild } from './bench.ts';
import { tellDelivered } from './callbacks.ts';
import type { CeilingCommands } from './ceiling.ts';
import { measureChannels } from './channels.ts';
import { startChild } from './child.ts';
import { measureCampaigns } from './campaigns.ts';
import { measureConnect } from './connect.ts';
import type { FloorCommands } from './floor.ts';
import { measureEvents } from './events.ts';
import { measureOrders } from './orders.ts';
import { measureInstall } from './install.ts';
import { measureNeighbours } from './neighbours.ts';
import { sharedMs } from './measure.ts';
import { NOTIFIED, openNotifier, percentile, type Notifier } from './notifications.ts';
import { readOptions, type PartName } from './options.ts';
import type { ParleyCommands, PhoneWay } from './parleyProcess.ts';
import { keptOf, resultsFile, tables, type Found, type Rate } from './report.ts';
import type { SinkCommands } from './sink.ts';

const LONGEST_MS = 25 * 60_000;
/** What ceiling and floor take at the end, and a Parley to start. */
const BASE_MS = 45_000;
const START_MS = 15_000;
/** Messages of the ceiling and the floor; before they are timed, a tenth of it. */
const BASE_COUNT = 100_000;
const NOTIFY_CONNECTIONS = 32;
const NOTIFY_FOR_MS = 5_000;
const NOTIFY_SINGLY = 300;
const MOST_CALLBACKS = 20_000;

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  const before = loadavg();
  const folder = await mkdtemp(join(tmpdir(), 'parley-bench-'));
  const stops: (() => Promise<void>)[] = [];
  const found: Found = {
    imports: [],
    http: [],
    simulator: [],
    channels: [],
    events: [],
    orders: [],
    latencies: [],
    missing: [],
  };
  const ending = new AbortController();
  const end = () => ending.abort();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, end);
  const start: Bench['start'] = async (file, args = []) => {
    if (ending.signal.aborted) throw new Error('the run is over');
    const child = startChild<never>(file, args);
    stops.push(async () => await (await child).stop());
    return await child;
  };
  const keep: Bench['keep'] = (stop) => stops.push(stop);
  let failed: unknown;
  try {
    const running = (async () => {
      const sink = await start<SinkCommands>('./sink.ts');
      const bench: Bench = { options, folder, found, sink, sinkUrl: await sink.ask('url'), start, keep };
      await runAll(bench);
    })();
    const cut = pause(systemClock, LONGEST_MS, ending.signal).then(() => {
      throw new Error(ending.signal.aborted ? 'stopped' : 'not done within the time that a run may take');
    });
    cut.catch(() => {});
    await Promise.race([running, cut]);
  } catch (error) {
    // What was measured by then stands.
    failed = error;
    found.missing.push(`what came after: ${(error as Error).message}`);
  } finally {
    end();
    for (const stop of stops.reverse()) await stop().catch(() => {});
    await rm(folder, { recursive: true, force: true });
    process.stdout.write(`\n${tables(found)}\n`);
  }
  const machine = `${cpus().length} cores (${cpus()[0]?.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GB, Linux ${release()}`;
  const date = isoTime(systemClock.nowMs()).slice(0, 10);
  const load = { before, after: loadavg() };
  const setting = { date, machine, node: `Node ${process.version}`, load };
  say(`${machine}; load average before ${before.join(' ')}, after ${load.after.join(' ')}`);
  if (options.whole && found.http.length) await writeResults(resultsFile(found, setting));
  if (failed) throw failed;
}

/** What was written by hand stays. */
async function writeResults(text: string): Promise<void> {
  const file = new URL('./RESULTS.md', import.meta.url);
  await writeFile(file, text + keptOf(await readFile(file, 'utf8')));
  say('bench/RESULTS.md is written');
}

async function runAll(bench: Bench): Promise<void> {
  const { parts, large } = bench.options;
  const fromMs = sharedMs();
  const part = async (name: PartName, measure: () => Promise<void>) => {
    if (parts.has(name)) await clocked(name, measure);
  };
  await clocked('ceiling and floor', () => measureBase(bench));
  await part('start', async () => {
    const install = await measureInstall(join(bench.folder, 'install'), bench.keep);
    bench.found.install = install;
    say(`ready in ${install.readyS.toFixed(1)} s, idle ${Math.round(install.idleMb)} MB`);
  });
  if ((['http', 'simulator', 'notifications'] as const).some((one) => parts.has(one)))
    await measureParley(bench);
  await part('channels', () => measureChannels(bench));
  await part('events', () => measureEvents(bench));
  await part('orders', () => measureOrders(bench));
  await part('connect', () => measureConnect(bench));
  await part('neighbours', async () => {
    bench.found.neighbours = await measureNeighbours(bench);
  });
  await part('campaigns', () => measureCampaigns(bench));
  if (parts.has('http'))
    for (const size of large) await measureLarge(bench, size, fromMs + LONGEST_MS - BASE_MS - sharedMs());
  // Once more: machines get slower and faster while they run. The mean stands beside what was measured in between.
  await clocked('ceiling and floor, again', () => measureBase(bench));
}

/** A large broadcast through a Parley of its own, where what was measured so far says that there is time for it. */
async function measureLarge(bench: Bench, size: number, leftMs: number): Promise<void> {
  const { imports, http, missing } = bench.found;
  const neededMs = [imports.at(-1)!, http.at(-1)!].reduce(
    (ms, { perS }) => ms + (size / perS) * 1000,
    START_MS,
  );
  if (neededMs > leftMs) {
    const why = `it takes ${(neededMs / 1000).toFixed(0)} s here, of which ${(leftMs / 1000).toFixed(0)} s were left`;
    missing.push(`broadcast to ${size.toLocaleString('en-US')}: ${why}`);
    return say(`-- ${missing.at(-1)}`);
  }
  const child = await bench.start<ParleyCommands>('./parleyProcess.ts', parleyArguments(bench, `p${size}`));
  await child.ask('makeWorkspaces', bench.sinkUrl);
  await clocked('import', () => importAll(bench, child, 'http', [size]));
  await clocked(`http, ${size}`, () => measureBroadcast(bench, child, 'http', size));
  await child.stop();
}

/** Says how long a part of the run took, which is what bounds the whole. */
async function clocked<T>(name: string, measure: () => Promise<T>): Promise<T> {
  const fromMs = sharedMs();
  const result = await measure();
  say(`-- ${name}: ${((sharedMs() - fromMs) / 1000).toFixed(0)} s`);
  return result;
}

/** The ceiling and the floor. */
async function measureBase(bench: Bench): Promise<void> {
  const { options, found, sinkUrl } = bench;
  if (options.parts.has('ceiling')) {
    const child = await bench.start<CeilingCommands>('./ceiling.ts');
    await child.ask('run', { sinkUrl, count: BASE_COUNT / 10 });
    const { rate } = await timed(bench, child.pid, 'ceiling', BASE_COUNT, async () => {
      const { ms } = await child.ask('run', { sinkUrl, count: BASE_COUNT });
      return { ms };
    });
    found.ceiling = mean(found.ceiling, rate);
    await child.stop();
  }
  if (options.parts.has('floor')) {
    const child = await bench.start<FloorCommands>('./floor.ts', [join(bench.folder, 'floor')]);
    await child.ask('load', BASE_COUNT / 10);
    await child.ask('run', sinkUrl);
    await child.ask('load', BASE_COUNT);
    const { rate } = await timed(bench, child.pid, 'durable floor', BASE_COUNT, async () => {
      const { ms, settled, queued } = await child.ask('run', sinkUrl);
      if (settled !== BASE_COUNT || queued) throw new Error(`the floor settled ${settled}, left ${queued}`);
      return { ms };
    });
    found.floor = mean(found.floor, rate);
    await child.ask('load', BASE_COUNT);
    await child.ask('pack');
    const packed = await timed(bench, child.pid, 'packed floor', BASE_COUNT, async () => {
      const { ms, settled } = await child.ask('runPacked', sinkUrl);
      if (settled !== BASE_COUNT) throw new Error(`the packed floor settled ${settled}`);
      return { ms };
    });
    found.packedFloor = mean(found.packedFloor, packed.rate);
    await child.stop();
  }
}

function mean(before: Rate | undefined, now: Rate): Rate {
  if (!before) return now;
  return {
    what: now.what,
    perS: (before.perS + now.perS) / 2,
    cpuPer1000: (before.cpuPer1000 + now.cpuPer1000) / 2,
    peakMb: Math.max(before.peakMb, now.peakMb),
    note: `${Math.round(before.perS)} and ${Math.round(now.perS)}`,
  };
}

/** Everything about a Parley. */
async function measureParley(bench: Bench): Promise<void> {
  const { options } = bench;
  const child = await bench.start<ParleyCommands>('./parleyProcess.ts', parleyArguments(bench, 'parley'));
  bench.found.postgres = await child.ask('postgresVersion');
  const places = await child.ask('makeWorkspaces', bench.sinkUrl);
  if (options.parts.has('notifications')) {
    const target = { ...places.http, url: await child.ask('url') };
    const notifier = openNotifier(target, NOTIFY_CONNECTIONS);
    try {
      await clocked('notifications', () =>
        profiled(bench, child, 'notifications', () => measureNotifications(bench, child, notifier)),
      );
      await clocked('import', () => importAll(bench, child, 'http', options.sizes));
      await clocked('beside a broadcast', () => measureLatencyDuring(bench, child, notifier));
    } finally {
      await notifier.close();
    }
  }
  for (const way of ['http', 'simulator'] as const) {
    if (!options.parts.has(way)) continue;
    const isImported = way === 'http' && options.parts.has('notifications');
    if (!isImported) await clocked('import', () => importAll(bench, child, way, options.sizes));
    for (const size of options.sizes)
      await clocked(`${way}, ${size}`, () => measureBroadcast(bench, child, way, size));
    if (way === 'http') await clocked('callbacks', () => measureCallbacks(bench, child));
  }
  await child.stop();
}

const tagOf = (size: number) => `the first ${size}`;

/** The largest audience's contacts, each tagged with the audiences it is in. */
async function importAll(
  bench: Bench,
  child: ParleyChild,
  way: PhoneWay,
  sizes: readonly number[],
): Promise<void> {
  const most = sizes.at(-1)!;
  const { rate } = await timed(
    bench,
    child.pid,
    `import of ${most.toLocaleString('en-US')} contacts`,
    most,
    async () => {
      let ms = 0;
      let from = 0;
      for (const [at, to] of sizes.entries()) {
        const tags = sizes.slice(at).map(tagOf);
        ms += (await child.ask('importContacts', { way, from, to, tags })).ms;
        from = to;
      }
      return { ms };
    },
  );
  bench.found.imports.push(rate);
  await child.ask('settleStore');
}

async function measureBroadcast(
  bench: Bench,
  child: ParleyChild,
  way: PhoneWay,
  size: number,
): Promise<void> {
  const what = `broadcast to ${size.toLocaleString('en-US')}, ${way === 'http' ? 'HTTP' : 'simulator'}`;
  const send = async () => {
    const { id, fromMs } = await child.ask('startBroadcast', { way, tag: tagOf(size) });
    const { atMs } = await child.ask('untilSent', { way, id });
    await child.ask('untilQuiet');
    const counts = await child.ask('counts', { way, id });
    const reached = counts.accepted + counts.delivered + counts.read;
    if (reached !== size) throw new Error(`${what}: not all were reached: ${JSON.stringify(counts)}`);
    const arrived = (await bench.sink.ask('count')).count;
    if (way === 'http' && arrived !== size) throw new Error(`${what}: ${arrived} came to the sink`);
    return { ms: atMs - fromMs };
  };
  await profiled(bench, child, `${way}-${size}`, async () => {
    const { rate } = await timed(bench, child.pid, what, size, send);
    bench.found[way === 'http' ? 'http' : 'simulator'].push({ ...rate, size });
  });
}

async function measureCallbacks(bench: Bench, child: ParleyChild): Promise<void> {
  const urls = await child.ask('callbackUrls', { way: 'http', most: MOST_CALLBACKS });
  await profiled(bench, child, 'callbacks', async () => {
    const { rate } = await timed(bench, child.pid, 'status callbacks', urls.length, async () => {
      const ms = await tellDelivered(urls, NOTIFY_CONNECTIONS);
      await child.ask('untilQuiet');
      return { ms };
    });
    bench.found.callbacks = rate;
  });
  const left = await child.ask('callbackUrls', { way: 'http', most: MOST_CALLBACKS });
  if (left.some((url) => urls.includes(url))) throw new Error('a callback was answered and not stored');
}

async function measureNotifications(bench: Bench, child: ParleyChild, notifier: Notifier): Promise<void> {
  const { found, sink } = bench;
  for (let n = 0; n < 50; n++) await notifier.notify();
  await child.ask('untilQuiet');
  await sink.ask('reset', NOTIFIED);
  const sent: { to: string; sentMs: number }[] = [];
  for (let n = 0; n < NOTIFY_SINGLY; n++) {
    sent.push(await notifier.notify());
    // Idle: the one before is long done.
    await pause(systemClock, 5);
  }
  await child.ask('untilQuiet');
  found.latencies.push(await latencyOf(bench, 'notification, idle', sent));
  const { rate } = await timed(bench, child.pid, 'notification API', 0, async () => {
    const { accepted, ms } = await notifier.flood(NOTIFY_FOR_MS);
    const atMs = sharedMs();
    await child.ask('untilQuiet');
    const { count, firstMs, lastMs } = await sink.ask('count');
    if (count !== accepted) throw new Error(`${accepted} notifications were accepted, ${count} came`);
    say(
      `on the wire ${Math.round((count / (lastMs - firstMs)) * 1000)}/s, the last ${Math.round(lastMs - atMs)} ms after`,
    );
    return { ms, count: accepted };
  });
  found.notifications = rate;
}

async function measureLatencyDuring(bench: Bench, child: ParleyChild, notifier: Notifier): Promise<void> {
  const size = bench.options.sizes.at(-1)!;
  await bench.sink.ask('reset', NOTIFIED);
  const { id } = await child.ask('startBroadcast', { way: 'http', tag: tagOf(size) });
  const broadcast = { over: false };
  const sending = child.ask('untilSent', { way: 'http', id }).finally(() => (broadcast.over = true));
  while ((await bench.sink.ask('count')).count < 500 && !broadcast.over) await pause(systemClock, 10);
  const sent: { to: string; sentMs: number }[] = [];
  while (!broadcast.over && sent.length < NOTIFY_SINGLY) sent.push(await notifier.notify());
  await sending;
  await child.ask('untilQuiet');
  const what = `notification, during a broadcast to ${size.toLocaleString('en-US')}`;
  bench.found.latencies.push(await latencyOf(bench, what, sent));
}

async function latencyOf(bench: Bench, what: string, sent: readonly { to: string; sentMs: number }[]) {
  const arrivedMs = new Map((await bench.sink.ask('arrivals')).map(({ to, atMs }) => [to, atMs]));
  const times = sent.map(({ to, sentMs }) => arrivedMs.get(to)! - sentMs).sort((a, b) => a - b);
  if (times.some(Number.isNaN)) throw new Error(`${what}: not all came to the sink`);
  const found = { what, p50: percentile(times, 0.5), p99: percentile(times, 0.99), n: times.length };
  say(`${what}: p50 ${found.p50.toFixed(1)} ms, p99 ${found.p99.toFixed(1)} ms of ${found.n}`);
  return found;
}

if (process.platform !== 'linux' || !execFileSync('getconf', ['CLK_TCK']).length) {
  say('the bench reads /proc, which only Linux has');
  process.exit(1);
}
try {
  await main();
  process.exit(0);
} catch (error) {
  say((error as Error).stack ?? String(error));
  process.exit(1);
}
