/** The tags of who a conversation is with, put on and taken off. */
import { Button } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import type { Static } from 'typebox';
import type { TagsShown } from '../../../../contract/doors/console/sets.ts';
import { Icon } from '../../../shared/icons.tsx';
import { call } from '../../api/call.ts';
import { at, contactQuery } from '../../api/queries.ts';
import { useMay } from '../../shell/session.ts';
import { Item, ItemsLabel } from '../../ui/menuParts.tsx';
import { Opens } from '../../ui/Opens.tsx';
import { toastError } from '../../ui/toasts.tsx';

type Props = {
  ws: string;
  contactId: string;
  menu: { opened: boolean; onChange: (is: boolean) => void };
};

/** The button, and the tags there are. */
export function Tags({ ws, contactId, menu }: Props): ReactElement {
  const may = useMay('contacts.write');
  const client = useQueryClient();
  const { data: person } = useQuery({ ...contactQuery(ws, contactId), enabled: menu.opened });
  const { data } = useQuery({
    queryKey: [ws, 'tags'],
    queryFn: ({ signal }) => call<Static<typeof TagsShown>>('GET', at(ws, '/tags'), { signal }),
    enabled: menu.opened,
  });
  const change = useMutation({
    mutationFn: ({ id, has }: { id: string; has: boolean }) =>
      call('POST', at(ws, `/tags/${id}/members`), { body: { [has ? 'remove' : 'add']: [contactId] } }),
    onSuccess: () => client.invalidateQueries({ queryKey: [ws, 'contact', contactId] }),
    onError: toastError,
  });
  const own = new Set(person?.tags.map(({ id }) => id));
  return (
    <Opens
      position="bottom-end"
      width={220}
      isOff={may !== true}
      {...menu}
      items={
        <>
          <ItemsLabel>{data?.tags.length === 0 ? 'There are no tags yet' : 'Tags'}</ItemsLabel>
          {(data?.tags ?? []).map(({ id, name }) => (
            <Item
              key={id}
              leftSection={<Icon name={own.has(id) ? 'check' : 'plus'} size={16} />}
              onClick={() => change.mutate({ id, has: own.has(id) })}
            >
              {name}
              <span className="unseen">{own.has(id) ? ': take off' : ': put on'}</span>
            </Item>
          ))}
        </>
      }
    >
      <Button
        variant="default"
        size="sm"
        aria-disabled={may !== true || undefined}
        data-off={may !== true || undefined}
        data-tip={may === true ? 'Tags (t)' : may}
      >
        Tag
      </Button>
    </Opens>
  );
}
