/** What a menu holds, said before the menu is there: what it is made of comes with it. */
import type { Menu, MenuItemProps } from '@mantine/core';
import { createContext, use, type MouseEvent, type ReactElement, type ReactNode } from 'react';

/** The parts of the menu around. */
export const MenuParts = createContext<typeof Menu | undefined>(undefined);

/** One that can be chosen. */
export function Item(
  props: MenuItemProps & { children: ReactNode; onClick?: (event: MouseEvent) => void },
): ReactElement | null {
  const Parts = use(MenuParts);
  return Parts ? <Parts.Item {...props} /> : null;
}

/** What those below have in common. */
export function ItemsLabel({ children }: { children: ReactNode }): ReactElement | null {
  const Parts = use(MenuParts);
  return Parts ? <Parts.Label>{children}</Parts.Label> : null;
}

/** A line between two. */
export function ItemsLine(): ReactElement | null {
  const Parts = use(MenuParts);
  return Parts ? <Parts.Divider /> : null;
}
