/**
 * Letting those into a campaign who would not come by themselves: an audience, or who did before what sets it off. Before it is done it is told
 * about how many that is, how many of some would enter, and why the others would not.
 */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Static } from 'typebox';
import { useState, type ReactElement } from 'react';
import type { HandForecast, SinceForecast } from '../../../../contract/doors/console/campaigns.ts';
import { counted, peopleText } from '../../../shared/counted.ts';
import { dayBeginsMs, dayIn, dayOf } from '../../../shared/days.ts';
import { numberText } from '../../../shared/reader.ts';
import { useNow } from '../../../shared/time.tsx';
import { call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';
import { may } from '../../may.ts';
import { useHere } from '../../shell/session.ts';
import { Act } from '../../ui/basic.tsx';
import { Failed, messageOf, Waiting } from '../../ui/states.tsx';
import { toast } from '../../ui/toasts.tsx';
import { namedQuery } from '../broadcasts/queries.ts';
import { Choices } from './Choices.tsx';
import type { Campaign } from './queries.ts';

type Props = { ws: string; campaign: Campaign; onDone: () => void };
type Trigger = Readonly<Record<string, { entered?: string } | undefined>>;
type Clauses = { all: true } | Partial<Record<'segments' | 'lists' | 'tags', string[]>>;
type Told = Static<typeof HandForecast> & Partial<Static<typeof SinceForecast>>;

const DAY_MS = 86_400_000;
/** As the server has it where nobody says so. */
const USUAL = '600';

/** Whom one can let in: an audience, who did something before, or nobody. */
export function wayIn({ campaign }: Campaign): 'hand' | 'since' | undefined {
  const trigger = campaign?.['trigger'] as Trigger | undefined;
  if (!trigger) return undefined;
  if ('event' in trigger || 'event_without' in trigger) return 'since';
  if ('hand' in trigger) return 'hand';
  return (['segment', 'list', 'tag'] as const).some((kind) => trigger[kind]?.entered) ? 'hand' : undefined;
}

/** What is asked. */
export function LetIn(props: Props): ReactElement {
  return wayIn(props.campaign) === 'since' ? <Since {...props} /> : <Hand {...props} />;
}

function Hand({ ws, campaign, onDone }: Props): ReactElement {
  const { data, error, refetch } = useQuery(namedQuery(ws));
  const [chosen, setChosen] = useState<string>();
  const [key] = useState(() => `console-${crypto.randomUUID().slice(0, 8)}`);
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting rows={2} height={36} />;
  const trigger = campaign.campaign?.['trigger'] as Trigger;
  const all = [
    ...data.segments.map(({ id, key: own, name }) => ({
      is: `segments ${id}`,
      name: `Audience ${name}`,
      own,
    })),
    ...data.lists.map(({ id, name }) => ({ is: `lists ${id}`, name: `List ${name}`, own: name })),
    ...data.tags.map(({ id, name }) => ({ is: `tags ${id}`, name: `Tag ${name}`, own: name })),
  ];
  // Who is inside already of what sets it off: the usual reason to let anybody in by hand.
  const named = trigger['segment']?.entered ?? trigger['list']?.entered ?? trigger['tag']?.entered;
  const kind = trigger['segment'] ? 'segments' : trigger['list'] ? 'lists' : 'tags';
  const own = all.find((one) => one.own === named && one.is.startsWith(kind));
  const audience = chosen ?? own?.is ?? '';
  const [what = '', id = ''] = audience.split(' ');
  const include: Clauses = audience === 'all' ? { all: true } : { [what]: [id] };
  return (
    <Asked
      ws={ws}
      onDone={onDone}
      isWhole={audience !== ''}
      asked={[campaign.id, 'hand', audience]}
      forecast={() =>
        call<Told>('POST', at(ws, `/campaigns/${campaign.id}/hand/forecast`), {
          body: { audience: { include }, key },
        })
      }
      enter={(perMinute) =>
        call('POST', at(ws, `/campaigns/${campaign.id}/hand`), {
          body: { audience: { include }, key, perMinute },
        })
      }
    >
      <label className="field">
        Who
        <select value={audience} onChange={({ currentTarget: { value } }) => setChosen(value)}>
          <option value="" disabled>
            Choose …
          </option>
          <option value="all">Everybody</option>
          {all.map(({ is, name }) => (
            <option key={is} value={is}>
              {name}
            </option>
          ))}
        </select>
      </label>
    </Asked>
  );
}

const FROM = [
  ['now', 'They enter as of now', 'By the newest of what they did; waits count from when they are let in.'],
  ['event', 'They enter as of when they did it', 'As if it had run all along; what is too late is not sent.'],
] as const;

function Since({ ws, campaign, onDone }: Props): ReactElement {
  const nowMs = useNow();
  const [day, setDay] = useState(() => dayOf(nowMs - 30 * DAY_MS));
  const [from, setFrom] = useState<'now' | 'event'>('now');
  const isDay = dayIn(day) !== undefined;
  const since = new Date(dayBeginsMs(day)).toISOString();
  return (
    <Asked
      ws={ws}
      onDone={onDone}
      isWhole={isDay}
      asked={[campaign.id, 'since', day, from]}
      forecast={() => {
        const query = new URLSearchParams({ since, from });
        return call<Told>('GET', at(ws, `/campaigns/${campaign.id}/since?${query}`));
      }}
      enter={(perMinute) =>
        call('POST', at(ws, `/campaigns/${campaign.id}/since`), { body: { since, from, perMinute } })
      }
    >
      <label className="field">
        Who did what sets it off since
        <input type="date" value={day} onChange={({ currentTarget: { value } }) => setDay(value)} />
      </label>
      <Choices name="As of when" all={FROM} chosen={from} onChosen={setFrom} />
    </Asked>
  );
}

type AskedProps = {
  ws: string;
  onDone: () => void;
  isWhole: boolean;
  asked: readonly string[];
  forecast: () => Promise<Told>;
  enter: (perMinute: number) => Promise<unknown>;
  children: ReactElement | readonly ReactElement[];
};

/** The question, what would come of it, and doing it. */
function Asked({ ws, onDone, isWhole, asked, forecast, enter, children }: AskedProps): ReactElement {
  const { role } = useHere();
  const client = useQueryClient();
  const [perMinute, setPerMinute] = useState(USUAL);
  const { data, error, isFetching, refetch } = useQuery({
    queryKey: [ws, 'let in', ...asked],
    queryFn: forecast,
    enabled: isWhole,
    staleTime: 0,
  });
  const let_ = useMutation({
    mutationFn: () => enter(Number(perMinute)),
    async onSuccess() {
      toast(`They are let in, at most ${numberText(Number(perMinute))} in a minute.`);
      onDone();
      await client.invalidateQueries({ queryKey: [ws, 'campaign', asked[0]] });
    },
  });
  const n = Number(perMinute);
  const isRate = Number.isInteger(n) && n >= 32 && n <= 100_000;
  const why = !isWhole
    ? 'Say first whom it is about.'
    : !data
      ? 'It is not known yet what would come of it.'
      : data.about === 0
        ? 'Nobody is meant.'
        : isRate || 'It takes a whole number a minute, from 32 to 100,000.';
  const mayDo = may(role, 'campaigns.run');
  return (
    <div className="form">
      {children}
      <label className="field outside">
        At most a minute
        <input
          inputMode="numeric"
          value={perMinute}
          aria-invalid={!isRate || undefined}
          onChange={({ currentTarget: { value } }) => setPerMinute(value)}
        />
      </label>
      <div role="status">
        {isWhole && isFetching ? <Waiting rows={1} height={40} /> : null}
        {data && !isFetching ? <Outcome told={data} /> : null}
      </div>
      {error && !isFetching ? <Failed error={error} retry={() => void refetch()} /> : null}
      {let_.error ? (
        <p className="fault" role="alert">
          {messageOf(let_.error)}
        </p>
      ) : null}
      <Act
        variant="filled"
        may={mayDo === true ? why : mayDo}
        busy={let_.isPending}
        onAct={() => let_.mutate()}
      >
        Let them in
      </Act>
    </div>
  );
}

function Outcome({ told }: { told: Told }): ReactElement {
  const { about, error, asked, wouldEnter, refused, over, sends, tooLate } = told;
  if (about === 0) return <p>Nobody is meant.</p>;
  return (
    <>
      <p>
        {error > 0
          ? `About ${peopleText(about)} (± ${numberText(error)}) are`
          : `${peopleText(about)} ${about === 1 ? 'is' : 'are'}`}{' '}
        meant. Of {numberText(asked)} looked at <strong>{numberText(wouldEnter)}</strong> would enter.
      </p>
      {refused.length > 0 ? (
        <ul className="plan">
          {refused.map(({ reason, why, people }) => (
            <li key={reason}>
              {numberText(people)} would not: {why}
            </li>
          ))}
        </ul>
      ) : null}
      {wouldEnter > 0 && over !== undefined ? (
        <p className="muted">
          Of those {numberText(over)} would be out of it again by now; {counted(sends ?? 0, 'message')} would
          be sent at once, and {numberText(tooLate ?? 0)} would be too late.
        </p>
      ) : null}
    </>
  );
}
