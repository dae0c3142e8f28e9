/** Conditions on what is known of people: all of these hold. What is nested is shown and changed as its source. */
import { useState, type ReactElement } from 'react';
import type { Condition } from '../../../../contract/audience.ts';

const TESTS = {
  is: 'is',
  isNot: 'is not',
  contains: 'contains',
  startsWith: 'starts with',
  greaterThan: 'is above',
  lessThan: 'is below',
  exists: 'is known',
} as const;
type TestName = keyof typeof TESTS;
/** As `contract/audience.ts` has them. */
const FIELDS = ['externalId', 'givenName', 'surname', 'timeZone', 'locale'] as const;

type Row = { of: 'attribute' | 'field'; name: string; test: TestName; value: string };

type Props = { filter: object | undefined; onFilter: (filter: object | undefined) => void };

/** The conditions of one side of an audience. */
export function Conditions({ filter, onFilter }: Props): ReactElement {
  const rows = rowsOf(filter);
  if (!rows) return <Nested filter={filter!} onFilter={onFilter} />;
  const tell = (next: readonly Row[]) => onFilter(next.length ? { all: next.map(conditionOf) } : undefined);
  const change = (n: number, some: Partial<Row>) =>
    tell(rows.map((row, i) => (i === n ? { ...row, ...some } : row)));
  return (
    <fieldset className="ticks">
      <legend>Conditions{rows.length > 1 ? ', all of which hold' : ''}</legend>
      {rows.map((row, n) => (
        <ConditionRow
          key={n}
          row={row}
          n={n + 1}
          onRow={(some) => change(n, some)}
          onGone={() => tell(rows.filter((_, i) => i !== n))}
        />
      ))}
      <button
        type="button"
        className="chip"
        onClick={() => tell([...rows, { of: 'attribute', name: 'city', test: 'is', value: '' }])}
      >
        + condition
      </button>
    </fieldset>
  );
}

type RowProps = { row: Row; n: number; onRow: (some: Partial<Row>) => void; onGone: () => void };

function ConditionRow({ row: { of, name, test, value }, n, onRow, onGone }: RowProps): ReactElement {
  return (
    <div className="condition">
      <select
        aria-label={`What condition ${n} is about`}
        value={of === 'field' ? name : 'attribute'}
        onChange={({ currentTarget: { value: chosen } }) =>
          onRow(chosen === 'attribute' ? { of: 'attribute', name: '' } : { of: 'field', name: chosen })
        }
      >
        <option value="attribute">attribute</option>
        {FIELDS.map((field) => (
          <option key={field}>{field}</option>
        ))}
      </select>
      {of === 'attribute' ? (
        <input
          aria-label={`Name of the attribute of condition ${n}`}
          placeholder="city"
          value={name}
          onChange={({ currentTarget }) => onRow({ name: currentTarget.value })}
        />
      ) : null}
      <select
        aria-label={`Test of condition ${n}`}
        value={test}
        onChange={({ currentTarget }) => onRow({ test: currentTarget.value as TestName })}
      >
        {Object.entries(TESTS).map(([key, words]) => (
          <option key={key} value={key}>
            {words}
          </option>
        ))}
      </select>
      {test === 'exists' ? null : (
        <input
          aria-label={`Value of condition ${n}`}
          value={value}
          onChange={({ currentTarget }) => onRow({ value: currentTarget.value })}
        />
      )}
      <button type="button" className="chip" aria-label={`Take condition ${n} away`} onClick={onGone}>
        ✕
      </button>
    </div>
  );
}

/** Values are compared with their type: what reads as a number or as true is one. */
function valueOf(text: string): string | number | boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^-?\d+(?:\.\d+)?$/.test(text) && text.length < 16 ? Number(text) : text;
}

function conditionOf({ of, name, test, value }: Row): object {
  const given = of === 'field' ? value : valueOf(value);
  return { [of]: name, [test]: test === 'exists' ? true : given };
}

/** The rows of a filter that is one list of simple conditions; undefined of any other. */
function rowsOf(filter: object | undefined): Row[] | undefined {
  if (filter === undefined) return [];
  const given = filter as { all?: Condition[]; any?: Condition[] };
  if (given.any?.length === 0) return [];
  const all = given.all ?? [given as Condition];
  const rows = all.map(rowOf);
  return rows.every((row) => row !== undefined) ? (rows as Row[]) : undefined;
}

function rowOf(condition: Condition): Row | undefined {
  const of = 'attribute' in condition ? 'attribute' : 'field' in condition ? 'field' : undefined;
  if (!of) return undefined;
  const { [of]: name, ...tests } = condition as Record<string, unknown>;
  const [only, more] = Object.entries(tests);
  if (!only || more || !(only[0] in TESTS) || only[1] === false) return undefined;
  const [test, value] = only as [TestName, unknown];
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return undefined;
  return { of, name: String(name), test, value: String(value) };
}

function Nested({ filter, onFilter }: { filter: object; onFilter: Props['onFilter'] }): ReactElement {
  const [text, setText] = useState(() => JSON.stringify(filter, null, 2));
  const [fault, setFault] = useState<string>();
  return (
    <label className="field">
      Conditions, as their source
      <textarea
        className="mono"
        rows={8}
        spellCheck={false}
        value={text}
        onChange={({ currentTarget: { value } }) => {
          setText(value);
          try {
            onFilter(value.trim() ? (JSON.parse(value) as object) : undefined);
            setFault(undefined);
          } catch (error) {
            setFault((error as Error).message);
          }
        }}
      />
      {fault ? <span className="fault">{fault}</span> : null}
    </label>
  );
}
