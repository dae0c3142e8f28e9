/** Whether one is there for the others, by one's own word. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { AvailabilitiesShown, AvailabilityShown } from '../../../contract/doors/console/teams.ts';
import { call } from '../api/call.ts';
import { at, availabilityQuery } from '../api/queries.ts';
import type { May } from '../may.ts';
import { toast, toastError } from '../ui/toasts.tsx';
import { useHere, useMay, useMe } from './session.ts';

/** Whether one has said so, whether one may, and how one says it. */
export function useAvailable(): { isAway: boolean; may: May; stand: (away: boolean) => void } {
  const { id: ws } = useHere();
  const me = useMe();
  const client = useQueryClient();
  const may = useMay('conversations.reply');
  const query = availabilityQuery(ws);
  const { data } = useQuery(query);
  const stand = useMutation({
    mutationFn: (away: boolean) =>
      call<AvailabilityShown>('PUT', at(ws, '/availability'), { body: { away } }),
    onError: toastError,
    onSuccess(mine, away) {
      client.setQueryData<AvailabilitiesShown>(query.queryKey, (now) =>
        now ? { operators: now.operators.map((one) => (one.id === mine.id ? mine : one)) } : now,
      );
      toast(away ? 'Others see that you are away.' : 'You are available again.');
    },
  });
  const isAway = data?.operators.find(({ id }) => id === me.id)?.availability === 'away';
  return { isAway, may, stand: stand.mutate };
}
