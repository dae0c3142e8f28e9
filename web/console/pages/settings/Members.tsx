/** Who is a member and as what: others asked in, given another role, taken out. */
import { Button } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import type {
  MemberInvited,
  MemberMade,
  MembersShown,
} from '../../../../contract/doors/console/workspaces.ts';
import { ROLES, whyNot, type Role } from '../../../../contract/roles.ts';
import type { Static } from 'typebox';
import { call } from '../../api/call.ts';
import { at, membersQuery } from '../../api/queries.ts';
import { useHere, useMay, useMe } from '../../shell/session.ts';
import { Act, Letters } from '../../ui/basic.tsx';
import { Dialog } from '../../ui/overlays.tsx';
import { Failed, messageOf, Waiting } from '../../ui/states.tsx';
import { toast, toastError } from '../../ui/toasts.tsx';
import { useAway } from '../inbox/away.ts';
import { Copy } from '../developers/Copy.tsx';

/** The list, and the way in. */
export function Members({ ws }: { ws: string }): ReactElement {
  const { data, error, refetch } = useQuery(membersQuery(ws));
  const may = useMay('members.manage');
  const [isAsking, setAsking] = useState(false);
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting rows={3} height={52} />;
  return (
    <>
      <ul className="addresses">
        {data.members.map((member) => (
          <MemberRow key={member.id} ws={ws} member={member} />
        ))}
        {data.invited.map(({ id, name, role }) => (
          <li key={id}>
            <Letters name={name} />
            <span className="address">{name}</span>
            <span className="muted">asked to be {role}</span>
            <TakeOut ws={ws} id={id} name={name} isInvited />
          </li>
        ))}
      </ul>
      <Act may={may} size="xs" icon="plus" onAct={() => setAsking(true)}>
        Invite somebody
      </Act>
      <Dialog title="Invite somebody" opened={isAsking} onClose={() => setAsking(false)}>
        {isAsking ? <AskIn ws={ws} onDone={() => setAsking(false)} /> : null}
      </Dialog>
    </>
  );
}

function AskIn({ ws, onDone }: { ws: string; onDone: () => void }): ReactElement {
  const client = useQueryClient();
  const here = useHere();
  const [email, setEmail] = useState('');
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('agent');
  const ask = useMutation({
    mutationFn: () =>
      call<MemberMade | MemberInvited>('POST', at(ws, '/members'), {
        body: { email: email.trim(), role, ...(name.trim() ? { name: name.trim() } : {}) },
      }),
    onSettled: () => client.invalidateQueries({ queryKey: [ws, 'members'] }),
  });
  if (ask.data) return <Asked made={ask.data} onDone={onDone} />;
  const mayOwn = whyNot(here.role, 'owners.manage') === undefined;
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        ask.mutate();
      }}
    >
      <label className="field">
        E-mail address
        <input
          type="email"
          required
          data-autofocus
          value={email}
          onChange={({ currentTarget: { value } }) => setEmail(value)}
        />
      </label>
      <label className="field">
        Name, of somebody who is new here
        <input value={name} onChange={({ currentTarget: { value } }) => setName(value)} />
      </label>
      <label className="field">
        Role
        <select value={role} onChange={({ currentTarget: { value } }) => setRole(value as Role)}>
          {ROLES.map((one) => (
            <option key={one} value={one} disabled={one === 'owner' && !mayOwn}>
              {one}
            </option>
          ))}
        </select>
      </label>
      {ask.error ? (
        <p className="fault" role="alert">
          {messageOf(ask.error)}
        </p>
      ) : null}
      <Button type="submit" size="sm" loading={ask.isPending}>
        Ask
      </Button>
    </form>
  );
}

/** What comes of it: a link to hand on, a mail that is on its way, or a question that waits for an answer. */
function Asked({ made, onDone }: { made: MemberMade | MemberInvited; onDone: () => void }): ReactElement {
  return (
    <div className="form">
      {'link' in made && made.link ? (
        <>
          <p>
            {made.name} sets a password by this link, once. It is shown only here
            {made.mailed ? ', and went out by mail' : ': hand it on yourself'}.
          </p>
          <Copy label="Link" text={made.link.url} />
        </>
      ) : (
        <p>{made.name} is known here already, and is asked under “Your account”.</p>
      )}
      <Act onAct={onDone}>Done</Act>
    </div>
  );
}

type Member = Static<typeof MembersShown>['members'][number];

function MemberRow({ ws, member: { id, name, email, role } }: { ws: string; member: Member }): ReactElement {
  const me = useMe();
  const here = useHere();
  const away = useAway(ws)(id);
  const client = useQueryClient();
  const may = useMay('members.manage');
  const change = useMutation({
    mutationFn: (to: Role) => call('PATCH', at(ws, `/members/${id}`), { body: { role: to } }),
    onSuccess: () => toast(`${name} has another role.`),
    onError: toastError,
    onSettled: () => client.invalidateQueries({ queryKey: [ws, 'members'] }),
  });
  const reason = may === true ? (id === me.id ? 'Somebody else changes your own role.' : undefined) : may;
  const mayOwn = whyNot(here.role, 'owners.manage') === undefined;
  return (
    <li>
      <Letters name={name} />
      <span className="address">
        {name}
        <small>
          {email}
          {away ? ` · ${away}` : null}
        </small>
      </span>
      <select
        aria-label={`Role of ${name}`}
        value={role}
        disabled={reason !== undefined}
        title={reason}
        onChange={({ currentTarget: { value } }) => change.mutate(value as Role)}
      >
        {ROLES.map((one) => (
          <option key={one} value={one} disabled={one === 'owner' && !mayOwn}>
            {one}
          </option>
        ))}
      </select>
      {id === me.id ? null : <TakeOut ws={ws} id={id} name={name} />}
    </li>
  );
}

type TakeOutProps = { ws: string; id: string; name: string; isInvited?: boolean };

/** Takes a member out, or a question back. */
function TakeOut({ ws, id, name, isInvited = false }: TakeOutProps): ReactElement {
  const may = useMay('members.manage');
  const client = useQueryClient();
  const [isAsked, setAsked] = useState(false);
  const out = useMutation({
    mutationFn: () => call('DELETE', at(ws, `/members/${id}`)),
    onSuccess: () => toast(isInvited ? `${name} is not asked any more.` : `${name} is no member any more.`),
    onError: toastError,
    onSettled: () => client.invalidateQueries({ queryKey: [ws, 'members'] }),
  });
  return (
    <>
      <Act may={may} size="compact-sm" onAct={() => setAsked(true)}>
        Take out …<span className="unseen"> {name}</span>
      </Act>
      <Dialog title={`Take out ${name}?`} opened={isAsked} onClose={() => setAsked(false)}>
        <div className="form">
          <p>
            {isInvited
              ? 'The question is taken back.'
              : 'They see nothing of this workspace from now on. What they said and did stays.'}
          </p>
          <Act color="red" variant="filled" busy={out.isPending} onAct={() => out.mutate()}>
            Take out
          </Act>
        </div>
      </Dialog>
    </>
  );
}
