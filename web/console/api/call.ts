/** The one way by which pages call the console's API: the session's cookie, the header of pages, and faults as errors of one kind. */
import { CONSOLE_HEADER } from '../../../contract/consoleLive.ts';

/** What the server refused, in its own words. */
export class ApiFault extends Error {
  readonly status: number;
  readonly code: string;
  /** The field at fault, where it is one. */
  readonly field: string | undefined;
  readonly requestId: string | undefined;

  constructor(at: {
    status: number;
    code: string;
    message: string;
    field?: string | undefined;
    requestId?: string | undefined;
  }) {
    super(at.message);
    this.status = at.status;
    this.code = at.code;
    this.field = at.field;
    this.requestId = at.requestId;
  }
}

/** How a call is made. */
export type Calling = {
  body?: unknown;
  key?: string;
  /** The revision that is known here of what is changed, so that nobody else's change is written over. */
  revision?: number;
  signal?: AbortSignal;
};

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

let onSignedOut: (fault: ApiFault) => void = () => {};

/** Says what happens when a call finds that the session is over. */
export function whenSignedOut(act: (fault: ApiFault) => void): void {
  onSignedOut = act;
}

/** Says that a call has found the session over. */
export const signedOut = (fault: ApiFault): void => onSignedOut(fault);

/** Calls the API below `/api`; throws an `ApiFault` for what it refuses, and for a line that is down (status 0). */
export async function call<T>(
  method: Method,
  path: string,
  { body, key, revision, signal }: Calling = {},
): Promise<T> {
  const response = await fetch(`/api${path}`, {
    method,
    headers: {
      [CONSOLE_HEADER]: '1',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(key === undefined ? {} : { 'idempotency-key': key }),
      ...(revision === undefined ? {} : { 'if-match': `"${revision}"` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal ? { signal } : {}),
  }).catch((error: unknown) => {
    if (signal?.aborted) throw error;
    throw new ApiFault({ status: 0, code: 'offline', message: 'Parley cannot be reached.' });
  });
  if (response.ok) return (response.status === 204 ? undefined : await response.json()) as T;
  const fault = await faultOf(response);
  if (fault.status === 401 && !path.startsWith('/sessions')) onSignedOut(fault);
  throw fault;
}

/** What an answer refuses. */
export async function faultOf(response: Response): Promise<ApiFault> {
  const told = (await response.json().catch(() => ({}))) as {
    error?: { code?: string; message?: string; field?: string };
  };
  const {
    code = 'internal_error',
    message = `Parley answered ${response.status}.`,
    field,
  } = told.error ?? {};
  const requestId = response.headers.get('x-request-id') ?? undefined;
  return new ApiFault({ status: response.status, code, message, field, requestId });
}
