/** `GET /api/openapi/{name}.json`: the documents of all APIs, for whoever wants to read them. Made once, when first asked for. */
import type { FastifyInstance } from 'fastify';
import { fault } from '../../base/fault.ts';
import { consoleForm } from '../console/door.ts';
import type { HttpContext } from '../kit/context.ts';
import { sendFault } from '../kit/errors.ts';
import { VERSION } from '../kit/version.ts';
import { DOCUMENTS } from './documents.ts';
import { openapiOf, type Documented } from './openapi.ts';

/** The door. */
export function referenceDoor(app: FastifyInstance, _ctx: HttpContext): void {
  const made = new Map<string, string>();
  app.get('/api/openapi/:file', async (request, reply) => {
    const name = (request.params as { file: string }).file.replace(/\.json$/, '');
    const document = Object.hasOwn(DOCUMENTS, name)
      ? (DOCUMENTS as Record<string, Documented>)[name]
      : undefined;
    if (!document) {
      const names = Object.keys(DOCUMENTS).map((one) => `${one}.json`);
      const told = `There is no such document; there are ${names.join(', ')}.`;
      return await sendFault(reply, fault('not_found', told), consoleForm);
    }
    const text = made.get(name) ?? JSON.stringify(openapiOf(document, VERSION));
    made.set(name, text);
    return await reply.type('application/json').header('access-control-allow-origin', '*').send(text);
  });
}
