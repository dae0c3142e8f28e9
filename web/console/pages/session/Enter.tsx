/** Signing in by a link, which works once: its code stands behind a `#`, and is gone from the address before anything else happens. */
import { useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useEffect, useState, type ReactElement } from 'react';
import { call } from '../../api/call.ts';
import { Mark } from './Mark.tsx';

// Used once for the tab: a component may be made twice, and the link works once.
let entering: Promise<unknown> | undefined;

/** Uses the code of the address up, and takes it out of the address. */
function enter(): Promise<unknown> {
  const code = location.hash.slice(1);
  if (code) {
    history.replaceState(null, '', '/enter');
    entering = call('POST', '/sessions/link', { body: { code } });
  }
  return (entering ??= Promise.reject(new Error('This address has no code.')));
}

/** The page. */
export function Enter(): ReactElement {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [fault, setFault] = useState<string>();
  useEffect(() => {
    let isHere = true;
    const go = async () => {
      try {
        await enter();
        client.clear();
        if (isHere) await navigate({ to: '/' });
      } catch (error) {
        if (isHere) setFault((error as Error).message);
      }
    };
    void go();
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
