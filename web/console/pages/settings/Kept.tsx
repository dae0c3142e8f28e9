/** How long what happened is kept, where that is shorter than the install does; how much would go is shown before it is saved. */
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import type { KeptShown, WorkspaceShown } from '../../../../contract/doors/console/workspaces.ts';
import { call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';
import { useMay } from '../../shell/session.ts';
import { Act } from '../../ui/basic.tsx';
import { messageOf } from '../../ui/states.tsx';
import { useSave } from './save.ts';
import { numberText } from '../../../shared/reader.ts';

type Days = NonNullable<WorkspaceShown['settings']['keptDays']>;
type Sort = keyof Days;

/** Each sort in words, and the fewest days of it. */
const SORTS: readonly { sort: Sort; label: string; least: number }[] = [
  { sort: 'messages', label: 'Messages', least: 31 },
  { sort: 'events', label: 'What people did', least: 31 },
  { sort: 'webhooks', label: 'Calls to webhooks', least: 7 },
  { sort: 'audit', label: 'Audit log', least: 31 },
];

/** The form. */
export function Kept({ ws, now }: { ws: string; now: Days | null }): ReactElement {
  const may = useMay('workspace.update');
  const save = useSave(ws, 'How long it is kept');
  const [typed, setTyped] = useState<Partial<Record<Sort, string>>>(() =>
    Object.fromEntries(Object.entries(now ?? {}).map(([sort, days]) => [sort, String(days)])),
  );
  const days: Days = Object.fromEntries(
    Object.entries(typed).flatMap(([sort, text]) => (text === '' ? [] : [[sort, Number(text)]])),
  );
  const wrong = SORTS.find(({ sort, least }) => days[sort] !== undefined && !(days[sort] >= least));
  const next = Object.keys(days).length > 0 ? days : null;
  const isSame = JSON.stringify(next) === JSON.stringify(now);
  const can =
    may === true
      ? isSame
        ? 'It says that already.'
        : wrong
          ? `${wrong.label} are kept for ${wrong.least} days at least.`
          : true
      : may;
  const { data } = useQuery({
    queryKey: [ws, 'kept', wrong ? {} : days],
    queryFn: ({ signal }) => call<KeptShown>('GET', pathOf(ws, wrong ? {} : days), { signal }),
    enabled: may === true,
    placeholderData: (before) => before,
  });
  return (
    <fieldset className="ticks setting">
      <legend>How long it is kept</legend>
      {SORTS.map(({ sort, label, least }) => (
        <label key={sort} className="field">
          {`${label}, days`}
          <input
            type="number"
            min={least}
            max={3650}
            readOnly={may !== true}
            placeholder={data ? `${data.installDays[sort]} (server default)` : 'server default'}
            value={typed[sort] ?? ''}
            onChange={({ currentTarget: { value } }) => setTyped((all) => ({ ...all, [sort]: value }))}
          />
          {data && days[sort] !== undefined && !wrong ? (
            <small className="muted">{goesText(data, sort)}</small>
          ) : null}
        </label>
      ))}
      <p className="muted">What is older is deleted once a day, and cannot be had back.</p>
      {save.error ? (
        <p className="fault" role="alert">
          {messageOf(save.error)}
        </p>
      ) : null}
      <Act
        may={can}
        size="xs"
        busy={save.isPending}
        onAct={() => save.mutate({ settings: { keptDays: next } })}
      >
        Save how long it is kept
      </Act>
    </fieldset>
  );
}

function goesText({ older, most }: KeptShown, sort: Sort): string {
  const n = older[sort];
  if (n === null || n === undefined) return 'More than can be counted quickly would go.';
  return n >= most ? `${numberText(most)} or more would go.` : `${numberText(n)} would go.`;
}

function pathOf(ws: string, days: Days): string {
  const given = Object.entries(days).map(([sort, n]) => [sort, String(n)]);
  return at(ws, given.length > 0 ? `/kept?${new URLSearchParams(given)}` : '/kept');
}
