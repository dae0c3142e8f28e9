/** What this room declares. */
import type { WorkingRoom } from '../queue/room.ts';
import { webhookHandler, type WebhookDeps } from './deliver.ts';
import { webhookReader, type Presenter } from './expand.ts';
import { deleteCallsOf } from './sql.calls.ts';

/** Webhooks. A door that has some brings its presenter. */
export function webhooksRoom(deps: WebhookDeps & { presenters: readonly Presenter[] }): WorkingRoom {
  return {
    name: 'webhooks',
    handlers: [webhookHandler(deps)],
    readers: [webhookReader(deps)],
    personalEvents: deps.presenters.flatMap(({ personalEvents }) => personalEvents ?? []),
    kept: { webhook_calls: { sort: 'webhooks', by: 'id' } },
    personal: {
      webhook_calls: 'deleted',
      webhooks: 'names nobody',
    },
    exports: {
      webhook_calls: { not: 'what the business’s own systems were told of what is here' },
    },
    erase: ({ tx, workspaceId, contactIds }) => deleteCallsOf(tx, workspaceId, contactIds),
  };
}
