/** What a template said before, and what each version changed. */
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import type { TemplateVersionPage } from '../../../../contract/doors/console/templates.ts';
import { Ago } from '../../../shared/time.tsx';
import { versionsQuery } from '../../preview/templates.ts';
import { useMay } from '../../shell/session.ts';
import { Act } from '../../ui/basic.tsx';
import { Failed, Waiting } from '../../ui/states.tsx';
import { diffLines } from './diff.ts';

type Version = TemplateVersionPage['versions'][number];

/** The versions, each compared with the one before it. */
export function Versions({
  ws,
  id,
  onTake,
}: {
  ws: string;
  id: string;
  onTake: (version: Version) => void;
}): ReactElement {
  const { data, error, refetch } = useQuery(versionsQuery(ws, id));
  const [open, setOpen] = useState<number>();
  const may = useMay('content.write');
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting rows={4} height={48} />;
  const shown = open ?? data.versions[0]?.revision;
  return (
    <ol className="versions" aria-label="Versions">
      {data.versions.map((version, n) => (
        <li key={version.revision}>
          <button
            type="button"
            aria-expanded={version.revision === shown}
            onClick={() => setOpen(version.revision)}
          >
            <strong>Version {version.revision}</strong>{' '}
            <span className="muted">
              <Ago at={version.at} /> {version.by ? `· ${version.by}` : ''}
            </span>
          </button>
          {version.revision === shown ? (
            <>
              <Diff before={data.versions[n + 1]} after={version} />
              {n > 0 ? (
                <Act size="compact-sm" may={may} onAct={() => onTake(version)}>
                  Say this again
                </Act>
              ) : null}
            </>
          ) : null}
        </li>
      ))}
    </ol>
  );
}

/** As people read it: long texts by their own lines, the rest as JSON. */
function textOf(version: Version | undefined): string {
  if (!version) return '';
  const said = (content: Record<string, unknown>) =>
    Object.entries(content)
      .map(([key, value]) =>
        typeof value === 'string' ? `${key}:\n${value}` : `${key}: ${JSON.stringify(value, null, 2)}`,
      )
      .join('\n');
  const variants = Object.entries(version.locales).map(
    ([tag, content]) => `[${tag}]\n${said(content as Record<string, unknown>)}`,
  );
  return [version.name, said(version.content), ...variants].join('\n');
}

function Diff({ before, after }: { before: Version | undefined; after: Version }): ReactElement {
  return (
    <pre className="code diff" tabIndex={0}>
      {diffLines(textOf(before), textOf(after)).map(({ kind, text }, n) => (
        <span key={n} data-kind={kind}>
          <span className="unseen">{kind === 'gone' ? 'gone: ' : kind === 'new' ? 'new: ' : ''}</span>
          {`${text}\n`}
        </span>
      ))}
    </pre>
  );
}
