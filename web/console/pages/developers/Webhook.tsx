/** One webhook: what it is told of, and the log of its calls, any of which can be made again. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState, type ReactElement } from 'react';
import '../../styles/developers.css';
import { CALL_STATES } from '../../../../contract/webhookCalls.ts';
import type {
  Replayed,
  WebhookCallShown,
  WebhookShown,
} from '../../../../contract/doors/console/webhooks.ts';
import type { Static } from 'typebox';
import { Icon, type IconName } from '../../../shared/icons.tsx';
import { Ago, AheadMs, useNow } from '../../../shared/time.tsx';
import { call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';
import { useHere, useMay } from '../../shell/session.ts';
import { Act, State, type Tone } from '../../ui/basic.tsx';
import { GoToDay } from '../../ui/GoToDay.tsx';
import { useGoOn } from '../../ui/goOn.ts';
import { useKeys } from '../../ui/keys.ts';
import { Side } from '../../ui/overlays.tsx';
import { Empty, Failed, Waiting } from '../../ui/states.tsx';
import { toast, toastError } from '../../ui/toasts.tsx';
import { CallDetail } from './CallDetail.tsx';
import { callsQuery, webhooksQuery, type CallFilter } from './queries.ts';
import { Standing } from './Webhooks.tsx';
import { WebhookSettings } from './WebhookSettings.tsx';
import { numberText } from '../../../shared/reader.ts';

const route = getRouteApi('/w/$ws/developers/webhooks/$webhook/{-$call}');

/** The page. Its calls are made by our clock, wherever the workspace's stands. */
export function Webhook(): ReactElement {
  return (
    <AheadMs.Provider value={0}>
      <Page />
    </AheadMs.Provider>
  );
}

function Page(): ReactElement {
  const { id: ws } = useHere();
  const { webhook: id } = route.useParams();
  const may = useMay('webhooks.manage');
  const { data, error, refetch } = useQuery({ ...webhooksQuery(ws), enabled: may === true });
  if (may !== true)
    return (
      <Empty title="Not for your role">
        <p>{may}</p>
      </Empty>
    );
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  const webhook = data.webhooks.find((one) => one.id === id);
  if (!webhook)
    return (
      <Empty title="This is gone">
        <p>It was deleted, or was never here.</p>
      </Empty>
    );
  return (
    <div className="page">
      <header className="page-head">
        <Link
          to="/w/$ws/developers/$part"
          params={{ ws, part: 'webhooks' }}
          className="back"
          aria-label="All webhooks"
        >
          <Icon name="back" />
        </Link>
        <h1 className="breaks">{webhook.target}</h1>
        <Standing webhook={webhook} />
        <WebhookSettings ws={ws} webhook={webhook} />
      </header>
      <div className="page-body">
        <Log ws={ws} webhook={webhook} />
      </div>
    </div>
  );
}

function Log({ ws, webhook }: { ws: string; webhook: WebhookShown }): ReactElement {
  const { call: open } = route.useParams();
  const navigate = route.useNavigate();
  const { state, trigger, message, day } = route.useSearch();
  const filter = { state, trigger, message: isMessage(message) ? message : undefined, day };
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const query = useInfiniteQuery(callsQuery(ws, webhook.id, filter));
  const { data, error, refetch, hasNextPage, fetchNextPage } = query;
  const again = useReplay(ws, webhook, () => setChosen([]));
  useKeys([
    {
      keys: 'x',
      does: 'Replay what is chosen',
      act: () => chosen.length && again.mutate({ callIds: chosen }),
    },
  ]);
  const calls = data?.pages.flatMap((page) => page.calls) ?? [];
  const goesOn = useGoOn(query, calls.length);
  return (
    <>
      <div className="log-top">
        <Narrow
          filter={{ state, trigger, message, day }}
          triggers={[...new Set([...webhook.triggers, ...calls.map(({ trigger }) => trigger)])]}
          onNarrow={(some) => void navigate({ search: (now) => ({ ...now, ...some }), replace: true })}
        />
        <Act
          size="compact-sm"
          busy={again.isPending}
          may={chosen.length > 0 || 'Choose calls in the list first.'}
          onAct={() => again.mutate({ callIds: chosen })}
        >
          Replay {chosen.length || ''} chosen
        </Act>
        <ReplayFailed ws={ws} webhook={webhook} />
      </div>
      {error && !data ? <Failed error={error} retry={() => void refetch()} /> : null}
      {goesOn ? <Waiting height={44} /> : null}
      {data && calls.length === 0 && !goesOn ? (
        <Empty title="No call">
          <p>Nothing was told yet, or nothing that you ask for. A test call tries the way.</p>
        </Empty>
      ) : null}
      {calls.length > 0 ? (
        <table className="table stacked calls">
          <thead>
            <tr>
              <th scope="col">
                <span className="unseen">Choose</span>
              </th>
              <th scope="col">State</th>
              <th scope="col">Trigger</th>
              <th scope="col">When</th>
              <th scope="col">Tries</th>
              <th scope="col">Answer</th>
              <th scope="col">
                <span className="unseen">What to do</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {calls.map((one) => (
              <CallRow
                key={one.id}
                ws={ws}
                shown={one}
                chosen={chosen.includes(one.id)}
                onChosen={(is) => setChosen(is ? [...chosen, one.id] : chosen.filter((id) => id !== one.id))}
                onReplay={() => again.mutate({ callIds: [one.id] })}
              />
            ))}
          </tbody>
        </table>
      ) : null}
      {hasNextPage ? (
        <button type="button" className="earlier" onClick={() => void fetchNextPage()}>
          Earlier
        </button>
      ) : null}
      <Side
        title="Call"
        opened={open !== undefined}
        size="min(640px, 100%)"
        onClose={() => void navigate({ params: (now) => ({ ...now, call: undefined }), search: true })}
      >
        {open === undefined ? null : <CallDetail ws={ws} id={open} />}
      </Side>
    </>
  );
}

/** Whether it is what a receiver has as `webhook-id`; what is half typed is not asked for. */
const isMessage = (text: string | undefined) => text !== undefined && /^msg_[0-9a-z]{1,11}$/.test(text);

type NarrowProps = {
  filter: CallFilter;
  triggers: readonly string[];
  onNarrow: (some: CallFilter) => void;
};

function Narrow({ filter: { state, trigger, message, day }, triggers, onNarrow }: NarrowProps): ReactElement {
  return (
    <>
      <label>
        <span className="unseen">State</span>
        <select
          value={state ?? ''}
          onChange={({ currentTarget: { value } }) => onNarrow({ state: value || undefined })}
        >
          <option value="">every state</option>
          {CALL_STATES.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </label>
      <label>
        <span className="unseen">Trigger</span>
        <select
          value={trigger ?? ''}
          onChange={({ currentTarget: { value } }) => onNarrow({ trigger: value || undefined })}
        >
          <option value="">every trigger</option>
          {triggers.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </label>
      <input
        type="search"
        aria-label="Message, as a receiver had it in webhook-id"
        placeholder="msg_…"
        value={message ?? ''}
        aria-invalid={(message !== undefined && !isMessage(message)) || undefined}
        onChange={({ currentTarget: { value } }) => onNarrow({ message: value.trim() || undefined })}
      />
      <GoToDay day={day} onDay={(next) => onNarrow({ day: next })} does="Go to a day in the log" />
    </>
  );
}

/** Makes calls again, at once and without asking: the receiver can tell a repeat by its id. */
function useReplay(ws: string, { id }: WebhookShown, done: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { callIds: readonly string[] }) =>
      call<Static<typeof Replayed>>('POST', at(ws, `/webhooks/${id}/replay`), { body }),
    onSuccess({ replayed }) {
      toast(replayed === 0 ? 'It is still under way.' : `${replayed} made again.`);
      done();
    },
    onError: toastError,
    onSettled: () => client.invalidateQueries({ queryKey: [ws, 'webhook', id] }),
  });
}

const DAY_MS = 24 * 3_600_000;

function ReplayFailed({ ws, webhook }: { ws: string; webhook: WebhookShown }): ReactElement {
  const client = useQueryClient();
  const nowMs = useNow();
  const [days, setDays] = useState(1);
  const again = useMutation({
    mutationFn: () =>
      call<Static<typeof Replayed>>('POST', at(ws, `/webhooks/${webhook.id}/replay-failed`), {
        body: { since: new Date(Math.max(0, nowMs - days * DAY_MS)).toISOString() },
      }),
    onSuccess: ({ replayed, more }) =>
      toast(`${numberText(replayed)} made again${more ? '; there are more, ask once more' : ''}.`),
    onError: toastError,
    onSettled: () => client.invalidateQueries({ queryKey: [ws, 'webhook', webhook.id] }),
  });
  return (
    <span className="log-failed">
      <Act size="compact-sm" busy={again.isPending} onAct={() => again.mutate()}>
        Replay all that failed
      </Act>
      <select
        aria-label="Since when"
        value={days}
        onChange={({ currentTarget }) => setDays(Number(currentTarget.value))}
      >
        <option value={1}>within a day</option>
        <option value={7}>within a week</option>
        <option value={30}>within a month</option>
      </select>
    </span>
  );
}

/** How each state looks. */
export const CALL_LOOKS: Readonly<Record<WebhookCallShown['state'], { tone: Tone; icon: IconName }>> = {
  pending: { tone: 'held', icon: 'clock' },
  delivered: { tone: 'good', icon: 'check' },
  failed: { tone: 'bad', icon: 'cross' },
  canceled: { tone: 'plain', icon: 'cross' },
};

type RowProps = {
  ws: string;
  shown: WebhookCallShown;
  chosen: boolean;
  onChosen: (is: boolean) => void;
  onReplay: () => void;
};

function CallRow({ ws, shown, chosen, onChosen, onReplay }: RowProps): ReactElement {
  const isFailing = shown.state === 'pending' && shown.attempts > 0;
  const { tone, icon } = isFailing ? CALL_LOOKS.failed : CALL_LOOKS[shown.state];
  return (
    <tr>
      <td>
        <input
          type="checkbox"
          aria-label={`Choose the call ${shown.messageId}`}
          checked={chosen}
          onChange={({ currentTarget: { checked } }) => onChosen(checked)}
        />
      </td>
      <td data-as="State">
        <State tone={tone} icon={icon}>
          {isFailing ? 'failing' : shown.state}
        </State>
        {isFailing && shown.nextAt ? (
          <div className="muted">
            next retry <Ago at={shown.nextAt} />
          </div>
        ) : null}
      </td>
      <td data-as="Trigger">
        <Link
          to="/w/$ws/developers/webhooks/$webhook/{-$call}"
          params={{ ws, webhook: shown.webhookId, call: shown.id }}
          search
          className="mono"
        >
          {shown.trigger}
        </Link>
        {shown.replayOf ? <span className="muted"> replay</span> : null}
      </td>
      <td data-as="When">
        <Ago at={shown.createdAt} />
      </td>
      <td data-as="Tries">{shown.attempts}</td>
      <td data-as="Answer">{shown.lastStatus ?? '–'}</td>
      <td>
        <Act
          size="compact-sm"
          may={shown.state === 'pending' ? 'It is still under way.' : true}
          onAct={onReplay}
        >
          Replay
        </Act>
      </td>
    </tr>
  );
}
