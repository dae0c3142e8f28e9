/** What stands where there is nothing to show: because there is nothing yet, it is being fetched, it failed, is gone, or is not for one. */
import { Button } from '@mantine/core';
import { useEffect, useState, type ReactElement, type ReactNode } from 'react';
import { ApiFault } from '../api/call.ts';
import { numberText } from '../../shared/reader.ts';

/** What this is, and one thing to do about it. */
export function Empty({
  title,
  children,
  curl,
}: {
  title: string;
  children?: ReactNode;
  curl?: string;
}): ReactElement {
  return (
    <div className="nothing">
      <h2>{title}</h2>
      {children}
      {curl ? <pre tabIndex={0}>{curl}</pre> : null}
    </div>
  );
}

const PATIENCE_MS = 150;

/** Rows of the height that real ones will have, once it takes longer than one notices. */
export function Waiting({ rows = 6, height = 68 }: { rows?: number; height?: number }): ReactElement | null {
  const [isLate, setLate] = useState(false);
  useEffect(() => {
    const timer = window.setTimeout(() => setLate(true), PATIENCE_MS);
    return () => window.clearTimeout(timer);
  }, []);
  if (!isLate) return <div aria-busy="true" />;
  return (
    <div className="waiting" aria-busy="true" role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, n) => (
        <div key={n} className="bone" style={{ height: height - 12 }} />
      ))}
    </div>
  );
}

/** Says what failed in the pane that failed; the rest lives on. */
export function Failed({ error, retry }: { error: Error; retry?: () => void }): ReactElement {
  const fault = error instanceof ApiFault ? error : undefined;
  if (fault?.status === 404)
    return (
      <Empty title="This is gone">
        <p>It was deleted, or was never here.</p>
      </Empty>
    );
  if (fault?.status === 403)
    return (
      <Empty title="Not for your role">
        <p>{fault.message}</p>
      </Empty>
    );
  return (
    <div className="nothing" role="alert">
      <h2>{fault?.status === 0 ? 'No connection' : 'That did not work'}</h2>
      <p>{error.message}</p>
      {fault?.requestId ? <p className="muted">Request {fault.requestId}</p> : null}
      {retry ? (
        <Button variant="default" size="sm" onClick={retry}>
          Try again
        </Button>
      ) : null}
    </div>
  );
}

/** Under a list that is not shown to its end. */
export function Cut({ shown }: { shown: number }): ReactElement {
  return (
    <p className="cut" role="status">
      The first {numberText(shown)} are here. Search for those who come after them, or go to a date.
    </p>
  );
}

/** What an error says, whatever it is. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'It did not work.';
}
