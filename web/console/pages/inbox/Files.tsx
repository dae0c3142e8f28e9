/** Files that go with an answer: kept on the server while one still writes, with how far each is. */
import { useRef, useState, type ReactElement } from 'react';
import type { FileKept } from '../../../../contract/doors/console/files.ts';
import { MOST_FILE_BYTES } from '../../../../contract/limits.ts';
import { upload } from '../../api/upload.ts';
import { at } from '../../api/queries.ts';
import { Icon } from '../../../shared/icons.tsx';

type OneFile = {
  id: number;
  name: string;
  /** From 0 to 1. */
  done: number;
  kept?: FileKept;
  fault?: string;
};

/** The files of an answer. */
export type FilesHeld = {
  all: readonly OneFile[];
  kept: readonly FileKept[];
  isBusy: boolean;
  add: (files: Iterable<File> | FileList) => void;
  drop: (id: number) => void;
  clear: () => void;
};

/** Holds them, and sends them up at once. */
export function useFiles(ws: string): FilesHeld {
  const [all, setAll] = useState<readonly OneFile[]>([]);
  const ids = useRef(0);
  const patch = (id: number, change: Partial<OneFile>) =>
    setAll((now) => now.map((one) => (one.id === id ? { ...one, ...change } : one)));
  const add = (files: Iterable<File>) => {
    for (const file of files) {
      const id = ++ids.current;
      setAll((now) => [...now, { id, name: file.name, done: 0 }]);
      if (file.size > MOST_FILE_BYTES) {
        patch(id, { fault: `has more than ${MOST_FILE_BYTES / 1024 / 1024} MB` });
        continue;
      }
      upload<FileKept>(at(ws, '/files'), file, (done) => patch(id, { done }))
        .then((kept) => patch(id, { kept, done: 1 }))
        .catch((error: unknown) =>
          patch(id, { fault: error instanceof Error ? error.message : 'could not be sent up' }),
        );
    }
  };
  return {
    all,
    kept: all.flatMap(({ kept }) => kept ?? []),
    isBusy: all.some(({ kept, fault }) => !kept && !fault),
    add: (files) => add([...files]),
    drop: (id) => setAll((now) => now.filter((one) => one.id !== id)),
    clear: () => setAll([]),
  };
}

/** Shows them. */
export function Files({ files }: { files: FilesHeld }): ReactElement | null {
  if (!files.all.length) return null;
  return (
    <ul className="files" aria-label="Files to send">
      {files.all.map(({ id, name, done, kept, fault }) => (
        <li key={id} data-fault={fault !== undefined || undefined}>
          <span className="file-name">{name}</span>
          {fault ? (
            <span className="fault">{fault}</span>
          ) : kept ? (
            <Icon name="check" size={14} />
          ) : (
            <progress aria-label={`How far ${name} is`} value={done} max={1} />
          )}
          <button type="button" aria-label={`Leave ${name} out`} onClick={() => files.drop(id)}>
            <Icon name="cross" size={14} />
          </button>
        </li>
      ))}
    </ul>
  );
}
