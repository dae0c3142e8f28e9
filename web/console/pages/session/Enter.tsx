/** Signing in by a link, which works once: its code stands behind a `#`, and is gone from the address before anything else happens. */
import { useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useEffect, useState, type ReactElement } from 'react';
import { call } from '../../api/call.ts';
import { Mark } from './Mark.tsx';

// Read once for the tab: a component may be made twice, and the link works once.
let entering: Promise<unknown> | undefined;

/** The page. */
export function Enter(): ReactElement {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [fault, setFault] = useState<string>();
  useEffect(() => {
    const code = location.hash.slice(1);
    if (code) history.replaceState(null, '', '/enter');
    if (code) entering = call('POST', '/sessions/link', { body: { code } });
    if (!entering) return setFault('This address has no code.');
    let isHere = true;
    entering
      .then(async () => {
        client.clear();
        await navigate({ to: '/' });
      })
      .catch((error: Error) => isHere && setFault(error.message));
    return () => void (isHere = false);
  }, [client, navigate]);
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
