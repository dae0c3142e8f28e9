/** The door for what mail leads back to: leaving marketing, and the picture that tells of opening. A sealed token is all it takes. */
import type { FastifyInstance } from 'fastify';
import { acceptBytes } from '../kit/body.ts';
import type { HttpContext } from '../kit/context.ts';
import type { Door } from '../kit/server.ts';
import { serveOpens, type TakeReceipts } from './opens.ts';
import { serveUnsubscribe } from './unsubscribe.ts';

/** The door. `takeReceipts` is the receipts room's. */
export function mailDoor(takeReceipts: TakeReceipts): Door {
  return (app: FastifyInstance, ctx: HttpContext) => {
    acceptBytes(app);
    serveUnsubscribe(app, ctx);
    serveOpens(app, ctx, takeReceipts);
  };
}
