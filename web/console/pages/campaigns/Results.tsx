/** What a campaign changed: each goal, treated against held out, by epoch; who entered by the day; what became of its messages. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { MESSAGE_METRICS, messageCount, type MessageMetric } from '../../../../contract/campaignWords.ts';
import type { CampaignReport } from '../../../../contract/doors/console/campaigns.ts';
import { counted } from '../../../shared/counted.ts';
import { formatOf, numberText } from '../../../shared/reader.ts';
import { DayBars } from '../../ui/DayBars.tsx';
import { Failed, Waiting } from '../../ui/states.tsx';
import { Goal } from './Goal.tsx';
import { reportQuery, seriesQuery, type Campaign, type StepCounts } from './queries.ts';
import { Range, scaleOf } from './Range.tsx';
import { endingText, pointsText } from './words.ts';

type Epoch = CampaignReport['epochs'][number];
type Props = { ws: string; campaign: Campaign };

const DAY = { day: 'numeric', month: 'short', year: 'numeric' } as const;
const dayOf = (at: string) => formatOf(DAY).format(Date.parse(at));

/** The part. */
export function Results({ ws, campaign }: Props): ReactElement {
  const { data, error, refetch } = useQuery(reportQuery(ws, campaign.id));
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting rows={4} height={120} />;
  const [newest, ...older] = data.epochs.toReversed();
  return (
    <div className="results">
      {newest ? <OfEpoch epoch={newest} isOne={older.length === 0} /> : null}
      {older.length > 0 ? <Pooled report={data} /> : null}
      <Entered ws={ws} campaign={campaign} />
      <Messages steps={data.steps} />
      <Endings ws={ws} campaign={campaign} endings={data.endings} />
      {older.map((epoch) => (
        <details key={epoch.epoch} className="older">
          <summary>
            What was compared before: epoch {epoch.epoch}, from {dayOf(epoch.beganAt)}
          </summary>
          <OfEpoch epoch={epoch} isOne={false} />
        </details>
      ))}
    </div>
  );
}

function OfEpoch({ epoch, isOne }: { epoch: Epoch; isOne: boolean }): ReactElement {
  const { entered, warnings, goals, holdoutShare } = epoch;
  const { treated, holdout, workspaceHoldout } = entered;
  const all = treated + holdout + workspaceHoldout;
  return (
    <>
      <section className="panel" aria-label={isOne ? 'Who entered' : `Who entered in epoch ${epoch.epoch}`}>
        <h2>{all === 0 ? 'Nobody has entered yet' : counted(all, 'entry', 'entries')}</h2>
        <p className="muted">
          {all > 0 ? `${numberText(treated)} in the campaign` : ''}
          {all > 0 && (holdout > 0 || holdoutShare > 0) ? ` · ${numberText(holdout)} held out` : ''}
          {workspaceHoldout > 0 ? ` · ${numberText(workspaceHoldout)} held out of all campaigns` : ''}
          {isOne ? '' : `${all > 0 ? ' · ' : ''}epoch ${epoch.epoch}, since ${dayOf(epoch.beganAt)}`}
          {all === 0 && isOne ? 'Whoever does what sets it off from now on does.' : ''}
        </p>
        {warnings.map((warning) => (
          <p key={warning} className="fault">
            {warning}
          </p>
        ))}
        {goals.length === 0 ? (
          <p className="muted">It has no goals, so it tells nothing of what it changed.</p>
        ) : null}
      </section>
      {all > 0 ? goals.map((goal) => <Goal key={goal.key} goal={goal} />) : null}
    </>
  );
}

/** Epochs of a goal as one, where more than one of them can say something. */
function Pooled({ report: { pooled } }: { report: CampaignReport }): ReactElement | null {
  const told = pooled.flatMap(({ key, epochs, d, whileRunning }) =>
    d === null || whileRunning === null || epochs < 2
      ? []
      : [{ key, epochs, d, low: whileRunning[0]!, high: whileRunning[1]! }],
  );
  if (told.length === 0) return null;
  const scale = scaleOf([0, ...told.flatMap(({ d, low, high }) => [d, low, high])]);
  return (
    <section className="panel" aria-label="Epochs together">
      <h2>Epochs together</h2>
      <table className="table ranges">
        <tbody>
          {told.map(({ key, epochs, d, low, high }) => (
            <tr key={key}>
              <th scope="row">{key}</th>
              <td>
                {pointsText(d, low, high)}, of {numberText(epochs)} epochs
              </td>
              <td className="range-cell">
                <Range
                  low={low}
                  middle={d}
                  high={high}
                  scale={scale}
                  tone={low > 0 ? 'good' : high < 0 ? 'bad' : 'held'}
                />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Entered({ ws, campaign }: Props): ReactElement | null {
  const { data, error, refetch } = useQuery(seriesQuery(ws, campaign.id));
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  const days = (data?.days ?? [])
    .filter(({ entered }) => entered > 0)
    .map(({ day, entered }) => ({ ms: Date.parse(day), n: entered }));
  if (days.length === 0) return null;
  return (
    <section className="panel" aria-label="Entered by the day">
      <h2>Entered by the day</h2>
      <DayBars days={days} what="Entries" />
    </section>
  );
}

function Messages({ steps }: { steps: readonly StepCounts[] }): ReactElement | null {
  const all = Object.keys(MESSAGE_METRICS) as MessageMetric[];
  const told = steps.filter((one) => all.some((metric) => messageCount(one.counts, metric) > 0));
  const metrics = all.filter((metric) => told.some((one) => messageCount(one.counts, metric) > 0));
  if (told.length === 0) return null;
  return (
    <section className="panel" aria-label="Messages">
      <h2>Messages</h2>
      <div className="wide-table" role="group" aria-label="What became of its messages" tabIndex={0}>
        <table className="table message-counts">
          <thead>
            <tr>
              <th scope="col">Message</th>
              {metrics.map((metric) => (
                <th key={metric} scope="col">
                  {MESSAGE_METRICS[metric]}
                </th>
              ))}
              <th scope="col">Reached a goal after it</th>
            </tr>
          </thead>
          <tbody>
            {told.map((one) => (
              <tr key={`${one.step} ${one.variant} ${one.version}`}>
                <th scope="row">
                  {one.step}
                  <span className="muted">
                    {one.variant ? ` ${one.variant}` : ''}
                    {one.version === null ? '' : ` v${one.version}`}
                  </span>
                </th>
                {metrics.map((metric) => (
                  <td key={metric}>{numberText(messageCount(one.counts, metric))}</td>
                ))}
                <td>{numberText(one.goals.reduce((sum, { people }) => sum + people, 0))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Endings({ ws, campaign, endings }: Props & Pick<CampaignReport, 'endings'>): ReactElement | null {
  const all = Object.entries(endings)
    .filter(([, n]) => n > 0)
    .toSorted(([, a], [, b]) => b - a);
  if (all.length === 0) return null;
  const most = Math.max(...all.map(([, n]) => n));
  return (
    <section className="panel" aria-label="How they left">
      <h2>How they left</h2>
      <ul className="endings">
        {all.map(([ending, n]) => (
          <li key={ending}>
            <Link
              to="/w/$ws/campaigns/$campaign/$part"
              params={{ ws, campaign: campaign.id, part: 'people' }}
              search={{ ending }}
            >
              <strong>{numberText(n)}</strong> {endingText(ending)}
            </Link>
            <span className="bar" aria-hidden="true">
              <span data-tone="plain" style={{ width: `${(100 * n) / most}%` }} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
