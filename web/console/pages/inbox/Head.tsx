/** The head of a conversation: who it is with, how it stands, and what one does with it, by mouse and by keys. */
import { Button } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Suspense, useState, type ReactElement } from 'react';
import type { ConversationPatch, ConversationWhole } from '../../../../contract/doors/console/inbox.ts';
import { channelIcon, channelName, Icon } from '../../../shared/icons.tsx';
import { momentOf, otherZone, wallOf } from '../../../shared/reader.ts';
import { clockText, dayText, spanText, useNow } from '../../../shared/time.tsx';
import { threadQuery, whyOfBroadcast } from '../../api/queries.ts';
import { useMay, useMe } from '../../shell/session.ts';
import { Act, Letters } from '../../ui/basic.tsx';
import { GoToDay } from '../../ui/GoToDay.tsx';
import { useKeys } from '../../ui/keys.ts';
import { Item, ItemsLabel } from '../../ui/menuParts.tsx';
import { Opens } from '../../ui/Opens.tsx';
import { toast } from '../../ui/toasts.tsx';
import { AssignItems, useKnown, type Given } from './AssignItems.tsx';
import { useChange } from './change.ts';
import { PRIORITY_NAMES, PriorityMenu } from './Priority.tsx';
import { SetMenu } from './Tags.tsx';
import { onDemand } from '../../ui/onDemand.ts';

const SnoozeUntil = onDemand(
  () => import('./SnoozeUntil.tsx'),
  ({ SnoozeUntil }) => SnoozeUntil,
);

/** Below this there is no room for three panes: who it is with is told in a drawer. */
const NARROW = '(max-width: 1199px)';
const HOUR_MS = 3_600_000;

type Menu = 'assign' | 'snooze' | 'tag' | 'priority';
type HeadProps = {
  ws: string;
  conversation: ConversationWhole;
  onBack: () => void;
  onDay: (day: string) => void;
};

/** The head. */
export function Head({ ws, conversation, onBack, onDay }: HeadProps): ReactElement {
  const { contact, channel, closed, assignee, team, priority, snoozedUntil, ways } = conversation;
  const me = useMe();
  const nowMs = useNow();
  const may = useMay('conversations.reply');
  const change = useChange(ws, conversation.id);
  const sleeps = snoozedUntil !== null && Date.parse(snoozedUntil) > nowMs;
  const go = (to: ConversationPatch, back: ConversationPatch, done: string) =>
    change.mutate(to, { onSuccess: () => toast(done, { undo: () => change.mutate(back) }) });
  const close = () => go({ closed: !closed }, { closed }, closed ? 'Opened.' : 'Closed.');
  const assign = ({ change: to, name }: Given) =>
    go(
      to,
      to.teamId === undefined ? { assigneeId: assignee?.id ?? null } : { teamId: team?.id ?? null },
      `With ${name}.`,
    );
  const take = () =>
    assign(
      assignee?.id === me.id
        ? { change: { assigneeId: null }, name: 'nobody' }
        : { change: { assigneeId: me.id }, name: me.name },
    );
  const snooze = (untilMs: number | null) =>
    go(
      { snoozedUntil: untilMs === null ? null : new Date(untilMs).toISOString() },
      { snoozedUntil: sleeps ? snoozedUntil : null },
      untilMs === null ? 'Awake.' : `Asleep until ${dayText(untilMs, nowMs)} ${clockText(untilMs)}.`,
    );
  const allowed = may === true;
  const mayTag = useMay('contacts.write');
  const [menu, setMenu] = useState<Menu>();
  const why = useWhyLast(ws, conversation);
  const navigate = useNavigate();
  const tell = () =>
    void navigate({ to: '.', search: (now: object) => ({ ...now, contact: contact.id }) } as never);
  const opens = (which: Menu) => ({
    opened: menu === which,
    onChange: (is: boolean) => setMenu(is ? which : undefined),
  });
  useKeys([
    {
      keys: 'e',
      does: closed ? 'Open the conversation' : 'Close the conversation',
      act: () => allowed && close(),
    },
    { keys: 'm', does: 'Assign to me', act: () => allowed && take() },
    { keys: 'a', does: 'Assign to somebody', act: () => allowed && setMenu('assign') },
    { keys: 'p', does: 'Say how pressing it is', act: () => allowed && setMenu('priority') },
    { keys: 't', does: 'Tag who it is with', act: () => mayTag === true && setMenu('tag') },
    { keys: 'z', does: 'Snooze', act: () => allowed && setMenu('snooze') },
    {
      keys: 'u',
      does: 'Mark as unread',
      act: () => allowed && change.mutate({ unread: true }, { onSuccess: onBack }),
    },
    { keys: 'w', does: 'Why the last message', act: why },
    {
      keys: ']',
      does: 'Show or hide who it is',
      act: () => (matchMedia(NARROW).matches ? tell() : togglePane('profile')),
    },
    { keys: '[', does: 'Show or hide the list', act: () => togglePane('list') },
  ]);
  const window = ways[0]?.windowEndsAt;
  return (
    <header className="thread-head">
      <button type="button" className="plain only-narrow" onClick={onBack} aria-label="Back to the list">
        <Icon name="back" />
      </button>
      <Letters name={contact.name} />
      <div className="thread-who">
        <h2>{contact.name ?? 'Somebody'}</h2>
        <p>
          <Icon name={channelIcon(channel)} size={14} />
          <span title={`${channelName(channel)} ${ways[0]?.address ?? ''}`}>
            {ways[0]?.address ?? channelName(channel)}
            {window ? ` · free text for ${spanText(Math.max(0, Date.parse(window) - nowMs))}` : null}
            {sleeps
              ? ` · sleeps until ${dayText(Date.parse(snoozedUntil), nowMs)} ${clockText(Date.parse(snoozedUntil))}`
              : null}
            {closed ? ' · closed' : null}
          </span>
        </p>
      </div>
      <div className="thread-acts">
        <button
          type="button"
          className="plain only-tight"
          aria-label="About this person"
          data-tip="About this person (])"
          onClick={tell}
        >
          <Icon name="info" />
        </button>
        <GoToDay
          day={undefined}
          onDay={(day) => day !== undefined && onDay(day)}
          does="Go to a day in the conversation"
          isSmall
        />
        <PriorityMenu
          priority={priority}
          menu={opens('priority')}
          onChange={(next) => go({ priority: next }, { priority }, `${PRIORITY_NAMES[next]}.`)}
        />
        <SetMenu ws={ws} contactId={contact.id} kind="tags" menu={opens('tag')} />
        <Assign ws={ws} conversation={conversation} menu={opens('assign')} onChange={assign} />
        <Snooze sleeps={sleeps} menu={opens('snooze')} onChange={snooze} />
        <Act may={may} onAct={close} icon="close" hint={closed ? 'Open it again (e)' : 'Close it (e)'}>
          {closed ? 'Open' : 'Close'}
        </Act>
      </div>
    </header>
  );
}

type Opened = { opened: boolean; onChange: (is: boolean) => void };
/** Shows a pane or hides it; a page that is loaded again has them all. */
function togglePane(pane: 'list' | 'profile'): void {
  document.querySelector('.inbox')?.toggleAttribute(`data-no-${pane}`);
}

/** Opens why the last message of the business was sent, or was not. */
function useWhyLast(ws: string, { id, contact }: ConversationWhole): () => void {
  const client = useQueryClient();
  const navigate = useNavigate();
  return () => {
    const pages = client.getQueryData(threadQuery(ws, id).queryKey)?.pages ?? [];
    const last = pages[0]?.entries.findLast(
      (entry) =>
        entry.type === 'broadcast' || (entry.type === 'message' && entry.message.direction === 'out'),
    );
    if (!last) return;
    const why = last.type === 'broadcast' ? whyOfBroadcast(last.broadcast.id, contact.id) : last.id;
    void navigate({ to: '.', search: (now: object) => ({ ...now, why }) } as never);
  };
}

type AssignProps = {
  ws: string;
  conversation: ConversationWhole;
  menu: Opened;
  onChange: (to: Given) => void;
};

function Assign({ ws, conversation: { assignee, team }, menu, onChange }: AssignProps): ReactElement {
  const may = useMay('conversations.reply');
  const isKnown = useKnown(ws);
  return (
    <Opens
      position="bottom-end"
      width={220}
      isOff={may !== true}
      isKnown={isKnown}
      {...menu}
      items={<AssignItems ws={ws} onGive={onChange} />}
    >
      <Button
        className="thread-assignee"
        variant="default"
        size="sm"
        leftSection={<Icon name="person" size={16} />}
        aria-disabled={may !== true || undefined}
        data-off={may !== true || undefined}
        title={may === true ? undefined : may}
      >
        <span className="ends">{[team?.name, assignee?.name].filter(Boolean).join(' · ') || 'Nobody'}</span>
      </Button>
    </Opens>
  );
}

type SnoozeProps = { sleeps: boolean; menu: Opened; onChange: (untilMs: number | null) => void };

function Snooze({ sleeps, menu, onChange }: SnoozeProps): ReactElement {
  const nowMs = useNow();
  const [asking, setAsking] = useState<boolean>();
  const may = useMay('conversations.reply');
  const there = otherZone();
  const { year, month, day } = wallOf(nowMs);
  const weekday = new Date(Date.UTC(year, month - 1, day)).getUTCDay();
  const tomorrow = momentOf(year, month, day + 1, 9);
  const monday = momentOf(year, month, day + ((8 - weekday) % 7 || 7), 9);
  const choices = [
    { name: 'For an hour', ms: nowMs + HOUR_MS },
    { name: 'For four hours', ms: nowMs + 4 * HOUR_MS },
    { name: 'Until tomorrow, 9:00', ms: tomorrow },
    { name: 'Until Monday, 9:00', ms: monday },
  ];
  return (
    <>
      <Opens
        position="bottom-end"
        width={220}
        isOff={may !== true}
        {...menu}
        items={
          <>
            <ItemsLabel>By your clock{there ? `; the workspace is in ${there}` : ''}</ItemsLabel>
            {choices.map(({ name, ms }) => (
              <Item key={name} onClick={() => onChange(ms)}>
                {name}
              </Item>
            ))}
            <Item onClick={() => setAsking(true)}>Until …</Item>
            {sleeps ? <Item onClick={() => onChange(null)}>Wake it now</Item> : null}
          </>
        }
      >
        <Button
          variant="default"
          size="sm"
          leftSection={<Icon name="snooze" size={16} />}
          aria-disabled={may !== true || undefined}
          data-off={may !== true || undefined}
          title={may === true ? undefined : may}
        >
          Snooze
        </Button>
      </Opens>
      {asking === undefined ? null : (
        <Suspense>
          <SnoozeUntil
            opened={asking}
            onClose={() => setAsking(false)}
            onUntil={(untilMs) => {
              setAsking(false);
              onChange(untilMs);
            }}
          />
        </Suspense>
      )}
    </>
  );
}
