/** Files below the data directory, each in a folder of its own. Every process of one install needs the same directory. */
import { createReadStream } from 'node:fs';
import { mkdir, opendir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { FileKey, KeptFile, MediaStore } from './mediaStore.ts';

type About = Omit<KeptFile, 'content'>;

/** A store on disk. */
export function diskStore({ dataDir }: { dataDir: string }): MediaStore {
  const directoryOf = ({ workspace, token }: FileKey) => path.resolve(dataDir, 'files', workspace, token);
  return {
    async put(key, { bytes, name, mediaType }) {
      const directory = directoryOf(key);
      const about: About = { name, mediaType, sizeBytes: bytes.length };
      try {
        await mkdir(directory, { recursive: true, mode: 0o700 });
        await writeFile(path.join(directory, 'content'), bytes);
        // Last: a file is there once this is.
        await writeFile(path.join(directory, 'kept.json'), JSON.stringify(about));
      } catch (error) {
        // Half a file would take up what room there is, and callers try again.
        await rm(directory, { recursive: true, force: true }).catch(() => {});
        throw error;
      }
      return undefined;
    },
    async get(key) {
      const about = await readAbout(directoryOf(key));
      const file = path.join(directoryOf(key), 'content');
      return (
        about && {
          ...about,
          content: (part) => createReadStream(file, part ? { start: part.from, end: part.to } : {}),
        }
      );
    },
    async remove(key) {
      const directory = directoryOf(key);
      if (!(await readAbout(directory))) return false;
      await rm(directory, { recursive: true, force: true });
      return true;
    },
    async removeSome(workspace, most) {
      const directory = path.resolve(dataDir, 'files', workspace);
      let gone = 0;
      for (const token of await firstIn(directory, most)) {
        await rm(path.join(directory, token), { recursive: true, force: true });
        gone += 1;
      }
      if (gone === 0) await rm(directory, { recursive: true, force: true });
      return gone;
    },
    close: () => Promise.resolve(),
  };
}

async function readAbout(directory: string): Promise<About | undefined> {
  try {
    return JSON.parse(await readFile(path.join(directory, 'kept.json'), 'utf8')) as About;
  } catch {
    return undefined;
  }
}

/** Some names in a directory, so many at most; none where there is no directory. */
async function firstIn(directory: string, most: number): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of await opendir(directory)) if (names.push(name) >= most) break;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return names;
}
