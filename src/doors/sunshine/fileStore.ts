/** Serves the files of conversations (content/mediaStore.ts), by an address nobody can guess. */
import type { FastifyInstance } from 'fastify';
import { fault, isFault } from '../../base/fault.ts';
import { FILES_PREFIX, findFile } from '../../content/mediaStore.ts';
import type { HttpContext } from '../kit/context.ts';
import { sendFault, type FaultForm } from '../kit/errors.ts';

/** What a browser may show by itself; anything else is saved. Nothing that can run script. */
const SHOWN =
  /^(?:image\/(?:png|jpeg|gif|webp)|audio\/[\w.+-]+|video\/[\w.+-]+|application\/pdf|text\/plain)$/;

/** Serves the files. */
export function serveFiles(app: FastifyInstance, ctx: HttpContext, form: FaultForm): void {
  app.get(`${FILES_PREFIX}/:workspace/:token/:name`, async (request, reply) => {
    const { workspace, token } = request.params as { workspace: string; token: string };
    const kept = await findFile(ctx, workspace, token);
    if (!kept) return sendFault(reply, fault('not_found', 'There is no such file.'), form);
    if (isFault(kept)) return sendFault(reply, kept, form);
    const shown = SHOWN.test(kept.mediaType);
    return await reply
      .type(shown ? kept.mediaType : 'application/octet-stream')
      .header('content-length', kept.sizeBytes)
      .header('content-disposition', `${shown ? 'inline' : 'attachment'}; filename="${kept.name}"`)
      .header('content-security-policy', "default-src 'none'; sandbox")
      .header('cache-control', 'public, max-age=31536000, immutable')
      .header('access-control-allow-origin', '*')
      .send(kept.content);
  });
}
