/** Changing how a conversation stands, and showing it at once to who does it. */
import { useMutation, useQueryClient, type InfiniteData, type QueryClient } from '@tanstack/react-query';
import type {
  ConversationPage,
  ConversationPatch,
  ConversationShown,
} from '../../../../contract/doors/console/inbox.ts';
import { useNow } from '../../../shared/time.tsx';
import { call } from '../../api/call.ts';
import { at, conversationQuery } from '../../api/queries.ts';
import { apply } from '../../live/socket.ts';
import { useMe } from '../../shell/session.ts';
import { toastError } from '../../ui/toasts.tsx';

/** Changes one; takes it back where the server says no. */
export function useChange(ws: string, id: string) {
  const client = useQueryClient();
  const show = useShow(ws);
  return useMutation({
    mutationFn: (body: ConversationPatch) =>
      call<ConversationShown>('PATCH', at(ws, `/conversations/${id}`), { body }),
    onMutate: () => shownNow(client, ws),
    onSuccess: (shown, _, before) => show([shown], before),
    onError: toastError,
  });
}

/** What is shown of conversations, by their ids. */
export type ShownNow = ReadonlyMap<string, readonly unknown[]>;

/** What is shown at this moment. */
export function shownNow(client: QueryClient, ws: string): ShownNow {
  const shown = new Map<string, unknown[]>();
  const note = (one: ConversationShown) => {
    const known = shown.get(one.id);
    if (known) known.push(one);
    else shown.set(one.id, [one]);
  };
  for (const [, whole] of client.getQueriesData<ConversationShown>({ queryKey: [ws, 'conversation'] }))
    if (whole) note(whole);
  const lists = client.getQueriesData<InfiniteData<ConversationPage>>({ queryKey: [ws, 'conversations'] });
  for (const [, list] of lists)
    for (const { conversations } of list?.pages ?? []) for (const one of conversations) note(one);
  return shown;
}

/**
 * Shows what an answer says of conversations, unless something else came of one since it was asked for: of two who change one at once the
 * line may tell of the later before the answer to the earlier is there, which would then be shown as the last word.
 */
export function useShow(ws: string) {
  const client = useQueryClient();
  const me = useMe();
  const nowMs = useNow();
  return (answers: readonly ConversationShown[], before: ShownNow | undefined) => {
    const now = shownNow(client, ws);
    for (const conversation of answers) {
      const { id } = conversation;
      const [were, are] = [before?.get(id) ?? [], now.get(id) ?? []];
      if (were.length === are.length && were.every((one, n) => one === are[n]))
        apply(client, ws, me.id, nowMs, { kind: 'conversation', conversation });
      else void client.invalidateQueries({ queryKey: conversationQuery(ws, id).queryKey });
    }
  };
}
