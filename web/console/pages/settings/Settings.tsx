/** Settings: each part at an address of its own, so that a link leads there. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { useHere } from '../../shell/session.ts';
import { Empty, Failed, Waiting } from '../../ui/states.tsx';
import { integrationsQuery } from '../channels/queries.ts';
import { Audit } from './Audit.tsx';
import { DeleteWorkspace } from './DeleteWorkspace.tsx';
import { Kept } from './Kept.tsx';
import { Members } from './Members.tsx';
import { Replies } from './Replies.tsx';
import { Teams } from './Teams.tsx';
import { Meanwhiles, Panel, SendingForms, WorkspaceForms } from './Workspace.tsx';
import '../../styles/people.css';

const route = getRouteApi('/w/$ws/settings/{-$part}');

const PARTS = {
  workspace: 'Workspace',
  members: 'Members',
  teams: 'Teams',
  replies: 'Saved replies',
  sending: 'Sending',
  domains: 'Domains',
  retention: 'Retention',
  companies: 'Connected companies',
  audit: 'Audit log',
} as const;

/** The page. */
export function Settings(): ReactElement {
  const { id: ws } = useHere();
  const { part = 'workspace' } = route.useParams();
  return (
    <div className="page">
      <header className="page-head">
        <h1>Settings</h1>
        <nav className="kinds" aria-label="Parts of the settings">
          {Object.entries(PARTS).map(([one, words]) => (
            <Link
              key={one}
              className="chip"
              to="/w/$ws/settings/{-$part}"
              params={{ ws, part: one }}
              aria-current={one === part ? 'page' : undefined}
            >
              {words}
            </Link>
          ))}
        </nav>
      </header>
      <div className="settings-part" role="group" aria-label="Page" tabIndex={0}>
        <div className="panels">
          <Part ws={ws} part={part} />
        </div>
      </div>
    </div>
  );
}

function Part({ ws, part }: { ws: string; part: string }): ReactElement {
  const { settings } = useHere();
  switch (part) {
    case 'workspace':
      return (
        <Meanwhiles>
          <WorkspaceForms />
          <DeleteWorkspace />
        </Meanwhiles>
      );
    case 'members':
      return (
        <Panel title="Members">
          <Members ws={ws} />
        </Panel>
      );
    case 'teams':
      return (
        <Panel title="Teams">
          <Teams ws={ws} />
        </Panel>
      );
    case 'replies':
      return (
        <Panel title="Saved replies">
          <Replies ws={ws} />
        </Panel>
      );
    case 'sending':
      return (
        <Meanwhiles>
          <SendingForms />
        </Meanwhiles>
      );
    case 'domains':
      return <Domains ws={ws} />;
    case 'retention':
      return (
        <Meanwhiles>
          <Panel title="Retention">
            <Kept key={JSON.stringify(settings.keptDays)} ws={ws} now={settings.keptDays ?? null} />
          </Panel>
        </Meanwhiles>
      );
    case 'companies':
      return (
        <Panel title="Connected companies">
          <p>
            <Link to="/w/$ws/apps" params={{ ws }}>
              What companies may do for you
            </Link>
          </p>
        </Panel>
      );
    case 'audit':
      return (
        <Panel title="Audit log">
          <Audit ws={ws} />
        </Panel>
      );
    default:
      return (
        <Empty title="There is no such part of the settings">
          <p>Choose one above.</p>
        </Empty>
      );
  }
}

/** The domains that mail is sent from stand with what sends it, where their records are looked up. */
function Domains({ ws }: { ws: string }): ReactElement {
  const { data, error, refetch } = useQuery(integrationsQuery(ws));
  const mail = data?.integrations.filter(({ channel }) => channel === 'email');
  return (
    <Panel title="Domains">
      {error && !data ? <Failed error={error} retry={() => void refetch()} /> : null}
      {!data && !error ? <Waiting rows={2} height={24} /> : null}
      {mail?.length === 0 ? (
        <p className="muted">
          Nothing sends mail yet.{' '}
          <Link to="/w/$ws/channels" params={{ ws }}>
            Add a channel that does
          </Link>
          .
        </p>
      ) : null}
      <ul className="lines">
        {mail?.map(({ id, name, type }) => (
          <li key={id}>
            <Link to="/w/$ws/channels/$integration" params={{ ws, integration: id }}>
              {name || type}
            </Link>
            <span className="muted">its domain’s SPF, DKIM and DMARC</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
