/** What comes first in a list of conversations, in views that have more than one order. */
import { useState, type ReactElement } from 'react';
import { SORTS, USUAL_SORT, type Sort, type View } from '../../../../contract/inboxViews.ts';
import { Icon } from '../../../shared/icons.tsx';
import type { Narrowed } from '../../live/apply.ts';
import { Item, ItemsLabel } from '../../ui/menuParts.tsx';
import { Opens } from '../../ui/Opens.tsx';

const WORDS: Readonly<Record<Sort, { name: string; short: string }>> = {
  waiting: { name: 'Longest waiting first', short: 'Waiting' },
  newest: { name: 'Newest first', short: 'Newest' },
  priority: { name: 'Most pressing first', short: 'Priority' },
};

type Props = { view: View; sort: Sort | undefined; onFilter: (next: Narrowed) => void };

/** The button and the orders there are. */
export function Order({ view, sort, onFilter }: Props): ReactElement | null {
  const [opened, setOpened] = useState(false);
  const usual = USUAL_SORT[view];
  if (usual === undefined) return null;
  const now = sort ?? usual;
  return (
    <Opens
      position="bottom-end"
      width={220}
      opened={opened}
      onChange={setOpened}
      items={
        <>
          <ItemsLabel>Order</ItemsLabel>
          {SORTS.map((one) => (
            <Item
              key={one}
              leftSection={one === now ? <Icon name="check" size={16} /> : undefined}
              onClick={() => onFilter({ sort: one === usual ? undefined : one, day: undefined })}
            >
              {WORDS[one].name}
            </Item>
          ))}
        </>
      }
    >
      <button type="button" className="chip" data-tip={WORDS[now].name}>
        <Icon name="sort" size={16} />
        <span className="unseen">Order: </span>
        {WORDS[now].short}
      </button>
    </Opens>
  );
}
