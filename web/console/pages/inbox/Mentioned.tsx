/** Conversations in which somebody has asked for one. */
import { Menu } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState, type ReactElement } from 'react';
import type { ConversationPage } from '../../../../contract/doors/console/inbox.ts';
import type { View } from '../../../../contract/inboxViews.ts';
import { call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';

type Props = { ws: string; view: View; n: number };

/** How many, and which. */
export function Mentioned({ ws, view, n }: Props): ReactElement {
  const [opened, setOpened] = useState(false);
  const { data } = useQuery({
    queryKey: [ws, 'mentioned', n],
    queryFn: ({ signal }) => call<ConversationPage>('GET', at(ws, '/conversations/mentioned'), { signal }),
    enabled: opened,
  });
  return (
    <Menu position="bottom-end" width={280} opened={opened} onChange={setOpened}>
      <Menu.Target>
        <button type="button" className="chip" aria-label={`You were mentioned in ${n}`}>
          @ {n}
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>You were mentioned</Menu.Label>
        {(data?.conversations ?? []).map(({ id, contact }) => (
          <Menu.Item
            key={id}
            component={Link}
            to="/w/$ws/inbox/$view/$conversation"
            params={{ ws, view, conversation: id } as never}
          >
            {contact.name ?? 'Somebody'}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
