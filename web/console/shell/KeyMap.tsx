/** All keys that do something now, and the switch that turns single letters off. */
import { useState, type ReactElement } from 'react';
import { boundNow, keysAreOn, switchKeys } from '../ui/keys.ts';
import { Dialog } from '../ui/overlays.tsx';

/** The map. */
export function KeyMap({ opened, onClose }: { opened: boolean; onClose: () => void }): ReactElement {
  const [isOn, setOn] = useState(keysAreOn);
  return (
    <Dialog title="Keys" opened={opened} onClose={onClose}>
      <label className="check">
        <input
          type="checkbox"
          checked={isOn}
          onChange={({ currentTarget: { checked } }) => {
            switchKeys(checked);
            setOn(checked);
          }}
        />
        Single letters do something
      </label>
      <dl className="keys">
        {boundNow().map(({ keys, does }) => (
          <div key={keys}>
            <dt>
              {keys.split(' ').map((key, n) => (
                <kbd key={n}>{key}</kbd>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
