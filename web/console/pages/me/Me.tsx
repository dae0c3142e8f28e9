/** What is one's own: the name, the password, the second factor, where one is signed in. */
import { Button, PasswordInput, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState, type FormEvent, type ReactElement, type ReactNode } from 'react';
import type { Bootstrap, Me as MeShown, SessionsShown } from '../../../../contract/doors/console/sessions.ts';
import { Ago } from '../../../shared/time.tsx';
import { call } from '../../api/call.ts';
import { noteEnded } from '../../api/ending.ts';
import { bootstrapQuery } from '../../api/queries.ts';
import { Act } from '../../ui/basic.tsx';
import { Failed, Waiting } from '../../ui/states.tsx';
import { toast, toastError, Toasts } from '../../ui/toasts.tsx';
import { SecondFactor } from './SecondFactor.tsx';
import { Times } from './Times.tsx';
import { Told } from './Told.tsx';
import { USUAL_NOTICES } from '../../../../contract/notices.ts';
import '../../styles/me.css';

/** The page; it is of no workspace. */
export function Me(): ReactElement {
  const { data: known } = useSuspenseQuery(bootstrapQuery);
  const {
    data: me,
    error,
    refetch,
  } = useQuery({
    queryKey: ['me'],
    queryFn: ({ signal }) => call<MeShown>('GET', '/me', { signal }),
  });
  return (
    <main className="page" id="main">
      <header className="page-head">
        <h1>Your account</h1>
        <Link to="/">Back to the console</Link>
      </header>
      <div className="page-columns" role="group" aria-label="Page" tabIndex={0}>
        <div className="panels">
          <Panel title="Name">
            <Name name={known.operator?.name ?? ''} email={known.operator?.email ?? ''} />
          </Panel>
          <Panel title="How times are told">
            <Times zone={known.operator?.timeZone ?? ''} locale={known.operator?.locale ?? ''} />
          </Panel>
          <Panel title="What you are told">
            <Told now={known.operator?.notices ?? USUAL_NOTICES} />
          </Panel>
          <Panel title="Second factor">
            {error ? <Failed error={error} retry={() => void refetch()} /> : null}
            {me ? (
              <SecondFactor on={me.secondFactor} onChange={() => void refetch()} />
            ) : (
              <Waiting rows={1} height={40} />
            )}
          </Panel>
          <Panel title="Password">
            <Password />
          </Panel>
        </div>
        <div className="panels">
          {known.invitations.length ? (
            <Panel title="Invitations">
              <Invitations invitations={known.invitations} />
            </Panel>
          ) : null}
          <Panel title="Where you are signed in">
            <Sessions />
          </Panel>
        </div>
      </div>
      <Toasts />
    </main>
  );
}

function Panel({ title, children }: { title: string; children: ReactNode }): ReactElement {
  return (
    <section className="panel" aria-label={title}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

function Name({ name, email }: { name: string; email: string }): ReactElement {
  const [value, setValue] = useState(name);
  const client = useQueryClient();
  const rename = useMutation({
    mutationFn: () => call('PATCH', '/me', { body: { name: value.trim() } }),
    onSuccess: () => toast('Your name is changed.'),
    onError: toastError,
    onSettled: () => client.invalidateQueries({ queryKey: bootstrapQuery.queryKey }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    rename.mutate();
  };
  return (
    <form className="own-form" onSubmit={submit}>
      <TextInput
        label="Name"
        description={`You sign in as ${email}. Others see the name beside what you do.`}
        value={value}
        required
        maxLength={200}
        autoComplete="name"
        onChange={(event) => setValue(event.currentTarget.value)}
      />
      <Button type="submit" variant="default" loading={rename.isPending} disabled={value.trim() === name}>
        Save the name
      </Button>
    </form>
  );
}

function Password(): ReactElement {
  const [password, setPassword] = useState('');
  const [newPassword, setNew] = useState('');
  const [fault, setFault] = useState<string>();
  const client = useQueryClient();
  const navigate = useNavigate();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setFault(undefined);
    try {
      await call('POST', '/me/password', { body: { password, newPassword } });
      noteEnded('password');
      client.clear();
      toast('The password is changed. Please sign in with it.');
      await navigate({ to: '/sign-in', search: {} });
    } catch (error) {
      setFault((error as Error).message);
    }
  };
  return (
    <form className="own-form" onSubmit={(event) => void submit(event)}>
      <PasswordInput
        label="Current password"
        autoComplete="current-password"
        required
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
        visibilityToggleButtonProps={{ 'aria-label': 'Show the current password' }}
      />
      <PasswordInput
        label="New password"
        description="10 characters or more. Changing it signs you out everywhere, here too."
        autoComplete="new-password"
        required
        minLength={10}
        maxLength={200}
        value={newPassword}
        onChange={(event) => setNew(event.currentTarget.value)}
        visibilityToggleButtonProps={{ 'aria-label': 'Show the new password' }}
      />
      {fault ? (
        <p className="fault" role="alert">
          {fault}
        </p>
      ) : null}
      <Button type="submit" variant="default">
        Change the password
      </Button>
    </form>
  );
}

function Sessions(): ReactElement {
  const { data, error, refetch } = useQuery({
    queryKey: ['me', 'sessions'],
    queryFn: ({ signal }) => call<SessionsShown>('GET', '/me/sessions', { signal }),
  });
  const end = useMutation({
    mutationFn: (id: string) => call('DELETE', `/me/sessions/${id}`),
    onSuccess: () => toast('Signed out there.'),
    onError: toastError,
    onSettled: () => refetch(),
  });
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting rows={2} height={40} />;
  return (
    <>
      <ul className="addresses">
        {data.sessions.map(({ id, createdAt, expiresAt, current }) => (
          <li key={id}>
            <span className="address">
              <span>
                Signed in <Ago at={createdAt} />
              </span>
              <small>
                {current ? 'This browser' : 'Another browser or program'}, until <Ago at={expiresAt} />
              </small>
            </span>
            {current ? null : (
              <Act size="xs" onAct={() => end.mutate(id)}>
                Sign out there
              </Act>
            )}
          </li>
        ))}
      </ul>
      {data.sessions.length > 1 ? (
        <Act onAct={() => end.mutate('others')} busy={end.isPending}>
          Sign out everywhere else
        </Act>
      ) : null}
    </>
  );
}

function Invitations({ invitations }: { invitations: Bootstrap['invitations'] }): ReactElement {
  const client = useQueryClient();
  const answer = useMutation({
    mutationFn: ({ id, yes }: { id: string; yes: boolean }) =>
      call(yes ? 'POST' : 'DELETE', `/me/invitations/${id}`),
    onError: toastError,
    onSettled: () => client.invalidateQueries({ queryKey: bootstrapQuery.queryKey }),
  });
  return (
    <ul className="addresses">
      {invitations.map(({ workspace: { id, name }, role, by }) => (
        <li key={id}>
          <span className="address">
            <span>{name}</span>
            <small>
              {by ?? 'It'} asks you to be {role}
            </small>
          </span>
          <Act size="xs" variant="filled" onAct={() => answer.mutate({ id, yes: true })}>
            Join
          </Act>
          <Act size="xs" onAct={() => answer.mutate({ id, yes: false })}>
            Decline
          </Act>
        </li>
      ))}
    </ul>
  );
}
