/** The inbox: a view, the conversation that is open, and who it is with. The address says which. */
import { getRouteApi, Link, useNavigate, useParams } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import type { SavedViewShown } from '../../../../contract/doors/console/savedViews.ts';
import { isNewestFirst, type View } from '../../../../contract/inboxViews.ts';
import type { Narrowed } from '../../live/apply.ts';
import { useHere } from '../../shell/session.ts';
import { Empty, Failed, Waiting } from '../../ui/states.tsx';
import { Conversation } from './Conversation.tsx';
import { ConversationList } from './ConversationList.tsx';
import { isNone, isSame, keptOf, lookOf, useNamed } from './named.ts';

const route = getRouteApi('/w/$ws/inbox/$view');

/** The page. */
export function Inbox(): ReactElement {
  const { id: ws } = useHere();
  const { view: place } = route.useParams();
  const named = useNamed(ws, place);
  if (named === 'waiting') return <Waiting />;
  if (named === 'gone')
    return (
      <Empty title="There is no such view">
        <p>It was deleted, is another’s, or was never here.</p>
        <p>
          <Link to="/w/$ws/inbox/$view" params={{ ws, view: 'all' }}>
            All conversations
          </Link>
        </p>
      </Empty>
    );
  if ('error' in named) return <Failed error={named.error} retry={named.retry} />;
  return <Viewed ws={ws} place={place} {...named} />;
}

type Props = { ws: string; place: string; view: View; kept?: SavedViewShown };

function Viewed({ ws, place, view, kept }: Props): ReactElement {
  const { conversation } = useParams({ strict: false });
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const stay = useNavigate();
  const given = keptOf(view, search);
  // A view that is kept shows what is kept with it, until the address says something else.
  const shows = kept && isNone(given) ? keptOf(view, kept.look) : given;
  const filter = {
    ...shows,
    q: search.q,
    day: isNewestFirst(view, shows.sort) ? search.day : undefined,
  };
  const open = (id: string | undefined, at?: string) =>
    void (id === undefined
      ? navigate({
          to: '/w/$ws/inbox/$view',
          params: { ws, view: place },
          search: (now) => ({ ...now, at: undefined }),
        })
      : navigate({
          to: '/w/$ws/inbox/$view/$conversation',
          params: { ws, view: place, conversation: id },
          search: (now) => ({ ...now, at }),
        }));
  const narrow = (next: Narrowed & { in?: 'messages' | undefined }) => {
    const now = keptOf(view, { ...shows, ...next });
    const isKept = kept !== undefined && isSame(lookOf(view, now), kept.look);
    const search = (old: object) => ({ ...old, ...next, ...(isKept ? keptOf(view, {}) : now) });
    // What is narrowed to nothing any more is not the view that was kept.
    if (kept && !isKept && isNone(now)) {
      const params = { ws, view, conversation };
      void stay({
        to: conversation === undefined ? '/w/$ws/inbox/$view' : '/w/$ws/inbox/$view/$conversation',
        params,
        search,
      } as never);
    } else void stay({ to: '.', search, replace: true } as never); // What is open stays open.
  };
  return (
    <div className="inbox" data-open={conversation !== undefined || undefined}>
      <ConversationList
        ws={ws}
        place={place}
        view={view}
        kept={kept}
        filter={filter}
        among={search.in}
        open={conversation}
        onOpen={open}
        onFilter={narrow}
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
