/** The catalogue of faults. Doors map each to their own wire form; `http` is the status they share. */
export const FAULTS = {
  bad_request: {
    http: 400,
    means: 'A field is missing, of the wrong type, too long, or breaks a stated rule.',
  },
  unauthorized: { http: 401, means: 'No credentials were given.' },
  invalid_auth: { http: 401, means: 'The credentials are not valid.' },
  payment_required: { http: 402, means: 'A limit of the workspace is reached.' },
  forbidden: { http: 403, means: 'The credentials do not allow this.' },
  not_found: { http: 404, means: 'There is no such thing in this workspace.' },
  conflict: { http: 409, means: 'It exists already, or another change got there first.' },
  precondition_failed: {
    http: 412,
    means: 'Somebody has changed it since the revision that If-Match names.',
  },
  in_flight: { http: 409, means: 'A request with this Idempotency-Key is still running; try again shortly.' },
  key_reused: { http: 422, means: 'This Idempotency-Key was used with another request.' },
  unprocessable: { http: 422, means: 'The request is well formed but cannot be carried out as it stands.' },
  too_large: { http: 413, means: 'The body is larger than allowed.' },
  method_not_allowed: {
    http: 405,
    means: 'The path is known, and not with this method; the Allow header lists those it has.',
  },
  unsupported_media: { http: 415, means: 'The content type is not one this route reads.' },
  locked: { http: 423, means: 'The conversation is full.' },
  rate_limited: { http: 429, means: 'Too many requests; see Retry-After.' },
  not_built: { http: 501, means: 'Parley does not offer this part of the API.' },
  unavailable: { http: 503, means: 'The store cannot be reached or the server is stopping; try again.' },
} as const;

/** A code of the catalogue. */
export type FaultCode = keyof typeof FAULTS;
