/** The tags and lists of who a conversation is with, put on and taken off. */
import { Button } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import type { SetCounted } from '../../../../contract/doors/console/sets.ts';
import type { Static } from 'typebox';
import { Icon } from '../../../shared/icons.tsx';
import { call } from '../../api/call.ts';
import { at, contactQuery } from '../../api/queries.ts';
import { useMay } from '../../shell/session.ts';
import { Item, ItemsLabel } from '../../ui/menuParts.tsx';
import { Opens } from '../../ui/Opens.tsx';
import { toastError } from '../../ui/toasts.tsx';

/** What somebody can be put into. */
export type SetKind = 'tags' | 'lists';

/** All there are of a kind. */
export const setsOf = (ws: string, kind: SetKind) => ({
  queryKey: [ws, kind, 'all'] as const,
  queryFn: async ({ signal }: { signal: AbortSignal }) =>
    (await call<Record<SetKind, Static<typeof SetCounted>[]>>('GET', at(ws, `/${kind}`), { signal }))[kind],
});

/** Puts somebody into a tag or list, or takes them out. */
export function useMembership(ws: string, contactId: string, sets: SetKind) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, has }: { id: string; has: boolean }) =>
      call('POST', at(ws, `/${sets}/${id}/members`), { body: { [has ? 'remove' : 'add']: [contactId] } }),
    onSuccess: () => client.invalidateQueries({ queryKey: [ws, 'contact', contactId] }),
    onError: toastError,
  });
}

type Menu = { opened: boolean; onChange: (is: boolean) => void };
type Props = { ws: string; contactId: string; kind: SetKind; isSmall?: boolean; menu: Menu };

const WORDS = {
  tags: { label: 'Tags', none: 'There are no tags yet', add: 'Tag', tip: 'Tags (t)' },
  lists: { label: 'Lists', none: 'There are no lists yet', add: 'List', tip: 'Lists' },
} as const;

/** The button, and the tags or lists there are. */
export function SetMenu({ ws, contactId, kind, isSmall = false, menu }: Props): ReactElement {
  const may = useMay('contacts.write');
  const { data: person, isPending: isUnknown } = useQuery({
    ...contactQuery(ws, contactId),
    enabled: menu.opened,
  });
  const { data, isPending } = useQuery({ ...setsOf(ws, kind), enabled: menu.opened });
  const change = useMembership(ws, contactId, kind);
  const own = new Set(person?.[kind].map(({ id }) => id));
  const words = WORDS[kind];
  const off = { 'aria-disabled': may !== true || undefined, 'data-off': may !== true || undefined };
  return (
    <Opens
      position="bottom-end"
      width={220}
      isOff={may !== true}
      // Before it is known what somebody has, what is chosen would be the wrong one, or put on what is to be taken off.
      isKnown={!isPending && !isUnknown}
      {...menu}
      items={
        <>
          <ItemsLabel>{data?.length === 0 ? words.none : words.label}</ItemsLabel>
          {(data ?? []).map(({ id, name }) => (
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
      {isSmall ? (
        <button
          type="button"
          className="chip add"
          aria-label={`Put on a ${words.add.toLowerCase()}`}
          data-tip={may === true ? undefined : may}
          {...off}
        >
          <Icon name="plus" size={14} />
          {words.add}
        </button>
      ) : (
        <Button variant="default" size="sm" data-tip={may === true ? words.tip : may} {...off}>
          {words.add}
        </Button>
      )}
    </Opens>
  );
}
