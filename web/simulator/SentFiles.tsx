/** Files that a person sent from a device: pictures as they look, others by name. */
import type { ReactElement } from 'react';
import type { DeviceMessageShown } from '../../contract/doors/console/simulator.ts';
import { filesOf } from './shown.ts';

/** Shows them. */
export function SentFiles({ content }: Pick<DeviceMessageShown, 'content'>): ReactElement[] {
  return filesOf(content).map(({ url, name, isPicture }) => (
    <a key={url} href={url} target="_blank" rel="noreferrer">
      {isPicture ? <img className="sim-picture" src={url} alt={name} /> : name}
    </a>
  ));
}
