/** The pages of the side bar, in its order. A page that is not built is not here. */
import { useNavigate } from '@tanstack/react-router';
import type { IconName } from '../../shared/icons.tsx';
import { paths } from '../paths.ts';
import { useHere } from './session.ts';

/** A page of the side bar. */
export type PlaceOf = {
  name: string;
  path: string;
  icon: IconName;
  key: string;
  isTest?: boolean;
  /** On a phone's width it is in the menu, not among the tabs. */
  isMore?: boolean;
  go: () => void;
};

/** Those of this workspace. */
export function usePlaces(): PlaceOf[] {
  const { id, environment } = useHere();
  const navigate = useNavigate();
  const all: Omit<PlaceOf, 'go'>[] = [
    { name: 'Inbox', path: paths.inbox(id), icon: 'inbox', key: 'i' },
    { name: 'People', path: paths.people(id), icon: 'people', key: 'p' },
    { name: 'Broadcasts', path: paths.broadcasts(id), icon: 'send', key: 'b' },
    { name: 'Campaigns', path: paths.campaigns(id), icon: 'flow', key: 'a', isMore: true },
    { name: 'Templates', path: paths.templates(id), icon: 'note', key: 't', isMore: true },
    { name: 'Channels', path: paths.channels(id), icon: 'channels', key: 'c', isMore: true },
    { name: 'Developers', path: paths.developers(id), icon: 'code', key: 'd', isMore: true },
    { name: 'Settings', path: paths.settings(id), icon: 'settings', key: 's', isMore: true },
    ...(environment === 'test'
      ? [{ name: 'Simulator', path: paths.simulator(id), icon: 'phone' as const, key: 'm', isTest: true }]
      : []),
  ];
  return all.map((one) => ({ ...one, go: () => void navigate({ href: one.path } as never) }));
}
