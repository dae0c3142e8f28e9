/** What the bench's figures were to be, and whether they are. The aims are the design's; a figure that another machine would reach is not met here. */
import type { CampaignLine } from './campaigns.ts';
import type { ConnectFound } from './connect.ts';
import type { Neighbours } from './neighbours.ts';
import type { Found, Rate } from './report.ts';

/** An aim, what was measured of it, and whether it was met. */
type Target = { what: string; met: boolean; measured: string };

/** A number without its fraction. */
export const whole = (n: number) => Math.round(n).toLocaleString('en-US');
/** A share in per cent. */
export const percent = (n: number) => `${Math.round(n * 100)} %`;

/** A figure of campaigns with its unit. */
export function inUnit(n: number, unit: CampaignLine['unit']): string {
  if (unit === '/s') return `${whole(n)}/s`;
  return `${n < 10 ? n.toFixed(2) : whole(n)} ${unit}`;
}

/** All aims of what was measured. */
export function targetsOf(found: Found): Target[] {
  const { connect, campaigns = [], install, neighbours } = found;
  return [
    ...broadcastTargets(found),
    ...singleTargets(found),
    ...found.imports.map((one) => cost(one, 0.09)),
    ...found.channels.flatMap((one) =>
      share(one, 'the bare loop', one.ceilingPerS, one.what.includes('SMTP') ? 2 : 0.6),
    ),
    ...found.events.map((one) => fast(one, one.what.includes('a call') ? 10_000 : 2_500)),
    ...found.orders.map((one) => fast(one, one.what.includes('a call') ? 1_500 : 100)),
    ...(install ? installTargets(install) : []),
    ...(neighbours ? neighbourTargets(neighbours) : []),
    ...(connect ? connectTargets(connect) : []),
    ...campaigns.map(campaignTarget),
  ];
}

function broadcastTargets({ http, simulator, floor }: Found): Target[] {
  const [least, most] = [http[0], http.at(-1)];
  const isFlat = least && most && most.perS >= 0.9 * least.perS;
  return [
    ...http.flatMap((one) => [
      ...share(one, 'the durable floor', floor?.perS, one.size > 10_000 ? 0.7 : 0.6),
      ...(one.size > 10_000 ? [cost(one, 0.08)] : []),
      small(one),
    ]),
    ...simulator.flatMap((one) => [
      ...share(one, 'what goes by HTTP', http.find(({ size }) => size === one.size)?.perS, 1),
      small(one),
    ]),
    ...(least && most && least !== most
      ? [
          {
            what: `flat from ${whole(least.size)} to ${whole(most.size)}: no more than a tenth slower`,
            met: isFlat === true,
            measured: percent(most.perS / least.perS),
          },
        ]
      : []),
  ];
}

function singleTargets({ notifications, callbacks, latencies: [idle, during] }: Found): Target[] {
  return [
    ...(notifications ? [fast(notifications, 1_500), cost(notifications, 1)] : []),
    ...(callbacks ? [fast(callbacks, 7_000), cost(callbacks, 0.15)] : []),
    ...(idle ? [within('notification, idle: on the wire within 20 ms at p50', idle.p50, 20)] : []),
    ...(during
      ? [within('notification, during a broadcast: on the wire within 60 ms at p99', during.p99, 60)]
      : []),
  ];
}

const cost = (rate: Rate, most: number): Target => ({
  what: `${rate.what}: at most ${most} CPU-s per 1,000, with Postgres`,
  met: rate.cpuPer1000 <= most,
  measured: rate.cpuPer1000.toFixed(3),
});

const fast = (rate: Rate, least: number): Target => ({
  what: `${rate.what}: at least ${whole(least)}/s, durable`,
  met: rate.perS >= least,
  measured: `${whole(rate.perS)}/s`,
});

const small = (rate: Rate): Target => ({
  what: `${rate.what}: at most 400 MB, with Postgres`,
  met: rate.peakMb <= 400,
  measured: `${whole(rate.peakMb)} MB`,
});

const within = (what: string, ms: number, mostMs: number): Target => ({
  what,
  met: ms <= mostMs,
  measured: `${ms.toFixed(1)} ms`,
});

/** None where what it is a share of was not measured. */
function share(rate: Rate, of: string, perS: number | undefined, least: number): Target[] {
  if (perS === undefined) return [];
  return [
    {
      what: `${rate.what}: at least ${percent(least)} of ${of}`,
      met: rate.perS >= least * perS,
      measured: percent(rate.perS / perS),
    },
  ];
}

function installTargets({ readyS, idleMb }: NonNullable<Found['install']>): Target[] {
  return [
    { what: 'ready within 5 s', met: readyS <= 5, measured: `${readyS.toFixed(1)} s` },
    { what: 'idle within 250 MB, with Postgres', met: idleMb <= 250, measured: `${whole(idleMb)} MB` },
  ];
}

function neighbourTargets({ alone, beside, idle, held }: Neighbours): Target[] {
  return [
    {
      what: 'beside a provider that hangs: a tenth slower at the most',
      met: beside.perS >= 0.9 * alone.perS,
      measured: percent(beside.perS / alone.perS),
    },
    {
      what: 'ten broadcasts held: at most 2 transactions/s more than without',
      met: held.transactionsPerS <= idle.transactionsPerS + 2,
      measured: `${(held.transactionsPerS - idle.transactionsPerS).toFixed(1)} more`,
    },
  ];
}

function campaignTarget({ what, measured, unit, target }: CampaignLine): Target {
  const isRate = unit === '/s';
  return {
    what: `${what}: at ${isRate ? 'least' : 'most'} ${inUnit(target, unit)}`,
    met: isRate ? measured >= target : measured <= target,
    measured: inUnit(measured, unit),
  };
}

function connectTargets({ singly, broadcast, announcement }: ConnectFound): Target[] {
  const times = broadcast.perS / singly.perS;
  const { what, answeredMs } = announcement;
  return [
    {
      what: 'one broadcast: 20 times as fast as a call each',
      met: times >= 20,
      measured: `${times.toFixed(1)} times`,
    },
    {
      what: `${what}: answered within 50 ms`,
      met: answeredMs <= 50,
      measured: `${answeredMs.toFixed(1)} ms`,
    },
  ];
}
