/** Beginning to move the workspace's clock. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { AdvanceShown } from '../../../contract/doors/console/clock.ts';
import { call } from '../api/call.ts';
import { at, clockQuery } from '../api/queries.ts';
import { toastError } from '../ui/toasts.tsx';

/** Begins a move by so many milliseconds. The band follows it: whoever knows the clock knows of it at once. */
export function useAdvance(ws: string) {
  const client = useQueryClient();
  const { queryKey } = clockQuery(ws);
  return useMutation({
    mutationFn: (byMs: number) => call<AdvanceShown>('POST', at(ws, '/clock/advance'), { body: { byMs } }),
    onSuccess: ({ id }) => client.setQueryData(queryKey, (clock) => clock && { ...clock, advancing: id }),
    onError(error) {
      toastError(error);
      // Another may have begun to move it.
      void client.invalidateQueries({ queryKey });
    },
  });
}
