/** Small parts that every page is made of. Knows no address and no call. */
import { Button, type ButtonProps } from '@mantine/core';
import type { MouseEvent, ReactElement, ReactNode } from 'react';
import { Icon, type IconName } from '../../shared/icons.tsx';
import type { May } from '../may.ts';
import { numberText } from '../../shared/reader.ts';

/** What a button needs besides its words. */
export type ActProps = {
  may?: May;
  onAct: () => void;
  children: ReactNode;
  icon?: IconName;
  hint?: string;
  busy?: boolean;
} & Pick<ButtonProps, 'variant' | 'size' | 'color'>;

/** A button that says why it does nothing, where it does nothing; it can be reached all the same. */
export function Act({ may = true, onAct, children, icon, hint, busy, ...look }: ActProps): ReactElement {
  const isOff = may !== true;
  return (
    <Button
      variant="default"
      size="sm"
      {...look}
      leftSection={icon ? <Icon name={icon} size={16} /> : undefined}
      aria-disabled={isOff || undefined}
      data-off={isOff || undefined}
      data-tip={isOff ? may : hint}
      loading={busy}
      onClick={(event: MouseEvent) => {
        event.stopPropagation();
        if (!isOff) onAct();
      }}
    >
      {children}
    </Button>
  );
}

/** State is always an outline, a word and a colour. */
export function State({
  tone,
  icon,
  children,
}: {
  tone: Tone;
  icon: IconName;
  children: ReactNode;
}): ReactElement {
  return (
    <span className="state" data-tone={tone}>
      <Icon name={icon} size={14} />
      <span>{children}</span>
    </span>
  );
}

/** What a colour means. */
export type Tone = 'plain' | 'good' | 'bad' | 'held' | 'unknown' | 'test';

/** Letters for somebody without a picture. */
export function Letters({ name }: { name: string | null }): ReactElement {
  const letters = (name ?? '?')
    .replace(/^\+/, '')
    .split(/\s+/)
    .slice(0, 2)
    .map(([first]) => first?.toUpperCase() ?? '')
    .join('');
  return (
    <span className="letters" aria-hidden="true">
      {letters}
    </span>
  );
}

/** A count that ends somewhere. */
export function countText(n: number, most: number): string {
  return n >= most ? `${numberText(most - 1)}+` : numberText(n);
}
