/** Saving some of a workspace, by its field. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { createContext, use } from 'react';
import type { Bootstrap } from '../../../../contract/doors/console/sessions.ts';
import type { WorkspaceShown } from '../../../../contract/doors/console/workspaces.ts';
import { ApiFault, call } from '../../api/call.ts';
import { at, bootstrapQuery } from '../../api/queries.ts';
import { useHere } from '../../shell/session.ts';
import { toast } from '../../ui/toasts.tsx';
import { differences } from './changes.ts';

/** Some of a workspace. */
export type Change = { name?: string; country?: string; timeZone?: string; settings?: object };

/** What somebody else has changed. */
export type Meanwhile = ReturnType<typeof differences>;

/** Told what somebody else has changed, when a save comes after that. */
export const OnMeanwhile = createContext<(told: Meanwhile) => void>(() => {});

/** Saves some of it, as it is known here: what somebody else has changed meanwhile is shown, and not written over unseen. */
export function useSave(ws: string, what: string) {
  const here = useHere();
  const onMeanwhile = use(OnMeanwhile);
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: Change) =>
      call<WorkspaceShown>('PATCH', at(ws, ''), { body, revision: here.revision }),
    onSuccess() {
      onMeanwhile([]);
      toast(`${what} is saved.`);
    },
    async onSettled(_done, error) {
      await client.invalidateQueries({ queryKey: bootstrapQuery.queryKey });
      if (!(error instanceof ApiFault && error.status === 412)) return;
      const now = client
        .getQueryData<Bootstrap>(bootstrapQuery.queryKey)
        ?.workspaces.find(({ id }) => id === ws);
      onMeanwhile(now ? differences(here, now) : []);
    },
  });
}
