/** What stands where somebody was whom another operator has erased, or made one with another, while one had them open. */
import { skipToken, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { goneKey, type Gone } from '../live/gone.ts';
import { Empty } from './states.tsx';

/** Whether somebody, or their conversation, is gone, by its id. */
export function useGone(ws: string, id: string): Gone | undefined {
  return useQuery<Gone>({ queryKey: goneKey(ws, id), queryFn: skipToken, staleTime: Infinity }).data;
}

/** Says so, and leads to whom they are now. */
export function WhoIsGone({ ws, gone }: { ws: string; gone: Gone }): ReactElement {
  if (gone.how === 'erased')
    return (
      <Empty title="This person was erased">
        <p role="status">Nothing of them is kept any more: addresses, messages and notes are gone.</p>
      </Empty>
    );
  if (gone.how === 'left')
    return (
      <Empty title="Nothing is left of this conversation">
        <p role="status">
          What was said was taken away. <ToPerson ws={ws} contact={gone.contactId} name="The person" /> is
          still there.
        </p>
      </Empty>
    );
  const { id, name, conversationId } = gone.became;
  return (
    <Empty title="This person became another">
      <p role="status">
        Two contacts were made one: all of it is with{' '}
        <ToPerson ws={ws} contact={id} name={name ?? 'Somebody without a name'} />
        {conversationId === null ? null : (
          <>
            , and what was said in{' '}
            <Link
              to="/w/$ws/inbox/$view/$conversation"
              params={{ ws, view: 'all', conversation: conversationId }}
              search={{}}
            >
              their conversation
            </Link>
          </>
        )}
        .
      </p>
    </Empty>
  );
}

function ToPerson({ ws, contact, name }: { ws: string; contact: string; name: string }): ReactElement {
  return (
    <Link to="/w/$ws/people/$contact" params={{ ws, contact }} search={{}}>
      {name}
    </Link>
  );
}
