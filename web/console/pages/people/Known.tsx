/** What is known of somebody, changed in place: saved when the field is left, taken back with Escape. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import type { ContactWhole } from '../../../../contract/doors/console/contacts.ts';
import { call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';
import { useMay } from '../../shell/session.ts';
import { Act } from '../../ui/basic.tsx';
import { toast, toastError } from '../../ui/toasts.tsx';

const FIELDS = {
  givenName: 'Given name',
  surname: 'Surname',
  externalId: 'External id',
  locale: 'Language',
  timeZone: 'Time zone',
} as const;

type Change = { field: string; body: Record<string, unknown> };

/** The fields and attributes. */
export function Known({ ws, contact }: { ws: string; contact: ContactWhole }): ReactElement {
  const may = useMay('contacts.write');
  const client = useQueryClient();
  const [isAdding, setAdding] = useState(false);
  const change = useMutation({
    mutationFn: ({ body }: Change) => call('PATCH', at(ws, `/contacts/${contact.id}`), { body }),
    onSuccess: (_, { field }) => toast(`${field} is saved.`),
    onError: toastError,
    onSettled: () => client.invalidateQueries({ queryKey: [ws, 'contact', contact.id] }),
  });
  const attribute = (name: string, value: unknown) =>
    change.mutate({ field: name, body: { attributes: { [name]: value } } });
  return (
    <>
      <dl className="facts">
        {Object.entries(FIELDS).map(([field, words]) => (
          <Fact
            key={field}
            name={words}
            value={contact[field as keyof typeof FIELDS]}
            may={may}
            onValue={(value) => change.mutate({ field: words, body: { [field]: value } })}
          />
        ))}
        {Object.entries(contact.attributes).map(([name, value]) => (
          <Fact key={name} name={name} value={value} may={may} onValue={(to) => attribute(name, to)} />
        ))}
      </dl>
      {isAdding ? (
        <NewFact
          onFact={(name, value) => {
            setAdding(false);
            if (name && value !== null) attribute(name, value);
          }}
        />
      ) : (
        <Act size="compact-sm" may={may} onAct={() => setAdding(true)}>
          Add an attribute
        </Act>
      )}
    </>
  );
}

type FactProps = { name: string; value: unknown; may: true | string; onValue: (value: unknown) => void };

function Fact({ name, value, may, onValue }: FactProps): ReactElement {
  const shown = value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value);
  const isNested = typeof value === 'object' && value !== null;
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {isNested ? (
          shown
        ) : (
          <input
            key={shown}
            aria-label={name}
            defaultValue={shown}
            readOnly={may !== true}
            title={may === true ? undefined : may}
            placeholder="not known"
            onKeyDown={({ key, currentTarget }) => {
              if (key === 'Escape') currentTarget.value = shown;
              if (key === 'Enter' || key === 'Escape') currentTarget.blur();
            }}
            onBlur={({ currentTarget: { value: text } }) => {
              if (text !== shown) onValue(typed(text, value));
            }}
          />
        )}
      </dd>
    </div>
  );
}

/** A text as a value of the type that was there; nothing takes it away. */
function typed(text: string, before: unknown): unknown {
  if (text === '') return null;
  if (typeof before === 'number' && Number.isFinite(Number(text))) return Number(text);
  if (typeof before === 'boolean' && /^(?:true|false)$/.test(text)) return text === 'true';
  return text;
}

function NewFact({ onFact }: { onFact: (name: string, value: string | null) => void }): ReactElement {
  const [name, setName] = useState('');
  const [value, setValue] = useState('');
  return (
    <form
      className="card-acts facts"
      onSubmit={(event) => {
        event.preventDefault();
        onFact(name.trim(), value || null);
      }}
    >
      <input
        aria-label="Name of the attribute"
        placeholder="name"
        value={name}
        onChange={({ currentTarget }) => setName(currentTarget.value)}
      />
      <input
        aria-label="Value of the attribute"
        placeholder="value"
        value={value}
        onChange={({ currentTarget }) => setValue(currentTarget.value)}
      />
      <button type="submit" className="chip">
        Save
      </button>
    </form>
  );
}
