/** Conditions that nest: groups of which all, one or none holds, each with conditions and groups. */
import { useQuery } from '@tanstack/react-query';
import { useId, type ReactElement } from 'react';
import { FIELDS } from '../../../../contract/audience.ts';
import type { Rule } from '../../../../contract/campaign.ts';
import { CHANNELS } from '../../../../contract/channels.ts';
import { attributesQuery, eventNamesQuery, segmentsQuery, setsQuery } from './askedQueries.ts';
import {
  ABOUT,
  aboutOf,
  grouped,
  groupOf,
  JOINS,
  TESTS,
  valueOf,
  type About,
  type Join,
  type TestName,
} from './rule.ts';
import '../../styles/broadcasts.css';

type Props = { ws: string; rule: Rule; onRule: (rule: Rule) => void; onGone?: () => void; name: string };

/** A group of conditions. `name` tells groups and conditions apart for who hears them: `1`, `1.2`. */
export function Group({ ws, rule, onRule, onGone, name }: Props): ReactElement {
  const { join, rules } = groupOf(rule) ?? { join: 'all' as const, rules: [rule] };
  const tell = (next: Rule[], by: Join = join) => onRule(grouped(by, next));
  return (
    <fieldset className="ticks">
      <legend>{name === '' ? 'Who' : `Group ${name}`}</legend>
      <div className="condition">
        <select
          aria-label={name === '' ? 'How conditions are joined' : `How those of group ${name} are joined`}
          value={join}
          onChange={({ currentTarget: { value } }) => tell(rules, value as Join)}
        >
          {Object.entries(JOINS).map(([key, words]) => (
            <option key={key} value={key}>
              {words}
            </option>
          ))}
        </select>
        {onGone ? (
          <button type="button" className="chip" aria-label={`Take group ${name} away`} onClick={onGone}>
            ✕
          </button>
        ) : null}
      </div>
      {rules.map((one, n) => {
        const props = {
          ws,
          rule: one,
          name: `${name}${name && '.'}${n + 1}`,
          onRule: (next: Rule) => tell(rules.map((other, i) => (i === n ? next : other))),
          onGone: () => tell(rules.filter((_, i) => i !== n)),
        };
        return groupOf(one) ? <Group key={n} {...props} /> : <Single key={n} {...props} />;
      })}
      <div className="card-acts">
        <button type="button" className="chip" onClick={() => tell([...rules, ABOUT.attribute.first])}>
          + condition
        </button>
        {name.split('.').length < 4 ? (
          <button
            type="button"
            className="chip"
            onClick={() => tell([...rules, { any: [ABOUT.attribute.first] }])}
          >
            + group
          </button>
        ) : null}
      </div>
    </fieldset>
  );
}

type SingleProps = Props & { onGone?: () => void };

/** A condition by itself, which can be taken away where it is one of several. */
export function Single({ ws, rule, onRule, onGone, name }: SingleProps): ReactElement {
  const about = aboutOf(rule);
  return (
    <div className="condition">
      {about === undefined ? (
        <code className="mono">{JSON.stringify(rule)}</code>
      ) : (
        <>
          <select
            aria-label={`What condition ${name} is about`}
            value={about}
            onChange={({ currentTarget: { value } }) => onRule(ABOUT[value as About].first as Rule)}
          >
            {Object.entries(ABOUT).map(([key, { words }]) => (
              <option key={key} value={key}>
                {words}
              </option>
            ))}
          </select>
          <Form ws={ws} about={about} rule={rule} onRule={onRule} name={name} />
        </>
      )}
      {onGone ? (
        <button type="button" className="chip" aria-label={`Take condition ${name} away`} onClick={onGone}>
          ✕
        </button>
      ) : null}
    </div>
  );
}

type FormProps = Omit<Props, 'onGone'> & { about: About };

function Form({ ws, about, rule, onRule, name }: FormProps): ReactElement {
  const value = String((rule as Record<string, unknown>)[about]);
  const set = (to: string) => onRule({ ...rule, [about]: to } as Rule);
  switch (about) {
    case 'attribute':
    case 'field':
      return <Tested ws={ws} about={about} rule={rule} onRule={onRule} name={name} />;
    case 'inList':
    case 'tagged':
      return (
        <SetChoice
          ws={ws}
          kind={about === 'inList' ? 'list' : 'tag'}
          value={value}
          name={name}
          onValue={set}
        />
      );
    case 'inSegment':
      return <SegmentChoice ws={ws} value={value} name={name} onValue={set} />;
    case 'hasChannel':
      return (
        <Choice
          label={`Channel of condition ${name}`}
          all={CHANNELS.map((one) => [one, one])}
          value={value}
          onValue={set}
        />
      );
    case 'did':
    case 'did_not':
      return <Did ws={ws} about={about} rule={rule} onRule={onRule} name={name} />;
    case 'createdWithin':
      return <Choice label={`How long condition ${name} is about`} all={SPANS} value={value} onValue={set} />;
    case 'createdAfter':
    case 'createdBefore':
      return (
        <input
          type="date"
          aria-label={`Day of condition ${name}`}
          value={value.slice(0, 10)}
          onChange={({ currentTarget: { value: day } }) => set(day && `${day}T00:00:00Z`)}
        />
      );
  }
}

/** A value that is tested, with those that are known to pick from. */
function Tested({
  ws,
  about,
  rule,
  onRule,
  name,
}: FormProps & { about: 'attribute' | 'field' }): ReactElement {
  const id = useId();
  const known = useQuery(attributesQuery(ws)).data?.attributes ?? [];
  const { [about]: subject, ...tests } = rule as Record<string, string>;
  const [test, value] = Object.entries(tests)[0] as [TestName, unknown];
  const one = about === 'attribute' ? known.find((found) => found.name === subject) : undefined;
  const tell = (to: string, by: TestName, what: unknown) =>
    onRule({
      [about]: to,
      [by]: by === 'exists' ? true : what === true && test === 'exists' ? '' : what,
    } as Rule);
  return (
    <>
      {about === 'field' ? (
        <Choice
          label={`Field of condition ${name}`}
          all={FIELDS.map((field) => [field, field])}
          value={subject!}
          onValue={(to) => tell(to, test, value)}
        />
      ) : (
        <input
          aria-label={`Attribute of condition ${name}`}
          placeholder="city"
          list={`${id}names`}
          value={subject}
          onChange={({ currentTarget }) => tell(currentTarget.value, test, value)}
        />
      )}
      <datalist id={`${id}names`}>
        {known.map((found) => (
          <option key={found.name}>{found.name}</option>
        ))}
      </datalist>
      <Choice
        label={`Test of condition ${name}`}
        all={Object.entries(TESTS)}
        value={test}
        onValue={(by) => tell(subject!, by as TestName, value)}
      />
      {test === 'exists' ? null : (
        <input
          aria-label={`Value of condition ${name}`}
          list={`${id}values`}
          value={String(value)}
          onChange={({ currentTarget: { value: text } }) =>
            tell(
              subject!,
              test,
              about === 'field' || test === 'startsWith' ? text : valueOf(text, one?.types),
            )
          }
        />
      )}
      <datalist id={`${id}values`}>
        {one?.values.map((seen) => (
          <option key={String(seen.value)}>{String(seen.value)}</option>
        ))}
      </datalist>
    </>
  );
}

/** Times that are usual. */
const SPANS: [string, string][] = [
  ['1d', 'a day'],
  ['7d', '7 days'],
  ['30d', '30 days'],
  ['90d', '90 days'],
  ['365d', 'a year'],
];

/** Something that was done, or was not: how often, and within what time. */
function Did({ ws, about, rule, onRule, name }: FormProps & { about: 'did' | 'did_not' }): ReactElement {
  const id = useId();
  const names = useQuery(eventNamesQuery(ws)).data?.names ?? [];
  const { [about]: event, within, atLeast } = rule as Record<string, string | number>;
  const tell = (more: Record<string, unknown>) =>
    onRule(
      Object.fromEntries(
        Object.entries({ [about]: event, within, atLeast, ...more }).filter(
          ([, value]) => value !== undefined,
        ),
      ) as Rule,
    );
  return (
    <>
      <input
        aria-label={`Event of condition ${name}`}
        list={id}
        value={event}
        onChange={({ currentTarget }) => tell({ [about]: currentTarget.value })}
      />
      <datalist id={id}>
        {names.map((one) => (
          <option key={one.name}>{one.name}</option>
        ))}
      </datalist>
      {about === 'did' ? (
        <input
          type="number"
          min={1}
          aria-label={`Times of condition ${name}`}
          placeholder="1 time"
          value={atLeast ?? ''}
          onChange={({ currentTarget: { value } }) =>
            tell({ atLeast: Number(value) > 0 ? Number(value) : undefined })
          }
        />
      ) : null}
      <Choice
        label={`Time of condition ${name}`}
        all={[['', 'ever'], ...SPANS.map(([span, words]): [string, string] => [span, `within ${words}`])]}
        value={String(within ?? '')}
        onValue={(to) => tell({ within: to || undefined })}
      />
    </>
  );
}

type PickProps = { ws: string; value: string; name: string; onValue: (value: string) => void };

function SetChoice({ ws, kind, value, name, onValue }: PickProps & { kind: 'list' | 'tag' }): ReactElement {
  const all = useQuery(setsQuery(ws, kind)).data ?? [];
  const named = all.map((one) => [one.name, one.name] as const);
  return (
    <Choice
      label={`${kind === 'list' ? 'List' : 'Tag'} of condition ${name}`}
      all={[['', `a ${kind} …`], ...named]}
      value={value}
      onValue={onValue}
    />
  );
}

function SegmentChoice({ ws, value, name, onValue }: PickProps): ReactElement {
  const all = useQuery(segmentsQuery(ws)).data?.segments ?? [];
  const named = all.map(({ key, name: called }) => [key, called] as const);
  return (
    <Choice
      label={`Audience of condition ${name}`}
      all={[['', 'an audience …'], ...named]}
      value={value}
      onValue={onValue}
    />
  );
}

type ChoiceProps = {
  label: string;
  all: readonly (readonly [string, string])[];
  value: string;
  onValue: (value: string) => void;
};

/** One of some; what is there and no longer known stays as it is. */
function Choice({ label, all, value, onValue }: ChoiceProps): ReactElement {
  const isKnown = all.some(([key]) => key === value);
  return (
    <select aria-label={label} value={value} onChange={({ currentTarget }) => onValue(currentTarget.value)}>
      {isKnown ? null : <option value={value}>{value}</option>}
      {all.map(([key, words]) => (
        <option key={key} value={key}>
          {words}
        </option>
      ))}
    </select>
  );
}
