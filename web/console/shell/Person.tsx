/** Who somebody is: addresses, tags, what passed. On any page, by the address (`?contact=`). */
import type { ReactElement } from 'react';
import { About } from '../pages/inbox/pane/About.tsx';
import { Side } from '../ui/overlays.tsx';
import { useHere } from './session.ts';

/** The drawer. */
export function Person({
  contact,
  onClose,
}: {
  contact: string | undefined;
  onClose: () => void;
}): ReactElement {
  const { id } = useHere();
  return (
    <Side title="About this person" opened={contact !== undefined} onClose={onClose}>
      {contact === undefined ? null : <About key={contact} ws={id} contactId={contact} />}
    </Side>
  );
}
