/** The JavaScript library as pages load it: `/outbound.js`, or with a public key in its address, as the snippet does. */
import type { FastifyInstance } from 'fastify';
import { readFileSync } from 'node:fs';

const FILE = new URL('../../../sdk/outbound/dist/outbound.js', import.meta.url);
/** A page that is loaded often asks seldom; a new Parley is everywhere within the hour. */
const CACHED_S = 3600;

/** The routes. Whatever key is asked for, the script is the same: it reads its own address. */
export function serveScript(app: FastifyInstance): void {
  let text: string | undefined;
  for (const url of ['/outbound.js', '/outbound/:key.js'])
    app.get(url, async (_request, reply) => {
      text ??= readFileSync(FILE, 'utf8');
      return await reply
        .type('text/javascript; charset=utf-8')
        .header('cache-control', `public, max-age=${CACHED_S}`)
        .header('cross-origin-resource-policy', 'cross-origin')
        .header('access-control-allow-origin', '*')
        .send(text);
    });
}
