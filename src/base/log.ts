/** Structured logs on standard error, so that standard output stays free for `--json` and pipes. */
import { pino } from 'pino';

/** What every room may log with; pino's shape. */
export type Log = {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
};

/** Field names whose values never reach a log, at any of the first two levels. */
const SECRET_FIELDS = [
  'authorization',
  'password',
  'secret',
  'secrets',
  'token',
  'apiKey',
  'authToken',
  'key',
];

/** How entries are written; pino's numbers and unix milliseconds unless said otherwise. */
export type LogForm = { levelNames?: boolean; isoTime?: boolean };

/** A logger; level is one of pino's (`debug`, `info`, `warn`, `error`, `silent`). */
export function createLog(level: string, { levelNames, isoTime }: LogForm = {}): Log {
  return pino(
    {
      level,
      base: null,
      ...(levelNames ? { formatters: { level: (label: string) => ({ level: label }) } } : {}),
      ...(isoTime ? { timestamp: pino.stdTimeFunctions.isoTime } : {}),
      redact: { paths: SECRET_FIELDS.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
      serializers: { error: pino.stdSerializers.err },
    },
    pino.destination({ dest: 2, sync: false }),
  );
}

/** A logger that says nothing. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
