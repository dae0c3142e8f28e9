/** The inbox: a view, the conversation that is open, and who it is with. The address says which. */
import { getRouteApi, useNavigate, useParams } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { USUAL_SORT, VIEWS, type View } from '../../../../contract/inboxViews.ts';
import { useHere } from '../../shell/session.ts';
import { Empty } from '../../ui/states.tsx';
import { Conversation } from './Conversation.tsx';
import { ConversationList, isByDay } from './ConversationList.tsx';

const route = getRouteApi('/w/$ws/inbox/$view');

/** The page. */
export function Inbox(): ReactElement {
  const { id: ws } = useHere();
  const { view: given } = route.useParams();
  const { conversation } = useParams({ strict: false });
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const stay = useNavigate();
  const view: View = VIEWS.find((one) => one === given) ?? 'all';
  const sort = USUAL_SORT[view] === undefined ? undefined : search.sort;
  const filter = {
    q: search.q,
    channel: search.channel,
    // Whose the conversations are is said by these views already.
    assignee: view === 'mine' || view === 'unassigned' ? undefined : search.assignee,
    tag: search.tag,
    unread: search.unread,
    sort: sort === USUAL_SORT[view] ? undefined : sort,
    day: isByDay(view, sort) ? search.day : undefined,
  };
  const open = (id: string | undefined, at?: string) =>
    void (id === undefined
      ? navigate({
          to: '/w/$ws/inbox/$view',
          params: { ws, view },
          search: (now) => ({ ...now, at: undefined }),
        })
      : navigate({
          to: '/w/$ws/inbox/$view/$conversation',
          params: { ws, view, conversation: id },
          search: (now) => ({ ...now, at }),
        }));
  return (
    <div className="inbox" data-open={conversation !== undefined || undefined}>
      <ConversationList
        ws={ws}
        view={view}
        filter={filter}
        among={search.in}
        open={conversation}
        onOpen={open}
        onFilter={(next) =>
          // Where one is: what is open stays open.
          void stay({ to: '.', search: (now: object) => ({ ...now, ...next }), replace: true } as never)
        }
      />
      {conversation === undefined ? (
        <div className="thread-none">
          <Empty title="No conversation is open">
            <p>
              Choose one, or press <kbd>j</kbd>.
            </p>
          </Empty>
        </div>
      ) : (
        <Conversation
          key={conversation}
          ws={ws}
          id={conversation}
          at={search.at}
          onDay={(day) => open(conversation, day)}
          onEnd={() => search.at !== undefined && open(conversation)}
          onBack={() => open(undefined)}
        />
      )}
    </div>
  );
}
