/** The door for links that need no key: leaving marketing and the picture that tells of opening, out of mail; setting a password. */
import type { TakeReceipts } from '../../channels/adapter.ts';
import type { FastifyInstance } from 'fastify';
import { acceptBytes } from '../kit/body.ts';
import type { HttpContext } from '../kit/context.ts';
import type { Door } from '../kit/server.ts';
import { serveOpens } from './opens.ts';
import { serveSetup } from './setup.ts';
import { serveUnsubscribe } from './unsubscribe.ts';

/** The door. `takeReceipts` is the receipts room's. */
export function mailDoor(takeReceipts: TakeReceipts): Door {
  return (app: FastifyInstance, ctx: HttpContext) => {
    acceptBytes(app);
    serveUnsubscribe(app, ctx);
    serveOpens(app, ctx, takeReceipts);
    serveSetup(app, ctx);
  };
}
