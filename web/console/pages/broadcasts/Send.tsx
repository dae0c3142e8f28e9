/** Step 4: tried on oneself, then started or given an hour. What is about to happen is said once more before it does. */
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState, type FormEvent, type ReactElement } from 'react';
import { counted, peopleText } from '../../../shared/counted.ts';
import { channelName } from '../../../shared/icons.tsx';
import { momentIn, readerZone } from '../../../shared/reader.ts';
import { exactText } from '../../../shared/time.tsx';
import { call } from '../../api/call.ts';
import { at, clockQuery } from '../../api/queries.ts';
import { may, mayStart, mayUnschedule, type May } from '../../may.ts';
import { TestSend } from '../../preview/TestSend.tsx';
import { useHere } from '../../shell/session.ts';
import { Act } from '../../ui/basic.tsx';
import { Dialog } from '../../ui/overlays.tsx';
import { Failed, messageOf, Waiting } from '../../ui/states.tsx';
import { toast, toastError } from '../../ui/toasts.tsx';
import type { Draft } from './draft.ts';
import { n, Numbers } from './Forecast.tsx';
import { broadcastQuery, forecastQuery, type Broadcast, type Forecast } from './queries.ts';

const route = getRouteApi('/w/$ws/broadcasts/$broadcast/$step');
/** More than this many in a live workspace are not started by one click. */
const MANY = 10_000;

type Props = { ws: string; broadcast: Broadcast };

/** The step. */
export function SendStep({ ws, broadcast, draft }: Props & { draft: Draft }): ReactElement {
  const { role } = useHere();
  // A draft that is saved meanwhile (a rate typed just now) has another forecast: until it is there the last one stays, and so does a
  // question that is open, with what was typed into it; but nothing is started by it.
  const {
    data: forecast,
    error,
    refetch,
    isPlaceholderData,
  } = useQuery({ ...forecastQuery(ws, broadcast), placeholderData: keepPreviousData });
  const [asked, setAsked] = useState<'start' | 'schedule'>();
  const unschedule = useVerb(ws, broadcast, 'unschedule');
  if (error && !forecast) return <Failed error={error} retry={() => void refetch()} />;
  if (!forecast) return <Waiting rows={5} height={48} />;
  const allowed = mayStart(role, broadcast);
  const mayTest = may(role, 'messages.send');
  const start = allowed === true ? isSaved(draft) : allowed;
  return (
    <div className="forecast">
      <TestSend
        ws={ws}
        label="Try it first: send it to one address"
        placeholder={broadcast.channel === 'email' ? 'you@example.com' : '+31 6 …'}
        may={mayTest === true ? isSaved(draft) : mayTest}
        send={(address) => call('POST', at(ws, `/broadcasts/${broadcast.id}/test`), { body: { address } })}
      />
      <Rate draft={draft} />
      <Numbers ws={ws} broadcast={broadcast} forecast={forecast} />
      {broadcast.scheduledAt && broadcast.state === 'scheduled' ? (
        <p className="panel" role="status">
          It starts by itself on {exactText(Date.parse(broadcast.scheduledAt))}.
        </p>
      ) : null}
      <div className="card-acts">
        <Act variant="filled" icon="send" may={start} onAct={() => setAsked('start')}>
          Start now …
        </Act>
        <Act icon="clock" may={start} onAct={() => setAsked('schedule')}>
          Schedule …
        </Act>
        {broadcast.state === 'scheduled' ? (
          <Act
            may={mayUnschedule(role, broadcast)}
            busy={unschedule.isPending}
            onAct={() => unschedule.mutate()}
          >
            Take its hour away
          </Act>
        ) : null}
      </div>
      <Dialog
        title={asked === 'schedule' ? 'Schedule' : 'Start now'}
        opened={asked !== undefined}
        onClose={() => setAsked(undefined)}
      >
        {asked === undefined ? null : (
          <Confirm
            ws={ws}
            broadcast={broadcast}
            forecast={forecast}
            isOld={isPlaceholderData || isSaved(draft) !== true}
            isLater={asked === 'schedule'}
            onDone={() => setAsked(undefined)}
          />
        )}
      </Dialog>
    </div>
  );
}

/** What is started is what is saved. */
function isSaved({ saving }: Draft): May {
  if (saving.kind === 'saved') return true;
  if (saving.kind === 'saving') return 'What you wrote is being saved.';
  return saving.kind === 'not saved' ? saving.why : 'Somebody else has changed it; see above.';
}

/**
 * Something that is done to the broadcast; the page has its new state when it is. `onSuccess` is called before, as whoever asked for it may
 * not be on the page any more in that state.
 */
export function useVerb(
  ws: string,
  { id }: Pick<Broadcast, 'id'>,
  verb: string,
  onSuccess: () => void = () => {},
) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: object | void) =>
      call<Broadcast>('POST', at(ws, `/broadcasts/${id}/${verb}`), body ? { body } : {}),
    onSuccess,
    onError: toastError,
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: broadcastQuery(ws, id).queryKey }),
        client.invalidateQueries({ queryKey: [ws, 'broadcasts'] }),
      ]),
  });
}

/** Deletes a draft. */
export function useRemoval(ws: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => call('DELETE', at(ws, `/broadcasts/${id}`)),
    onSuccess: () => toast('The draft is deleted.'),
    onError: toastError,
    onSettled: () => client.invalidateQueries({ queryKey: [ws, 'broadcasts'] }),
  });
}

type ConfirmProps = Props & {
  forecast: Forecast;
  /** The forecast is of the draft as it was; that of what is saved now is on its way. */
  isOld: boolean;
  isLater: boolean;
  onDone: () => void;
};

function Confirm({ ws, broadcast, forecast, isOld, isLater, onDone }: ConfirmProps): ReactElement {
  const { environment } = useHere();
  const navigate = route.useNavigate();
  const { data: clock } = useQuery(clockQuery(ws));
  const [typed, setTyped] = useState('');
  const [when, setWhen] = useState('');
  const run = useVerb(ws, broadcast, isLater ? 'schedule' : 'start', () => {
    onDone();
    if (!isLater) void navigate({ params: (now) => ({ ...now, step: 'progress' }) });
  });
  const mustType = environment === 'live' && forecast.reachable > MANY;
  const isReady =
    !isOld && (!mustType || typed === broadcast.name) && (!isLater || momentIn(when) !== undefined);
  const go = (event: FormEvent) => {
    event.preventDefault();
    if (!isReady) return;
    run.mutate(isLater ? { at: new Date(momentIn(when)!).toISOString() } : undefined);
  };
  return (
    <form className="form" onSubmit={go}>
      <p>
        “{broadcast.name}” goes to <strong>{n(forecast.reachable)}</strong> of {peopleText(forecast.matched)}{' '}
        by {channelName(broadcast.channel)}
        {forecast.segments ? `, in about ${counted(forecast.segments.total, 'text message')}` : ''}.
      </p>
      {isLater ? (
        <label className="field">
          When ({readerZone()})
          <input
            type="datetime-local"
            required
            value={when}
            onChange={({ currentTarget }) => setWhen(currentTarget.value)}
          />
          {clock?.aheadMs ? (
            <span className="muted">
              By the workspace’s clock, where it is {exactText(Date.parse(clock.now))}.
            </span>
          ) : null}
        </label>
      ) : null}
      {mustType ? (
        <label className="field">
          These are many. Type the name of the broadcast to go on
          <input value={typed} onChange={({ currentTarget }) => setTyped(currentTarget.value)} />
        </label>
      ) : null}
      {run.error ? <p className="fault">{messageOf(run.error)}</p> : null}
      <button
        type="submit"
        className="primary"
        aria-disabled={!isReady || undefined}
        data-off={!isReady || undefined}
        data-tip={mustType && typed !== broadcast.name ? 'Type its name first.' : undefined}
      >
        {isOld ? 'Counting again …' : isLater ? 'Schedule it' : `Send to ${peopleText(forecast.reachable)}`}
      </button>
    </form>
  );
}

/** How fast it may go; the integration's own rate holds besides. */
function Rate({ draft: { fields, change } }: { draft: Draft }): ReactElement {
  return (
    <section className="panel">
      <label className="field">
        At most this many a second
        <input
          type="number"
          min={1}
          placeholder="as many as the channel takes"
          value={fields.ratePerS ?? ''}
          onChange={({ currentTarget: { value } }) =>
            change({ ratePerS: value === '' ? null : Number(value) })
          }
        />
      </label>
    </section>
  );
}
