/** Dialogs and drawers as this console has them: without the styles that the library would write into the page, which its policy refuses. */
import { Drawer, Modal } from '@mantine/core';
import type { ReactElement, ReactNode } from 'react';

type Props = {
  title: string;
  opened: boolean;
  onClose: () => void;
  children: ReactNode;
  size?: string | number;
};

const FADE = { duration: 120 };

/** In the middle. */
export function Dialog({ title, opened, onClose, children, size = 520 }: Props): ReactElement {
  return (
    <Modal
      title={title}
      opened={opened}
      onClose={onClose}
      size={size}
      lockScroll={false}
      transitionProps={FADE}
      closeButtonProps={{ 'aria-label': 'Close' }}
      centered
    >
      {children}
    </Modal>
  );
}

/** At the side. */
export function Side({ title, opened, onClose, children, size = 420 }: Props): ReactElement {
  return (
    <Drawer
      title={title}
      opened={opened}
      onClose={onClose}
      size={size}
      position="right"
      lockScroll={false}
      transitionProps={FADE}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {children}
    </Drawer>
  );
}
