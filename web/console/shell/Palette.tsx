/** The palette: people, pages and actions by the beginning of a word. */
import { TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useDeferredValue, useId, useState, type KeyboardEvent, type ReactElement } from 'react';
import { fullName } from '../../../contract/personName.ts';
import { Icon, type IconName } from '../../shared/icons.tsx';
import type { ContactPage } from '../../../contract/doors/console/contacts.ts';
import type { ConversationPage } from '../../../contract/doors/console/inbox.ts';
import { call } from '../api/call.ts';
import { at } from '../api/queries.ts';
import { paths } from '../paths.ts';
import { boundNow } from '../ui/keys.ts';
import { Dialog } from '../ui/overlays.tsx';
import { usePlaces } from './places.ts';
import { useHere } from './session.ts';

type Found = { id: string; name: string; more: string; icon: IconName; go: () => void };

/** The palette. */
export function Palette({ opened, onClose }: { opened: boolean; onClose: () => void }): ReactElement {
  return (
    <Dialog title="Search" opened={opened} onClose={onClose} size={560}>
      <Inside onClose={onClose} />
    </Dialog>
  );
}

function Inside({ onClose }: { onClose: () => void }): ReactElement {
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const list = useId();
  const { found, isAsking } = useFound(text.trim());
  const chosen = Math.min(at, found.length - 1);
  const go = (one: Found | undefined) => {
    if (!one) return;
    onClose();
    one.go();
  };
  const pressed = (event: KeyboardEvent) => {
    if (event.key === 'Enter') go(found[chosen]);
    else if (event.key === 'ArrowDown') setAt(Math.min(chosen + 1, found.length - 1));
    else if (event.key === 'ArrowUp') setAt(Math.max(chosen - 1, 0));
    else return;
    event.preventDefault();
  };
  return (
    <>
      <TextInput
        data-autofocus
        aria-label="People, pages and actions"
        placeholder="A name, an address, a page …"
        role="combobox"
        aria-expanded="true"
        aria-controls={list}
        aria-activedescendant={found[chosen] ? `${list}-${chosen}` : undefined}
        value={text}
        onChange={({ currentTarget: { value } }) => {
          setText(value);
          setAt(0);
        }}
        onKeyDown={pressed}
      />
      <ul className="found" id={list} role="listbox" aria-label="Found">
        {found.map((one, n) => (
          <li
            key={one.id}
            id={`${list}-${n}`}
            role="option"
            aria-selected={n === chosen}
            onMouseMove={() => setAt(n)}
            onClick={() => go(one)}
          >
            <Icon name={one.icon} size={18} />
            <span>{one.name}</span>
            <span className="muted">{one.more}</span>
          </li>
        ))}
      </ul>
      {text.trim() && found.length === 0 ? (
        <p className="muted" role="status">
          {isAsking ? 'Looking …' : 'Nothing is called that.'}
        </p>
      ) : null}
    </>
  );
}

function useFound(text: string): { found: Found[]; isAsking: boolean } {
  const { id } = useHere();
  const places = usePlaces();
  const navigate = useNavigate();
  const asked = useDeferredValue(text);
  const talks = useQuery({
    queryKey: [id, 'palette', asked],
    queryFn: ({ signal }) =>
      call<ConversationPage>(
        'GET',
        at(id, `/conversations?view=all&limit=8&q=${encodeURIComponent(asked)}`),
        { signal },
      ),
    enabled: asked.length > 0,
  });
  // Who has not written yet is known all the same.
  const known = useQuery({
    queryKey: [id, 'palette', 'people', asked],
    queryFn: ({ signal }) =>
      call<ContactPage>('GET', at(id, `/contacts?limit=8&search=${encodeURIComponent(asked)}`), { signal }),
    enabled: asked.length > 0,
  });
  const fits = (name: string) => name.toLowerCase().includes(text.toLowerCase());
  const conversations = text ? (talks.data?.conversations ?? []) : [];
  const people = conversations.map((one) => ({
    id: one.id,
    name: one.contact.name ?? 'Somebody',
    more: one.last?.text ?? '',
    icon: 'person' as const,
    go: () => void navigate({ href: paths.inbox(id, 'all', one.id) } as never),
  }));
  const others = (text ? (known.data?.contacts ?? []) : [])
    .filter((one) => !conversations.some(({ contact }) => contact.id === one.id))
    .map((one) => ({
      id: one.id,
      name: fullName(one) || one.externalId || one.address?.address || 'Somebody',
      more: one.address?.address ?? one.externalId ?? 'person',
      icon: 'people' as const,
      go: () => void navigate({ href: paths.person(id, one.id) } as never),
    }));
  const pages = places
    .filter(({ name }) => fits(name))
    .map(({ name, key, icon, go }) => ({ id: name, name, more: `g ${key}`, icon, go }));
  const actions = boundNow()
    .filter(({ keys, does }) => !keys.startsWith('g ') && keys !== 'Ctrl K' && fits(does))
    .map(({ keys, does, act }) => ({ id: keys, name: does, more: keys, icon: 'keyboard' as const, go: act }));
  return {
    found: [...people.slice(0, 6), ...others.slice(0, 4), ...pages, ...actions].slice(0, 14),
    isAsking: asked !== text || talks.isFetching || known.isFetching,
  };
}
