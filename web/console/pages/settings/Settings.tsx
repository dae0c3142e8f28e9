/** Settings: who is a member and as what, and who did what. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import type { MembersShown } from '../../../../contract/doors/console/workspaces.ts';
import { ROLES, whyNot, type Role } from '../../../../contract/roles.ts';
import type { Static } from 'typebox';
import { call } from '../../api/call.ts';
import { at, membersQuery } from '../../api/queries.ts';
import { useHere, useMay, useMe } from '../../shell/session.ts';
import { Letters } from '../../ui/basic.tsx';
import { Failed, Waiting } from '../../ui/states.tsx';
import { toast, toastError } from '../../ui/toasts.tsx';
import { Audit } from './Audit.tsx';
import { DeleteWorkspace } from './DeleteWorkspace.tsx';
import { Panel, WorkspaceForms } from './Workspace.tsx';
import '../../styles/people.css';

/** The page. */
export function Settings(): ReactElement {
  const { id: ws } = useHere();
  return (
    <div className="page">
      <header className="page-head">
        <h1>Settings</h1>
      </header>
      <div className="page-columns" role="group" aria-label="Page" tabIndex={0}>
        <div className="panels">
          <WorkspaceForms />
          <DeleteWorkspace />
        </div>
        <div className="panels">
          <Panel title="Members">
            <Members ws={ws} />
          </Panel>
          <Panel title="Connected companies">
            <p>
              <Link to="/w/$ws/apps" params={{ ws }}>
                What companies may do for you
              </Link>
            </p>
          </Panel>
          <Panel title="Who did what">
            <Audit ws={ws} />
          </Panel>
        </div>
      </div>
    </div>
  );
}

function Members({ ws }: { ws: string }): ReactElement {
  const { data, error, refetch } = useQuery(membersQuery(ws));
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting rows={3} height={52} />;
  return (
    <ul className="addresses">
      {data.members.map((member) => (
        <MemberRow key={member.id} ws={ws} member={member} />
      ))}
      {data.invited.map(({ id, name, role }) => (
        <li key={id}>
          <Letters name={name} />
          <span className="address">{name}</span>
          <span className="muted">asked to be {role}</span>
        </li>
      ))}
    </ul>
  );
}

type Member = Static<typeof MembersShown>['members'][number];

function MemberRow({ ws, member: { id, name, email, role } }: { ws: string; member: Member }): ReactElement {
  const me = useMe();
  const here = useHere();
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
        <small>{email}</small>
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
    </li>
  );
}
