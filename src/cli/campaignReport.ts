/** `parley campaigns report`: what a campaign changed, as a table and a small drawing for a terminal. */
import type { Static } from 'typebox';
import {
  LEAST_IN_ARM,
  MESSAGE_METRICS,
  messageCount,
  tellsDifference,
  VERDICTS,
  type MessageMetric,
} from '../../contract/campaignWords.ts';
import type { CampaignReport, CampaignSeries } from '../../contract/doors/console/campaigns.ts';
import { findByKey } from './campaigns.ts';
import { say } from './failure.ts';
import { countText } from './progress.ts';
import { heights, intervalLine, table } from './plot.ts';
import { connect, type TargetFlags } from './target.ts';

type Epoch = CampaignReport['epochs'][number];
type Goal = Epoch['goals'][number];
type Series = Static<typeof CampaignSeries>;

const WIDTH = 41;
const METRICS = Object.keys(MESSAGE_METRICS) as MessageMetric[];

/** Prints the report of the campaign with a key. */
export async function report(key: string, flags: TargetFlags & { json?: boolean }): Promise<void> {
  const { api, base } = await connect(flags);
  const campaign = await findByKey(api, base, key);
  const path = `${base}/campaigns/${campaign.id}`;
  const found = await api.get<CampaignReport>(`${path}/report`);
  if (flags.json) return say(JSON.stringify(found));
  const { days } = await api.get<Series>(`${path}/series`);
  for (const line of reportLines({ key, state: campaign.state }, found, days)) say(line);
}

/** The lines of a report. */
export function reportLines(
  { key, state }: { key: string; state: string },
  report: CampaignReport,
  days: Series['days'],
): string[] {
  const lines = [`${key}  ${state}`];
  if (!report.epochs.length) return [...lines, 'Nothing was published yet, so there is nothing to tell.'];
  const entered = [...Map.groupBy(days, ({ day }) => day)].map(([day, rows]) => ({
    day,
    n: rows.reduce((sum, one) => sum + one.entered, 0),
  }));
  if (entered.length) {
    const [first, last] = [entered[0]!.day, entered.at(-1)!.day].map((day) => day.slice(0, 10));
    lines.push('', `entered on each day, ${first} to ${last}: ${heights(everyDay(entered))}`);
  }
  for (const epoch of report.epochs) lines.push('', ...epochLines(epoch, report.epochs.length > 1));
  if (report.epochs.length > 1) lines.push('', ...pooledLines(report.pooled));
  lines.push(...stepLines(report.steps), ...endingLines(report.endings));
  return lines;
}

/** Entries of every day from the first to the last, with nothing where there were none. */
function everyDay(days: readonly { day: string; n: number }[]): number[] {
  const at = new Map(days.map(({ day, n }) => [Date.parse(day), n]));
  const [from, to] = [Date.parse(days[0]!.day), Date.parse(days.at(-1)!.day)];
  return Array.from({ length: (to - from) / 86_400_000 + 1 }, (_, i) => at.get(from + i * 86_400_000) ?? 0);
}

function epochLines(
  { epoch, beganAt, entered, goals, warnings, holdoutShare }: Epoch,
  several: boolean,
): string[] {
  const { treated, holdout, workspaceHoldout } = entered;
  const held = holdoutShare > 0 ? `, ${countText(holdout)} held out` : '';
  const outside = workspaceHoldout ? `, ${countText(workspaceHoldout)} of the workspace's holdout` : '';
  const all = treated + holdout + workspaceHoldout;
  return [
    ...(several ? [`epoch ${epoch}, since ${beganAt.slice(0, 10)}`] : []),
    `${countText(all)} entered: ${countText(treated)} treated${held}${outside}`,
    ...warnings.map((warning) => `! ${warning}`),
    ...goals.flatMap((goal) => ['', ...goalLines(goal)]),
  ];
}

function goalLines(goal: Goal): string[] {
  const arms = [
    ...(goal.variants.length ? goal.variants.map((one) => ({ name: one.key, ...one })) : []),
    { name: 'treated', ...goal.treated },
    ...(goal.holdout ? [{ name: 'holdout', ...goal.holdout }] : []),
    ...(goal.workspaceHoldout ? [{ name: 'workspace holdout', ...goal.workspaceHoldout }] : []),
  ];
  const shown = arms.filter(({ entries }) => entries > 0);
  const from = Math.min(...shown.map(({ interval }) => interval[0]!));
  const to = Math.max(...shown.map(({ interval }) => interval[1]!));
  const rows = table([
    ['', 'entries', 'reached', 'rate', '95 %'],
    ...arms.map(({ name, entries, converted, rate, interval }) => [
      name,
      countText(entries),
      countText(converted),
      rate === null ? '–' : percent(rate),
      rate === null ? '' : `${percent(interval[0]!)} to ${percent(interval[1]!)}`,
    ]),
  ]);
  const drawn = arms.map(({ entries, rate, interval }) =>
    entries === 0 || rate === null
      ? ''
      : intervalLine({ low: interval[0]!, middle: rate, high: interval[1]! }, { from, to, width: WIDTH }),
  );
  const open = arms.reduce(
    (sum, one) => sum + (one.name === 'treated' || one.name === 'holdout' ? one.stillOpen : 0),
    0,
  );
  return [
    `goal ${goal.key}${goal.primary ? ' (primary)' : ''}${open ? `: ${countText(open)} still have time, and are not counted yet` : ''}`,
    rows[0]!,
    ...rows.slice(1).map((row, i) => `${row.padEnd(rows[0]!.length)}   ${drawn[i]}`.trimEnd()),
    ...effectLines('effect', goal),
    ...goal.variants.flatMap((one) => (one.effect ? effectLines(`variant ${one.key}`, one) : [])),
    ...(goal.workspaceHoldout ? effectLines('of all campaigns together', goal.workspaceHoldout) : []),
    ...valueLines(goal),
    ...(goal.credited.events
      ? [
          `${countText(goal.credited.events)} of its events are credited to ${goal.credited.alsoToCampaigns} other campaigns, too`,
        ]
      : []),
  ];
}

function effectLines(name: string, { effect }: Pick<Goal, 'effect'>): string[] {
  if (!effect) return [];
  const { difference, whileRunning, atPlannedEnd, verdict } = effect;
  const lacks =
    verdict === 'too_early'
      ? `: it takes ${LEAST_IN_ARM.entries} entries whose window is over, and ${LEAST_IN_ARM.converted} that reached it, in each arm`
      : '';
  const said = [`${name}: ${VERDICTS[verdict]}${lacks}`];
  if (!tellsDifference(verdict)) return said;
  if (difference === null || !atPlannedEnd.interval) return said;
  const [low, high] = atPlannedEnd.interval;
  return [
    ...said,
    `  difference ${points(difference)}${whileRunning ? `, from ${points(whileRunning[0]!)} to ${points(whileRunning[1]!)} however often one looks` : ''}`,
    `  from ${points(low!)} to ${points(high!)}, ${atPlannedEnd.note}`,
  ];
}

function valueLines({ valuePerEntry, currency }: Goal): string[] {
  if (!valuePerEntry) return [];
  const { treated, holdout, difference, whileRunning, cap } = valuePerEntry;
  if (treated === null || holdout === null || difference === null) return [];
  const unit = currency ? ` ${currency}` : '';
  const range = whileRunning ? `, from ${money(whileRunning[0]!)} to ${money(whileRunning[1]!)}` : '';
  return [
    `value for each who entered: ${money(treated)}${unit} treated, ${money(holdout)}${unit} held out; difference ${money(difference)}${range}`,
    ...(cap === null ? [] : [`  winsorised: what is worth more than ${money(cap)} counts as that much`]),
  ];
}

function pooledLines(pooled: CampaignReport['pooled']): string[] {
  return pooled.flatMap(({ key, d, whileRunning, epochs }) =>
    d === null || whileRunning === null
      ? []
      : [
          `${key}, ${epochs} epochs together: difference ${points(d)}, from ${points(whileRunning[0]!)} to ${points(whileRunning[1]!)}`,
        ],
  );
}

function stepLines(steps: CampaignReport['steps']): string[] {
  const told = steps.filter(({ counts }) => METRICS.some((metric) => counts[metric]));
  if (!told.length) return [];
  const metrics = METRICS.filter((metric) => told.some(({ counts }) => counts[metric]));
  const rows = told.map(({ step, variant, version, counts, goals }) => [
    [step, variant, version === null ? '' : `v${version}`].filter(Boolean).join(' '),
    ...metrics.map((metric) => countText(messageCount(counts, metric))),
    countText(goals.reduce((sum, { people }) => sum + people, 0)),
  ]);
  return [
    '',
    ...table([['message', ...metrics.map((one) => one.replace('_', ' ')), 'reached after it'], ...rows]),
  ];
}

function endingLines(endings: CampaignReport['endings']): string[] {
  const all = Object.entries(endings);
  return all.length ? ['', `ended: ${all.map(([why, n]) => `${countText(n)} ${why}`).join(', ')}`] : [];
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function points(share: number): string {
  return `${share < 0 ? '−' : '+'}${Math.abs(share * 100).toFixed(1)} points`;
}

function money(value: number): string {
  return value.toFixed(2);
}
