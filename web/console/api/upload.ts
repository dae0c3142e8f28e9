/** Files on their way up. */
import { CONSOLE_HEADER } from '../../../contract/consoleLive.ts';
import { ApiFault, faultOf, signedOut } from './call.ts';

/** Sends a file up and tells how far it is, which `fetch` cannot: as a form's `source`, or as it is where a media type is given. */
export async function upload<T>(
  path: string,
  file: File,
  onDone: (part: number) => void,
  mediaType?: string,
): Promise<T> {
  const request = new XMLHttpRequest();
  const form = new FormData();
  form.append('source', file);
  request.open('POST', `/api${path}`);
  request.setRequestHeader(CONSOLE_HEADER, '1');
  if (mediaType !== undefined) request.setRequestHeader('content-type', mediaType);
  request.upload.addEventListener('progress', ({ loaded, total }) => onDone(total ? loaded / total : 0));
  await new Promise<void>((resolve) => {
    request.addEventListener('loadend', () => resolve());
    request.send(mediaType === undefined ? form : file);
  });
  if (request.status === 0)
    throw new ApiFault({ status: 0, code: 'offline', message: 'Parley cannot be reached.' });
  if (request.status < 300) return JSON.parse(request.responseText) as T;
  const fault = await faultOf(new Response(request.responseText, { status: request.status }));
  if (fault.status === 401) signedOut(fault);
  throw fault;
}
