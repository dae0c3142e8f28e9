/** What passed with somebody, the newest first, a line for each: the whole of it is on their own page. */
import { useInfiniteQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import type { TimelineEntry, TimelinePage } from '../../../../../contract/doors/console/people.ts';
import type { TimelineKind } from '../../../../../contract/timelineKinds.ts';
import { channelName } from '../../../../shared/icons.tsx';
import { Ago } from '../../../../shared/time.tsx';
import { call } from '../../../api/call.ts';
import { at } from '../../../api/queries.ts';
import { Grows, PAGE } from './Part.tsx';

const MOST_SHOWN = 120;
const rowsOf = ({ entries }: TimelinePage) => entries;

type Props = { ws: string; contactId: string; kinds?: TimelineKind };

/** The list. */
export function Passed({ ws, contactId, kinds }: Props): ReactElement {
  const query = useInfiniteQuery({
    queryKey: [ws, 'about', contactId, 'passed', kinds] as const,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => {
      const asked = new URLSearchParams({
        limit: String(PAGE),
        ...(kinds === undefined ? {} : { kinds }),
        ...(pageParam === undefined ? {} : { before: pageParam }),
      });
      return call<TimelinePage>('GET', at(ws, `/contacts/${contactId}/timeline?${asked}`), { signal });
    },
    getNextPageParam: ({ next }) => next ?? undefined,
  });
  return (
    <Grows
      query={query}
      rowsOf={rowsOf}
      none={kinds === undefined ? 'Nothing has happened yet.' : 'Nothing was said about it.'}
    >
      {(entry, n) => (
        <li key={`${entry.at} ${n}`}>
          <span>{lineOf(entry)}</span>
          <span className="muted">
            <Ago at={entry.at} />
          </span>
        </li>
      )}
    </Grows>
  );
}

/** An entry in a line. */
function lineOf(entry: TimelineEntry): string {
  switch (entry.type) {
    case 'message': {
      const { direction, content } = entry.message;
      return `${direction === 'in' ? 'Said' : 'Was told'}: ${textOf(content)}`;
    }
    case 'broadcast':
      return `Broadcast “${entry.broadcast.name}”`;
    case 'event':
      return `Did ${entry.name}`;
    case 'click':
      return `Opened ${entry.uri ?? 'a link that is not kept any more'}`;
    case 'consent':
      return `${entry.blocked.length > 0 ? `No ${entry.blocked.join(', ')} any more` : 'Everything again'} to ${entry.address || channelName(entry.channel)}: ${entry.reason}`;
    case 'merge':
      return `Became one with ${entry.contactId}`;
    case 'enrolment':
      return `Entered ${entry.campaign.name}${entry.ending ? ` (${entry.ending})` : ''}`;
    case 'order':
      return `Order ${entry.order.reference ?? ''} ${entry.order.status}`.replace('  ', ' ');
    default:
      return entry satisfies never;
  }
}

function textOf(content: { type: string; text?: unknown }): string {
  const text = typeof content.text === 'string' ? content.text.replaceAll(/\s+/g, ' ').trim() : '';
  if (!text) return `(${content.type})`;
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
}
