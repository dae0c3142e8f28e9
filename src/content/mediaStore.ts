/**
 * Files of conversations: what callers upload and what people send, kept below the data directory and known by an address that
 * nobody can guess. Every process of one install needs the same directory. Serving them is a door's business.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { randomToken } from '../base/crypto.ts';
import { toHex24 } from '../base/ids.ts';

/** Where files are kept, and under which address the server is reached. */
export type MediaPlace = { config: { dataDir: string }; publicUrl(): string };

/** A file to keep. */
export type Upload = { bytes: Uint8Array; name: string; mediaType: string };

/** What is known of a file that is kept. */
export type KeptFile = { name: string; mediaType: string; sizeBytes: number; contentPath: string };

/** Where files are served: `/files/<workspace>/<token>/<name>`. */
export const FILES_PREFIX = '/files';
const TOKEN_BYTES = 24;
const WORKSPACE = /^[0-9a-f]{24}$/;
const TOKEN = /^[\w-]{32}$/;
const PATH = /^\/files\/([0-9a-f]{24})\/([\w-]{32})\/[^/]*$/;

/** Keeps a file of a workspace; returns its public address. */
export async function keepFile(place: MediaPlace, workspaceId: number, upload: Upload): Promise<string> {
  const token = randomToken(TOKEN_BYTES);
  const workspace = toHex24(workspaceId);
  const directory = directoryOf(place, workspace, token);
  const name = upload.name.replaceAll(/[^\w.-]+/g, '_').slice(-100) || 'file';
  const kept = { name, mediaType: upload.mediaType, sizeBytes: upload.bytes.length };
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await writeFile(path.join(directory, 'content'), upload.bytes);
  await writeFile(path.join(directory, 'kept.json'), JSON.stringify(kept));
  return `${place.publicUrl()}${FILES_PREFIX}/${workspace}/${token}/${name}`;
}

/** Removes a file of a workspace by its address; false when there is none. */
export async function removeFile(place: MediaPlace, workspaceId: number, url: string): Promise<boolean> {
  const parts = PATH.exec(URL.parse(url)?.pathname ?? '');
  if (!parts || parts[1] !== toHex24(workspaceId)) return false;
  if (!(await findFile(place, parts[1], parts[2]!))) return false;
  await rm(directoryOf(place, parts[1], parts[2]!), { recursive: true, force: true });
  return true;
}

/** The file behind the parts of an address; undefined when there is none. */
export async function findFile(
  place: Pick<MediaPlace, 'config'>,
  workspace: string,
  token: string,
): Promise<KeptFile | undefined> {
  if (!WORKSPACE.test(workspace) || !TOKEN.test(token)) return undefined;
  const directory = directoryOf(place, workspace, token);
  try {
    const kept = JSON.parse(await readFile(path.join(directory, 'kept.json'), 'utf8')) as KeptFile;
    return { ...kept, contentPath: path.join(directory, 'content') };
  } catch {
    return undefined;
  }
}

function directoryOf({ config }: Pick<MediaPlace, 'config'>, workspace: string, token: string): string {
  return path.resolve(config.dataDir, 'files', workspace, token);
}
