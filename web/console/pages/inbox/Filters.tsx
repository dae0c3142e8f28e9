/** What narrows a list of conversations, each in a chip that says to what: channel, whose it is, a team, a tag, a priority. The address has them. */
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactElement, type ReactNode } from 'react';
import { CHANNELS } from '../../../../contract/channels.ts';
import { PRIORITIES, type View } from '../../../../contract/inboxViews.ts';
import { channelName, Icon } from '../../../shared/icons.tsx';
import { membersQuery, teamsQuery } from '../../api/queries.ts';
import type { Narrowed } from '../../live/apply.ts';
import { Item, ItemsLabel } from '../../ui/menuParts.tsx';
import { Opens } from '../../ui/Opens.tsx';
import { PRIORITY_NAMES } from './Priority.tsx';
import { setsOf } from './Tags.tsx';

type Props = { ws: string; view: View; filter: Narrowed; onFilter: (next: Narrowed) => void };

/** The chips. */
export function Filters({ ws, view, filter, onFilter }: Props): ReactElement {
  const [asked, setAsked] = useState(false);
  const members = useQuery({ ...membersQuery(ws), enabled: asked || filter.assignee !== undefined });
  const tags = useQuery({ ...setsOf(ws, 'tags'), enabled: asked || filter.tag !== undefined });
  const teams = useQuery(teamsQuery(ws)).data?.teams;
  const people = (members.data?.members ?? []).filter(
    ({ id, disabled }) => !disabled || id === filter.assignee,
  );
  return (
    <>
      <Choice
        name="Channel"
        any="Any channel"
        chosen={filter.channel}
        choices={CHANNELS.map((id) => ({ id, name: channelName(id) }))}
        onChoose={(channel) => onFilter({ channel })}
      />
      {view === 'mine' || view === 'unassigned' ? null : (
        <Choice
          name="Assignee"
          any="Anybody"
          chosen={filter.assignee}
          choices={people}
          isKnown={!members.isPending}
          onOpen={() => setAsked(true)}
          onChoose={(assignee) => onFilter({ assignee })}
        />
      )}
      {teams?.length || filter.team !== undefined ? (
        <Choice
          name="Team"
          any="Any team"
          chosen={filter.team}
          choices={teams ?? []}
          gone={teams ? 'a team that is gone' : undefined}
          onChoose={(team) => onFilter({ team })}
        />
      ) : null}
      <Choice
        name="Tag"
        any={tags.data?.length === 0 ? 'There are no tags yet' : 'Any tag'}
        chosen={filter.tag}
        choices={tags.data ?? []}
        isKnown={!tags.isPending}
        onOpen={() => setAsked(true)}
        onChoose={(tag) => onFilter({ tag })}
      />
      <Choice
        name="Priority"
        any="Any priority"
        chosen={filter.priority}
        choices={PRIORITIES.map((id) => ({ id, name: PRIORITY_NAMES[id] }))}
        onChoose={(priority) => onFilter({ priority: PRIORITIES.find((one) => one === priority) })}
      />
    </>
  );
}

type ChoiceProps = {
  name: string;
  any: string;
  chosen: string | undefined;
  choices: readonly { id: string; name: string }[];
  /** What is said of a choice that is not among them any more. */
  gone?: string | undefined;
  /** False while they are asked for. */
  isKnown?: boolean;
  onOpen?: () => void;
  onChoose: (id: string | undefined) => void;
};

function Choice(props: ChoiceProps): ReactElement {
  const { name, any, chosen, choices, gone, isKnown = true, onOpen, onChoose } = props;
  const [opened, setOpened] = useState(false);
  const called = choices.find(({ id }) => id === chosen)?.name ?? gone;
  const open = (is: boolean) => {
    setOpened(is);
    if (is) onOpen?.();
  };
  const says: ReactNode = chosen === undefined ? name : (called ?? '…');
  return (
    <Opens
      position="bottom-start"
      width={220}
      opened={opened}
      onChange={open}
      isKnown={isKnown}
      items={
        <>
          <ItemsLabel>{name}</ItemsLabel>
          <Item onClick={() => onChoose(undefined)}>{any}</Item>
          {choices.map(({ id, name: one }) => (
            <Item
              key={id}
              leftSection={id === chosen ? <Icon name="check" size={16} /> : undefined}
              onClick={() => onChoose(id)}
            >
              {one}
            </Item>
          ))}
        </>
      }
    >
      <button
        type="button"
        className="chip"
        data-on={chosen !== undefined || undefined}
        aria-label={chosen === undefined ? `Narrow by ${name.toLowerCase()}` : `${name}: ${called ?? '…'}`}
      >
        <span>{says}</span>
        <Icon name="down" size={14} />
      </button>
    </Opens>
  );
}
