/** One import: what its columns are and what is wrong with its first rows, then how far it is, then what became of it. */
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import type { Static } from 'typebox';
import type { ImportPreviewShown, ImportShown } from '../../../../contract/doors/console/imports.ts';
import type { ListsShown } from '../../../../contract/doors/console/sets.ts';
import { counted } from '../../../shared/counted.ts';
import { Icon } from '../../../shared/icons.tsx';
import { ApiFault, call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';
import { useHere, useMay } from '../../shell/session.ts';
import { Act, State } from '../../ui/basic.tsx';
import { Failed, messageOf, Waiting } from '../../ui/states.tsx';
import { toast, toastError } from '../../ui/toasts.tsx';
import { ImportState } from './ImportState.tsx';
import { dropPlan, usePlan } from './plan.ts';
import { allFaults, importQuery } from './queries.ts';
import { saveCsv } from './save.ts';
import { UndoButton, UndoCourse } from './Undo.tsx';
import '../../styles/people.css';
import { numberText } from '../../../shared/reader.ts';

const route = getRouteApi('/w/$ws/people/imports/$import');

/** The page. */
export function Import(): ReactElement {
  const { id: ws } = useHere();
  const { import: id } = route.useParams();
  const { data, error, refetch } = useQuery(importQuery(ws, id));
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  return (
    <div className="page">
      <header className="page-head">
        <Link to="/w/$ws/people/imports" params={{ ws }} className="plain" aria-label="Back to imports">
          <Icon name="back" />
        </Link>
        <div className="page-title">
          <h1>{data.name}</h1>
          <p className="muted">{counted(data.rows, 'row')}</p>
        </div>
        <ImportState of={data} />
        {data.state === 'ready' || data.state === 'uploading' ? null : <UndoButton ws={ws} of={data} />}
        <Drop ws={ws} id={id} isRunning={data.state === 'running'} />
      </header>
      <div className="cards" role="group" aria-label="Page" tabIndex={0}>
        {data.stopped ? (
          <p className="fault" role="alert">
            The file can be read up to line {data.stopped.line}: {data.stopped.reason}. What comes after it is
            not imported.
          </p>
        ) : null}
        <UndoCourse ws={ws} of={data} />
        {data.state === 'ready' ? <Plan ws={ws} of={data} /> : <Course ws={ws} of={data} />}
      </div>
    </div>
  );
}

function Drop({ ws, id, isRunning }: { ws: string; id: string; isRunning: boolean }): ReactElement {
  const may = useMay('contacts.import');
  const navigate = useNavigate();
  const client = useQueryClient();
  const drop = useMutation({
    mutationFn: () => call('DELETE', at(ws, `/imports/${id}`)),
    onSuccess: async () => {
      toast(isRunning ? 'It was stopped. What was written stays.' : 'It was deleted.');
      dropPlan(id);
      await navigate({ to: '/w/$ws/people/imports', params: { ws } });
      client.removeQueries({ queryKey: [ws, 'import', id] });
      await client.invalidateQueries({ queryKey: [ws, 'imports'] });
    },
    onError: toastError,
  });
  return (
    <Act may={may} busy={drop.isPending} onAct={() => drop.mutate()}>
      {isRunning ? 'Stop' : 'Delete'}
    </Act>
  );
}

type Target = ImportPreviewShown['columns'][number]['target'];
const FIELDS = {
  phone: 'Phone number',
  email: 'E-mail address',
  externalId: 'External id',
  givenName: 'Given name',
  surname: 'Surname',
  timeZone: 'Time zone',
  locale: 'Language',
} as const;
const TYPES = {
  text: 'Attribute, a text',
  number: 'Attribute, a number',
  boolean: 'Attribute, yes or no',
} as const;

function Plan({ ws, of }: { ws: string; of: ImportShown }): ReactElement {
  const { country: own } = useHere();
  const may = useMay('contacts.import');
  const client = useQueryClient();
  const { plan, change, forget } = usePlan(of.id, own);
  const { mapping, country, tags, setsOff } = plan;
  const body = { mapping, country };
  const lists = useQuery({
    queryKey: [ws, 'lists'],
    queryFn: ({ signal }) => call<Static<typeof ListsShown>>('GET', at(ws, '/lists'), { signal }),
  });
  // A list that was chosen and is deleted since is none.
  const isGone = lists.data?.lists.every(({ id }) => id !== plan.listId);
  const listId = isGone ? '' : plan.listId;
  const look = useQuery({
    queryKey: [ws, 'import preview', of.id, body],
    queryFn: ({ signal }) =>
      call<ImportPreviewShown>('POST', at(ws, `/imports/${of.id}/preview`), { body, signal }),
    placeholderData: keepPreviousData,
  });
  const start = useMutation({
    mutationFn: () =>
      call<ImportShown>('POST', at(ws, `/imports/${of.id}/start`), {
        body: {
          ...body,
          ...(listId ? { listId } : {}),
          ...(setsOff ? { setsOff: of.rows } : {}),
          tags: tags
            .split(',')
            .map((tag) => tag.trim())
            .filter(Boolean),
        },
      }),
    onSuccess(now) {
      dropPlan(of.id);
      client.setQueryData(importQuery(ws, of.id).queryKey, now);
    },
  });
  if (!look.data && look.error)
    return <Refused error={look.error} retry={() => void look.refetch()} onAnew={forget} />;
  if (!look.data) return <Waiting />;
  const { rows, fault } = look.data;
  // What was chosen stands at once: letters typed one after the other choose, and a select that falls back between them takes none.
  const columns = look.data.columns.map(({ header, target }) => ({
    header,
    target: Object.hasOwn(mapping, header) ? mapping[header]! : target,
  }));
  const bad = rows.filter((row) => row.fault).length;
  return (
    <>
      <section className="panel" aria-label="Where they go">
        <div className="card-acts">
          <label className="field">
            Country of numbers without a country code
            <input
              size={4}
              maxLength={2}
              value={country}
              onChange={({ currentTarget: { value } }) => change({ country: value.toUpperCase() })}
            />
          </label>
          <label className="field">
            Put everyone into a list
            <select value={listId} onChange={({ currentTarget }) => change({ listId: currentTarget.value })}>
              <option value="">none</option>
              {lists.data?.lists.map(({ id, name }) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
            </select>
          </label>
          <label className="field">
            Tags, with commas between
            <input value={tags} onChange={({ currentTarget }) => change({ tags: currentTarget.value })} />
          </label>
          <label className="tick">
            <input
              type="checkbox"
              checked={setsOff}
              onChange={({ currentTarget }) => change({ setsOff: currentTarget.checked })}
            />
            <span>{of.rows === 1 ? 'Its row' : `Its ${numberText(of.rows)} rows`} may set campaigns off</span>
          </label>
        </div>
        {(look.error ?? start.error) ? (
          <p className="fault" role="alert">
            {messageOf(look.error ?? start.error)}
          </p>
        ) : null}
        <div className="card-acts">
          <Act
            may={may === true ? (fault ? fault.rule : true) : may}
            busy={start.isPending}
            variant="filled"
            onAct={() => start.mutate()}
          >
            Import {counted(of.rows, 'row')}
          </Act>
          {fault ? (
            <State tone="bad" icon="cross">
              {fault.rule}
            </State>
          ) : bad > 0 ? (
            <State tone="bad" icon="cross">
              {bad} of the first {counted(rows.length, 'row')} would be rejected
            </State>
          ) : (
            <State tone="good" icon="check">
              {rows.length === 1 ? 'the first row is fine' : `the first ${rows.length} rows are fine`}
            </State>
          )}
        </div>
      </section>
      <Table
        columns={columns}
        rows={rows}
        onTarget={(header, target) => change({ mapping: { ...mapping, [header]: target } })}
      />
    </>
  );
}

type RefusedProps = { error: Error; retry: () => void; onAnew: () => void };

/** What was kept half-written is refused again at each reload, until it is begun anew. */
function Refused({ error, retry, onAnew }: RefusedProps): ReactElement {
  return (
    <>
      <Failed error={error} retry={retry} />
      {error instanceof ApiFault && error.field !== undefined ? (
        <div className="card-acts">
          <Act onAct={onAnew}>Choose from the beginning</Act>
        </div>
      ) : null}
    </>
  );
}

type TableProps = Pick<ImportPreviewShown, 'columns' | 'rows'> & {
  onTarget: (header: string, target: Target) => void;
};

function Table({ columns, rows, onTarget }: TableProps): ReactElement {
  return (
    <div className="sheet" tabIndex={0} role="region" aria-label="The first rows">
      <table>
        <thead>
          <tr>
            <th scope="col">Line</th>
            {columns.map(({ header, target }, n) => (
              <th scope="col" key={n}>
                <span>{header || '(no name)'}</span>
                <Choice header={header} target={target} onTarget={(to) => onTarget(header, to)} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ line, cells, fault }) => (
            <tr key={line} data-bad={fault ? true : undefined}>
              <th scope="row">
                {line}
                {fault ? (
                  <span className="fault">
                    {fault.field}: {fault.rule}
                  </span>
                ) : null}
              </th>
              {columns.map((_, n) => (
                <td key={n}>{cells[n]}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

type ChoiceProps = { header: string; target: Target; onTarget: (target: Target) => void };

/** What a column is; an attribute is called as the column until it is given another name. */
function Choice({ header, target, onTarget }: ChoiceProps): ReactElement {
  const isAttribute = typeof target === 'object' && 'attribute' in target;
  const value =
    target === 'ignore' ? 'ignore' : 'field' in target ? target.field : `:${target.type ?? 'text'}`;
  const choose = (chosen: string) => {
    if (chosen === 'ignore') return onTarget('ignore');
    if (!chosen.startsWith(':')) return onTarget({ field: chosen });
    const type = chosen.slice(1) as keyof typeof TYPES;
    return onTarget({ attribute: isAttribute ? target.attribute : header, type });
  };
  return (
    <>
      <select
        aria-label={`What ${header} is`}
        value={value}
        onChange={({ currentTarget }) => choose(currentTarget.value)}
      >
        {Object.entries(FIELDS).map(([field, words]) => (
          <option key={field} value={field}>
            {words}
          </option>
        ))}
        {Object.entries(TYPES).map(([type, words]) => (
          <option key={type} value={`:${type}`}>
            {words}
          </option>
        ))}
        <option value="ignore">Leave out</option>
      </select>
      {isAttribute ? (
        <input
          aria-label={`The attribute for ${header}`}
          defaultValue={target.attribute}
          onBlur={({ currentTarget: { value: name } }) =>
            name && name !== target.attribute ? onTarget({ ...target, attribute: name }) : undefined
          }
        />
      ) : null}
    </>
  );
}

/** How far it is, and what became of it. */
function Course({ ws, of }: { ws: string; of: ImportShown }): ReactElement {
  const { state, rows, doneRows, created, updated, rejected, note, name } = of;
  const save = useMutation({
    mutationFn: async () =>
      saveCsv(`faults of ${name}`, [
        ['line', 'field', 'rule'],
        ...(await allFaults(ws, of.id)).map(({ line, field, rule }) => [String(line), field, rule]),
      ]),
    onError: toastError,
  });
  const numbers = { 'New people': created, 'Known before': updated, Rejected: rejected };
  return (
    <section className="panel" aria-label="How far it is">
      <div className="progress" role="status">
        <span>
          {state === 'running' ? 'Reading' : state === 'done' ? 'Done' : 'Stopped'}: {numberText(doneRows)} of{' '}
          {numberText(rows)} rows
        </span>
        <progress aria-label="Rows that are read" value={doneRows} max={Math.max(rows, 1)} />
      </div>
      {note ? <p className="fault">{note}</p> : null}
      <dl className="facts">
        {Object.entries(numbers).map(([what, n]) => (
          <div key={what}>
            <dt>{what}</dt>
            <dd>{numberText(n)}</dd>
          </div>
        ))}
      </dl>
      <div className="card-acts">
        <Act
          may={rejected > 0 || 'No row was rejected.'}
          busy={save.isPending}
          onAct={() => save.mutate()}
          hint="A CSV of lines and what is wrong with each"
        >
          Download what was rejected
        </Act>
        <Link to="/w/$ws/people" params={{ ws }}>
          To the people
        </Link>
      </div>
    </section>
  );
}
