/** Every route of the console's API. The import of contacts is beside them, since its body is a stream. */
import { broadcastRoutes } from './broadcasts.ts';
import type { Route } from './route.ts';
import { sessionRoutes } from './sessions.ts';
import { simulatorRoutes } from './simulator.ts';

/** Below `/api`. */
export const ROUTES: readonly Route[] = [...sessionRoutes, ...broadcastRoutes, ...simulatorRoutes];
