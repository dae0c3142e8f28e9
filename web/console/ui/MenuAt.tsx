/** A menu at a button that is there without it. Loaded by `Opens.tsx`, by nobody else. */
import { Menu, type MenuProps } from '@mantine/core';
import { useEffect, useState, type ReactElement, type ReactNode } from 'react';
import { MenuParts } from './menuParts.tsx';

type Props = Pick<MenuProps, 'position' | 'width'> & {
  /** The button, and its id. */
  target: HTMLElement;
  id: string;
  opened: boolean;
  onChange: (is: boolean) => void;
  items: ReactNode;
};

/** The menu. */
export function MenuAt({ target, opened, onChange, items, ...place }: Props): ReactElement {
  // It is opened once it is there: only then the library knows where the focus was, and gives it back.
  const [isThere, setThere] = useState(false);
  useEffect(() => {
    const frame = requestAnimationFrame(() => setThere(true));
    return () => cancelAnimationFrame(frame);
  }, []);
  return (
    <MenuParts value={Menu}>
      {/* The placeholder would be a child that a menu must not have. */}
      <Menu opened={opened && isThere} onChange={onChange} withInitialFocusPlaceholder={false} {...place}>
        <Menu.Target>
          <At target={target} />
        </Menu.Target>
        <Menu.Dropdown>{items}</Menu.Dropdown>
      </Menu>
    </MenuParts>
  );
}

/** Stands for the button where the menu asks for it. */
function At({ target, ref }: { target: HTMLElement; ref?: (element: HTMLElement | null) => void }): null {
  useEffect(() => {
    ref?.(target);
    return () => ref?.(null);
  }, [target, ref]);
  return null;
}
