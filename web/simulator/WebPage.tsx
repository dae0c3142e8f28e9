/**
 * A page of the company as somebody visits it, made up but for the chat on it: that is the one every visitor gets, in a frame of its own,
 * entered by a code that is good once.
 */
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import type { Static } from 'typebox';
import type { ChatOpened } from '../../contract/doors/console/simulator.ts';
import { call } from '../console/api/call.ts';
import { at } from '../console/api/queries.ts';
import { useHere } from '../console/shell/session.ts';
import { Failed, Waiting } from '../console/ui/states.tsx';
import { channelIcon, Icon } from '../shared/icons.tsx';

type Props = { ws: string; contact: string };

/** The page. */
export function WebPage({ ws, contact }: Props): ReactElement {
  const { name } = useHere();
  const [isOpen, setOpen] = useState(false);
  return (
    <div className="browser" role="group" aria-label="A page of the company">
      <div className="browser-bar">
        <Icon name="globe" size={16} />
        <span>shop.test</span>
      </div>
      <div className="shop">
        <h2>{name}</h2>
        <p className="muted">A page of the company, made up. The chat on it is the real one.</p>
        <div className="shop-goods" aria-hidden="true">
          {Array.from({ length: 6 }, (_, n) => (
            <div key={n} />
          ))}
        </div>
      </div>
      {isOpen ? <Chat ws={ws} contact={contact} /> : null}
      <button type="button" className="web-launcher" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        <Icon name={isOpen ? 'close' : channelIcon('webchat')} size={20} /> {isOpen ? 'Close' : 'Chat'}
      </button>
    </div>
  );
}

function Chat({ ws, contact }: Props): ReactElement {
  // A code is used up by the frame that gets it: it is asked for by each frame anew, and never again by the same.
  const { data, error, refetch } = useQuery({
    queryKey: [ws, 'chat', contact],
    queryFn: () => call<Static<typeof ChatOpened>>('POST', at(ws, `/simulator/contacts/${contact}/chat`)),
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
    refetchInterval: false,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });
  if (error) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  return (
    <iframe
      className="web-chat"
      title="Chat"
      src={data.path}
      // Of an origin of its own: it can reach nothing of the console, and keeps nobody for the next who opens it.
      sandbox="allow-scripts allow-forms allow-popups"
      referrerPolicy="no-referrer"
    />
  );
}
