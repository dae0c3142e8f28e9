/** Signing in with a password, or by the company's own provider where there is one. */
import { Button, PasswordInput, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useEffect, useEffectEvent, useState, type FormEvent, type ReactElement } from 'react';
import type { SessionOpened, SignInWays } from '../../../../contract/doors/console/sessions.ts';
import { ApiFault, call } from '../../api/call.ts';
import { endingText, noteSession, whenSignedIn } from '../../api/ending.ts';
import { Mark } from './Mark.tsx';

const route = getRouteApi('/sign-in');

/** The page. */
export function SignIn(): ReactElement {
  const { to } = route.useSearch();
  const navigate = route.useNavigate();
  const client = useQueryClient();
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [code, setCode] = useState<string>();
  const [fault, setFault] = useState<string>();
  const [busy, setBusy] = useState(false);
  const ending = endingText();
  const ways = useQuery({
    queryKey: ['ways'],
    queryFn: () => call<SignInWays>('GET', '/sessions/ways'),
    staleTime: Infinity,
  });
  const goOn = async () => {
    client.clear();
    // Only back into this console: what follows `to` is a path of ours.
    await navigate({ href: to?.startsWith('/w/') || to === '/me' ? to : '/' } as never);
  };
  const onSignedIn = useEffectEvent(() => void goOn());
  useEffect(() => whenSignedIn(() => onSignedIn()), []);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setFault(undefined);
    try {
      const body = { email, password, ...(code ? { code } : {}) };
      const { expiresAt } = await call<SessionOpened>('POST', '/sessions', { body });
      noteSession(expiresAt);
      await goOn();
    } catch (error) {
      setBusy(false);
      // Who has a second factor is asked for its code; that is no fault yet.
      if (error instanceof ApiFault && error.field === 'code' && code === undefined) return setCode('');
      setFault((error as Error).message);
    }
  };
  return (
    <main className="alone">
      <form className="card" onSubmit={(event) => void submit(event)}>
        <Mark />
        <h1>Sign in</h1>
        {ending ? (
          <p className="ended" role="status">
            {ending}
            {to ? ' You come back to where you were, with what you had begun to write.' : ''}
          </p>
        ) : null}
        <Provider ways={ways.data} to={to} />
        <TextInput
          label="E-mail address"
          type="email"
          autoComplete="username"
          autoFocus
          required
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
        />
        <PasswordInput
          label="Password"
          autoComplete="current-password"
          required
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          visibilityToggleButtonProps={{ 'aria-label': 'Show the password' }}
        />
        {code === undefined ? null : (
          <TextInput
            label="Code"
            description="Of the app on your phone, or a recovery code."
            autoComplete="one-time-code"
            autoFocus
            required
            maxLength={40}
            value={code}
            onChange={(event) => setCode(event.currentTarget.value)}
          />
        )}
        {fault ? (
          <p className="fault" role="alert">
            {fault}
          </p>
        ) : null}
        <Button type="submit" loading={busy}>
          Sign in
        </Button>
        <p className="muted">
          The demo prints a link that signs you in when Parley starts; <code>parley demo</code> shows its
          password.
        </p>
      </form>
    </main>
  );
}

/** The button of the provider. It is a link: the way there and back is the browser's, and no script's. */
function Provider({
  ways,
  to,
}: {
  ways: SignInWays | undefined;
  to: string | undefined;
}): ReactElement | null {
  if (!ways?.provider) return null;
  const { name, path } = ways.provider;
  const search = to === undefined ? '' : `?${new URLSearchParams({ to })}`;
  return (
    <>
      <Button component="a" href={`${path}${search}`} variant="default">
        Sign in with {name}
      </Button>
      <p className="muted">Or with a password:</p>
    </>
  );
}
