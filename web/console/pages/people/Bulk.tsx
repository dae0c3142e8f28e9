/** Putting many people into a list or tag, or taking them out: whom a rule holds of, or some who are chosen. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState, type ReactElement } from 'react';
import { peopleText } from '../../../shared/counted.ts';
import type { BulkShown, Who } from '../../../../contract/doors/console/audiences.ts';
import { call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';
import { useMay } from '../../shell/session.ts';
import { Act } from '../../ui/basic.tsx';
import { toastError } from '../../ui/toasts.tsx';
import { bulkQuery, setsQuery } from './askedQueries.ts';
import { numberText } from '../../../shared/reader.ts';

/** The choice, and how far it is once it is begun. */
export function Bulk({ ws, who, name }: { ws: string; who: Who; name: string }): ReactElement {
  const may = useMay('contacts.write');
  const lists = useQuery(setsQuery(ws, 'list')).data ?? [];
  const tags = useQuery(setsQuery(ws, 'tag')).data ?? [];
  const [what, setWhat] = useState<'add' | 'remove'>('add');
  const [setId, setSet] = useState('');
  const [job, setJob] = useState<string>();
  const begin = useMutation({
    mutationFn: () => call<BulkShown>('POST', at(ws, '/contacts/bulk'), { body: { who, [what]: [setId] } }),
    onSuccess: ({ id }) => setJob(id),
    onError: toastError,
  });
  return (
    <div className="card-acts" role="group" aria-label={name}>
      <select
        aria-label="What to do"
        value={what}
        onChange={({ currentTarget: { value } }) => setWhat(value as 'add')}
      >
        <option value="add">Put into</option>
        <option value="remove">Take out of</option>
      </select>
      <select
        aria-label="List or tag"
        value={setId}
        onChange={({ currentTarget: { value } }) => setSet(value)}
      >
        <option value="">a list or tag …</option>
        <optgroup label="Lists">
          {lists.map(({ id, name: called }) => (
            <option key={id} value={id}>
              {called}
            </option>
          ))}
        </optgroup>
        <optgroup label="Tags">
          {tags.map(({ id, name: called }) => (
            <option key={id} value={id}>
              {called}
            </option>
          ))}
        </optgroup>
      </select>
      <Act
        may={may === true ? setId !== '' || 'Choose a list or tag first.' : may}
        busy={begin.isPending}
        onAct={() => begin.mutate()}
      >
        {name}
      </Act>
      {job ? <Course ws={ws} id={job} /> : null}
    </div>
  );
}

function Course({ ws, id }: { ws: string; id: string }): ReactElement | null {
  const client = useQueryClient();
  const { data } = useQuery(bulkQuery(ws, id));
  const isOver = data?.endedAt != null;
  useEffect(() => {
    if (!isOver) return;
    for (const of of ['sets', 'set', 'members of', 'audience', 'contact'])
      void client.invalidateQueries({ queryKey: [ws, of] });
  }, [isOver, client, ws]);
  if (!data) return null;
  return (
    <span className="progress" role="status">
      {isOver
        ? `${data.state === 'done' ? 'Done' : 'Stopped'}: ${peopleText(data.people)}, ${numberText(data.changed)} changed`
        : `${peopleText(data.people)} so far`}
      {isOver ? null : <progress aria-label="How far it is" value={data.progress} max={1} />}
      {data.note ? <span className="fault">{data.note}</span> : null}
    </span>
  );
}
