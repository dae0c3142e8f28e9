/** All doors there are, behind one server: part of the composition root, which alone knows them all. */
import type { Part } from './base/lifecycle.ts';
import { callbacksDoor, type Callbacks } from './doors/callbacks/callbacks.ts';
import { consoleDoor } from './doors/console/door.ts';
import { providerDoor } from './doors/console/providerDoor.ts';
import { createConsoleLive } from './doors/consoleLive/door.ts';
import type { HttpContext } from './doors/kit/context.ts';
import { createServer, type Door } from './doors/kit/server.ts';
import { createLive } from './doors/live/door.ts';
import { outboundDoor } from './doors/outbound/door.ts';
import { connectDoor } from './doors/pages/connect/door.ts';
import { linksDoor } from './doors/pages/door.ts';
import { mailDoor } from './doors/pages/mailDoor.ts';
import { referenceDoor } from './doors/reference/door.ts';
import { shoutDoor } from './doors/shout/door.ts';
import { sunshineDoor } from './doors/sunshine/door.ts';
import { web1on1Door } from './doors/web1on1/door.ts';
import { webDoor, type Web } from './doors/web/door.ts';
import type { Notices } from './live/notices.ts';
import type { gatherReceipts } from './receipts/gather.ts';
import { calledIntegration, receiveCallback } from './receipts/receive.ts';

type Serving = {
  notices: Notices;
  heard: ReturnType<typeof gatherReceipts>;
  receiving: Parameters<typeof receiveCallback>[0];
  /** The console's pages; without them none are served. */
  web: Web | undefined;
  probes: Parameters<typeof createServer>[2];
};

/** The server with its doors, and what has to run before it listens, in that order. */
export function createServing(
  ctx: HttpContext,
  { notices, heard, receiving, web, probes }: Serving,
): { server: ReturnType<typeof createServer>; parts: readonly Part[]; receive: Callbacks['receive'] } {
  const receive: Callbacks['receive'] = (integration, request) =>
    receiveCallback(receiving, integration, request);
  const live = createLive({ ...ctx, notices, takeReceipts: heard });
  const consoleLive = createConsoleLive(ctx, notices);
  const pages = web && webDoor(web, ctx.log);
  const apis: Door[] = [
    sunshineDoor(heard),
    web1on1Door,
    outboundDoor(heard),
    shoutDoor,
    consoleDoor,
    referenceDoor,
  ];
  const callbacks = callbacksDoor({ called: (id, key) => calledIntegration(ctx, id, key), receive });
  const people: Door[] = [live.door, mailDoor(heard), linksDoor(ctx.links, heard, notices), connectDoor];
  const operators: Door[] = [consoleLive.door, providerDoor, ...(pages ? [pages.door] : [])];
  const server = createServer(ctx, [...apis, callbacks, ...people, ...operators], probes);
  return { server, receive, parts: [...(pages ? [pages.part] : []), live.part, consoleLive.part] };
}
