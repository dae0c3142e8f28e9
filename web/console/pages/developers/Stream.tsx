/** The event stream: what happens in the workspace, as it happens, by type and contact; paused, and gone on with. */
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState, type FormEvent, type ReactElement } from 'react';
import { EVENT_TYPES } from '../../../../contract/doors/console/feed.ts';
import { Ago } from '../../../shared/time.tsx';
import { useMay } from '../../shell/session.ts';
import { Act, State } from '../../ui/basic.tsx';
import { Empty, Failed, Waiting } from '../../ui/states.tsx';
import type { StreamEvent } from './followed.ts';
import { useStream } from './following.ts';

const route = getRouteApi('/w/$ws/developers/$part');
const TYPES = Object.keys(EVENT_TYPES) as (keyof typeof EVENT_TYPES)[];

/** The part. */
export function Stream({ ws }: { ws: string }): ReactElement {
  const may = useMay('webhooks.manage');
  const { type, of: contact } = route.useSearch();
  const [isPaused, setPaused] = useState(false);
  const stream = useStream(ws, { type, contact }, isPaused, may === true);
  if (may !== true)
    return (
      <Empty title="Not for your role">
        <p>{may}</p>
      </Empty>
    );
  const { events, cursor, next, skipped, error, older } = stream;
  if (error && cursor === undefined) return <Failed error={error} />;
  return (
    <>
      <div className="log-top">
        <Filters type={type} contact={contact} />
        <Act icon={isPaused ? 'send' : 'pause'} onAct={() => setPaused(!isPaused)}>
          {isPaused ? 'Go on' : 'Pause'}
        </Act>
        <span role="status">
          {isPaused ? (
            <State tone="held" icon="pause">
              Paused: what happens meanwhile comes when it goes on
            </State>
          ) : error ? (
            <State tone="bad" icon="cross">
              {error.message} It is tried again.
            </State>
          ) : (
            <State tone="good" icon="check">
              Live
            </State>
          )}
        </span>
      </div>
      {skipped ? (
        <p className="muted">More happened at once than fits here: the newest of it is shown.</p>
      ) : null}
      {cursor === undefined ? (
        <Waiting />
      ) : events.length === 0 ? (
        <Empty title={type || contact ? 'Nothing of that among the newest events' : 'Nothing happened yet'}>
          <p>Send a message or answer one in the simulator, and it is here a moment later.</p>
        </Empty>
      ) : (
        <ol className="stream" aria-label="Events">
          {events.map((event) => (
            <Row key={event.id} ws={ws} event={event} />
          ))}
        </ol>
      )}
      {next === null ? null : (
        <Act onAct={() => void older()}>{events.length === 0 ? 'Look further back' : 'Earlier'}</Act>
      )}
    </>
  );
}

type FiltersProps = { type: string | undefined; contact: string | undefined };

function Filters({ type, contact }: FiltersProps): ReactElement {
  const navigate = route.useNavigate();
  const [typed, setTyped] = useState(contact ?? '');
  const choose = (more: { type?: string | undefined; of?: string | undefined }) =>
    void navigate({ search: (before) => ({ ...before, ...more }) });
  const isId = /^[0-9a-f]{24}$/i.test(typed.trim());
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isId || typed.trim() === '') choose({ of: typed.trim() || undefined });
  };
  return (
    <>
      <select
        aria-label="Type of event"
        value={type ?? ''}
        onChange={({ currentTarget: { value } }) => choose({ type: value || undefined })}
      >
        <option value="">Every type</option>
        {TYPES.map((one) => (
          <option key={one} value={one}>
            {one}: {EVENT_TYPES[one]}
          </option>
        ))}
      </select>
      <form className="stream-of" onSubmit={submit}>
        <input
          aria-label="Of the contact"
          placeholder="Id of a contact"
          value={typed}
          aria-invalid={typed.trim() !== '' && !isId ? true : undefined}
          onChange={({ currentTarget: { value } }) => setTyped(value)}
          onBlur={submit}
        />
      </form>
      {contact ? (
        <button
          type="button"
          className="chip"
          onClick={() => {
            setTyped('');
            choose({ of: undefined });
          }}
        >
          Of everybody
        </button>
      ) : null}
    </>
  );
}

function Row({ ws, event }: { ws: string; event: StreamEvent }): ReactElement {
  const { id, type, at, payload, failed } = event;
  const contactId = contactIn(payload);
  return (
    <li>
      <details>
        <summary>
          <span className="stream-at">
            <Ago at={at} />
          </span>
          <span className="mono">{type}</span>
          <span className="muted">{EVENT_TYPES[type as keyof typeof EVENT_TYPES] ?? ''}</span>
          {failed ? (
            <State tone="bad" icon="cross">
              told again later
            </State>
          ) : null}
        </summary>
        <pre className="code mono" tabIndex={0} aria-label="What it says">
          {JSON.stringify(payload, null, 2)}
        </pre>
        <p className="card-acts">
          <span className="mono muted">{id}</span>
          {contactId ? (
            <>
              <Link to="/w/$ws/people/$contact" params={{ ws, contact: contactId }}>
                The person
              </Link>
              <Link
                to="/w/$ws/developers/$part"
                params={{ ws, part: 'events' }}
                search={(before) => ({ ...before, of: contactId })}
              >
                Only theirs
              </Link>
            </>
          ) : null}
        </p>
      </details>
    </li>
  );
}

/** Whom an event is about, where that is one. */
function contactIn(payload: StreamEvent['payload']): string | undefined {
  const { contactId, changes } = payload as { contactId?: unknown; changes?: { contactId?: unknown }[] };
  const one =
    contactId ?? (Array.isArray(changes) && changes.length === 1 ? changes[0]?.contactId : undefined);
  return typeof one === 'string' ? one : undefined;
}
