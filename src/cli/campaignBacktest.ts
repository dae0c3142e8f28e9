/** `parley campaigns backtest`: a campaign's file tried over what people did, told in a terminal. Nothing is sent. */
import type { BacktestPath, BacktestShown, Tried } from '../../contract/doors/console/backtests.ts';
import { pause, systemClock } from '../base/clock.ts';
import type { Api } from './api.ts';
import { textOf } from './campaigns.ts';
import { CommandFailure, say, tell } from './failure.ts';
import { countText } from './progress.ts';
import { heights, table } from './plot.ts';
import { connect, type TargetFlags } from './target.ts';

type Flags = TargetFlags & { days: string; by: string; all?: boolean; contact?: string; json?: boolean };
type Estimate = Tried['entered'];

const LOOK_MS = 200;

/** Tries a file and prints what would have happened. */
export async function backtest(path: string, flags: Flags): Promise<void> {
  const days = Number(flags.days);
  if (!Number.isInteger(days) || days < 1 || days > 400)
    throw new CommandFailure('--days must be a whole number from 1 to 400.', 2);
  const { api, base } = await connect(flags);
  const file = await textOf(path);
  const asked = { file, days, orderedBy: flags.by, ...(flags.all ? { all: true } : {}) };
  const begun = await api.post<BacktestShown>(`${base}/backtests`, asked);
  const found = await ended(api, `${base}/backtests/${begun.id}`);
  if (found.state === 'failed')
    throw new CommandFailure(`The back-test failed: ${found.note ?? 'nothing was told'}`);
  const way =
    flags.contact === undefined
      ? undefined
      : await wholePath(api, `${base}/backtests/${found.id}/path?contact=${flags.contact}`);
  if (flags.json) return say(JSON.stringify(way ? { ...found, path: way } : found));
  for (const line of backtestLines(found)) say(line);
  if (way) for (const line of pathLines(way)) say(line);
}

/** The way of one contact, page after page. */
async function wholePath(api: Api, path: string): Promise<BacktestPath> {
  const whole = await api.get<BacktestPath>(`${path}&limit=200`);
  while (whole.next !== null) {
    const { steps, sends, next } = await api.get<BacktestPath>(`${path}&limit=200&after=${whole.next}`);
    whole.steps.push(...steps);
    whole.sends.push(...sends);
    whole.next = next;
  }
  return whole;
}

async function ended(api: Api, path: string): Promise<BacktestShown> {
  for (let last = -1; ; ) {
    const found = await api.get<BacktestShown>(path);
    if (found.state !== 'running') return found;
    if (process.stderr.isTTY && found.tried !== last)
      tell(`… ${Math.round((found.tried / found.wanted) * 100)} %`);
    last = found.tried;
    await pause(systemClock, LOOK_MS);
  }
}

/** The lines of a back-test that is done. */
export function backtestLines({ key, from, to, tried, result, asOfToday }: BacktestShown): string[] {
  const lines = [
    `${key}, tried over ${from.slice(0, 10)} to ${to.slice(0, 10)}: nothing was sent, and nobody is in it.`,
  ];
  if (tried < 4096)
    lines.push(`From ${tried} of 4,096 parts of your people; ± is how far off that may be, 19 times of 20.`);
  if (!result || result.people.n === 0)
    return [
      ...lines,
      tried < 4096
        ? 'Nobody in these did what sets it off; --all goes through everybody.'
        : 'Nothing that anybody did would have set it off.',
    ];
  const rows: [string, Estimate][] = [
    ['did what sets it off', result.people],
    [result.heldOut.n ? 'entries, but for those held out' : 'entries', result.entered],
    ...(result.heldOut.n ? [['entries held out', result.heldOut] as [string, Estimate]] : []),
    ...named('not entered: ', result.refused),
    ...named('ended: ', result.endings),
    ...named('put off: ', result.held),
    ...named('not sent: ', result.unsent),
    ...Object.entries(result.goals).map(([goal, found]): [string, Estimate] => [
      `goal ${goal}, without a message`,
      found,
    ]),
  ];
  lines.push('', ...table(rows.map(([name, found]) => [name, countText(found.n), error(found)])));
  lines.push(...sendLines(result.sends));
  lines.push('', `As of today, and not as of then: ${asOfToday.join('; ')}.`);
  return lines;
}

function named(prefix: string, found: Record<string, Estimate>): [string, Estimate][] {
  return Object.entries(found).map(([name, one]) => [`${prefix}${name}`, one]);
}

/** Would-be messages of each step, and by day. */
function sendLines(sends: Tried['sends']): string[] {
  if (!sends.length) return ['', 'Nothing would have been sent.'];
  const days = [...new Set(sends.map(({ day }) => Date.parse(day)))];
  const [first, last] = [Math.min(...days), Math.max(...days)];
  const width = Math.round((last - first) / 86_400_000) + 1;
  const rows = [...Map.groupBy(sends, ({ step }) => step)].map(([step, own]) => {
    const perDay = Array.from({ length: width }, () => 0);
    for (const { day, n } of own) perDay[Math.round((Date.parse(day) - first) / 86_400_000)]! += n;
    const sum = perDay.reduce((all, n) => all + n, 0);
    return { step, sum, perDay };
  });
  const columns = table(rows.map(({ step, sum }) => [`would send ${step}`, countText(sum)]));
  const dates = sends.map(({ day }) => day.slice(0, 10));
  return [
    '',
    ...columns.map((line, i) => `${line}  ${heights(rows[i]!.perDay)}`.trimEnd()),
    `each column is a day, ${dates[0]} to ${dates.at(-1)}`,
  ];
}

function pathLines({ contactId, steps, sends }: BacktestPath): string[] {
  if (!steps.length) return ['', `Contact ${contactId} did nothing that sets it off.`];
  return [
    '',
    `Contact ${contactId}:`,
    ...steps.map(({ at, what, why }) => `  ${at}  ${what}  ${why}`),
    ...sends.map(
      ({ step, wantedAt, sentAt, code }) =>
        `  ${sentAt ?? wantedAt}  ${sentAt === null ? 'would not be sent' : 'would be sent'}  ${step}${code ? `, ${code}` : ''}`,
    ),
  ];
}

function error({ error: off }: Estimate): string {
  return off > 0 ? `± ${countText(off)}` : '';
}
