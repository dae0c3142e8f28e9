/** How pressing a conversation is: shown, and chosen. */
import { Button } from '@mantine/core';
import type { ReactElement } from 'react';
import { PRIORITIES, type Priority } from '../../../../contract/inboxViews.ts';
import { Icon } from '../../../shared/icons.tsx';
import { useMay } from '../../shell/session.ts';
import { State, type Tone } from '../../ui/basic.tsx';
import { Item, ItemsLabel } from '../../ui/menuParts.tsx';
import { Opens } from '../../ui/Opens.tsx';

/** How they are called. */
export const PRIORITY_NAMES: Readonly<Record<Priority, string>> = {
  urgent: 'Urgent',
  high: 'High',
  medium: 'Medium',
  low: 'Low',
  none: 'No priority',
};
const TONES: Readonly<Record<Priority, Tone>> = {
  urgent: 'bad',
  high: 'test',
  medium: 'held',
  low: 'plain',
  none: 'plain',
};

/** The word for it; nothing where there is none. */
export function PriorityMark({ priority }: { priority: Priority }): ReactElement | null {
  if (priority === 'none') return null;
  return (
    <State tone={TONES[priority]} icon="flag">
      <span className="unseen">Priority: </span>
      {PRIORITY_NAMES[priority]}
    </State>
  );
}

/** The words, to choose one of. */
export function PriorityItems({
  now,
  onChoose,
}: {
  now?: Priority | undefined;
  onChoose: (priority: Priority) => void;
}): ReactElement {
  return (
    <>
      <ItemsLabel>Priority</ItemsLabel>
      {PRIORITIES.map((one) => (
        <Item
          key={one}
          leftSection={one === now ? <Icon name="check" size={16} /> : undefined}
          onClick={() => onChoose(one)}
        >
          {PRIORITY_NAMES[one]}
        </Item>
      ))}
    </>
  );
}

type Props = {
  priority: Priority;
  menu: { opened: boolean; onChange: (is: boolean) => void };
  onChange: (priority: Priority) => void;
};

/** The button in the head of a conversation. */
export function PriorityMenu({ priority, menu, onChange }: Props): ReactElement {
  const may = useMay('conversations.reply');
  const isOff = may !== true || undefined;
  return (
    <Opens
      position="bottom-end"
      width={180}
      isOff={may !== true}
      {...menu}
      items={<PriorityItems now={priority} onChoose={onChange} />}
    >
      {priority === 'none' ? (
        <button
          type="button"
          className="plain"
          aria-label="Priority: none"
          aria-disabled={isOff}
          data-tip={may === true ? 'Priority (p)' : may}
        >
          <Icon name="flag" />
        </button>
      ) : (
        <Button
          variant="default"
          size="sm"
          aria-disabled={isOff}
          data-off={isOff}
          data-tip={may === true ? 'Priority (p)' : may}
        >
          <PriorityMark priority={priority} />
        </Button>
      )}
    </Opens>
  );
}
