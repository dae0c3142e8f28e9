/**
 * What campaigns cost (campaign targets of the design): events to take with one campaign and with a thousand, from an event to its message,
 * timers that are due at one minute, segments, back-tests, the source's example, and bytes of a row. Beside each, where there is one, the
 * floor: the least of it by bare statements, in the same run. The largest of `--sizes` says how many people; 100,000 unless it is more.
 */
import { say, type Bench } from './bench.ts';
import type { Child } from './child.ts';
import type { CampaignFloorCommands } from './campaignFloor.ts';
import type { CampaignCommands } from './campaignProcess.ts';
import { startMeter } from './measure.ts';
import { percentile } from './notifications.ts';

/** A line: what was measured, beside its floor and what it was to be. */
export type CampaignLine = {
  what: string;
  measured: number;
  unit: 'ms' | 's' | 'bytes' | 'times' | '/s' | 'MB';
  floor?: number;
  /** At most that, or at least that where it is a rate. */
  target: number;
};

const EXAMPLE = 10_000;
const CAMPAIGNS = 1_000;
const TAKEN_PEOPLE = 5_000;
/** Events a second from others, and for how long. */
const LATENCY = { perS: 2_000, forMs: 5_000 };
/** Of people who are known one event in so many leads to a message; or each does, and is of somebody new. */
const LATENCIES = [
  { ...LATENCY, oneIn: 100, known: true },
  { ...LATENCY, oneIn: 10, known: true },
  { ...LATENCY, oneIn: 1, known: false },
];

/** Adds all lines. */
export async function measureCampaigns(bench: Bench): Promise<void> {
  const { sizes, large } = bench.options;
  const count = Math.min([...sizes, ...large].at(-1)!, 1_000_000);
  const timers = Math.min(count, 100_000);
  const people = Math.min(EXAMPLE, count);
  const lines: CampaignLine[] = [];
  bench.found.campaigns = lines;
  const add = (line: CampaignLine) => {
    lines.push(line);
    say(`${line.what}: ${line.measured.toFixed(1)} ${line.unit}`);
  };
  const floors = await floorsOf(bench, { timers, count, people });
  const child = await bench.start<CampaignCommands>('./campaignProcess.ts', [`${bench.folder}/campaigns`]);
  const meter = await startMeter(child.pid);
  const example = await child.ask('example', people);
  add({
    what: `the source's example, ${people} people, 14 days`,
    measured: example.ms / 1000,
    unit: 's',
    floor: floors.example / 1000,
    target: 10,
  });
  const taken = await measureTaking(child, floors.events, timers, add);
  for (const asked of LATENCIES) await measureLatency(child, floors.latency, asked, add);
  await measureMany(child, floors, { timers, count }, add);
  await takeAgain(child, taken, add);
  const { peakMb } = await meter.stop();
  add({ what: 'memory at its peak throughout, with Postgres', measured: peakMb, unit: 'MB', target: 400 });
  await child.stop();
}

/** From an event to the row of its message, at a rate of which some or all lead to one. */
async function measureLatency(
  child: Child<CampaignCommands>,
  floor: readonly number[],
  asked: (typeof LATENCIES)[number],
  add: (line: CampaignLine) => void,
): Promise<void> {
  const { found, toldPerS } = await child.ask('latency', asked);
  const sorted = found.toSorted((a, b) => a - b);
  const least = floor.toSorted((a, b) => a - b);
  const whose = asked.known ? 'of people who are known' : 'each of somebody new';
  const sent = asked.oneIn > 1 ? `one in ${asked.oneIn} leads to one` : 'each leads to one';
  for (const [share, target] of [
    [0.5, 50],
    [0.99, 500],
  ] as const)
    add({
      what: `from an event to its message, at ${Math.round(toldPerS)}/s ${whose}, ${sent}, p${share * 100}`,
      measured: percentile(sorted, share),
      unit: 'ms',
      floor: percentile(least, share),
      target,
    });
}

/** Events that are taken with one campaign and with a thousand, in turns; what a thousand cost more is told in CPU, which other work changes least. */
async function measureTaking(
  child: Child<CampaignCommands>,
  floorMs: number,
  events: number,
  add: (line: CampaignLine) => void,
): Promise<Taken> {
  const people = Math.min(TAKEN_PEOPLE, events);
  const taken = { one: { ms: Infinity, cpuS: 0 }, many: { ms: Infinity, cpuS: 0 } };
  const places = {
    one: await child.ask('shops', { campaigns: 1, people }),
    many: await child.ask('shops', { campaigns: CAMPAIGNS, people }),
  };
  for (const which of ['one', 'many', 'many', 'one'] as const) {
    const meter = await startMeter(child.pid);
    const { ms } = await child.ask('taking', { place: places[which], events, people });
    const { cpuS } = await meter.stop();
    taken[which].ms = Math.min(taken[which].ms, ms);
    taken[which].cpuS += cpuS;
  }
  const perS = (ms: number) => (events / ms) * 1000;
  add({
    what: 'events taken, told 500 at once, one campaign',
    measured: perS(taken.one.ms),
    unit: '/s',
    floor: perS(floorMs),
    target: 2_000,
  });
  add({
    what: `CPU of the same with ${CAMPAIGNS} campaigns on one name`,
    measured: taken.many.cpuS / taken.one.cpuS,
    unit: 'times',
    target: 1.1,
  });
  const among = await child.ask('contacts');
  return { asked: { place: places.one, people, events }, cpuS: taken.one.cpuS, among };
}

/** What was taken, and what two times of it cost among how many contacts. */
type Taken = { asked: { place: number; people: number; events: number }; cpuS: number; among: number };

/** The same once more among all the people of the lines between. */
async function takeAgain(
  child: Child<CampaignCommands>,
  { asked, cpuS, among }: Taken,
  add: (line: CampaignLine) => void,
): Promise<void> {
  const meter = await startMeter(child.pid);
  for (let n = 0; n < 2; n++) await child.ask('taking', asked);
  const again = await meter.stop();
  const all = await child.ask('contacts');
  add({
    what: `CPU of taking them among ${all} contacts, to that among ${among}`,
    measured: again.cpuS / cpuS,
    unit: 'times',
    target: 1.2,
  });
}

/** What is done with many at once: timers, a segment, a back-test; and bytes of a row. */
async function measureMany(
  child: Child<CampaignCommands>,
  floors: Awaited<ReturnType<typeof floorsOf>>,
  { timers, count }: { timers: number; count: number },
  add: (line: CampaignLine) => void,
): Promise<void> {
  const due = await child.ask('timers', timers);
  if (due.sends !== timers) throw new Error(`${due.sends} of ${timers} have a message`);
  add({
    what: `${timers} timers at one minute`,
    measured: due.ms / 1000,
    unit: 's',
    floor: floors.timers / 1000,
    target: 15,
  });
  add({
    what: 'single messages meanwhile, until their provider has them, p99',
    measured: percentile(
      due.singles.toSorted((a, b) => a - b),
      0.99,
    ),
    unit: 'ms',
    target: 200,
  });
  add({
    what: 'an event that is kept, with its index',
    measured: due.eventBytes,
    unit: 'bytes',
    floor: floors.bytes.event,
    target: 300,
  });
  add({
    what: 'somebody in a campaign, with timer and indexes',
    measured: due.enrolmentBytes,
    unit: 'bytes',
    floor: floors.bytes.waiting,
    target: 1_000,
  });
  const segment = await child.ask('segment', count);
  add({
    what: `a segment over ${count}`,
    measured: segment.ms / 1000,
    unit: 's',
    floor: floors.segment / 1000,
    target: 30,
  });
  const estimated = { measured: segment.estimateMs, unit: 'ms' as const, floor: floors.estimate };
  add({ what: 'its estimate', ...estimated, target: 300 });
  const tried = await child.ask('backtest', count);
  add({
    what: `a back-test's sample of ${count}`,
    measured: tried.ms / 1000,
    unit: 's',
    floor: floors.sample / 1000,
    target: 3,
  });
}

/** The floors, in milliseconds. */
async function floorsOf(
  bench: Bench,
  { timers, count, people }: { timers: number; count: number; people: number },
) {
  const floor = await bench.start<CampaignFloorCommands>('./campaignFloor.ts', [
    `${bench.folder}/campaignFloor`,
  ]);
  const found = {
    events: await floor.ask('events', timers),
    timers: await floor.ask('timers', timers),
    segment: await floor.ask('segment', count),
    estimate: await floor.ask('estimate'),
    sample: await floor.ask('sample', count),
    example: await floor.ask('example', people),
    latency: await floor.ask('latency', LATENCY),
    bytes: await floor.ask('bytes', timers),
  };
  await floor.stop();
  return found;
}
