/** The inbox: a view, the conversation that is open, and who it is with. The address says which. */
import { getRouteApi, useNavigate, useParams } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import { useEffect, type ReactElement } from 'react';
import type { SavedViewShown } from '../../../../contract/doors/console/savedViews.ts';
import { isNewestFirst, USUAL_SORT, VIEWS, type View } from '../../../../contract/inboxViews.ts';
import { savedViewsQuery } from '../../api/queries.ts';
import { useHere } from '../../shell/session.ts';
import { Empty } from '../../ui/states.tsx';
import { Conversation } from './Conversation.tsx';
import { ConversationList } from './ConversationList.tsx';

const route = getRouteApi('/w/$ws/inbox/$view');

/** What a view is narrowed by that is kept. */
const narrowedBy = ({ look: { channel, assignee, tag, priority, unread, sort } }: SavedViewShown) => ({
  channel,
  assignee,
  tag,
  priority,
  unread,
  sort,
});

/** An address that names a view that is kept (`v-…`) leads to what it shows. */
function useKept(ws: string, given: string): void {
  const id = /^v-([0-9a-f]{24})$/.exec(given)?.[1];
  const navigate = useNavigate();
  const { data } = useQuery({ ...savedViewsQuery(ws), enabled: id !== undefined });
  const kept = data?.savedViews.find((one) => one.id === id);
  useEffect(() => {
    if (!kept) return;
    void navigate({
      to: '/w/$ws/inbox/$view',
      params: { ws, view: kept.look.view },
      search: narrowedBy(kept),
      replace: true,
    });
  }, [kept, navigate, ws]);
}

/** The page. */
export function Inbox(): ReactElement {
  const { id: ws } = useHere();
  const { view: given } = route.useParams();
  const { conversation } = useParams({ strict: false });
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const stay = useNavigate();
  const view: View = VIEWS.find((one) => one === given) ?? 'all';
  useKept(ws, given);
  const sort = USUAL_SORT[view] === undefined ? undefined : search.sort;
  const filter = {
    q: search.q,
    channel: search.channel,
    // Whose the conversations are is said by these views already.
    assignee: view === 'mine' || view === 'unassigned' ? undefined : search.assignee,
    tag: search.tag,
    priority: search.priority,
    unread: search.unread,
    sort: sort === USUAL_SORT[view] ? undefined : sort,
    day: isNewestFirst(view, sort) ? search.day : undefined,
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
        onView={(kept) =>
          void navigate({
            to: '/w/$ws/inbox/$view',
            params: { ws, view: kept.look.view },
            search: narrowedBy(kept),
          })
        }
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
