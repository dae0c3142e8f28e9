/** What a run of the bench found, as tables: on the terminal and in RESULTS.md. Measures nothing. */

import type { CampaignLine } from './campaigns.ts';
import type { ConnectFound } from './connect.ts';
import type { Neighbours } from './neighbours.ts';
import { inUnit, percent, targetsOf, whole } from './targets.ts';

/** A line about throughput. `perS` is what was done in a second. */
export type Rate = {
  what: string;
  perS: number;
  /** CPU seconds per 1,000, over the processes that the notes name. */
  cpuPer1000: number;
  peakMb: number;
  note?: string;
};

/** A line about how long something takes, in ms. */
export type Latency = { what: string; p50: number; p99: number; n: number };

/** What was found; a part that was not measured is undefined. */
export type Found = {
  ceiling?: Rate;
  floor?: Rate;
  /** What there is with one row for 500 recipients. */
  packedFloor?: Rate;
  imports: Rate[];
  http: (Rate & { size: number })[];
  simulator: (Rate & { size: number })[];
  /** Mail and push, and their ceilings. */
  channels: (Rate & { ceilingPerS?: number })[];
  /** Users and events, and the floor of each: the same rows by bare statements. */
  events: (Rate & { floorPerS: number })[];
  /** Orders in a connected account, and the floor of each. */
  orders: (Rate & { floorPerS: number })[];
  /** What a company says to its accounts. */
  connect?: ConnectFound;
  /** What campaigns cost. */
  campaigns?: CampaignLine[];
  notifications?: Rate;
  callbacks?: Rate;
  latencies: Latency[];
  install?: { firstStartS: number; readyS: number; idleMb: number };
  neighbours?: Neighbours;
  /** The version of Postgres. */
  postgres?: string;
  /** What was not measured, and why. */
  missing: string[];
};

/** The machine and the time of a run. */
export type Setting = {
  date: string;
  machine: string;
  node: string;
  /** Load averages, before and after. */
  load: { before: readonly number[]; after: readonly number[] };
};

/** The measured lines as Markdown tables. */
export function tables(found: Found): string {
  const { ceiling, floor, packedFloor } = found;
  const rates = [
    ...(ceiling ? [ceiling] : []),
    ...(floor ? [floor] : []),
    ...(packedFloor ? [packedFloor] : []),
    ...found.http,
    ...found.simulator,
    ...(found.notifications ? [found.notifications] : []),
    ...(found.callbacks ? [found.callbacks] : []),
    ...found.imports,
  ];
  const rows = rates.map((rate) => [
    rate.what + (rate.note ? ` (${rate.note})` : ''),
    whole(rate.perS),
    rate.cpuPer1000.toFixed(3),
    whole(rate.peakMb),
    floor ? percent(rate.perS / floor.perS) : '–',
    ceiling ? percent(rate.perS / ceiling.perS) : '–',
  ]);
  const parts: string[] = [];
  if (rows.length)
    parts.push(
      table(['what', 'per s', 'CPU-s per 1,000', 'peak MB', 'of the floor', 'of the ceiling'], rows),
    );
  if (found.channels.length)
    parts.push(
      table(
        ['mail and push', 'per s', 'CPU-s per 1,000', 'peak MB', 'of its ceiling', 'how it came'],
        found.channels.map(({ what, perS, cpuPer1000, peakMb, ceilingPerS, note }) => [
          what,
          whole(perS),
          cpuPer1000.toFixed(3),
          whole(peakMb),
          ceilingPerS === undefined ? '–' : percent(perS / ceilingPerS),
          note ?? '–',
        ]),
      ),
    );
  if (found.events.length) parts.push(eventsTable('users and events', found.events));
  if (found.orders.length) parts.push(eventsTable('orders in a connected account', found.orders));
  if (found.connect) parts.push(connectTable(found.connect));
  if (found.campaigns) parts.push(campaignsTable(found.campaigns));
  if (found.latencies.length) parts.push(latenciesTable(found.latencies));
  const { install } = found;
  if (install)
    parts.push(
      table(
        ['an install', ''],
        [
          ['first start, with initdb, until ready', `${install.firstStartS.toFixed(1)} s`],
          ['start until ready', `${install.readyS.toFixed(1)} s`],
          ['memory when idle', `${whole(install.idleMb)} MB`],
        ],
      ),
    );
  if (found.neighbours) parts.push(neighboursTable(found.neighbours));
  const targets = targetsOf(found);
  if (targets.length)
    parts.push(
      table(
        ['target', 'measured', 'met'],
        targets.map(({ what, measured, met }) => [what, measured, met ? 'yes' : '**no**']),
      ),
    );
  return parts.join('\n\n');
}

function eventsTable(of: string, events: Found['events']): string {
  return table(
    [of, 'per s', 'CPU-s per 1,000', 'peak MB', 'of its floor', 'floor per s'],
    events.map(({ what, perS, cpuPer1000, peakMb, floorPerS }) => [
      what,
      whole(perS),
      cpuPer1000.toFixed(3),
      whole(peakMb),
      percent(perS / floorPerS),
      whole(floorPerS),
    ]),
  );
}

function campaignsTable(lines: readonly CampaignLine[]): string {
  return table(
    ['campaigns', 'measured', 'floor', 'of its floor'],
    lines.map(({ what, measured, unit, floor }) => [
      what,
      inUnit(measured, unit),
      floor === undefined ? '–' : inUnit(floor, unit),
      // Of a rate how much of it, of a time how many times as long.
      floor === undefined
        ? '–'
        : unit === '/s'
          ? percent(measured / floor)
          : `${(measured / floor).toFixed(1)} ×`,
    ]),
  );
}

function latenciesTable(latencies: readonly Latency[]): string {
  return table(
    ['from request to wire', 'p50 ms', 'p99 ms', 'requests'],
    latencies.map(({ what, p50, p99, n }) => [what, p50.toFixed(1), p99.toFixed(1), whole(n)]),
  );
}

function connectTable({ singly, broadcast, announcement }: ConnectFound): string {
  return table(
    [
      'said to connected accounts, with push',
      'per s',
      'CPU-s per 1,000',
      'peak MB',
      'of single calls',
      'answered',
    ],
    [singly, broadcast, announcement].map((rate) => [
      rate.what,
      whole(rate.perS),
      rate.cpuPer1000.toFixed(3),
      whole(rate.peakMb),
      `${(rate.perS / singly.perS).toFixed(1)} times`,
      rate === announcement ? `${announcement.answeredMs.toFixed(1)} ms` : '–',
    ]),
  );
}

function neighboursTable({ alone, beside, idle, held, fresh }: Neighbours): string {
  const rest = ({ transactionsPerS, cpuMsPerS }: typeof idle) =>
    `${transactionsPerS.toFixed(1)} transactions/s, ${cpuMsPerS.toFixed(1)} ms of CPU/s`;
  return table(
    ['what one does to another, and a first hour', ''],
    [
      ['broadcast to 50,000, alone', `${whole(alone.perS)}/s`],
      [
        'the same, while another workspace’s 50,000 go to a provider that hangs',
        `${whole(beside.perS)}/s, ${percent(beside.perS / alone.perS)}`,
      ],
      ['idle', rest(idle)],
      ['idle, with ten broadcasts held until the morning', rest(held)],
      ['fresh install: import of 100,000', `${fresh.importS.toFixed(1)} s`],
      ['at once the forecast of a broadcast to them', `${fresh.forecastS.toFixed(2)} s`],
      ['at once the broadcast', `${fresh.broadcastS.toFixed(1)} s`],
    ],
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]!.length)));
  const isNumber = head.map(
    (_, at) => at > 0 && rows.every((row) => /^[\d.,%–\s]+( (s|MB|ms))?$/.test(row[at]!)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, at) => (isNumber[at] ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!))).join(' | ')} |`;
  const rule = `|${widths.map((width, at) => (isNumber[at] ? `${'-'.repeat(width + 1)}:` : '-'.repeat(width + 2))).join('|')}|`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

/** Begins what of RESULTS.md was written by hand: it is to the end of the file. */
const BY_HAND = '<!-- Written by hand from here on; a run of the bench leaves it as it is. -->';

/** What of an earlier RESULTS.md is kept. */
export function keptOf(before: string): string {
  const at = before.indexOf(BY_HAND);
  return at < 0 ? '' : `\n${before.slice(at)}`;
}

/** A load of one is a core that others have; what was installed a minute ago leaves less. */
const BUSY_LOAD = 1;

/** The measured part of RESULTS.md. */
export function resultsFile(found: Found, setting: Setting): string {
  const numbers = (load: readonly number[]) => load.map((n) => n.toFixed(1)).join(' ');
  const busy =
    setting.load.before[0]! > BUSY_LOAD
      ? ': **something else ran on this machine**. Rates and latencies are worse than they are alone, and lines that were\n  measured at different moments do not compare; CPU per 1,000 and memory hold'
      : '';
  return `# Measured

Written by \`npm run bench\` on ${setting.date}. Run it again on a machine that does nothing else: it takes about twenty
minutes, uses loopback only, and rewrites this file down to where it says that it is by hand. Every figure down to there is from that one run.

- machine: ${setting.machine}; all processes share it
- ${setting.node}; embedded Postgres ${found.postgres} with Parley's settings: fsync and synchronous commits on
- load average before the run ${numbers(setting.load.before)}, after it ${numbers(setting.load.after)}${busy}
${found.missing.map((one) => `- **not measured**: ${one}\n`).join('')}
${tables(found)}

## What the lines are

- **ceiling**: a loop over undici's dispatch with 50 connections to the sink, in a process of its own. CPU and memory are
  the loop's. Mean of one run before and one after everything else.
- **durable floor**: one Postgres row per recipient, claimed in batches of 500, posted by the same loop, settled in
  batches (deleted, and a history row written). No contact is read, nothing is rendered, no rule looked at. CPU and memory
  are the loop's and its Postgres's. Mean of two, as above.
- **packed floor**: the same with one row for 500 recipients, which is settled in one statement: the least of a design that can take
  nobody out of the middle, try nobody again by himself and hold nobody until the morning.
- **broadcast**: a text with two variables to everyone with a tag, class marketing. Through HTTP: Twilio's adapter to the
  sink, which is a process of its own and is not counted. Timed from the call that starts it until the last recipient's
  outcome is stored; CPU and memory of Parley and its Postgres, until every event is handed on and, in the simulator,
  every receipt is in. So the simulator's CPU is that of sending and of a delivery receipt for each message.
- **mail and push**: the same broadcast to providers that are processes of their own and are not counted, through
  integrations whose rate holds nothing back, through a Parley of its own, after one that is not timed. SMTP: a server on a bare socket that
  answers at once; its ceiling is Nodemailer's pool with as many connections, in a process of its own. Mailgun: a text that
  is the same for all and one with the recipient's name both go out in batches with recipient variables: what is a
  recipient's own, such as the name or the address by which to leave, is a variable. FCM and APNs take a call per device; over
  HTTP/2 many are under way on one connection. Their ceiling is a bare loop over \`node:http2\` on one connection, with one
  stream at a time (what there would be without multiplexing) and with 64, as many as Parley has under way. On loopback
  an answer is there at once; over a network one stream at a time does no more than one push in a round trip.
- **notification API**: \`POST /v1.1/apps/…/notifications\` over 32 connections for 5 s, each to a number never heard of, so
  that each makes a contact; the limit on requests per key is off. Latency: requests one after the other; the time from the
  request's being sent to the message's arrival at the sink.
- **status callbacks**: Twilio's call that a message was delivered, one for each message of the broadcasts over HTTP, up to 20,000,
  over 32 connections, from a process that is not counted. Timed until the last is answered, which is when it is stored.
- **what one does to another**: a broadcast to 50,000 of one workspace, alone and after another workspace's broadcast to 50,000 began to
  a provider that takes calls and never answers. Idle: 15 s of a process that has nothing to do, transactions as Postgres counts them. Fresh
  install: an import, a forecast and a broadcast one after the other in the first minute, before Postgres has vacuumed or analysed by itself.
- **import**: the product's CSV import, with phone, name, external id, an attribute and tags.
- peak MB: the largest sum of PSS (shared pages counted once), looked at every 250 ms.

\`npm run bench -- --quick\` runs 10,000 only; \`--sizes 10000,50000\` others; \`--only http,floor\` some lines (ceiling,
floor, start, http, simulator, notifications, channels, events, orders, connect, neighbours, campaigns); none of them rewrites this file. \`--profile <folder>\` writes a
CPU profile of Parley and the costs of its statements there.
`;
}
