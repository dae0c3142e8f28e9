/** Campaigns: what people set off, with how each stands; and the way to a new one, from one of those that there are to start from. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState, type ReactElement } from 'react';
import '../../styles/campaigns.css';
import { Ago } from '../../../shared/time.tsx';
import { call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';
import { useHere, useMay } from '../../shell/session.ts';
import { Act } from '../../ui/basic.tsx';
import { Dialog } from '../../ui/overlays.tsx';
import { Empty, Failed, messageOf, Waiting } from '../../ui/states.tsx';
import { campaignsQuery, galleryQuery, type Listed } from './queries.ts';
import { Outside } from './Outside.tsx';
import { Standing } from './Standing.tsx';

const route = getRouteApi('/w/$ws/campaigns');

/** The page. */
export function Campaigns(): ReactElement {
  const { id: ws } = useHere();
  const { aside = false } = route.useSearch();
  const may = useMay('campaigns.write');
  const [isOpen, setOpen] = useState(false);
  return (
    <div className="page">
      <header className="page-head">
        <h1>Campaigns</h1>
        <nav className="card-acts" aria-label="Which campaigns">
          <Link
            to="/w/$ws/campaigns"
            params={{ ws }}
            search={{}}
            className="chip"
            aria-current={aside ? undefined : 'page'}
          >
            In use
          </Link>
          <Link
            to="/w/$ws/campaigns"
            params={{ ws }}
            search={{ aside: true }}
            className="chip"
            aria-current={aside ? 'page' : undefined}
          >
            Put aside
          </Link>
        </nav>
        <Act variant="filled" icon="plus" may={may} onAct={() => setOpen(true)}>
          New campaign …
        </Act>
      </header>
      <All key={String(aside)} ws={ws} aside={aside} />
      <Dialog title="New campaign" opened={isOpen} onClose={() => setOpen(false)} size={720}>
        {isOpen ? <Starts ws={ws} /> : null}
      </Dialog>
    </div>
  );
}

function All({ ws, aside }: { ws: string; aside: boolean }): ReactElement {
  const { data, error, refetch, hasNextPage, fetchNextPage } = useInfiniteQuery(campaignsQuery(ws, aside));
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  const all = data.pages.flatMap(({ campaigns }) => campaigns);
  return (
    <div className="cards" role="group" aria-label="Page" tabIndex={0}>
      {all.length > 0 ? (
        <ul className="cards campaigns" aria-label="Campaigns">
          {all.map((campaign) => (
            <Card key={campaign.id} ws={ws} campaign={campaign} />
          ))}
          {hasNextPage ? (
            <li>
              <button type="button" className="earlier" onClick={() => void fetchNextPage()}>
                Earlier
              </button>
            </li>
          ) : null}
        </ul>
      ) : aside ? (
        <Empty title="Nothing was put aside">
          <p>A campaign that has ended can be, so that it is not in the way; its key and its numbers stay.</p>
        </Empty>
      ) : (
        <Empty title="No campaign yet" curl={`./parley campaigns push examples/picture-reminder.yaml`}>
          <p>
            A campaign is set off by what somebody does, or does not do, takes them through steps, and holds
            some out so that it can tell what it changed. Start from one of a dozen here, or push a file.
          </p>
        </Empty>
      )}
      {aside ? null : <Outside ws={ws} />}
    </div>
  );
}

function Card({ ws, campaign }: { ws: string; campaign: Listed }): ReactElement {
  const { id, key, name, state, hasDraft, note, startedAt, changedAt } = campaign;
  return (
    <li className="panel">
      <div className="card-head">
        <h2>
          <Link
            to="/w/$ws/campaigns/$campaign/$part"
            params={{ ws, campaign: id, part: state === 'draft' ? 'file' : 'results' }}
          >
            {name}
          </Link>
        </h2>
        <Standing of={campaign} />
        <span className="muted">
          {name === key ? null : `${key} · `}
          {startedAt ? 'since ' : 'changed '}
          <Ago at={startedAt ?? changedAt} />
          {hasDraft && state !== 'draft' ? ' · a draft waits to be published' : null}
        </span>
      </div>
      {note ? <p className="fault">{note}</p> : null}
    </li>
  );
}

/** Those that there are to start from. What is chosen becomes a draft; nothing of it runs. */
function Starts({ ws }: { ws: string }): ReactElement {
  const may = useMay('campaigns.write');
  const client = useQueryClient();
  const navigate = route.useNavigate();
  const { data, error, refetch } = useQuery(galleryQuery(ws));
  const make = useMutation({
    // The key is taken where one was made before: a draft is not written over by it.
    mutationFn: async ({ key, file }: { key: string; file: string }) => {
      const taken = new Set(await keysOf(ws));
      let own = key;
      for (let n = 2; taken.has(own); n++) own = `${key}-${n}`;
      return await call<Listed>('POST', at(ws, '/campaigns'), {
        body: { file: file.replace(/^key: .*$/m, `key: ${own}`) },
      });
    },
    async onSuccess({ id }) {
      await client.invalidateQueries({ queryKey: [ws, 'campaigns'] });
      await navigate({
        to: '/w/$ws/campaigns/$campaign/$part',
        params: { ws, campaign: id, part: 'file' },
      });
    },
  });
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting rows={5} height={48} />;
  return (
    <>
      {make.error ? (
        <p className="fault" role="alert">
          {messageOf(make.error)}
        </p>
      ) : null}
      <ul className="starts">
        {data.campaigns.map(({ key, about, file }) => (
          <li key={key}>
            <div>
              <strong>{key}</strong>
              <p className="muted">{about}</p>
            </div>
            <Act
              size="compact-sm"
              may={may}
              busy={make.isPending && make.variables.key === key}
              onAct={() => make.isPending || make.mutate({ key, file })}
            >
              Use<span className="unseen"> {key}</span>
            </Act>
          </li>
        ))}
      </ul>
    </>
  );
}

/** The keys that are taken, also by what was put aside. */
async function keysOf(ws: string): Promise<string[]> {
  const keys: string[] = [];
  for (const aside of ['false', 'true'])
    for (let before: string | null = ''; before !== null; ) {
      const path: string = at(ws, `/campaigns?limit=200&archived=${aside}${before && `&before=${before}`}`);
      const page: { campaigns: Listed[]; next: string | null } = await call('GET', path);
      keys.push(...page.campaigns.map(({ key }) => key));
      before = page.next;
    }
  return keys;
}
