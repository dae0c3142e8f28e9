/** Lists and tags: made, and opened. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState, type ReactElement } from 'react';
import { peopleText } from '../../../shared/counted.ts';
import { Ago } from '../../../shared/time.tsx';
import { call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';
import { useHere, useMay } from '../../shell/session.ts';
import { Act } from '../../ui/basic.tsx';
import { Empty, Failed, messageOf, Waiting } from '../../ui/states.tsx';
import { toast } from '../../ui/toasts.tsx';
import { setsQuery, type Kind, type Named } from './askedQueries.ts';
import { Places } from './Places.tsx';
import '../../styles/people.css';

const route = getRouteApi('/w/$ws/people/sets/$kind');

/** The page of the lists, or of the tags. */
export function Sets(): ReactElement {
  const { id: ws } = useHere();
  const { kind } = route.useParams();
  const of: Kind = kind === 'tags' ? 'tag' : 'list';
  return (
    <div className="page">
      <header className="page-head">
        <h1>{of === 'list' ? 'Lists' : 'Tags'}</h1>
        <Places ws={ws} here={of === 'list' ? 'lists' : 'tags'} />
      </header>
      <div className="cards" role="group" aria-label="Page" tabIndex={0}>
        <Make ws={ws} kind={of} />
        <All ws={ws} kind={of} />
      </div>
    </div>
  );
}

function Make({ ws, kind }: { ws: string; kind: Kind }): ReactElement {
  const may = useMay('contacts.write');
  const client = useQueryClient();
  const [name, setName] = useState('');
  const make = useMutation({
    mutationFn: () => call<Named>('POST', at(ws, `/${kind}s`), { body: { name } }),
    onSuccess: () => {
      toast(`${name} is created.`);
      setName('');
    },
    onSettled: () => client.invalidateQueries({ queryKey: [ws, 'sets', kind] }),
  });
  const can = may === true ? name.trim() !== '' || 'It needs a name.' : may;
  return (
    <form
      className="panel"
      aria-label={`Create a ${kind}`}
      onSubmit={(event) => {
        event.preventDefault();
        if (can === true) make.mutate();
      }}
    >
      <div className="card-acts">
        <label className="field">
          New {kind}
          <input value={name} maxLength={200} onChange={({ currentTarget: { value } }) => setName(value)} />
        </label>
        <Act may={can} busy={make.isPending} onAct={() => make.mutate()}>
          Create
        </Act>
      </div>
      {make.error ? (
        <p className="fault" role="alert">
          {messageOf(make.error)}
        </p>
      ) : null}
    </form>
  );
}

function All({ ws, kind }: { ws: string; kind: Kind }): ReactElement {
  const { data, error, refetch } = useQuery(setsQuery(ws, kind));
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting rows={4} height={52} />;
  if (data.length === 0)
    return (
      <Empty
        title={`There is no ${kind} yet`}
        curl={`curl -H "authorization: Bearer $CONSOLE" -H "content-type: application/json" -d '{"name":"VIP"}' ${location.origin}/api/workspaces/${ws}/${kind}s`}
      >
        <p>
          People are put into it by hand, by an import, by a campaign, or by the thousand from an audience.
        </p>
      </Empty>
    );
  return (
    <section className="panel" aria-label={`All ${kind}s`}>
      <ul className="lines">
        {data.map(({ id, name, contacts, createdAt }) => (
          <li key={id}>
            <Link to="/w/$ws/people/sets/$kind/$set" params={{ ws, kind: `${kind}s`, set: id }}>
              {name}
            </Link>
            <span className="muted">
              {peopleText(contacts)} · created <Ago at={createdAt} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
