/** Teams of operators: who is in which; made, changed and deleted. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent, type ReactElement } from 'react';
import type { NewTeam, TeamPatch, TeamShown, TeamWhole } from '../../../../contract/doors/console/teams.ts';
import { MOST_COUNTED } from '../../../../contract/inboxViews.ts';
import { call } from '../../api/call.ts';
import { at, membersQuery, teamsQuery } from '../../api/queries.ts';
import { useMay } from '../../shell/session.ts';
import { Act, countText } from '../../ui/basic.tsx';
import { Dialog } from '../../ui/overlays.tsx';
import { Empty, Failed, messageOf, Waiting } from '../../ui/states.tsx';
import { toast, toastError } from '../../ui/toasts.tsx';
import { useAway } from '../inbox/away.ts';

/** All of them. */
export function Teams({ ws }: { ws: string }): ReactElement {
  const may = useMay('members.manage');
  const { data, error, refetch } = useQuery(teamsQuery(ws));
  const [open, setOpen] = useState<TeamShown | 'new'>();
  const [going, setGoing] = useState<TeamShown>();
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting rows={3} height={52} />;
  return (
    <>
      <div className="card-acts">
        <Act may={may} icon="plus" onAct={() => setOpen('new')}>
          New team …
        </Act>
      </div>
      {data.teams.length === 0 ? (
        <Empty title="There are no teams yet">
          <p>Conversations are given to a team as they are to somebody, and wait in the view “My teams”.</p>
        </Empty>
      ) : null}
      <ul className="lines" aria-label="Teams">
        {data.teams.map((team) => (
          <li key={team.id}>
            <strong>{team.name}</strong>
            <Named ws={ws} team={team} />
            <Act size="xs" may={may} onAct={() => setOpen(team)}>
              Change …<span className="unseen"> {team.name}</span>
            </Act>
            <Act size="xs" may={may} onAct={() => setGoing(team)}>
              Delete …<span className="unseen"> {team.name}</span>
            </Act>
          </li>
        ))}
      </ul>
      <Dialog
        title={open === undefined || open === 'new' ? 'New team' : `Change “${open.name}”`}
        opened={open !== undefined}
        onClose={() => setOpen(undefined)}
      >
        {open === undefined ? null : (
          <Written ws={ws} of={open === 'new' ? undefined : open} onDone={() => setOpen(undefined)} />
        )}
      </Dialog>
      <Dialog
        title={going ? `Delete “${going.name}”?` : 'Delete'}
        opened={going !== undefined}
        onClose={() => setGoing(undefined)}
      >
        {going ? <Going ws={ws} team={going} onDone={() => setGoing(undefined)} /> : null}
      </Dialog>
    </>
  );
}

/** Who is in it, and who of them is not there. */
function Named({ ws, team: { members } }: { ws: string; team: TeamShown }): ReactElement {
  const awayOf = useAway(ws);
  const said = members.map(({ id, name }) => {
    const away = awayOf(id);
    return away ? `${name} (${away})` : name;
  });
  return <span className="muted grow">{said.join(', ') || 'Nobody is in it yet'}</span>;
}

type WrittenProps = { ws: string; of: TeamShown | undefined; onDone: () => void };

function Written({ ws, of, onDone }: WrittenProps): ReactElement {
  const client = useQueryClient();
  const may = useMay('members.manage');
  const members = useQuery(membersQuery(ws)).data?.members ?? [];
  const [name, setName] = useState(of?.name ?? '');
  const before = of?.members.map(({ id }) => id) ?? [];
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set(before));
  const save = useMutation({
    mutationFn: (body: NewTeam | TeamPatch) =>
      of
        ? call<TeamShown>('PATCH', at(ws, `/teams/${of.id}`), { body })
        : call<TeamShown>('POST', at(ws, '/teams'), { body }),
    onSuccess(team) {
      toast(of ? `Changed: ${team.name}` : `There is a team ${team.name} now.`);
      onDone();
    },
    onSettled: () => client.invalidateQueries({ queryKey: [ws, 'teams'] }),
  });
  const given = name.trim();
  const can = may === true ? (given ? true : 'Give it a name.') : may;
  const go = () => {
    if (can !== true) return;
    const ids = [...chosen];
    // Only what was changed here: who was taken in by somebody else meanwhile stays.
    if (!of) return save.mutate({ name: given, memberIds: ids });
    save.mutate({
      ...(given === of.name ? {} : { name: given }),
      add: ids.filter((id) => !before.includes(id)),
      remove: before.filter((id) => !chosen.has(id)),
    });
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    go();
  };
  const toggle = (id: string, is: boolean) =>
    setChosen((now) => (is ? new Set([...now, id]) : new Set([...now].filter((one) => one !== id))));
  return (
    <form className="form" onSubmit={submit}>
      <label className="field">
        Name
        <input
          data-autofocus
          maxLength={60}
          value={name}
          onChange={({ currentTarget: { value } }) => setName(value)}
        />
      </label>
      <fieldset>
        <legend>Who is in it</legend>
        {members.map((member) => (
          <label key={member.id} className="line">
            <input
              type="checkbox"
              checked={chosen.has(member.id)}
              onChange={({ currentTarget: { checked } }) => toggle(member.id, checked)}
            />{' '}
            {member.name}
          </label>
        ))}
      </fieldset>
      {save.error ? (
        <p className="fault" role="alert">
          {messageOf(save.error)}
        </p>
      ) : null}
      <Act variant="filled" may={can} busy={save.isPending} onAct={go}>
        {of ? 'Change it' : 'Make it'}
      </Act>
    </form>
  );
}

/** What becomes of its conversations is told before. */
function Going({ ws, team, onDone }: { ws: string; team: TeamShown; onDone: () => void }): ReactElement {
  const client = useQueryClient();
  const may = useMay('members.manage');
  const { data } = useQuery({
    // Not with the teams: it is not asked for again when they are, as it is gone then.
    queryKey: [ws, 'team', team.id],
    queryFn: ({ signal }) => call<TeamWhole>('GET', at(ws, `/teams/${team.id}`), { signal }),
  });
  const drop = useMutation({
    mutationFn: () => call('DELETE', at(ws, `/teams/${team.id}`)),
    onSuccess() {
      toast(`There is no team ${team.name} any more.`);
      onDone();
    },
    onError: toastError,
    onSettled: () => client.invalidateQueries({ queryKey: [ws, 'teams'] }),
  });
  const { open } = data ?? {};
  return (
    <div className="form">
      <p>
        {open === undefined ? 'Its conversations' : null}
        {open === 0 ? 'No open conversation is with it. Those that are closed' : null}
        {open === 1 ? 'One open conversation is with it. It, and those that are closed,' : null}
        {open !== undefined && open > 1
          ? `${countText(open, MOST_COUNTED)} open conversations are with it. They, and those that are closed,`
          : null}{' '}
        will be with no team; with whom else they are stays. This cannot be taken back.
      </p>
      <Act color="red" variant="filled" may={may} busy={drop.isPending} onAct={() => drop.mutate()}>
        Delete it
      </Act>
    </div>
  );
}
