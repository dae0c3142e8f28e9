/** The place to answer, or to note something for the others. What is typed is kept on the server, by operator, and is there again anywhere. */
import { Button } from '@mantine/core';
import {
  Suspense,
  useRef,
  useState,
  type ClipboardEvent,
  type ComponentProps,
  type DragEvent,
  type KeyboardEvent,
  type ReactElement,
} from 'react';
import type { Content } from '../../../../contract/content.ts';
import type { ConversationWhole, WayShown } from '../../../../contract/doors/console/inbox.ts';
import { segments } from '../../../../contract/smsSegments.ts';
import { LIMITS } from '../../../../contract/limits.ts';
import { Icon } from '../../../shared/icons.tsx';
import { useNow } from '../../../shared/time.tsx';
import { send } from '../../live/outbox.ts';
import { sayPresent } from '../../live/socket.ts';
import { useMay } from '../../shell/session.ts';
import { useKeys } from '../../ui/keys.ts';
import { Item } from '../../ui/menuParts.tsx';
import { Opens } from '../../ui/Opens.tsx';
import { useDraft, useNote, useOffer, useSeenUpTo, useTyping, useWritten } from './composing.ts';
import { Files, useFiles } from './Files.tsx';
import { Suggest, useMentionsIn, useSuggestions } from './Suggest.tsx';
import { leftText, Ways } from './Ways.tsx';
import { onDemand } from '../../ui/onDemand.ts';

const SaveReply = onDemand(
  () => import('./SaveReply.tsx'),
  ({ SaveReply }) => SaveReply,
);
const OfferWebchat = onDemand(
  () => import('./OfferWebchat.tsx'),
  ({ OfferWebchat }) => OfferWebchat,
);
const Rich = onDemand(
  () => import('./rich/Rich.tsx'),
  ({ Rich }) => Rich,
);

type Mode = 'reply' | 'note';
type Props = { ws: string; conversation: ConversationWhole; onClose: () => void; onSaid: () => void };

/** What else than text can be sent. */
export const KINDS = ['buttons', 'card', 'carousel', 'form', 'location', 'template'] as const;
/** One of them. */
export type Kind = (typeof KINDS)[number];

/** The composer. `onClose` closes the conversation, once the answer is on its way; `onSaid` is told of each. */
export function Composer({ ws, conversation, onClose, onSaid }: Props): ReactElement {
  const { id, ways } = conversation;
  const { text, setText, note, setNote, chosen, setChosen, ...written } = useWritten(conversation);
  const [mode, setMode] = useState<Mode>(written.first);
  const [rich, setRich] = useState<Kind>();
  const field = useRef<HTMLTextAreaElement>(null);
  const may = useMay('conversations.reply');
  const way = wayOf(ways, chosen);
  const saveDraft = useDraft(ws, id, way?.destinationId, written.keeper);
  const noteIt = useNote(ws, id, written.noted);
  const sayTyping = useTyping(id);
  const seenUpTo = useSeenUpTo(conversation);
  const files = useFiles(ws);
  const mentionsIn = useMentionsIn(ws);
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
  const isEmpty = !value.trim() && (isNote || !files.kept.length);
  const cannot = off !== undefined || isEmpty || files.isBusy;
  const say = (content: Content) => {
    send(ws, id, { content, seenUpTo: seenUpTo(), ...(way ? { destinationId: way.destinationId } : {}) });
    onSaid();
  };
  const go = (andClose = false) => {
    if (cannot) return;
    if (isNote) return noteIt.mutate({ text: value.trim(), mentions: mentionsIn(value) });
    for (const content of contentsOf(value.trim(), files.kept)) say(content);
    files.clear();
    setText('');
    saveDraft('', true);
    sayPresent(id, 'looking');
    if (andClose) onClose();
  };
  const typed = (next: string) => {
    if (isNote) return setNote(next);
    setText(next);
    saveDraft(next);
    sayTyping();
  };
  const offer = useOffer(ws, conversation, way, (said) => {
    onSaid();
    // What was typed meanwhile stays.
    if (said && field.current?.value.trim() === said) typed('');
  });
  const suggestions = useSuggestions(ws, { text: value, isNote, onText: typed });
  const pressed = (event: KeyboardEvent) => {
    if (suggestions.pressed(event)) return;
    if (event.key === 'Escape') field.current?.blur();
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    go(event.shiftKey);
  };
  return (
    <div className="composer" data-note={isNote || undefined} {...takesFiles(isNote ? undefined : files.add)}>
      <div className="composer-top">
        <ModeSwitch mode={mode} onMode={focusOn} />
        {isNote ? (
          <span className="muted">Only operators see notes.</span>
        ) : (
          <Ways ways={ways} way={way} onWay={setChosen} />
        )}
      </div>
      <Suggest {...suggestions} />
      <textarea
        ref={field}
        aria-label={isNote ? 'Note' : 'Reply'}
        placeholder={
          isNote ? 'A note for your team; @ mentions somebody …' : 'Write a reply, or / for a saved one …'
        }
        value={value}
        rows={3}
        maxLength={LIMITS.text}
        disabled={may !== true}
        onChange={({ currentTarget }) => typed(currentTarget.value)}
        onKeyDown={pressed}
      />
      {isNote ? null : <Files files={files} />}
      <div className="composer-end">
        {isNote || may !== true ? null : (
          <More
            way={way}
            onKind={setRich}
            onFiles={files.add}
            offer={offer}
            said={{ written: text.trim(), seenUpTo }}
          />
        )}
        {isNote || may !== true || !text.trim() ? null : (
          <Suspense>
            <SaveReply ws={ws} text={text.trim()} />
          </Suspense>
        )}
        <span className="muted grow">{off ?? <Size text={value} way={isNote ? undefined : way} />}</span>
        {way?.templateOnly && !isNote && may === true ? (
          <Button size="sm" variant="default" onClick={() => setRich('template')}>
            Choose a template
          </Button>
        ) : null}
        <SendButton isNote={isNote} off={off} cannot={cannot} onSend={() => go()} />
      </div>
      <RichDialog
        ws={ws}
        kind={rich}
        way={way}
        contactId={conversation.contact.id}
        text={text}
        onSend={say}
        onClose={() => setRich(undefined)}
      />
    </div>
  );
}

type OfferingProps = {
  offer: ReturnType<typeof useOffer>;
  said: { written: string; seenUpTo: () => string };
  onClose: () => void;
};

/** The words with which the web chat is offered. */
function Offering({ offer, said: { written, seenUpTo }, onClose }: OfferingProps): ReactElement | null {
  if (!offer.by) return null;
  const go = (words: { text: string; label: string }) => {
    offer.go({ ...words, written, seenUpTo: seenUpTo() });
    onClose();
  };
  return (
    <Suspense>
      <OfferWebchat written={written} way={offer.by} onOffer={go} onClose={onClose} />
    </Suspense>
  );
}

type RichProps = Omit<ComponentProps<typeof Rich>, 'kind' | 'way'> & {
  kind: Kind | undefined;
  way: WayShown | undefined;
};

/** What is sent instead of text, where something is. */
function RichDialog({ kind, way, onSend, ...rest }: RichProps): ReactElement | null {
  if (!kind || !way) return null;
  const sent = (content: Content) => {
    onSend(content);
    rest.onClose();
  };
  return (
    <Suspense>
      <Rich kind={kind} way={way} onSend={sent} {...rest} />
    </Suspense>
  );
}

type SendProps = { isNote: boolean; off: string | undefined; cannot: boolean; onSend: () => void };

function SendButton({ isNote, off, cannot, onSend }: SendProps): ReactElement {
  return (
    <Button
      size="sm"
      onClick={onSend}
      leftSection={<Icon name={isNote ? 'note' : 'send'} size={16} />}
      aria-disabled={cannot || undefined}
      data-off={cannot || undefined}
      data-tip={off ?? 'Ctrl Enter; with Shift the conversation is closed, too'}
    >
      {isNote ? 'Add note' : 'Send'}
    </Button>
  );
}

/** The way that was chosen, else the one they used last, else another that can be used: nobody is called up who has not called. */
function wayOf(ways: readonly WayShown[], chosen: string | undefined): WayShown | undefined {
  const usable = ways.filter(({ reason }) => reason === null);
  return (
    ways.find(({ destinationId }) => destinationId === chosen) ??
    (usable.includes(ways[0]!) ? ways[0] : usable.find(({ channel }) => channel !== 'voice')) ??
    usable[0] ??
    ways[0]
  );
}

type KeptFile = { url: string; mediaType: string; name: string };

/** A text, or files with the text below the first. */
function contentsOf(text: string, files: readonly KeptFile[]): Content[] {
  if (!files.length) return [{ type: 'text', text }];
  return files.map(({ url, mediaType }, n) => ({
    type: mediaType.startsWith('image/') ? 'image' : 'file',
    mediaUrl: url,
    mediaType,
    ...(n === 0 && text ? { text } : {}),
  }));
}

/** What makes an element take files that are dropped on it or pasted into it. */
function takesFiles(add: ((files: FileList) => void) | undefined) {
  if (!add) return {};
  return {
    onDragOver: (event: DragEvent) => event.preventDefault(),
    onDrop: (event: DragEvent) => {
      event.preventDefault();
      add(event.dataTransfer.files);
    },
    onPaste: (event: ClipboardEvent) => {
      if (!event.clipboardData.files.length) return;
      event.preventDefault();
      add(event.clipboardData.files);
    },
  };
}

/** How long it is, in what counts on its channel. */
function Size({ text, way }: { text: string; way: WayShown | undefined }): ReactElement {
  const nowMs = useNow();
  if (way?.channel === 'sms' && text) {
    const { encoding, count, units } = segments(text);
    return (
      <>
        {encoding} · {count} {count === 1 ? 'segment' : 'segments'} · {units}
      </>
    );
  }
  return (
    <>
      {text.length} / {LIMITS.text}
      {way?.windowEndsAt ? ` · free text for ${leftText(way.windowEndsAt, nowMs)}` : null}
    </>
  );
}

const KIND_NAMES: Readonly<Record<Kind, string>> = {
  buttons: 'Buttons',
  card: 'Card',
  carousel: 'Carousel',
  form: 'Form',
  location: 'Place',
  template: 'WhatsApp template',
};

type MoreProps = {
  way: WayShown | undefined;
  onKind: (kind: Kind) => void;
  onFiles: (files: FileList) => void;
  offer: OfferingProps['offer'];
  said: OfferingProps['said'];
};

/** What can be sent besides text. */
function More({ way, onKind, onFiles, offer, said }: MoreProps): ReactElement {
  const [offering, setOffering] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <Opens
        position="top-start"
        width={240}
        items={
          <>
            <Item onClick={() => input.current?.click()}>File …</Item>
            {KINDS.filter((kind) => kind !== 'template' || way?.channel === 'whatsapp').map((kind) => (
              <Item key={kind} onClick={() => onKind(kind)}>
                {KIND_NAMES[kind]} …
              </Item>
            ))}
            <Item
              aria-disabled={offer.not !== null || undefined}
              onClick={() => offer.not === null && setOffering(true)}
            >
              Offer the web chat …
              <span className="reason">
                {offer.not ?? 'a link to go on there, with what you have written'}
              </span>
            </Item>
          </>
        }
      >
        <button type="button" className="chip" aria-label="Something else than text">
          <Icon name="plus" size={16} />
        </button>
      </Opens>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        aria-label="Files to send"
        onChange={({ currentTarget }) => {
          if (currentTarget.files) onFiles(currentTarget.files);
          currentTarget.value = '';
        }}
      />
      {offering ? <Offering offer={offer} said={said} onClose={() => setOffering(false)} /> : null}
    </>
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
