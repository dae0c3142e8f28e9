/** The campaigns that somebody is in, with the step they stand at and when it goes on, then those they were in. */
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import type { CampaignsOfContact } from '../../../../../contract/doors/console/campaigns.ts';
import { Ago } from '../../../../shared/time.tsx';
import { call } from '../../../api/call.ts';
import { at } from '../../../api/queries.ts';
import { State } from '../../../ui/basic.tsx';
import { Grows, PAGE } from './Part.tsx';

type Entry = CampaignsOfContact['campaigns'][number];
const rowsOf = ({ campaigns }: CampaignsOfContact) => campaigns;

/** The list. */
export function Campaigns({ ws, contactId }: { ws: string; contactId: string }): ReactElement {
  const query = useInfiniteQuery({
    queryKey: [ws, 'about', contactId, 'campaigns'] as const,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => {
      const after = pageParam === undefined ? '' : `&after=${pageParam}`;
      const path = `/contacts/${contactId}/campaigns?limit=${PAGE}${after}`;
      return call<CampaignsOfContact>('GET', at(ws, path), { signal });
    },
    getNextPageParam: ({ next }) => next ?? undefined,
  });
  return (
    <Grows query={query} rowsOf={rowsOf} none="Not in any campaign so far.">
      {(entry) => (
        <li key={entry.id}>
          <Link
            to="/w/$ws/campaigns/$campaign/$part"
            params={{ ws, campaign: entry.campaign.id, part: 'results' }}
          >
            <strong>{entry.campaign.name}</strong>
          </Link>
          <Stands entry={entry} />
        </li>
      )}
    </Grows>
  );
}

function Stands({ entry }: { entry: Entry }): ReactElement {
  const { arm, step, dueAt, endedAt, ending, campaign } = entry;
  const isOut = arm !== 'treated';
  if (endedAt !== null)
    return (
      <span className="muted">
        {ending === 'completed' ? 'completed' : `left: ${ending}`} · <Ago at={endedAt} />
        {isOut ? ' · was held out, for comparison: was sent nothing' : null}
      </span>
    );
  return (
    <>
      {campaign.state === 'paused' ? (
        <State tone="held" icon="pause">
          paused
        </State>
      ) : null}
      <span className="muted">
        {step === null ? 'in it' : `at ${step}`}
        {dueAt === null ? null : (
          <>
            {' '}
            · next <Ago at={dueAt} />
          </>
        )}
        {isOut ? ' · held out, for comparison: is sent nothing' : null}
      </span>
    </>
  );
}
