/** One list or tag: who is in it, who comes and goes by hand, its name, and its end with what would miss it. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useDebouncedValue } from '@mantine/hooks';
import { useState, type ReactElement } from 'react';
import { peopleText } from '../../../shared/counted.ts';
import { Icon } from '../../../shared/icons.tsx';
import { call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';
import { useHere, useMay } from '../../shell/session.ts';
import { Act } from '../../ui/basic.tsx';
import { Dialog } from '../../ui/overlays.tsx';
import { Empty, Failed, messageOf, Waiting } from '../../ui/states.tsx';
import { toast, toastError } from '../../ui/toasts.tsx';
import { membersOfQuery, peopleQuery, setQuery, usesQuery, type Kind, type Named } from './askedQueries.ts';
import { Bulk } from './Bulk.tsx';
import { ExportButton } from './Exports.tsx';
import { nameOf } from './PersonRow.tsx';
import '../../styles/people.css';

const route = getRouteApi('/w/$ws/people/sets/$kind/$set');

/** The page. */
export function SetPage(): ReactElement {
  const { id: ws } = useHere();
  const { kind: kinds, set: id } = route.useParams();
  const kind: Kind = kinds === 'tags' ? 'tag' : 'list';
  const { data: of, error, refetch } = useQuery(setQuery(ws, kind, id));
  if (error && !of) return <Failed error={error} retry={() => void refetch()} />;
  if (!of) return <Waiting />;
  return (
    <div className="page">
      <header className="page-head">
        <Link to="/w/$ws/people/sets/$kind" params={{ ws, kind: kinds }} className="plain" aria-label="Back">
          <Icon name="back" />
        </Link>
        <div className="page-title">
          <h1>{of.name}</h1>
          <p className="muted">
            A {kind} of {peopleText(of.contacts)}
          </p>
        </div>
        <Rename key={of.name} ws={ws} kind={kind} of={of} />
        <Delete ws={ws} kind={kind} of={of} />
      </header>
      <div className="page-columns" role="group" aria-label="Page" tabIndex={0}>
        <section className="panel" aria-label="Members">
          <h2>Members</h2>
          <Members ws={ws} id={id} kind={kind} />
        </section>
        <section className="panel" aria-label="Changes">
          <h2>Add people</h2>
          <Add ws={ws} id={id} kind={kind} />
          <h2>All of them</h2>
          <Bulk ws={ws} who={{ setId: id }} name="Change all" />
          <div className="card-acts">
            <ExportButton ws={ws} who={{ setId: id }}>
              Export them
            </ExportButton>
          </div>
        </section>
      </div>
    </div>
  );
}

/** Puts people in or takes them out; everything that shows it is asked for anew. */
function useMembers(ws: string, kind: Kind, id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (change: { add?: string[]; remove?: string[] }) =>
      call<{ added: number; removed: number }>('POST', at(ws, `/${kind}s/${id}/members`), { body: change }),
    onError: toastError,
    async onSettled() {
      for (const of of ['members of', 'set', 'sets', 'contact'])
        await client.invalidateQueries({ queryKey: [ws, of] });
    },
  });
}

type Of = { ws: string; kind: Kind; id: string };

function Members({ ws, kind, id }: Of): ReactElement {
  const may = useMay('contacts.write');
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(
    membersOfQuery(ws, id),
  );
  const change = useMembers(ws, kind, id);
  const [chosen, setChosen] = useState<readonly string[]>([]);
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting rows={4} height={44} />;
  const people = data.pages.flatMap(({ contacts }) => contacts);
  if (people.length === 0)
    return (
      <Empty title="Nobody is in it">
        <p>Add people one by one, or many at once from an audience.</p>
      </Empty>
    );
  const takeOut = (ids: string[]) => {
    setChosen([]);
    change.mutate(
      { remove: ids },
      {
        onSuccess: () =>
          toast(`${peopleText(ids.length)} removed.`, { undo: () => change.mutate({ add: ids }) }),
      },
    );
  };
  return (
    <>
      <div className="card-acts">
        <Act
          may={may === true ? chosen.length > 0 || 'Select some first.' : may}
          busy={change.isPending}
          onAct={() => takeOut([...chosen])}
        >
          Remove selected
        </Act>
        <span className="muted">{chosen.length} selected</span>
      </div>
      <ul className="lines">
        {people.map((one) => (
          <li key={one.id}>
            <label className="tick">
              <input
                type="checkbox"
                aria-label={`Choose ${nameOf(one)}`}
                checked={chosen.includes(one.id)}
                onChange={({ currentTarget: { checked } }) =>
                  setChosen(checked ? [...chosen, one.id] : chosen.filter((other) => other !== one.id))
                }
              />
            </label>
            <Link to="/w/$ws/people/$contact" params={{ ws, contact: one.id }}>
              {nameOf(one)}
            </Link>
            <span className="muted">{one.externalId}</span>
            <Act size="xs" may={may} busy={change.isPending} onAct={() => takeOut([one.id])}>
              Remove
            </Act>
          </li>
        ))}
      </ul>
      {hasNextPage ? (
        <button
          type="button"
          className="earlier"
          disabled={isFetchingNextPage}
          onClick={() => void fetchNextPage()}
        >
          More
        </button>
      ) : null}
    </>
  );
}

const SHOWN = 8;

function Add({ ws, kind, id }: Of): ReactElement {
  const may = useMay('contacts.write');
  const [text, setText] = useState('');
  const [search] = useDebouncedValue(text.trim(), 250);
  const found = useInfiniteQuery({
    ...peopleQuery(ws, { search, day: undefined, where: [] }),
    enabled: search !== '',
  });
  const change = useMembers(ws, kind, id);
  const people = found.data?.pages[0]?.contacts.slice(0, SHOWN) ?? [];
  return (
    <>
      <label className="field">
        Find by name, address or id
        <input type="search" value={text} onChange={({ currentTarget: { value } }) => setText(value)} />
      </label>
      <ul className="lines">
        {people.map((one) => (
          <li key={one.id}>
            <span>{nameOf(one)}</span>
            <Act
              size="xs"
              may={may}
              onAct={() =>
                change.mutate(
                  { add: [one.id] },
                  {
                    onSuccess: ({ added }) =>
                      toast(added ? `${nameOf(one)} is in it.` : `${nameOf(one)} was in it already.`),
                  },
                )
              }
            >
              {`Put ${nameOf(one)} in`}
            </Act>
          </li>
        ))}
      </ul>
      {search !== '' && found.data && people.length === 0 ? <p className="muted">Nobody is found.</p> : null}
    </>
  );
}

function Rename({ ws, kind, of }: { ws: string; kind: Kind; of: Named }): ReactElement {
  const may = useMay('contacts.write');
  const client = useQueryClient();
  const [isOpen, setOpen] = useState(false);
  const [name, setName] = useState(of.name);
  const rename = useMutation({
    mutationFn: () => call('PATCH', at(ws, `/${kind}s/${of.id}`), { body: { name } }),
    onSuccess: () => setOpen(false),
    async onSettled() {
      for (const key of ['set', 'sets', 'contact']) await client.invalidateQueries({ queryKey: [ws, key] });
    },
  });
  return (
    <>
      <Act may={may} onAct={() => setOpen(true)}>
        Rename …
      </Act>
      <Dialog title={`Rename ${of.name}`} opened={isOpen} onClose={() => setOpen(false)}>
        <form
          className="form"
          onSubmit={(event) => {
            event.preventDefault();
            rename.mutate();
          }}
        >
          <Uses
            ws={ws}
            kind={kind}
            id={of.id}
            what="These go by its name, and find nobody under the old one:"
          />
          <label className="field">
            Name
            <input
              data-autofocus
              value={name}
              maxLength={200}
              onChange={({ currentTarget: { value } }) => setName(value)}
            />
          </label>
          {rename.error ? (
            <p className="fault" role="alert">
              {messageOf(rename.error)}
            </p>
          ) : null}
          <Act
            variant="filled"
            busy={rename.isPending}
            may={name.trim() !== '' || 'It needs a name.'}
            onAct={() => rename.mutate()}
          >
            Rename
          </Act>
        </form>
      </Dialog>
    </>
  );
}

function Delete({ ws, kind, of }: { ws: string; kind: Kind; of: Named }): ReactElement {
  const may = useMay('contacts.write');
  const client = useQueryClient();
  const navigate = route.useNavigate();
  const [isOpen, setOpen] = useState(false);
  const drop = useMutation({
    mutationFn: () => call('DELETE', at(ws, `/${kind}s/${of.id}`)),
    async onSuccess() {
      toast(`${of.name} is deleted; its people stay.`);
      await navigate({ to: '/w/$ws/people/sets/$kind', params: { ws, kind: `${kind}s` } });
      for (const key of ['sets', 'contact']) await client.invalidateQueries({ queryKey: [ws, key] });
    },
    onError: toastError,
  });
  return (
    <>
      <Act may={may} onAct={() => setOpen(true)}>
        Delete …
      </Act>
      <Dialog title={`Delete ${of.name}`} opened={isOpen} onClose={() => setOpen(false)}>
        <div className="form">
          <p>
            The {kind} holds {peopleText(of.contacts)}. The people themselves stay; who was in it is forgotten
            and cannot be brought back.
          </p>
          {isOpen ? (
            <Uses
              ws={ws}
              kind={kind}
              id={of.id}
              what="These name it. It is not deleted while an audience or a campaign that runs does; the others will find nobody in it:"
            />
          ) : null}
          <Act variant="filled" color="red" busy={drop.isPending} onAct={() => drop.mutate()}>
            Delete it
          </Act>
        </div>
      </Dialog>
    </>
  );
}

/** What names it. */
function Uses({ ws, kind, id, what }: Of & { what: string }): ReactElement | null {
  const { data } = useQuery(usesQuery(ws, kind, id));
  if (!data) return null;
  const { segments, campaigns, broadcasts } = data;
  const all = [
    ...segments.map(({ id: key, name }) => ({ key, text: `audience ${name}` })),
    ...campaigns.map(({ id: key, key: name, state }) => ({ key, text: `campaign ${name}, ${state}` })),
    ...broadcasts.map(({ id: key, name, state }) => ({ key, text: `broadcast ${name}, ${state}` })),
  ];
  if (all.length === 0) return <p className="muted">Nothing else names it.</p>;
  return (
    <div>
      <p>{what}</p>
      <ul>
        {all.map(({ key, text }) => (
          <li key={key}>{text}</li>
        ))}
      </ul>
    </div>
  );
}
