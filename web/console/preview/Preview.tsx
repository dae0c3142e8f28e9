/** Content beside its editor: on a device, as somebody, with how long it is and what is wrong with it. */
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import type { Static } from 'typebox';
import type { ContactPage } from '../../../contract/doors/console/contacts.ts';
import type { Problem, RenderShown } from '../../../contract/doors/console/render.ts';
import { fullName } from '../../../contract/personName.ts';
import { MADE_UP, type MadeUp } from '../../../contract/preview.ts';
import { call } from '../api/call.ts';
import { at } from '../api/queries.ts';
import { State } from '../ui/basic.tsx';
import { Screen } from './Screen.tsx';
import { useRender, useSettled, type Seer } from './render.ts';

const CALLED: Readonly<Record<MadeUp, string>> = {
  usual: 'Usual',
  longest: 'Longest',
  shortest: 'Shortest',
  noName: 'No name',
};

type Props = { ws: string; content: unknown; channel: string; locale?: string | undefined };

/** The preview. */
export function Preview({ ws, content, channel, locale }: Props): ReactElement {
  const [seer, setSeer] = useState<Seer>({ madeUp: 'usual' });
  const { data, error } = useRender(ws, { content, channel, seer, locale });
  return (
    <section className="preview" aria-label="Preview">
      <div className="preview-as">
        <div className="switch" role="group" aria-label="As somebody made up">
          {MADE_UP.map((one) => (
            <button
              key={one}
              type="button"
              aria-pressed={'madeUp' in seer && seer.madeUp === one}
              onClick={() => setSeer({ madeUp: one })}
            >
              {CALLED[one]}
            </button>
          ))}
        </div>
        <AsContact ws={ws} seer={seer} onSeer={setSeer} />
      </div>
      <Screen rendered={data} />
      {data ? <Size rendered={data} /> : null}
      {error ? <p className="fault">{error.message}</p> : null}
      {data ? <Problems problems={data.problems} /> : null}
    </section>
  );
}

/** How long it is. */
function Size({ rendered: { segments, person } }: { rendered: RenderShown }): ReactElement {
  const size = segments
    ? `${segments.encoding} · ${segments.count} ${segments.count === 1 ? 'segment' : 'segments'} · ${segments.units} units`
    : null;
  return (
    <p className="muted">
      As {person.name ?? 'somebody without a name'}
      {person.locale ? ` (${person.locale})` : ''}
      {size ? ` · ${size}` : ''}
    </p>
  );
}

/** What is wrong, with its place. */
export function Problems({ problems }: { problems: readonly Problem[] }): ReactElement | null {
  if (problems.length === 0) return null;
  return (
    <ul className="problems" aria-label="What is wrong">
      {problems.map(({ severity, message, field, line, column }, n) => (
        <li key={n}>
          <State tone={severity === 'error' ? 'bad' : 'held'} icon={severity === 'error' ? 'cross' : 'info'}>
            {severity === 'error' ? 'Error' : 'Look again'}
          </State>
          <span>
            {line === null ? null : (
              <span className="mono">
                {field?.replace(/^content\./, '') ?? 'text'} {line}
                {column === null ? '' : `:${column}`}{' '}
              </span>
            )}
            {message}
          </span>
        </li>
      ))}
    </ul>
  );
}

/** Finds somebody to see it as. */
function AsContact({
  ws,
  seer,
  onSeer,
}: {
  ws: string;
  seer: Seer;
  onSeer: (seer: Seer) => void;
}): ReactElement {
  const [text, setText] = useState('');
  const search = useSettled(text.trim());
  const { data } = useQuery({
    queryKey: [ws, 'contacts', 'seer', search] as const,
    queryFn: ({ signal }) =>
      call<Static<typeof ContactPage>>(
        'GET',
        at(ws, `/contacts?limit=5&search=${encodeURIComponent(search)}`),
        { signal },
      ),
    enabled: search.length > 1,
  });
  return (
    <div className="preview-find">
      <input
        type="search"
        aria-label="As a contact: find by name or address"
        placeholder={'contactId' in seer ? `As ${seer.name}` : 'See it as a contact …'}
        value={text}
        onChange={({ currentTarget }) => setText(currentTarget.value)}
      />
      {search.length > 1 && data ? (
        <ul>
          {data.contacts.map((contact) => {
            const name = fullName(contact) || contact.externalId || contact.id;
            return (
              <li key={contact.id}>
                <button
                  type="button"
                  onClick={() => {
                    onSeer({ contactId: contact.id, name });
                    setText('');
                  }}
                >
                  {name} {contact.locale ? <span className="muted">{contact.locale}</span> : null}
                </button>
              </li>
            );
          })}
          {data.contacts.length === 0 ? <li className="muted">Nobody is found.</li> : null}
        </ul>
      ) : null}
    </div>
  );
}
