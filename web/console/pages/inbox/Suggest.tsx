/** What may be meant by what is typed: saved replies after `/`, colleagues after `@`. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type KeyboardEvent, type ReactElement } from 'react';
import type { SavedReplyShown } from '../../../../contract/doors/console/savedReplies.ts';
import { call } from '../../api/call.ts';
import { at, membersQuery, savedRepliesQuery } from '../../api/queries.ts';
import { toast, toastError } from '../../ui/toasts.tsx';

const MOST_SHOWN = 7;

/** One that may be meant; `text` is what the field holds once it is taken. */
type Choice = { id: string; name: string; more: string; text: string };

/** The suggestions of a field. */
export type Suggestions = {
  choices: readonly Choice[];
  chosen: number;
  take: (choice: Choice) => void;
  /** True when the key was for them. */
  pressed: (event: KeyboardEvent) => boolean;
};

/** Suggests for what a field holds; `take` puts in what was meant. */
export function useSuggestions(
  ws: string,
  { text, isNote, onText }: { text: string; isNote: boolean; onText: (text: string) => void },
): Suggestions {
  const [n, setN] = useState(0);
  const [refused, setRefused] = useState<string>();
  const found = useFound(ws, text, isNote);
  const choices = refused === text ? [] : found;
  const chosen = Math.min(n, choices.length - 1);
  const take = (choice: Choice) => {
    setN(0);
    onText(choice.text);
  };
  const pressed = (event: KeyboardEvent) => {
    const choice = choices[chosen];
    if (!choice) return false;
    if (event.key === 'ArrowDown') setN(Math.min(chosen + 1, choices.length - 1));
    else if (event.key === 'ArrowUp') setN(Math.max(chosen - 1, 0));
    else if (event.key === 'Escape') setRefused(text);
    else if ((event.key === 'Enter' && !event.ctrlKey && !event.metaKey) || event.key === 'Tab') take(choice);
    else return false;
    event.preventDefault();
    return true;
  };
  return { choices, chosen, take, pressed };
}

function useFound(ws: string, text: string, isNote: boolean): Choice[] {
  const slash = isNote ? undefined : /^\/([\p{L}\p{N}_-]*)$/u.exec(text)?.[1];
  const [, before = '', name] = (isNote && /^(.*?)@([\p{L}\p{N}_-]*)$/su.exec(text)) || [];
  const { data: saved } = useQuery({ ...savedRepliesQuery(ws), enabled: slash !== undefined });
  const { data: members } = useQuery({ ...membersQuery(ws), enabled: name !== undefined });
  const begins = (word: string, asked: string) => word.toLowerCase().startsWith(asked.toLowerCase());
  if (slash !== undefined)
    return (saved?.savedReplies ?? [])
      .filter(({ shortcut }) => begins(shortcut, slash))
      .slice(0, MOST_SHOWN)
      .map((one) => ({ id: one.id, name: `/${one.shortcut}`, more: one.text, text: one.text }));
  if (name === undefined) return [];
  return (members?.members ?? [])
    .filter((one) => !one.disabled && begins(one.name, name))
    .slice(0, MOST_SHOWN)
    .map((one) => ({ id: one.id, name: `@${one.name}`, more: one.email, text: `${before}@${one.name} ` }));
}

/** The members whose names a note calls. */
export function useMentionsIn(ws: string): (text: string) => string[] {
  const client = useQueryClient();
  return (text) =>
    (client.getQueryData(membersQuery(ws).queryKey)?.members ?? [])
      .filter(({ name, disabled }) => !disabled && text.includes(`@${name}`))
      .map(({ id }) => id);
}

/** Keeps a text ready under a word that is asked for. */
export function useSaveReply(ws: string): (shortcut: string, text: string) => Promise<boolean> {
  const client = useQueryClient();
  return async (shortcut, text) => {
    try {
      const body = { shortcut, text };
      await call<SavedReplyShown>('POST', at(ws, '/saved-replies'), { body });
      toast(`Kept: /${shortcut}`);
      await client.invalidateQueries({ queryKey: [ws, 'saved-replies'] });
      return true;
    } catch (error) {
      toastError(error);
      return false;
    }
  };
}

/** Shows them above the field. */
export function Suggest({ choices, chosen, take }: Suggestions): ReactElement | null {
  if (!choices.length) return null;
  return (
    <ul className="suggest" role="listbox" aria-label="Suggestions">
      {choices.map((choice, n) => (
        <li
          key={choice.id}
          role="option"
          aria-selected={n === chosen}
          onMouseDown={(event) => {
            event.preventDefault();
            take(choice);
          }}
        >
          <strong>{choice.name}</strong>
          <span className="muted">{choice.more}</span>
        </li>
      ))}
    </ul>
  );
}
