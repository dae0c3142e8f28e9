/** One goal of a report: what may be said of it, each arm beside the others, and the difference drawn. */
import type { ReactElement } from 'react';
import { LEAST_IN_ARM, tellsDifference, VERDICTS } from '../../../../contract/campaignWords.ts';
import { asSentence, counted } from '../../../shared/counted.ts';
import { numberText } from '../../../shared/reader.ts';
import type { GoalShown } from './queries.ts';
import { Range, scaleOf } from './Range.tsx';
import { percentText, pointsText, valueText } from './words.ts';

type Arm = GoalShown['treated'];
type Effect = GoalShown['effect'];

/** The panel. */
export function Goal({ goal }: { goal: GoalShown }): ReactElement {
  const { key, primary, treated, holdout, workspaceHoldout, variants, credited } = goal;
  const open = treated.stillOpen + (holdout?.stillOpen ?? 0) + (workspaceHoldout?.stillOpen ?? 0);
  return (
    <section className="panel goal" aria-label={`Goal ${key}`}>
      <h2>
        Goal {key}
        {primary ? <span className="tag">primary</span> : null}
      </h2>
      {goal.effect ? (
        <Said name="Against who is held out" arm={treated} control={holdout} effect={goal.effect} />
      ) : (
        <p className="muted">
          Nobody is held out of this campaign, so it cannot be told who would have reached it anyway.{' '}
          <span className="mono">holdout: 10%</span> in its file begins a comparison.
        </p>
      )}
      {variants.map((one) =>
        one.effect ? (
          <Said
            key={one.key}
            name={`Variant ${one.key}`}
            arm={one}
            control={holdout ?? variants[0]!}
            effect={one.effect}
          />
        ) : null,
      )}
      {workspaceHoldout?.effect ? (
        <Said
          name="All campaigns together"
          arm={treated}
          control={workspaceHoldout}
          effect={workspaceHoldout.effect}
        />
      ) : null}
      <Arms goal={goal} />
      {open > 0 ? (
        <p className="muted">
          {counted(open, 'entry', 'entries')} still {open === 1 ? 'has' : 'have'} time, and{' '}
          {open === 1 ? 'is' : 'are'} not counted yet.
        </p>
      ) : null}
      <Value goal={goal} />
      {credited.events > 0 ? (
        <p className="muted">
          {numberText(credited.events)} of its events {credited.events === 1 ? 'is' : 'are'} credited to{' '}
          {counted(credited.alsoToCampaigns, 'other campaign')}, too.
        </p>
      ) : null}
    </section>
  );
}

type SaidProps = { name: string; arm: Arm; control: Arm | null; effect: NonNullable<Effect> };

/** The verdict, and from where to where the difference may lie. */
function Said({ name, arm, control, effect }: SaidProps): ReactElement {
  const { difference, verdict, whileRunning, atPlannedEnd } = effect;
  const tone = verdict === 'more' ? 'good' : verdict === 'less' ? 'bad' : 'held';
  const isTold = difference !== null && tellsDifference(verdict);
  const all = [0, difference ?? 0, ...(whileRunning ?? []), ...(atPlannedEnd.interval ?? [])];
  const scale = scaleOf(all);
  return (
    <div className="said" data-tone={tone}>
      <p>
        <span className="muted">{name}:</span> <strong>{asSentence(VERDICTS[verdict])}.</strong>{' '}
        {verdict === 'too_early' ? <Lacks arms={control ? [arm, control] : [arm]} /> : null}
      </p>
      {isTold ? (
        <table className="table ranges">
          <caption className="unseen">{name}: the difference</caption>
          <tbody>
            {whileRunning ? (
              <Line name="However often one looks" {...{ difference, between: whileRunning, scale, tone }} />
            ) : null}
            {atPlannedEnd.interval ? (
              <Line
                name="Valid only at the planned end"
                {...{ difference, between: atPlannedEnd.interval, scale, tone: 'plain' as const }}
              />
            ) : null}
          </tbody>
        </table>
      ) : null}
    </div>
  );
}

type LineProps = {
  name: string;
  difference: number;
  between: readonly number[];
  scale: ReturnType<typeof scaleOf>;
  tone: 'plain' | 'good' | 'bad' | 'held';
};

function Line({ name, difference, between, scale, tone }: LineProps): ReactElement {
  const [low, high] = [between[0]!, between[1]!];
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>{pointsText(difference, low, high)}</td>
      <td className="range-cell">
        <Range low={low} middle={difference} high={high} scale={scale} tone={tone} />
      </td>
    </tr>
  );
}

/** How far it is to where something can be said. */
function Lacks({ arms }: { arms: readonly Arm[] }): ReactElement {
  const entries = Math.min(...arms.map((one) => one.entries));
  const converted = Math.min(...arms.map((one) => one.converted));
  return (
    <span>
      It takes {LEAST_IN_ARM.entries} entries whose window is over, and {LEAST_IN_ARM.converted} that reached
      it, in each arm; there are {numberText(entries)} and {numberText(converted)} in the smaller.
    </span>
  );
}

function Arms({ goal: { treated, holdout, workspaceHoldout, variants } }: { goal: GoalShown }): ReactElement {
  const all: (Arm & { name: string })[] = [
    ...variants.map((one) => ({ ...one, name: one.key })),
    { ...treated, name: variants.length > 0 ? 'All of them' : 'In the campaign' },
    ...(holdout ? [{ ...holdout, name: 'Held out' }] : []),
    ...(workspaceHoldout ? [{ ...workspaceHoldout, name: 'Held out of all campaigns' }] : []),
  ];
  const drawn = all.filter(({ rate }) => rate !== null);
  const scale = scaleOf([0, ...drawn.flatMap(({ interval }) => interval)]);
  return (
    <table className="table ranges">
      <caption className="unseen">Each arm</caption>
      <thead>
        <tr>
          <th scope="col">
            <span className="unseen">Arm</span>
          </th>
          <th scope="col">Entries</th>
          <th scope="col">Reached it</th>
          <th scope="col">Rate</th>
          <th scope="col">19 times of 20</th>
        </tr>
      </thead>
      <tbody>
        {all.map(({ name, entries, converted, rate, interval }) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td data-as="Entries">{numberText(entries)}</td>
            <td data-as="Reached it">{numberText(converted)}</td>
            <td data-as="Rate">{rate === null ? '–' : percentText(rate)}</td>
            <td className="range-cell">
              {rate === null ? null : (
                <>
                  <Range low={interval[0]!} middle={rate} high={interval[1]!} scale={scale} />
                  <span className="muted">
                    {percentText(interval[0]!)} to {percentText(interval[1]!)}
                  </span>
                </>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Value({ goal: { valuePerEntry, currency } }: { goal: GoalShown }): ReactElement | null {
  if (!valuePerEntry) return null;
  const { treated, holdout, difference, whileRunning, cap } = valuePerEntry;
  if (treated === null || holdout === null || difference === null) return null;
  const text = (value: number) => valueText(value, currency);
  return (
    <p>
      Value for each who entered: <strong>{text(treated)}</strong> in the campaign, {text(holdout)} held out;
      difference {text(difference)}
      {whileRunning
        ? `, from ${text(whileRunning[0]!)} to ${text(whileRunning[1]!)} however often one looks`
        : ''}
      .
      {cap === null ? null : (
        <span className="muted"> What is worth more than {text(cap)} counts as that much.</span>
      )}
    </p>
  );
}
