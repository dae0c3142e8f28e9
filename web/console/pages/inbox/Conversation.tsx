/** One conversation: who it is with, what was said, and the place to answer. */
import { useQuery } from '@tanstack/react-query';
import { Suspense, useEffect, useRef, type ReactElement } from 'react';
import { Icon } from '../../../shared/icons.tsx';
import { conversationQuery } from '../../api/queries.ts';
import { sayPresent, usePresent } from '../../live/socket.ts';
import { useGone, WhoIsGone } from '../../ui/Gone.tsx';
import { Failed, Waiting } from '../../ui/states.tsx';
import { toast } from '../../ui/toasts.tsx';
import { useChange } from './change.ts';
import { Composer } from './Composer.tsx';
import { Head } from './Head.tsx';
import { Thread } from './Thread.tsx';
import { onDemand } from '../../ui/onDemand.ts';

const ThreadAt = onDemand(
  () => import('./ThreadAt.tsx'),
  ({ ThreadAt }) => ThreadAt,
);
const About = onDemand(
  () => import('./pane/About.tsx'),
  ({ About }) => About,
);
const PRESENT_AGAIN_MS = 15_000;

/** The pane. */
export function Conversation({
  ws,
  id,
  at: place,
  onDay,
  onEnd,
  onBack,
}: {
  ws: string;
  id: string;
  /** The message or day at which it is opened, instead of its end. */
  at?: string | undefined;
  /** Leads to a day in it. */
  onDay: (day: string) => void;
  /** Leads to its end. */
  onEnd: () => void;
  onBack: () => void;
}): ReactElement {
  const gone = useGone(ws, id);
  const { data, error, refetch } = useQuery({ ...conversationQuery(ws, id), enabled: gone === undefined });
  useLooking(id);
  useFresh(data?.lastAt, () => void refetch());
  const change = useChange(ws, id);
  const close = () =>
    change.mutate(
      { closed: true },
      { onSuccess: () => toast('Closed.', { undo: () => change.mutate({ closed: false }) }) },
    );
  if (gone)
    return (
      <div className="thread-none">
        <Back onBack={onBack} />
        <WhoIsGone ws={ws} gone={gone} />
      </div>
    );
  if (error && !data)
    return (
      <div className="thread-none">
        <Back onBack={onBack} />
        <Failed error={error} retry={() => void refetch()} />
      </div>
    );
  if (!data)
    return (
      <div className="thread-none">
        <Waiting />
      </div>
    );
  return (
    <>
      <section className="thread-pane" aria-label={`Conversation with ${data.contact.name ?? 'somebody'}`}>
        <Head ws={ws} conversation={data} onBack={onBack} onDay={onDay} />
        {place === undefined ? (
          <Thread ws={ws} conversation={data} />
        ) : (
          <Suspense fallback={<div className="thread" />}>
            <ThreadAt key={place} ws={ws} conversation={data} at={place} onEnd={onEnd} />
          </Suspense>
        )}
        <Present id={id} />
        <Composer ws={ws} conversation={data} onClose={close} onSaid={onEnd} />
      </section>
      <aside className="profile" aria-label="About this person">
        <Suspense>
          <About ws={ws} contactId={data.contact.id} movedAt={data.lastAt} />
        </Suspense>
      </aside>
    </>
  );
}

/** Where there is room for one pane only, nothing else leads back to the list. */
function Back({ onBack }: { onBack: () => void }): ReactElement {
  return (
    <button type="button" className="plain only-narrow" onClick={onBack} aria-label="Back to the list">
      <Icon name="back" />
    </button>
  );
}

/** Whoever has written may be answered by other ways than before: WhatsApp is open again, or they want no more. */
function useFresh(lastAt: string | undefined, again: () => void): void {
  const seen = useRef(lastAt);
  useEffect(() => {
    if (seen.current !== undefined && seen.current !== lastAt) again();
    seen.current = lastAt;
  });
}

/** Says that one looks at it, as long as one does. */
function useLooking(id: string): void {
  useEffect(() => {
    const say = () => document.visibilityState === 'visible' && sayPresent(id, 'looking');
    say();
    const timer = window.setInterval(say, PRESENT_AGAIN_MS);
    return () => {
      window.clearInterval(timer);
      sayPresent(id, null);
    };
  }, [id]);
}

function Present({ id }: { id: string }): ReactElement | null {
  const others = usePresent(id);
  if (!others.length) return null;
  return (
    <p className="present" role="status">
      {others.map(({ id: who, name, as }) => (
        <span key={who}>
          {name} is {as} …
        </span>
      ))}
    </p>
  );
}
