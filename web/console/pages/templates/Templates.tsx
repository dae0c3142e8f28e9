/** Templates: messages kept under a name. */
import { useInfiniteQuery, useMutation } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState, type ReactElement } from 'react';
import '../../styles/broadcasts.css';
import type { TemplateShown } from '../../../../contract/doors/console/templates.ts';
import { Ago } from '../../../shared/time.tsx';
import { call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';
import { useSettled } from '../../preview/render.ts';
import { templatesQuery } from '../../preview/templates.ts';
import { useHere, useMay } from '../../shell/session.ts';
import { Act } from '../../ui/basic.tsx';
import { Dialog } from '../../ui/overlays.tsx';
import { Empty, Failed, Waiting } from '../../ui/states.tsx';

const route = getRouteApi('/w/$ws/templates');

/** The page. */
export function Templates(): ReactElement {
  const { id: ws } = useHere();
  const may = useMay('content.write');
  const [search, setSearch] = useState('');
  const [isMaking, setMaking] = useState(false);
  const q = useSettled(search);
  const { data, error, refetch, hasNextPage, fetchNextPage } = useInfiniteQuery(templatesQuery(ws, q));
  const all = data?.pages.flatMap(({ templates }) => templates) ?? [];
  return (
    <div className="page">
      <header className="page-head">
        <h1>Templates</h1>
        <div className="preview-find">
          <input
            type="search"
            aria-label="Find a template"
            placeholder="Find …"
            value={search}
            onChange={({ currentTarget }) => setSearch(currentTarget.value)}
          />
        </div>
        <Act variant="filled" icon="plus" may={may} onAct={() => setMaking(true)}>
          New template
        </Act>
      </header>
      {error && !data ? <Failed error={error} retry={() => void refetch()} /> : null}
      {!data && !error ? <Waiting /> : null}
      {data && all.length === 0 ? (
        <Empty
          title={q ? 'Nothing is found' : 'No template yet'}
          {...(q
            ? {}
            : {
                curl: `curl -H "authorization: Bearer $CONSOLE" -H "content-type: application/json" \\\n  -d '{"name":"Welcome","content":{"type":"text","text":"Hi {{ contact.givenName }}"}}' \\\n  ${location.origin}/api/workspaces/${ws}/templates`,
              })}
        >
          <p>A message that is kept under a name, for broadcasts, campaigns, conversations and programs.</p>
        </Empty>
      ) : null}
      <ul className="cards" aria-label="Templates">
        {all.map((template) => (
          <li key={template.id} className="panel">
            <div className="card-head">
              <h2>
                <Link to="/w/$ws/templates/$template" params={{ ws, template: template.id }}>
                  {template.name}
                </Link>
              </h2>
              <span className="muted">
                version {template.revision} · <Ago at={template.changedAt} />
                {Object.keys(template.locales).length ? ` · ${Object.keys(template.locales).join(', ')}` : ''}
              </span>
            </div>
            <p className="muted breaks">{beginning(template)}</p>
          </li>
        ))}
        {hasNextPage ? (
          <li>
            <button type="button" className="earlier" onClick={() => void fetchNextPage()}>
              More
            </button>
          </li>
        ) : null}
      </ul>
      <Dialog title="New template" opened={isMaking} onClose={() => setMaking(false)}>
        {isMaking ? <NewTemplate ws={ws} /> : null}
      </Dialog>
    </div>
  );
}

function beginning({ content }: TemplateShown): string {
  const { subject, text, type } = content as { subject?: string; text?: string; type: string };
  const said = subject ?? text ?? type;
  return said.length > 140 ? `${said.slice(0, 139)}…` : said;
}

function NewTemplate({ ws }: { ws: string }): ReactElement {
  const navigate = route.useNavigate();
  const [name, setName] = useState('');
  const make = useMutation({
    mutationFn: () =>
      call<TemplateShown>('POST', at(ws, '/templates'), {
        body: { name, content: { type: 'text', text: 'Hi {{ contact.givenName | default: "there" }}' } },
      }),
    onSuccess: ({ id }) => navigate({ to: '/w/$ws/templates/$template', params: { ws, template: id } }),
  });
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        if (name) make.mutate();
      }}
    >
      <label className="field">
        Name
        <input data-autofocus value={name} onChange={({ currentTarget }) => setName(currentTarget.value)} />
      </label>
      {make.error ? <p className="fault">{make.error.message}</p> : null}
      <button type="submit" className="primary">
        Create
      </button>
    </form>
  );
}
