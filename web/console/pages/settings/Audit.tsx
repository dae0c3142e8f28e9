/** Who did what: found by who, what and when, with what was changed, and saved as a file. */
import { useInfiniteQuery, useMutation, useQuery } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import type { AuditPage } from '../../../../contract/doors/console/workspaces.ts';
import { Ago } from '../../../shared/time.tsx';
import { call } from '../../api/call.ts';
import { at, membersQuery, teamsQuery } from '../../api/queries.ts';
import { useMay } from '../../shell/session.ts';
import { Act } from '../../ui/basic.tsx';
import { Failed, Waiting } from '../../ui/states.tsx';
import { toastError } from '../../ui/toasts.tsx';
import { integrationsQuery } from '../channels/queries.ts';
import { saveCsv } from '../people/save.ts';
import { changesOf } from './changes.ts';
import { deedSaid, pageOf } from './deeds.ts';
import { numberText } from '../../../shared/reader.ts';

/** What actions are about: how they begin. */
const ABOUT = {
  '': 'anything',
  'broadcast.': 'broadcasts',
  'campaign.': 'campaigns',
  'contact.': 'people',
  'contacts.': 'many people',
  'conversation.': 'conversations',
  'export.': 'files of people',
  'import.': 'imports',
  'integration.': 'channels',
  'key.': 'keys',
  'member.': 'members',
  'list.': 'lists',
  'message.': 'messages',
  'segment.': 'audiences',
  'tag.': 'tags',
  'team.': 'teams',
  'template.': 'templates',
  'webhook.': 'webhooks',
  'workspace.': 'the workspace',
} as const;
const MOST_SAVED = 10_000;

type Entry = AuditPage['entries'][number];
type Asked = { actor: string; action: string; since: string; until: string };

const pathOf = (ws: string, asked: Asked, limit: number, before?: string) => {
  const dayOf = (day: string) => day && `${day}T00:00:00Z`;
  const given = {
    ...asked,
    since: dayOf(asked.since),
    until: dayOf(asked.until),
    before,
    limit: String(limit),
  };
  const set = Object.entries(given).filter((pair): pair is [string, string] => Boolean(pair[1]));
  return at(ws, `/audit?${new URLSearchParams(set)}`);
};

/** The log. */
export function Audit({ ws }: { ws: string }): ReactElement {
  const may = useMay('audit.read');
  const [asked, setAsked] = useState<Asked>({ actor: '', action: '', since: '', until: '' });
  const { data, error, hasNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey: [ws, 'audit', asked],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => call<AuditPage>('GET', pathOf(ws, asked, 30, pageParam), { signal }),
    getNextPageParam: ({ next }) => next ?? undefined,
    enabled: may === true,
  });
  const members = useQuery(membersQuery(ws)).data?.members ?? [];
  const teams = useQuery(teamsQuery(ws)).data?.teams ?? [];
  const channels = useQuery(integrationsQuery(ws)).data?.integrations ?? [];
  const names = new Map([
    ...channels.map(({ id, name, type }) => [id, name || type] as const),
    ...[...members, ...teams].map(({ id, name }) => [id, name] as const),
  ]);
  const knownOf = (subject: string) => names.get(subject.replace(/^[a-z]+:/, ''));
  const nameOf = (actor: string) =>
    knownOf(actor) ?? (actor === 'nobody' ? 'Somebody' : actor.replace(/^key:/, 'The key '));
  const save = useMutation({
    mutationFn: async () => {
      const rows: string[][] = [['at', 'who', 'what', 'to', 'detail']];
      let before: string | undefined;
      do {
        const page: AuditPage = await call('GET', pathOf(ws, asked, 200, before));
        for (const { at: when, actor, action, subject, detail } of page.entries)
          rows.push([when, nameOf(actor), action, subject, JSON.stringify(detail)]);
        before = page.next ?? undefined;
      } while (before && rows.length < MOST_SAVED);
      saveCsv('who did what', rows);
    },
    onError: toastError,
  });
  if (may !== true) return <p className="muted">{may}</p>;
  const set = (some: Partial<Asked>) => setAsked((now) => ({ ...now, ...some }));
  const entries = data?.pages.flatMap((page) => page.entries) ?? [];
  return (
    <>
      <div className="condition">
        <select
          aria-label="Who"
          value={asked.actor}
          onChange={({ currentTarget: { value } }) => set({ actor: value })}
        >
          <option value="">anybody</option>
          {members.map(({ id, name }) => (
            <option key={id} value={`operator:${id}`}>
              {name}
            </option>
          ))}
        </select>
        <select
          aria-label="What"
          value={asked.action}
          onChange={({ currentTarget: { value } }) => set({ action: value })}
        >
          {Object.entries(ABOUT).map(([begins, words]) => (
            <option key={begins} value={begins}>
              {words}
            </option>
          ))}
        </select>
        <input
          type="date"
          aria-label="From day"
          value={asked.since}
          onChange={({ currentTarget: { value } }) => set({ since: value })}
        />
        <input
          type="date"
          aria-label="Before day"
          value={asked.until}
          onChange={({ currentTarget: { value } }) => set({ until: value })}
        />
        <Act
          busy={save.isPending}
          onAct={() => save.mutate()}
          hint={`The newest ${numberText(MOST_SAVED)} of these`}
        >
          Save as CSV
        </Act>
      </div>
      {error ? <Failed error={error} /> : null}
      {!data && !error ? <Waiting rows={4} height={36} /> : null}
      {data && entries.length === 0 ? <p className="muted">Nothing like that was done.</p> : null}
      <ol className="history">
        {entries.map((entry) => (
          <EntryRow key={entry.id} ws={ws} entry={entry} who={nameOf(entry.actor)} nameOf={knownOf} />
        ))}
        {hasNextPage ? (
          <li>
            <button type="button" className="earlier" onClick={() => void fetchNextPage()}>
              Earlier
            </button>
          </li>
        ) : null}
      </ol>
    </>
  );
}

function EntryRow({
  ws,
  entry,
  who,
  nameOf,
}: {
  ws: string;
  entry: Entry;
  who: string;
  nameOf: (subject: string) => string | undefined;
}): ReactElement {
  const { at: when, action, subject, detail } = entry;
  const changes = changesOf(detail, { nameOf, hrefOf: (field, id) => pageOf(ws, field, id) });
  const { before, which, after } = deedSaid(ws, entry, nameOf);
  return (
    <li>
      <p>
        <strong>{who}</strong> {before}
        {which?.href ? <a href={which.href}>{which.text}</a> : which?.text}
        {after} <Ago at={when} />
      </p>
      {changes.length > 0 ? (
        <details>
          <summary>Details</summary>
          <p className="muted mono">
            {action} {subject}
          </p>
          <dl className="facts">
            {changes.map(({ name, value, href }) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{href ? <a href={href}>{value}</a> : value}</dd>
              </div>
            ))}
          </dl>
        </details>
      ) : null}
    </li>
  );
}
