/**
 * What this browser knows of its session, which it holds in a cookie that no script can read: until when it lasts, or that somebody here
 * has ended it. The server says of every other way in which one ends.
 */
import type { ApiFault } from './call.ts';

const SESSION = 'parley.session';
const ENDING = 'parley.ending';
type Ended = 'out' | 'password';
const SAID: Readonly<Record<Ended, string>> = {
  out: 'You have signed out in another tab.',
  password: 'Your password was changed in another tab, which ends all sessions.',
};

/** One is signed in, until then. */
export function noteSession(expiresAt: string): void {
  localStorage.setItem(SESSION, expiresAt);
  sessionStorage.removeItem(ENDING);
}

/** One has signed out here, or changed the password: this tab knows, others are told. */
export function noteEnded(how: Ended): void {
  localStorage.setItem(SESSION, how);
}

/** Acts when another tab has ended the session. */
export function heardOfEnding(act: () => void): void {
  window.addEventListener('storage', ({ key, newValue }) => {
    if (key === SESSION && newValue !== null && newValue in SAID) act();
  });
}

/** Acts when another tab has signed in; gives what takes that back. */
export function whenSignedIn(act: () => void): () => void {
  const heard = ({ key, newValue }: StorageEvent) => {
    if (key === SESSION && newValue !== null && !(newValue in SAID)) act();
  };
  window.addEventListener('storage', heard);
  return () => window.removeEventListener('storage', heard);
}

/** Keeps for the sign-in page why the session is over: in the server's words, or as this browser knows. `wasHere`: it was in use in this tab. */
export function keepEnding({ code, message }: ApiFault, wasHere: boolean): void {
  const known = localStorage.getItem(SESSION) ?? '';
  const here = known in SAID ? SAID[known as Ended] : 'Your session has expired.';
  const isOut = code === 'unauthorized';
  // Without a cookie: whoever comes for the first time, or had signed out before, is told nothing.
  if (!isOut) sessionStorage.setItem(ENDING, message);
  else if (known in SAID ? wasHere : known !== '') sessionStorage.setItem(ENDING, here);
}

/** Why one is not signed in any more, where that is known. */
export const endingText = (): string | undefined => sessionStorage.getItem(ENDING) ?? undefined;
