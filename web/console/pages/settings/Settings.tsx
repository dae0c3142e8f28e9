/** Settings: who is a member and as what, and who did what. */
import { Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { useHere } from '../../shell/session.ts';
import { Audit } from './Audit.tsx';
import { DeleteWorkspace } from './DeleteWorkspace.tsx';
import { Members } from './Members.tsx';
import { Panel, WorkspaceForms } from './Workspace.tsx';
import '../../styles/people.css';

/** The page. */
export function Settings(): ReactElement {
  const { id: ws } = useHere();
  return (
    <div className="page">
      <header className="page-head">
        <h1>Settings</h1>
      </header>
      <div className="page-columns" role="group" aria-label="Page" tabIndex={0}>
        <div className="panels">
          <WorkspaceForms />
          <DeleteWorkspace />
        </div>
        <div className="panels">
          <Panel title="Members">
            <Members ws={ws} />
          </Panel>
          <Panel title="Connected companies">
            <p>
              <Link to="/w/$ws/apps" params={{ ws }}>
                What companies may do for you
              </Link>
            </p>
          </Panel>
          <Panel title="Who did what">
            <Audit ws={ws} />
          </Panel>
        </div>
      </div>
    </div>
  );
}
