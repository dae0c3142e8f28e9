/**
 * Signing in by a link, which works once: its code stands behind a `#`, and is gone from the address before anything else happens. A link
 * for whom the company's provider vouches may ask for a code of the second factor, too.
 */
import { Button, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useEffect, useEffectEvent, useState, type FormEvent, type ReactElement } from 'react';
import type { SessionOpened } from '../../../../contract/doors/console/sessions.ts';
import { ApiFault, call } from '../../api/call.ts';
import { noteSession } from '../../api/ending.ts';
import { Mark } from './Mark.tsx';

// Kept for the tab: a component may be made twice, and the link works once.
let link = '';
let entering: Promise<unknown> | undefined;
const use = (factor?: string) =>
  call<SessionOpened>('POST', '/sessions/link', {
    body: { code: link, ...(factor ? { factor } : {}) },
  }).then(({ expiresAt }) => noteSession(expiresAt));

/** Uses the code of the address up, and takes it out of the address. */
function enter(): Promise<unknown> {
  const code = location.hash.slice(1);
  if (code) {
    history.replaceState(null, '', `/enter${location.search}`);
    link = code;
    entering = use();
  }
  return (entering ??= Promise.reject(new Error('This address has no code.')));
}

/** The page. */
export function Enter(): ReactElement {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [fault, setFault] = useState<string>();
  const [factor, setFactor] = useState<string>();
  const [busy, setBusy] = useState(false);
  const goOn = async () => {
    client.clear();
    const to = new URLSearchParams(location.search).get('to');
    await navigate({ href: to?.startsWith('/w/') || to === '/me' ? to : '/' } as never);
  };
  const refused = (error: unknown) => {
    const asks = error instanceof ApiFault && error.field === 'factor';
    if (asks) setFactor((typed) => typed ?? '');
    setFault(asks && factor === undefined ? undefined : (error as Error).message);
  };
  const onEntered = useEffectEvent(goOn);
  const onRefused = useEffectEvent(refused);
  useEffect(() => {
    let isHere = true;
    enter().then(
      () => (isHere ? onEntered() : undefined),
      (error: unknown) => (isHere ? onRefused(error) : undefined),
    );
    return () => void (isHere = false);
  }, []);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    await use(factor).then(goOn, refused);
    setBusy(false);
  };
  if (factor !== undefined)
    return (
      <main className="alone">
        <form className="card" onSubmit={(event) => void submit(event)}>
          <Mark />
          <h1>One thing more</h1>
          <TextInput
            label="Code"
            description="Of the app on your phone, or a recovery code. A workspace of yours asks for it."
            autoComplete="one-time-code"
            autoFocus
            required
            maxLength={40}
            value={factor}
            onChange={(event) => setFactor(event.currentTarget.value)}
          />
          {fault ? (
            <p className="fault" role="alert">
              {fault}
            </p>
          ) : null}
          <Button type="submit" loading={busy}>
            Sign in
          </Button>
        </form>
      </main>
    );
  return (
    <main className="alone">
      <div className="card">
        <Mark />
        <h1>{fault ? 'This link does not work' : 'Signing you in …'}</h1>
        {fault ? (
          <>
            <p role="alert">{fault}</p>
            <p>
              <Link to="/sign-in">Sign in with a password</Link>
            </p>
          </>
        ) : null}
      </div>
    </main>
  );
}
