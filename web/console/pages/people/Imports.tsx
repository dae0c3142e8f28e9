/** Imports: a file is chosen or dropped, and what was imported before. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState, type ReactElement } from 'react';
import type { ImportShown } from '../../../../contract/doors/console/imports.ts';
import { counted } from '../../../shared/counted.ts';
import { Ago } from '../../../shared/time.tsx';
import { at } from '../../api/queries.ts';
import { upload } from '../../api/upload.ts';
import { useHere, useMay } from '../../shell/session.ts';
import { State } from '../../ui/basic.tsx';
import { Empty, Failed, messageOf, Waiting } from '../../ui/states.tsx';
import { Places } from './Places.tsx';
import { ImportState } from './ImportState.tsx';
import { importsQuery } from './queries.ts';
import '../../styles/people.css';
import { numberText } from '../../../shared/reader.ts';

/** The page. */
export function Imports(): ReactElement {
  const { id: ws } = useHere();
  const may = useMay('contacts.import');
  return (
    <div className="page">
      <header className="page-head">
        <h1>Import people</h1>
        <Places ws={ws} here="imports" />
      </header>
      <div className="cards" role="group" aria-label="Page" tabIndex={0}>
        {may === true ? (
          <>
            <Choose ws={ws} />
            <Before ws={ws} />
          </>
        ) : (
          <Empty title="Not for your role">
            <p>{may}</p>
          </Empty>
        )}
      </div>
    </div>
  );
}

/** In which spreadsheets save "CSV" by where they are used; what is refused because of it says so row by row. */
const ENCODINGS = [
  ['windows-1252', 'Western Europe, America'],
  ['windows-1250', 'Central Europe'],
  ['windows-1251', 'Cyrillic'],
  ['windows-1253', 'Greek'],
  ['windows-1254', 'Turkish'],
  ['windows-1255', 'Hebrew'],
  ['windows-1256', 'Arabic'],
  ['shift_jis', 'Japanese'],
  ['gbk', 'Chinese, simplified'],
  ['big5', 'Chinese, traditional'],
  ['euc-kr', 'Korean'],
] as const;

function Choose({ ws }: { ws: string }): ReactElement {
  const navigate = useNavigate();
  const client = useQueryClient();
  const [sent, setSent] = useState<{ name: string; share: number }>();
  const [error, setError] = useState<unknown>();
  const [encoding, setEncoding] = useState('');
  const send = async (file: File | undefined) => {
    if (!file || sent) return;
    setError(undefined);
    setSent({ name: file.name, share: 0 });
    try {
      const query = new URLSearchParams({ name: file.name.slice(0, 200), ...(encoding && { encoding }) });
      const path = at(ws, `/imports?${query}`);
      const onDone = (share: number) => setSent({ name: file.name, share });
      const made = await upload<ImportShown>(path, file, onDone, 'text/csv');
      await client.invalidateQueries({ queryKey: [ws, 'imports'] });
      await navigate({ to: '/w/$ws/people/imports/$import', params: { ws, import: made.id } });
    } catch (refused) {
      setError(refused);
      setSent(undefined);
    }
  };
  return (
    <section className="panel" aria-label="A file">
      <label className="drop">
        <strong>Drop a CSV file here, or choose one</strong>
        <span className="muted">
          The first line names the columns. One of them is a phone number, an email address or your own id.
          Nothing changes until you have looked at it.
        </span>
        <input
          type="file"
          accept=".csv,.tsv,.txt,text/csv"
          aria-label="Choose a file"
          onChange={({ currentTarget: { files } }) => void send(files?.[0])}
        />
      </label>
      <label className="field">
        <span>Encoding</span>
        <select value={encoding} onChange={({ currentTarget }) => setEncoding(currentTarget.value)}>
          <option value="">UTF-8 or UTF-16 (detected)</option>
          {ENCODINGS.map(([name, where]) => (
            <option key={name} value={name}>
              {name} ({where})
            </option>
          ))}
        </select>
      </label>
      {sent ? (
        <div className="progress">
          <span>
            {sent.name}: {sent.share < 1 ? `${Math.floor(sent.share * 100)} % sent` : 'sent, being read'}
          </span>
          <progress aria-label={`${sent.name} is sent`} value={sent.share} max={1} />
        </div>
      ) : null}
      {error ? (
        <p className="fault" role="alert">
          {messageOf(error)}
        </p>
      ) : null}
    </section>
  );
}

function Before({ ws }: { ws: string }): ReactElement {
  const { data, error, refetch } = useQuery(importsQuery(ws));
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting rows={3} height={52} />;
  if (data.imports.length === 0)
    return (
      <Empty
        title="Nothing has been imported yet"
        curl={`curl -H "authorization: Bearer $CONSOLE" -H "content-type: text/csv" --data-binary @people.csv "${location.origin}/api/workspaces/${ws}/contacts/import"`}
      >
        <p>A file may have millions of rows. It is read in the background, so you need not wait.</p>
      </Empty>
    );
  return (
    <section className="panel" aria-label="Earlier imports">
      <h2>Earlier imports</h2>
      <ul className="lines">
        {data.imports.map((one) => (
          <li key={one.id}>
            <Link to="/w/$ws/people/imports/$import" params={{ ws, import: one.id }}>
              {one.name}
            </Link>
            <ImportState of={one} />
            <span className="muted">
              {counted(one.rows, 'row')} · <Ago at={one.createdAt} />
            </span>
            {one.rejected > 0 ? (
              <State tone="bad" icon="cross">
                {numberText(one.rejected)} rejected
              </State>
            ) : null}
          </li>
        ))}
      </ul>
    </section>
  );
}
