/**
 * Files that callers upload, kept below the data directory and served by an address nobody can guess. Every process of one
 * install needs the same directory.
 */
import { createReadStream } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { FastifyInstance } from 'fastify';
import { randomToken } from '../../base/crypto.ts';
import { fault } from '../../base/fault.ts';
import { toHex24 } from '../../base/ids.ts';
import type { HttpContext } from '../context.ts';
import { sendFault, type FaultForm } from '../errors.ts';

/** A file as it was uploaded. */
export type Upload = { bytes: Uint8Array; name: string; mediaType: string };

type Kept = { name: string; mediaType: string; sizeBytes: number };

const PREFIX = '/files';
const TOKEN_BYTES = 24;
const PATH = /^\/files\/([0-9a-f]{24})\/([\w-]{32})\/[^/]*$/;
/** What a browser may show by itself; anything else is saved. Nothing that can run script. */
const SHOWN =
  /^(?:image\/(?:png|jpeg|gif|webp)|audio\/[\w.+-]+|video\/[\w.+-]+|application\/pdf|text\/plain)$/;

/** Keeps a file of an app; returns its public address. */
export async function keepFile(ctx: HttpContext, workspaceId: number, upload: Upload): Promise<string> {
  const token = randomToken(TOKEN_BYTES);
  const app = toHex24(workspaceId);
  const directory = directoryOf(ctx, app, token);
  const name = upload.name.replaceAll(/[^\w.-]+/g, '_').slice(-100) || 'file';
  const kept: Kept = { name, mediaType: upload.mediaType, sizeBytes: upload.bytes.length };
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await writeFile(path.join(directory, 'content'), upload.bytes);
  await writeFile(path.join(directory, 'kept.json'), JSON.stringify(kept));
  return `${ctx.publicUrl()}${PREFIX}/${app}/${token}/${name}`;
}

/** Removes a file of an app by its address; false when there is none. */
export async function removeFile(ctx: HttpContext, workspaceId: number, url: string): Promise<boolean> {
  const parts = PATH.exec(URL.parse(url)?.pathname ?? '');
  if (!parts || parts[1] !== toHex24(workspaceId)) return false;
  const directory = directoryOf(ctx, parts[1], parts[2]!);
  if (!(await keptAt(directory))) return false;
  await rm(directory, { recursive: true, force: true });
  return true;
}

/** Serves the files. */
export function serveFiles(app: FastifyInstance, ctx: HttpContext, form: FaultForm): void {
  app.get(`${PREFIX}/:app/:token/:name`, async (request, reply) => {
    const { app: appId, token } = request.params as Record<string, string>;
    const known = /^[0-9a-f]{24}$/.test(appId!) && /^[\w-]{32}$/.test(token!);
    const directory = directoryOf(ctx, appId!, token!);
    const kept = known ? await keptAt(directory) : undefined;
    if (!kept) return sendFault(reply, fault('not_found', 'There is no such file.'), form);
    const shown = SHOWN.test(kept.mediaType);
    return await reply
      .type(shown ? kept.mediaType : 'application/octet-stream')
      .header('content-length', kept.sizeBytes)
      .header('content-disposition', `${shown ? 'inline' : 'attachment'}; filename="${kept.name}"`)
      .header('content-security-policy', "default-src 'none'; sandbox")
      .header('cache-control', 'public, max-age=31536000, immutable')
      .header('access-control-allow-origin', '*')
      .send(createReadStream(path.join(directory, 'content')));
  });
}

function directoryOf(ctx: HttpContext, app: string, token: string): string {
  return path.resolve(ctx.config.dataDir, 'files', app, token);
}

async function keptAt(directory: string): Promise<Kept | undefined> {
  try {
    return JSON.parse(await readFile(path.join(directory, 'kept.json'), 'utf8')) as Kept;
  } catch {
    return undefined;
  }
}
