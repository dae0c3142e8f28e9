/** What a campaign would have done over what people did: begun, followed, stopped, and told. Nothing is sent. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Static } from 'typebox';
import { useState, type ReactElement } from 'react';
import type { BacktestPage, BacktestShown } from '../../../../contract/doors/console/backtests.ts';
import type { CampaignText } from '../../../../contract/doors/console/campaigns.ts';
import { counted } from '../../../shared/counted.ts';
import { formatOf, numberText } from '../../../shared/reader.ts';
import { call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';
import { useMay } from '../../shell/session.ts';
import { Act, State } from '../../ui/basic.tsx';
import { DayBars } from '../../ui/DayBars.tsx';
import { Empty, Failed, messageOf, Waiting } from '../../ui/states.tsx';
import { toastError } from '../../ui/toasts.tsx';
import { unsavedKey, type Campaign } from './queries.ts';
import { endingText } from './words.ts';

type Props = { ws: string; campaign: Campaign };
type Result = NonNullable<BacktestShown['result']>;
type Estimate = Result['entered'];

const LOOK_MS = 1_000;
const IDLE_MS = 30_000;
const ALL_PARTS = 4_096;
const DAY = { day: 'numeric', month: 'short', year: 'numeric' } as const;
const dayOf = (moment: string) => formatOf(DAY).format(Date.parse(moment));

/** The part. */
export function Backtests({ ws, campaign }: Props): ReactElement {
  const { data, error, refetch } = useQuery({
    queryKey: [ws, 'backtests'] as const,
    queryFn: ({ signal }) =>
      call<Static<typeof BacktestPage>>('GET', at(ws, '/backtests?limit=200'), { signal }),
    refetchInterval: ({ state: { data: page } }) =>
      page?.backtests.some(({ state }) => state === 'running') ? LOOK_MS : IDLE_MS,
  });
  const own = data?.backtests.filter(({ key }) => key === campaign.key) ?? [];
  return (
    <div className="results">
      <Begin ws={ws} campaign={campaign} />
      {error && !data ? <Failed error={error} retry={() => void refetch()} /> : null}
      {!data && !error ? <Waiting rows={2} height={96} /> : null}
      {data && own.length === 0 ? (
        <Empty title="Not tried yet">
          <p>
            The same steps as live, over what people did: who would have entered, what would have been sent
            and when, and which goals were reached anyway.
          </p>
        </Empty>
      ) : null}
      {own.map((one, n) => (
        <One key={one.id} ws={ws} of={one} isOpen={n === 0} />
      ))}
    </div>
  );
}

function Begin({ ws, campaign }: Props): ReactElement {
  const may = useMay('campaigns.write');
  const client = useQueryClient();
  const [days, setDays] = useState('90');
  const [all, setAll] = useState(false);
  const n = Number(days);
  const isSo = Number.isInteger(n) && n >= 1 && n <= 400;
  const begin = useMutation({
    mutationFn: async () => {
      const path = at(ws, `/campaigns/${campaign.id}/file`);
      const { file } = await call<Static<typeof CampaignText>>('GET', path);
      return await call<BacktestShown>('POST', at(ws, '/backtests'), { body: { file, days: n, all } });
    },
    onSettled: () => client.invalidateQueries({ queryKey: [ws, 'backtests'] }),
  });
  const isUnsaved = localStorage.getItem(unsavedKey(campaign.id)) !== null;
  const mayBegin = isUnsaved && may === true ? 'What you wrote is not saved yet: look at its file.' : may;
  return (
    <section className="panel" aria-label="Try it">
      <h2>Try it over what people did</h2>
      <form
        className="card-acts"
        onSubmit={(event) => {
          event.preventDefault();
          if (mayBegin === true && isSo && !begin.isPending) begin.mutate();
        }}
      >
        <label className="field outside">
          Days up to now
          <input
            inputMode="numeric"
            value={days}
            aria-invalid={!isSo || undefined}
            onChange={({ currentTarget: { value } }) => setDays(value)}
          />
        </label>
        <label className="tick">
          <input
            type="checkbox"
            checked={all}
            onChange={({ currentTarget: { checked } }) => setAll(checked)}
          />
          Everybody, not a sample of one in 64
        </label>
        <Act
          variant="filled"
          may={mayBegin === true ? isSo || 'It takes a whole number of days, from 1 to 400.' : mayBegin}
          busy={begin.isPending}
          onAct={() => begin.mutate()}
        >
          Back-test
        </Act>
      </form>
      {begin.error ? (
        <p className="fault" role="alert">
          {messageOf(begin.error)}
        </p>
      ) : null}
      <p className="muted">Nothing is sent, and nobody is in it afterwards.</p>
    </section>
  );
}

function One({ ws, of, isOpen }: { ws: string; of: BacktestShown; isOpen: boolean }): ReactElement {
  const may = useMay('campaigns.write');
  const client = useQueryClient();
  const drop = useMutation({
    mutationFn: () => call('DELETE', at(ws, `/backtests/${of.id}`)),
    onError: toastError,
    onSettled: () => client.invalidateQueries({ queryKey: [ws, 'backtests'] }),
  });
  const { state, tried, wanted, from, to, note, result } = of;
  const isRunning = state === 'running';
  const title = `${dayOf(from)} to ${dayOf(to)}`;
  return (
    <section className="panel" aria-label={`Back-test over ${title}`}>
      <div className="card-head">
        <h2>{title}</h2>
        <State
          tone={state === 'failed' ? 'bad' : isRunning ? 'plain' : 'good'}
          icon={state === 'failed' ? 'cross' : isRunning ? 'clock' : 'check'}
        >
          {isRunning ? 'under way' : state}
        </State>
        <Act size="compact-sm" may={may} busy={drop.isPending} onAct={() => drop.mutate()}>
          {isRunning ? 'Stop and delete' : 'Delete'}
        </Act>
      </div>
      {isRunning ? (
        <p className="tried" role="status">
          <progress aria-label="How much of it was tried" value={tried} max={wanted} />
          {numberText(Math.floor((100 * tried) / wanted))} %
        </p>
      ) : null}
      {note ? <p className="fault">{note}</p> : null}
      {result ? (
        <details className="tried-result" open={isOpen}>
          <summary>
            {counted(Math.round(result.entered.n), 'entry', 'entries')}
            {offBy(result.entered)}
          </summary>
          <Told of={of} result={result} />
        </details>
      ) : null}
    </section>
  );
}

const offBy = ({ error }: Estimate) => (error > 0 ? ` ± ${numberText(Math.ceil(error))}` : '');

function Told({ of, result }: { of: BacktestShown; result: Result }): ReactElement {
  const isSample = of.tried < ALL_PARTS;
  if (result.people.n === 0)
    return (
      <p>
        {isSample
          ? 'Nobody in the sample did what sets it off; with everybody it may be some.'
          : 'Nothing that anybody did would have set it off.'}
      </p>
    );
  const rows = [
    ['did what sets it off', result.people],
    [result.heldOut.n > 0 ? 'entries, but for those held out' : 'entries', result.entered],
    ...(result.heldOut.n > 0 ? [['entries held out', result.heldOut] as const] : []),
    ...named(result.refused, (why) => `not let in: ${why.replaceAll('_', ' ')}`),
    ...named(result.endings, endingText),
    ...named(result.held, (why) => `put off: ${why.replaceAll('_', ' ')}`),
    ...named(result.unsent, (why) => `not sent: ${why.replaceAll('_', ' ')}`),
    ...named(result.goals, (goal) => `reached ${goal}, without any message`),
  ] as const;
  const most = Math.max(1, ...rows.map(([, { n }]) => n));
  return (
    <>
      {isSample ? (
        <p className="muted">
          From {numberText(of.tried)} of {numberText(ALL_PARTS)} parts of your people; ± is how far off that
          may be, 19 times of 20.
        </p>
      ) : null}
      <table className="table tried-rows">
        <caption className="unseen">What would have happened</caption>
        <tbody>
          {rows.map(([name, found]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>
                {numberText(Math.round(found.n))}
                <span className="muted">{offBy(found)}</span>
                <span className="bar" aria-hidden="true">
                  <span data-tone="plain" style={{ width: `${(100 * found.n) / most}%` }} />
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {result.sends.length === 0 ? <p>Nothing would have been sent.</p> : null}
      {[...Map.groupBy(result.sends, ({ step }) => step)].map(([step, sends]) => (
        <section key={step} aria-label={`Would be sent at ${step}`}>
          <h3>
            {numberText(Math.round(sends.reduce((sum, { n }) => sum + n, 0)))} would have been sent at {step}
          </h3>
          <DayBars
            what={`Messages at ${step}`}
            days={sends.map(({ day, n }) => ({ ms: Date.parse(day), n: Math.round(n) }))}
          />
        </section>
      ))}
      <p className="muted">As of today, and not as of then: {of.asOfToday.join('; ')}.</p>
    </>
  );
}

function named(found: Readonly<Record<string, Estimate>>, wordsOf: (key: string) => string) {
  return Object.entries(found).map(([key, one]) => [wordsOf(key), one] as const);
}
