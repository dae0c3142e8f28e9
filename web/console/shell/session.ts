/** Who is signed in, and the workspace that is open. */
import { useSuspenseQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { OperatorShown } from '../../../contract/doors/console/sessions.ts';
import type { WorkspaceShown } from '../../../contract/doors/console/workspaces.ts';
import { USUAL_NOTICES } from '../../../contract/notices.ts';
import { whyNot, type Action } from '../../../contract/roles.ts';
import { bootstrapQuery } from '../api/queries.ts';
import type { May } from '../may.ts';

const route = getRouteApi('/w/$ws');

/** The workspace of the address. Undefined when it is not there for who is signed in. */
export function useWorkspace(): WorkspaceShown | undefined {
  const { ws } = route.useParams();
  const { data } = useSuspenseQuery(bootstrapQuery);
  return data.workspaces.find(({ id }) => id === ws);
}

/** The workspace, where the shell has made sure that it is there. */
export function useHere(): WorkspaceShown {
  return useWorkspace()!;
}

/** Who is signed in. */
export function useMe(): OperatorShown {
  const { data } = useSuspenseQuery(bootstrapQuery);
  return (
    data.operator ?? {
      id: '',
      name: 'A key',
      email: '',
      timeZone: null,
      locale: null,
      notices: USUAL_NOTICES,
    }
  );
}

/** Whether one may do something here. */
export function useMay(action: Action): May {
  const { role } = useHere();
  return whyNot(role, action) ?? true;
}
