/** Keeping views of the inbox: making them, changing them, and throwing them away for as long as one does not take it back. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import type {
  NewSavedView,
  SavedViewPatch,
  SavedViewShown,
} from '../../../../contract/doors/console/savedViews.ts';
import { call } from '../../api/call.ts';
import { at, savedViewsQuery } from '../../api/queries.ts';
import { toast, toastError } from '../../ui/toasts.tsx';
import { keptAt, keptOf } from './named.ts';

/** What is done with views. Where one fails, whoever asks for it says so if there is a place for it. */
export function useKeeping(ws: string) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const again = () => client.invalidateQueries({ queryKey: savedViewsQuery(ws).queryKey });
  const { conversation } = useParams({ strict: false });
  // What is open stays open.
  const go = (view: string, search: object = {}) =>
    void navigate({
      to: conversation === undefined ? '/w/$ws/inbox/$view' : '/w/$ws/inbox/$view/$conversation',
      params: { ws, view, conversation },
      search,
    } as never);
  const keep = useMutation({
    mutationFn: (body: NewSavedView) => call<SavedViewShown>('POST', at(ws, '/saved-views'), { body }),
    onSuccess: async ({ id }) => {
      await again();
      go(keptAt(id));
    },
  });
  const change = useMutation({
    mutationFn: ({ id, to }: { id: string; to: SavedViewPatch }) =>
      call<SavedViewShown>('PATCH', at(ws, `/saved-views/${id}`), { body: to }),
    onSuccess: again,
  });
  const drop = useMutation({
    mutationFn: ({ id }: SavedViewShown) => call('DELETE', at(ws, `/saved-views/${id}`)),
    onError: toastError,
    onSuccess: async (_, { id, name, look, shared }) => {
      // What was shown is shown still, under no name.
      go(look.view, keptOf(look.view, look));
      await again();
      toast(`“${name}” is not kept any more.`, {
        undo: () => keep.mutate({ id, name, look, shared }, { onError: toastError }),
      });
    },
  });
  return {
    keep,
    change,
    drop,
    /** Makes it what is shown now. */
    saveOver: ({ id, name, look: before }: SavedViewShown, look: SavedViewShown['look']): void => {
      change.mutate(
        { id, to: { look } },
        {
          onError: toastError,
          onSuccess: () => {
            go(keptAt(id));
            toast(`“${name}” shows this now.`, {
              undo: () => change.mutate({ id, to: { look: before } }, { onError: toastError }),
            });
          },
        },
      );
    },
  };
}
