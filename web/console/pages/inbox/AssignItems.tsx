/** To whom conversations can be given: operators, with who of them is not there, teams, and nobody. */
import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import type { ConversationPatch } from '../../../../contract/doors/console/inbox.ts';
import { availabilityQuery, membersQuery, teamsQuery } from '../../api/queries.ts';
import { Item, ItemsLabel, ItemsLine } from '../../ui/menuParts.tsx';
import { useAway } from './away.ts';

/** What is chosen, and how it is called. */
export type Given = { change: Pick<ConversationPatch, 'assigneeId' | 'teamId'>; name: string };

/** Whether it is known to whom: a menu that opened before would move its items from under whoever chooses by keys. */
export function useKnown(ws: string): boolean {
  const asked = [useQuery(membersQuery(ws)), useQuery(teamsQuery(ws)), useQuery(availabilityQuery(ws))];
  return asked.every(({ isPending }) => !isPending);
}

/** The items of a menu. */
export function AssignItems({ ws, onGive }: { ws: string; onGive: (to: Given) => void }): ReactElement {
  const members = useQuery(membersQuery(ws)).data?.members ?? [];
  const teams = useQuery(teamsQuery(ws)).data?.teams ?? [];
  const awayOf = useAway(ws);
  return (
    <>
      <ItemsLabel>Assign to</ItemsLabel>
      {members
        .filter(({ disabled }) => !disabled)
        .map(({ id, name }) => {
          const away = awayOf(id);
          return (
            <Item
              key={id}
              rightSection={away ? <span className="muted">{away}</span> : undefined}
              onClick={() =>
                onGive({ change: { assigneeId: id }, name: away ? `${name}, who is ${away}` : name })
              }
            >
              {name}
            </Item>
          );
        })}
      <Item onClick={() => onGive({ change: { assigneeId: null }, name: 'nobody' })}>Nobody</Item>
      {teams.length ? (
        <>
          <ItemsLine />
          <ItemsLabel>Teams</ItemsLabel>
          {teams.map(({ id, name, members: { length: n } }) => (
            <Item
              key={id}
              rightSection={n === 0 ? <span className="muted">nobody in it</span> : undefined}
              onClick={() => onGive({ change: { teamId: id }, name: `the team ${name}` })}
            >
              {name}
            </Item>
          ))}
          <Item onClick={() => onGive({ change: { teamId: null }, name: 'no team' })}>No team</Item>
        </>
      ) : null}
    </>
  );
}
