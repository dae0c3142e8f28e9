/** What is done with several conversations at once, and taken back for six seconds. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import type { BulkChanged, ConversationPatch } from '../../../../contract/doors/console/inbox.ts';
import { useNow } from '../../../shared/time.tsx';
import { call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';
import { useMay } from '../../shell/session.ts';
import { Act } from '../../ui/basic.tsx';
import { Opens } from '../../ui/Opens.tsx';
import { toast, toastError } from '../../ui/toasts.tsx';
import { AssignItems, useKnown } from './AssignItems.tsx';
import { shownNow, useShow } from './change.ts';
import { PRIORITY_NAMES, PriorityItems } from './Priority.tsx';

const HOUR_MS = 3_600_000;

type Props = { ws: string; ids: readonly string[]; onDone: () => void };

/** The bar above the list. */
export function Bulk({ ws, ids, onDone }: Props): ReactElement {
  const may = useMay('conversations.reply');
  const isKnown = useKnown(ws);
  const nowMs = useNow();
  const bulk = useBulk(ws);
  const go = (change: ConversationPatch, done: string) => {
    bulk(ids, change, done, onDone);
  };
  return (
    <div className="bulk" role="toolbar" aria-label="What to do with all that are chosen">
      <strong>{ids.length} chosen</strong>
      <Act size="compact-sm" may={may} onAct={() => go({ closed: true }, 'closed')}>
        Close
      </Act>
      <Act
        size="compact-sm"
        may={may}
        onAct={() => go({ snoozedUntil: new Date(nowMs + 4 * HOUR_MS).toISOString() }, 'asleep')}
      >
        Snooze 4 h
      </Act>
      <Opens
        position="bottom-end"
        width={180}
        isOff={may !== true}
        items={
          <PriorityItems
            onChoose={(priority) => go({ priority }, `set to “${PRIORITY_NAMES[priority].toLowerCase()}”`)}
          />
        }
      >
        <button type="button" className="chip" aria-disabled={may !== true || undefined}>
          Priority …
        </button>
      </Opens>
      <Opens
        position="bottom-end"
        width={200}
        isOff={may !== true}
        isKnown={isKnown}
        items={<AssignItems ws={ws} onGive={({ change, name }) => go(change, `with ${name}`)} />}
      >
        <button type="button" className="chip" aria-disabled={may !== true || undefined}>
          Assign …
        </button>
      </Opens>
    </div>
  );
}

function useBulk(ws: string) {
  const client = useQueryClient();
  const show = useShow(ws);
  const nowMs = useNow();
  const change = useMutation({
    mutationFn: (body: { ids: readonly string[]; change: ConversationPatch }) =>
      call<BulkChanged>('POST', at(ws, '/conversations/bulk'), { body }),
    onMutate: () => shownNow(client, ws),
    onSuccess: ({ results }, _, before) => {
      show(
        results.flatMap(({ conversation }) => conversation ?? []),
        before,
      );
    },
    onError: toastError,
  });
  const takeBack = (results: BulkChanged['results']) => {
    const undone = results.flatMap(({ id, before }) =>
      before ? [{ id, change: backOf(before, nowMs) }] : [],
    );
    for (const [, same] of Map.groupBy(undone, (one) => JSON.stringify(one.change)))
      change.mutate({ ids: same.map(({ id }) => id), change: same[0]!.change });
  };
  return (ids: readonly string[], body: ConversationPatch, done: string, after: () => void) =>
    change.mutate(
      { ids, change: body },
      {
        onSuccess: ({ results }) => {
          const failed = results.filter(({ fault }) => fault).length;
          const n = results.length - failed;
          toast(`${n} ${n === 1 ? 'is' : 'are'} ${done}${failed ? `; ${failed} could not be` : ''}.`, {
            undo: () => takeBack(results),
          });
          after();
        },
      },
    );
}

/** What makes it as it was: a sleep that would be over by now is none. */
function backOf(
  {
    assigneeId,
    teamId,
    closed,
    snoozedUntil,
    priority,
  }: NonNullable<BulkChanged['results'][number]['before']>,
  nowMs: number,
): ConversationPatch {
  const sleeps = snoozedUntil !== null && Date.parse(snoozedUntil) > nowMs && !closed;
  return {
    assigneeId,
    teamId,
    closed,
    priority,
    ...(sleeps ? { closed: undefined, snoozedUntil } : { snoozedUntil: null }),
  };
}
