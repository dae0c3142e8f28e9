/** Sends a file, and says how far it is: what `fetch` cannot say. */
import { CONSOLE_HEADER } from '../../../contract/consoleLive.ts';
import { ApiFault } from './call.ts';

/** Posts a file below `/api`; `onSent` is told the share that is sent, from 0 to 1. */
export function upload<T>(path: string, file: Blob, onSent: (share: number) => void): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', `/api${path}`);
    request.setRequestHeader(CONSOLE_HEADER, '1');
    request.setRequestHeader('content-type', 'text/csv');
    request.upload.addEventListener('progress', ({ loaded, total }) =>
      onSent(total > 0 ? loaded / total : 0),
    );
    request.addEventListener('error', () =>
      reject(new ApiFault({ status: 0, code: 'offline', message: 'Parley cannot be reached.' })),
    );
    request.addEventListener('load', () => {
      const told = read(request.responseText);
      if (request.status < 300) return resolve(told as T);
      const {
        code = 'internal_error',
        message = `Parley answered ${request.status}.`,
        field,
      } = told.error ?? {};
      reject(new ApiFault({ status: request.status, code, message, field }));
    });
    request.send(file);
  });
}

function read(text: string): { error?: { code?: string; message?: string; field?: string } } {
  try {
    return JSON.parse(text) as object;
  } catch {
    return {};
  }
}
