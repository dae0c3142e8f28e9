/** Conversations in which somebody has asked for one. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState, type ReactElement } from 'react';
import type { ConversationPage } from '../../../../contract/doors/console/inbox.ts';
import { call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';
import { Item, ItemsLabel } from '../../ui/menuParts.tsx';
import { Opens } from '../../ui/Opens.tsx';

type Props = { ws: string /** How the address names the view. */; place: string; n: number };

/** How many, and which. */
export function Mentioned({ ws, place, n }: Props): ReactElement {
  const [opened, setOpened] = useState(false);
  const navigate = useNavigate();
  const go = (conversation: string) =>
    void navigate({ to: '/w/$ws/inbox/$view/$conversation', params: { ws, view: place, conversation } });
  const { data, isPending } = useQuery({
    queryKey: [ws, 'mentioned', n],
    queryFn: ({ signal }) => call<ConversationPage>('GET', at(ws, '/conversations/mentioned'), { signal }),
    enabled: opened,
    // Once more while it is open: what was known of it stays.
    placeholderData: keepPreviousData,
  });
  return (
    <Opens
      position="bottom-end"
      width={280}
      opened={opened}
      onChange={setOpened}
      isKnown={!isPending}
      items={
        <>
          <ItemsLabel>You were mentioned</ItemsLabel>
          {(data?.conversations ?? []).map(({ id, contact }) => (
            <Item key={id} onClick={() => go(id)}>
              {contact.name ?? 'Somebody'}
            </Item>
          ))}
        </>
      }
    >
      <button type="button" className="chip" aria-label={`You were mentioned in ${n}`}>
        @ {n}
      </button>
    </Opens>
  );
}
