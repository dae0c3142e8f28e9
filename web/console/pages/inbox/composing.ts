/** What goes on while somebody writes: the draft is kept, others learn that he types, and it is known what he has seen. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import type { ConversationWhole } from '../../../../contract/doors/console/inbox.ts';
import { call } from '../../api/call.ts';
import { at, conversationQuery } from '../../api/queries.ts';
import { sayPresent } from '../../live/socket.ts';
import { toastError } from '../../ui/toasts.tsx';

const DRAFT_MS = 700;
const TYPING_MS = 8_000;
/** What stands there for so long has been seen. */
const SEEN_AFTER_MS = 2_000;

/** Keeps what is typed: a moment after the last key, and when one leaves. */
export function useDraft(ws: string, id: string, destinationId: string | undefined) {
  const client = useQueryClient();
  const waiting = useRef<{ timer: number; text: string }>(undefined);
  const keep = (text: string) => {
    client.setQueryData(conversationQuery(ws, id).queryKey, (whole) =>
      whole ? { ...whole, draft: text ? { text, destinationId: destinationId ?? null } : null } : whole,
    );
    void call('PUT', at(ws, `/conversations/${id}/draft`), {
      body: { text, ...(destinationId === undefined ? {} : { destinationId }) },
    }).catch(() => {});
  };
  const latest = useRef(keep);
  useEffect(() => {
    latest.current = keep;
  });
  useEffect(
    () => () => {
      if (!waiting.current) return;
      window.clearTimeout(waiting.current.timer);
      latest.current(waiting.current.text);
    },
    [],
  );
  return (text: string, atOnce = false) => {
    window.clearTimeout(waiting.current?.timer);
    const save = () => {
      waiting.current = undefined;
      latest.current(text);
    };
    if (atOnce) save();
    else waiting.current = { text, timer: window.setTimeout(save, DRAFT_MS) };
  };
}

/** Tells the others that one types, now and then. */
export function useTyping(id: string): () => void {
  const toldMs = useRef(0);
  return () => {
    if (Date.now() - toldMs.current < TYPING_MS) return;
    toldMs.current = Date.now();
    sayPresent(id, 'typing');
  };
}

/** Writes a note down. */
export function useNote(ws: string, id: string, done: () => void) {
  const client = useQueryClient();
  const clientId = useRef(crypto.randomUUID());
  return useMutation({
    mutationFn: (note: { text: string; mentions: string[] }) =>
      call('POST', at(ws, `/conversations/${id}/notes`), { body: { clientId: clientId.current, ...note } }),
    onSuccess: () => {
      clientId.current = crypto.randomUUID();
      done();
      void client.invalidateQueries({ queryKey: [ws, 'thread', id] });
    },
    onError: toastError,
  });
}

/**
 * Up to when one has seen the conversation: what another says in the very moment in which one sends was not seen, although the page has it.
 * The server refuses an answer that crosses another's, and the bubble asks.
 */
export function useSeenUpTo({ lastAt }: ConversationWhole): () => string {
  const seen = useRef(lastAt);
  useEffect(() => {
    const note = () => {
      if (document.visibilityState === 'visible') seen.current = lastAt;
    };
    const timer = window.setTimeout(note, SEEN_AFTER_MS);
    document.addEventListener('visibilitychange', note);
    return () => {
      window.clearTimeout(timer);
      document.removeEventListener('visibilitychange', note);
    };
  }, [lastAt]);
  return () => seen.current;
}
