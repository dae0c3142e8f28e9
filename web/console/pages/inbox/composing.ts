/** What goes on while somebody writes: the draft is kept, others learn that he types, and it is known what he has seen. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import type { ConversationWhole, WayShown } from '../../../../contract/doors/console/inbox.ts';
import { call } from '../../api/call.ts';
import { at, conversationQuery } from '../../api/queries.ts';
import { sayPresent } from '../../live/socket.ts';
import { useMe } from '../../shell/session.ts';
import { toastError } from '../../ui/toasts.tsx';
import { keeperOf, type Keeper } from './unsaved.ts';

const DRAFT_MS = 700;
/** What could not be kept on the server is tried again. */
const AGAIN_MS = 3_000;
const TYPING_MS = 8_000;
/** What stands there for so long has been seen. */
const SEEN_AFTER_MS = 2_000;

/** What is written in a conversation, as one left it, also what the server has not been told of; and how it is kept. */
export function useWritten({ id, draft }: Pick<ConversationWhole, 'id' | 'draft'>) {
  const { id: me } = useMe();
  const [keeper] = useState(() => keeperOf(localStorage, `parley.typed.${me}.${id}`));
  const [first] = useState(() => keeper.now());
  const reply = first.reply ?? draft;
  const [text, setText] = useState(reply?.text ?? '');
  const [note, setNote] = useState(first.note ?? '');
  const [chosen, setChosen] = useState(reply?.destinationId ?? undefined);
  return {
    keeper,
    // Somebody who was about to note something is about to still.
    first: !reply?.text && first.note ? ('note' as const) : ('reply' as const),
    text,
    setText,
    note,
    setNote: (next: string) => {
      setNote(next);
      keeper.keep({ note: next });
    },
    /** A note is kept by the server now. */
    noted: (sent: string) => {
      setNote((now) => (now.trim() === sent ? '' : now));
      if (keeper.now().note?.trim() === sent) keeper.keep({ note: '' });
    },
    chosen,
    setChosen,
  };
}

/** Keeps what is typed: at once in the browser; a moment after the last key, and when one leaves, on the server. */
export function useDraft(ws: string, id: string, destinationId: string | undefined, keeper: Keeper) {
  const client = useQueryClient();
  const waiting = useRef<{ timer: number; text: string }>(undefined);
  const again = useRef<number>(undefined);
  // Who has left may have signed out: nothing is tried again in the name of the next.
  const isHere = useRef(true);
  const save = (text: string) => {
    client.setQueryData(conversationQuery(ws, id).queryKey, (whole) =>
      whole ? { ...whole, draft: text ? { text, destinationId: destinationId ?? null } : null } : whole,
    );
    window.clearTimeout(again.current);
    void call('PUT', at(ws, `/conversations/${id}/draft`), {
      body: { text, ...(destinationId === undefined ? {} : { destinationId }) },
    }).then(
      () => keeper.settle('reply', text),
      () => {
        const { reply } = keeper.now();
        if (isHere.current && reply?.text === text)
          again.current = window.setTimeout(() => latest.current(text), AGAIN_MS);
      },
    );
  };
  const latest = useRef(save);
  useEffect(() => {
    latest.current = save;
  });
  useEffect(() => {
    isHere.current = true;
    const { reply } = keeper.now();
    if (reply) latest.current(reply.text);
    return () => {
      isHere.current = false;
      window.clearTimeout(again.current);
      if (!waiting.current) return;
      window.clearTimeout(waiting.current.timer);
      latest.current(waiting.current.text);
    };
  }, [keeper]);
  return (text: string, atOnce = false) => {
    keeper.keep({ reply: { text, destinationId } });
    window.clearTimeout(waiting.current?.timer);
    const go = () => {
      waiting.current = undefined;
      latest.current(text);
    };
    if (atOnce) go();
    else waiting.current = { text, timer: window.setTimeout(go, DRAFT_MS) };
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
export function useNote(ws: string, id: string, done: (text: string) => void) {
  const client = useQueryClient();
  const clientId = useRef(crypto.randomUUID());
  return useMutation({
    mutationFn: (note: { text: string; mentions: string[] }) =>
      call('POST', at(ws, `/conversations/${id}/notes`), { body: { clientId: clientId.current, ...note } }),
    onSuccess: (_, { text }) => {
      clientId.current = crypto.randomUUID();
      done(text);
      void client.invalidateQueries({ queryKey: [ws, 'thread', id] });
    },
    onError: toastError,
  });
}

type Offer = { text: string; label: string; written: string; seenUpTo: string; destinationId: string };

const carriesLink = ({ channel, reason }: WayShown) =>
  reason === null && channel !== 'webchat' && channel !== 'voice';

/** Offers to go on in the web chat. Pressed again after a line that broke it is the same offer, unless it says something else. */
export function useOffer(
  ws: string,
  { id, noWebchat, ways }: ConversationWhole,
  way: WayShown | undefined,
  done: (text: string) => void,
) {
  const client = useQueryClient();
  const last = useRef({ said: '', clientId: '' });
  const { mutate, isPending } = useMutation({
    mutationFn: ({ text, label, seenUpTo, destinationId }: Offer) => {
      const said = JSON.stringify([destinationId, text, label]);
      if (last.current.said !== said) last.current = { said, clientId: crypto.randomUUID() };
      const body = { clientId: last.current.clientId, text, label, seenUpTo, destinationId };
      return call('POST', at(ws, `/conversations/${id}/link`), { body });
    },
    onSuccess: (_, { written }) => {
      last.current = { said: '', clientId: '' };
      done(written);
      void client.invalidateQueries({ queryKey: [ws, 'thread', id] });
    },
    onError: toastError,
  });
  // Who was heard on the web chat last is called back by another address.
  const by = way?.channel === 'webchat' ? (ways.find(carriesLink) ?? way) : way;
  const not = isPending ? 'It is on its way.' : (noWebchat ?? noLinkBy(by));
  return {
    /** Why it cannot be offered. */
    not,
    /** By which address. */
    by,
    /** `written` is what stood in the composer when it was begun. */
    go: (offer: Omit<Offer, 'destinationId'>) => {
      if (not === null && by) mutate({ ...offer, destinationId: by.destinationId });
    },
  };
}

function noLinkBy(way: WayShown | undefined): string | null {
  if (!way) return 'There is no address to send it to.';
  if (way.channel === 'webchat') return 'There is no other address to send it to.';
  return way.reason ?? (way.channel === 'voice' ? 'Nobody can open a link on a call.' : null);
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
