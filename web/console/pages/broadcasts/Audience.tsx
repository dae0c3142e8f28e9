/** Step 2: for whom it is, and who is left out. */
import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import type { AudienceInput } from '../../../../contract/doors/console/broadcasts.ts';
import { useMay } from '../../shell/session.ts';
import { Act } from '../../ui/basic.tsx';
import { Failed, Waiting } from '../../ui/states.tsx';
import { Conditions } from './Conditions.tsx';
import type { Draft } from './draft.ts';
import { namedQuery } from './queries.ts';
import { numberText } from '../../../shared/reader.ts';

type Clauses = AudienceInput['include'];
/** An audience must name something; this names nobody. */
export const NOBODY: Clauses = { filter: { any: [] } };

/** The step. */
export function AudienceStep({
  ws,
  draft,
  next,
}: {
  ws: string;
  draft: Draft;
  next: () => void;
}): ReactElement {
  const { audience } = draft.fields;
  const may = useMay('broadcasts.write');
  const change = (include: Clauses, exclude: Clauses | undefined) =>
    draft.change({
      audience: {
        include: isEmpty(include) ? NOBODY : include,
        ...(exclude && !isEmpty(exclude) ? { exclude } : {}),
      },
    });
  return (
    <div className="audience">
      {may === true ? null : <p className="muted">{may}</p>}
      <fieldset disabled={may !== true} className="audience-sides">
        <Side
          ws={ws}
          title="Who gets it"
          hint="Anybody who is in at least one of these."
          clauses={audience.include}
          withAll
          onClauses={(include) => change(include, audience.exclude)}
        />
        <Side
          ws={ws}
          title="Who does not"
          hint="Anybody in one of these is left out, whatever else they are in."
          clauses={audience.exclude ?? {}}
          onClauses={(exclude) => change(audience.include, exclude)}
        />
      </fieldset>
      {draft.saving.kind === 'not saved' ? <p className="fault">{draft.saving.why}</p> : null}
      <p>{saidOf(audience)}</p>
      <div className="card-acts">
        <Act onAct={next} variant="filled">
          Next: forecast
        </Act>
      </div>
    </div>
  );
}

function isEmpty({ all, lists, tags, segments, contacts, filter }: Clauses): boolean {
  const some = [lists, tags, segments, contacts].some((one) => one?.length);
  return !all && !some && (filter === undefined || isNobody(filter));
}

const isNobody = (filter: object) => 'any' in filter && Array.isArray(filter.any) && filter.any.length === 0;

/** An audience in a sentence. */
function saidOf({ include, exclude }: AudienceInput): string {
  const parts = (clauses: Clauses) =>
    [
      clauses.all ? 'everybody' : '',
      count(clauses.lists, 'list'),
      count(clauses.tags, 'tag'),
      count(clauses.segments, 'audience'),
      count(clauses.contacts, 'contact'),
      clauses.filter && !isNobody(clauses.filter) ? 'whoever meets the conditions' : '',
    ].filter(Boolean);
  const wanted = parts(include).join(', ');
  const left = exclude ? parts(exclude).join(', ') : '';
  if (!wanted) return 'Nobody yet: choose who gets it.';
  return `It goes to ${wanted}${left ? `, without ${left}` : ''}.`;
}

const count = (ids: readonly string[] | undefined, what: string) =>
  ids?.length ? `${ids.length} ${what}${ids.length === 1 ? '' : 's'}` : '';

type SideProps = {
  ws: string;
  title: string;
  hint: string;
  clauses: Clauses;
  withAll?: boolean;
  onClauses: (clauses: Clauses) => void;
};

function Side({ ws, title, hint, clauses, withAll, onClauses }: SideProps): ReactElement {
  const { data, error, refetch } = useQuery(namedQuery(ws));
  const set = (some: Partial<Clauses>) => onClauses(without({ ...clauses, ...some }));
  return (
    <section className="panel" aria-label={title}>
      <h2>{title}</h2>
      <p className="muted">{hint}</p>
      {withAll ? (
        <label className="tick">
          <input
            type="checkbox"
            checked={clauses.all === true}
            onChange={({ currentTarget: { checked } }) =>
              set({ all: checked ? true : undefined } as Partial<Clauses>)
            }
          />
          Everybody
        </label>
      ) : null}
      {error ? <Failed error={error} retry={() => void refetch()} /> : null}
      {data ? (
        <>
          <Ticks
            what="Lists"
            all={data.lists.map(({ id, name, contacts }) => ({ id, name, note: contacts }))}
            chosen={clauses.lists ?? []}
            onChosen={(lists) => set({ lists })}
          />
          <Ticks
            what="Tags"
            all={data.tags.map(({ id, name, contacts }) => ({ id, name, note: contacts }))}
            chosen={clauses.tags ?? []}
            onChosen={(tags) => set({ tags })}
          />
          <Ticks
            what="Audiences"
            all={data.segments.map(({ id, name, key, state }) => ({
              id,
              name: name || key,
              note: state === 'building' ? 'being found' : undefined,
            }))}
            chosen={clauses.segments ?? []}
            onChosen={(segments) => set({ segments })}
          />
        </>
      ) : (
        <Waiting rows={3} height={36} />
      )}
      {clauses.contacts?.length ? (
        <p>
          {numberText(clauses.contacts.length)} named one by one{' '}
          <button type="button" className="chip" onClick={() => set({ contacts: [] })}>
            Take them out
          </button>
        </p>
      ) : null}
      <Conditions filter={clauses.filter} onFilter={(filter) => set({ filter } as Partial<Clauses>)} />
    </section>
  );
}

/** Clauses that say something. */
function without(clauses: Clauses): Clauses {
  return Object.fromEntries(
    Object.entries(clauses).filter(
      ([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0),
    ),
  );
}

type Named = { id: string; name: string; note?: number | string | undefined };
type TicksProps = {
  what: string;
  all: readonly Named[];
  chosen: readonly string[];
  onChosen: (ids: string[]) => void;
};

function Ticks({ what, all, chosen, onChosen }: TicksProps): ReactElement | null {
  if (all.length === 0) return null;
  return (
    <fieldset className="ticks">
      <legend>{what}</legend>
      <div className="ticks-all">
        {all.map(({ id, name, note }) => (
          <label key={id} className="tick">
            <input
              type="checkbox"
              checked={chosen.includes(id)}
              onChange={({ currentTarget: { checked } }) =>
                onChosen(checked ? [...chosen, id] : chosen.filter((one) => one !== id))
              }
            />
            {name}
            {note === undefined ? null : (
              <span className="muted">{typeof note === 'number' ? numberText(note) : note}</span>
            )}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
