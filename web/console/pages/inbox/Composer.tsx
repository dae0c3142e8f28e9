/** The place to answer, or to note something for the others. What is typed is kept on the server, by operator, and is there again anywhere. */
import { Button, Menu, Tooltip } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState, type KeyboardEvent, type ReactElement } from 'react';
import type { ConversationWhole, WayShown } from '../../../../contract/doors/console/inbox.ts';
import { channelIcon, channelName, Icon } from '../../../shared/icons.tsx';
import { call } from '../../api/call.ts';
import { at, conversationQuery } from '../../api/queries.ts';
import { send } from '../../live/outbox.ts';
import { sayPresent } from '../../live/socket.ts';
import { useMay } from '../../shell/session.ts';
import { useKeys } from '../../ui/keys.ts';
import { toastError } from '../../ui/toasts.tsx';

const DRAFT_MS = 700;
const TYPING_MS = 8_000;
const MOST_TEXT = 4_096;

type Mode = 'reply' | 'note';

/** The composer. */
export function Composer({
  ws,
  conversation,
}: {
  ws: string;
  conversation: ConversationWhole;
}): ReactElement {
  const { id, ways, draft } = conversation;
  const [mode, setMode] = useState<Mode>('reply');
  const [text, setText] = useState(draft?.text ?? '');
  const [note, setNote] = useState('');
  const [chosen, setChosen] = useState<string | undefined>(draft?.destinationId ?? undefined);
  const field = useRef<HTMLTextAreaElement>(null);
  const may = useMay('conversations.reply');
  const way =
    ways.find(({ destinationId }) => destinationId === chosen) ??
    ways.find(({ reason }) => reason === null) ??
    ways[0];
  const saveDraft = useDraft(ws, id, way?.destinationId);
  const noteIt = useNote(ws, id, () => setNote(''));
  const sayTyping = useTyping(id);
  const focusOn = (next: Mode) => {
    setMode(next);
    requestAnimationFrame(() => field.current?.focus());
  };
  useKeys([
    { keys: 'r', does: 'Reply', act: () => focusOn('reply') },
    { keys: 'n', does: 'Note something for the others', act: () => focusOn('note') },
  ]);
  const isNote = mode === 'note';
  const value = isNote ? note : text;
  const off = may === true ? (isNote ? undefined : (way?.reason ?? undefined)) : may;
  const go = () => {
    const said = value.trim();
    if (!said || off !== undefined) return;
    if (isNote) return noteIt.mutate(said);
    send(ws, id, {
      text: said,
      seenUpTo: conversation.lastAt,
      ...(way ? { destinationId: way.destinationId } : {}),
    });
    setText('');
    saveDraft('', true);
    sayPresent(id, 'looking');
  };
  const typed = (next: string) => {
    if (isNote) return setNote(next);
    setText(next);
    saveDraft(next);
    sayTyping();
  };
  const pressed = (event: KeyboardEvent) => {
    if (event.key === 'Escape') field.current?.blur();
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    go();
  };
  return (
    <div className="composer" data-note={isNote || undefined}>
      <div className="composer-top">
        <ModeSwitch mode={mode} onMode={focusOn} />
        {isNote ? (
          <span className="muted">Only operators see notes.</span>
        ) : (
          <Ways ways={ways} way={way} onWay={setChosen} />
        )}
      </div>
      <textarea
        ref={field}
        aria-label={isNote ? 'Note' : 'Reply'}
        placeholder={isNote ? 'A note for the others …' : 'Write an answer …'}
        value={value}
        rows={3}
        maxLength={MOST_TEXT}
        disabled={may !== true}
        onChange={({ currentTarget }) => typed(currentTarget.value)}
        onKeyDown={pressed}
      />
      <div className="composer-end">
        <span className="muted">{off ?? `${value.length} / ${MOST_TEXT}`}</span>
        <Tooltip label={off ?? 'Ctrl Enter'} multiline maw={300}>
          <Button
            size="sm"
            onClick={go}
            leftSection={<Icon name={isNote ? 'note' : 'send'} size={16} />}
            aria-disabled={off !== undefined || !value.trim() || undefined}
            data-off={off !== undefined || !value.trim() || undefined}
          >
            {isNote ? 'Add note' : 'Send'}
          </Button>
        </Tooltip>
      </div>
    </div>
  );
}

function ModeSwitch({ mode, onMode }: { mode: Mode; onMode: (mode: Mode) => void }): ReactElement {
  return (
    <div className="switch" role="group" aria-label="Reply or note">
      {(['reply', 'note'] as const).map((one) => (
        <button key={one} type="button" aria-pressed={mode === one} onClick={() => onMode(one)}>
          {one === 'reply' ? 'Reply' : 'Note'}
        </button>
      ))}
    </div>
  );
}

type WaysProps = { ways: readonly WayShown[]; way: WayShown | undefined; onWay: (id: string) => void };

/** Where the answer goes; what cannot be used is there with its reason. */
function Ways({ ways, way, onWay }: WaysProps): ReactElement {
  if (!way) return <span className="muted">There is no address to answer to.</span>;
  return (
    <Menu position="top-start" width={320}>
      <Menu.Target>
        <button
          type="button"
          className="chip"
          aria-label={`On ${channelName(way.channel)}, ${way.address}: change`}
        >
          <Icon name={channelIcon(way.channel)} size={14} /> on {channelName(way.channel)} · {way.address}
          <Icon name="down" size={14} />
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {ways.map((one) => (
          <Menu.Item
            key={one.destinationId}
            leftSection={<Icon name={channelIcon(one.channel)} size={16} />}
            aria-disabled={one.reason !== null || undefined}
            onClick={() => one.reason === null && onWay(one.destinationId)}
          >
            {channelName(one.channel)} · {one.address}
            {one.reason === null ? null : <span className="reason">{one.reason}</span>}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

/** Keeps what is typed: a moment after the last key, and when one leaves. */
function useDraft(ws: string, id: string, destinationId: string | undefined) {
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
function useTyping(id: string): () => void {
  const toldMs = useRef(0);
  return () => {
    if (Date.now() - toldMs.current < TYPING_MS) return;
    toldMs.current = Date.now();
    sayPresent(id, 'typing');
  };
}

function useNote(ws: string, id: string, done: () => void) {
  const client = useQueryClient();
  const clientId = useRef(crypto.randomUUID());
  return useMutation({
    mutationFn: (text: string) =>
      call('POST', at(ws, `/conversations/${id}/notes`), { body: { clientId: clientId.current, text } }),
    onSuccess: () => {
      clientId.current = crypto.randomUUID();
      done();
      void client.invalidateQueries({ queryKey: [ws, 'thread', id] });
    },
    onError: toastError,
  });
}
