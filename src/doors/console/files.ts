/** Files that operators send: kept under an address that nobody can guess, for messages to point to. */
import { FileKept } from '../../../contract/doors/console/files.ts';
import { MOST_FILE_BYTES } from '../../../contract/limits.ts';
import { isFault, type Fault } from '../../base/fault.ts';
import { keepFile } from '../../content/mediaStore.ts';
import { readForm } from '../kit/form.ts';
import { acts, type Call, type Route, type Work } from './route.ts';

/** `…/files`. */
export const fileRoutes: readonly Route[] = [
  acts({
    method: 'POST',
    path: '/files',
    does: 'Keeps a file that messages can point to: `multipart/form-data` with a part named `source`.',
    answers: { 201: FileKept },
    action: 'messages.send',
    upload: MOST_FILE_BYTES,
    handle: keep,
  }),
];

async function keep(call: Call): Promise<Work<201, FileKept> | Fault> {
  const form = await readForm(call);
  if (isFault(form)) return form;
  const { source } = form;
  return async () => {
    const url = await keepFile(call.ctx, call.workspace.id, source);
    if (isFault(url)) return url;
    const { name, mediaType } = source;
    return { status: 201, body: { url, mediaType, name }, audit: { action: 'file.keep', detail: { name } } };
  };
}
