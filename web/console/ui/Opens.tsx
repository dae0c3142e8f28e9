/**
 * What opens a menu. The button is there at once; the menu, and all that puts it in its place, is fetched when somebody reaches for the
 * button, as it is a sixth of what the inbox would load otherwise.
 */
import type { MenuProps } from '@mantine/core';
import {
  cloneElement,
  Suspense,
  useId,
  useState,
  type MouseEvent,
  type ReactElement,
  type ReactNode,
} from 'react';
import { onDemand } from './onDemand.ts';

const load = () => import('./MenuAt.tsx');
const ahead = () => void load().catch(() => {});
const MenuAt = onDemand(load, ({ MenuAt }) => MenuAt);

type Props = Pick<MenuProps, 'position' | 'width'> & {
  /** The button. */
  children: ReactElement<Record<string, unknown>>;
  /** What the menu holds, of `menuParts.tsx`. */
  items: ReactNode;
  /** It does not open. */
  isOff?: boolean;
  /** False while what it holds is being asked for: it opens as soon as that is there. */
  isKnown?: boolean;
  /** For those who open it by other means as well. */
  opened?: boolean;
  onChange?: (is: boolean) => void;
};

/** A button with its menu. */
export function Opens({
  children,
  items,
  isOff,
  isKnown = true,
  opened,
  onChange,
  ...place
}: Props): ReactElement {
  const [own, setOwn] = useState(false);
  const [everOpen, setEver] = useState(false);
  const [target, setTarget] = useState<HTMLElement | null>(null);
  const id = useId();
  const isOpen = !isOff && (opened ?? own);
  if (isOpen && !everOpen) setEver(true);
  const set = onChange ?? setOwn;
  const button = cloneElement(children, {
    id,
    ref: setTarget,
    'aria-haspopup': 'menu',
    'aria-expanded': isOpen,
    'aria-controls': isOpen ? `${id}-dropdown` : undefined,
    onPointerEnter: ahead,
    onFocus: ahead,
    onClick: (event: MouseEvent) => {
      event.stopPropagation();
      if (!isOff) set(!isOpen);
    },
  });
  return (
    <>
      {button}
      {everOpen && target ? (
        <Suspense>
          <MenuAt
            target={target}
            id={id}
            opened={isOpen && isKnown}
            onChange={set}
            items={items}
            {...place}
          />
        </Suspense>
      ) : null}
    </>
  );
}
