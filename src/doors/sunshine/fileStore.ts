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
    reply.header('accept-ranges', 'bytes').header('access-control-allow-origin', '*');
    const part = partOf(request.headers, kept.sizeBytes);
    if (part === 'none')
      return await reply.code(416).header('content-range', `bytes */${kept.sizeBytes}`).send();
    if (part) reply.code(206).header('content-range', `bytes ${part.from}-${part.to}/${kept.sizeBytes}`);
    return await reply
      .type(shown ? kept.mediaType : 'application/octet-stream')
      .header('content-length', part ? part.to - part.from + 1 : kept.sizeBytes)
      .header('content-disposition', `${shown ? 'inline' : 'attachment'}; filename="${kept.name}"`)
      .header('content-security-policy', "default-src 'none'; sandbox")
      .header('cache-control', 'public, max-age=31536000, immutable')
      .send(kept.content(part));
  });
}

/**
 * The part of a file that is asked for (RFC 9110 §14): players of sound and film ask for parts. Undefined: all of it, also when several
 * parts are asked for, or the header is not one, or an older version is meant (`If-Range`; a file here never changes, and has no
 * version). `none`: nothing of the file is in it.
 */
function partOf(
  { range, 'if-range': ifRange }: { range?: string | undefined; 'if-range'?: string | undefined },
  size: number,
): { from: number; to: number } | 'none' | undefined {
  const asked = ifRange === undefined ? /^bytes=(\d{0,15})-(\d{0,15})$/.exec(range?.trim() ?? '') : null;
  if (!asked || (asked[1] === '' && asked[2] === '')) return undefined;
  const [first, last] = [Number(asked[1]), Number(asked[2])];
  if (asked[1] === '')
    return last === 0 || size === 0 ? 'none' : { from: Math.max(0, size - last), to: size - 1 };
  if (asked[2] !== '' && last < first) return undefined;
  if (first >= size) return 'none';
  return { from: first, to: asked[2] === '' ? size - 1 : Math.min(last, size - 1) };
}
