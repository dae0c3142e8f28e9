/** What this room declares. */
import type { WorkingRoom } from '../queue/room.ts';
import { webhookHandler, type DeliverDeps } from './deliver.ts';
import { webhookReader, type Presenter } from './expand.ts';

/** Webhooks. A door that has some brings its presenter. */
export function webhooksRoom(deps: DeliverDeps & { presenters: readonly Presenter[] }): WorkingRoom {
  return { name: 'webhooks', handlers: [webhookHandler(deps)], readers: [webhookReader(deps)] };
}
