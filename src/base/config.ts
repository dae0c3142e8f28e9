/**
 * Settings: one table, from which the values, the faults at start and the reference in the README are made.
 * Every setting is an environment variable; the CLI's flags set the same variables.
 */
import { bucketFaults, rangeFaults, serverFaults } from './configFaults.ts';
import { SIGN_IN_SETTINGS, signInFaults } from './configSignIn.ts';

type Kind = 'text' | 'count' | 'flag' | 'list' | 'url';

type Setting = {
  env: string;
  kind: Kind;
  default: string;
  means: string;
  min?: number;
  max?: number;
  oneOf?: readonly string[];
};

/** The table. `default` is the text that an unset variable stands for; empty means none. */
export const SETTINGS = {
  host: { env: 'PARLEY_HOST', kind: 'text', default: '127.0.0.1', means: 'Address the server listens on.' },
  port: {
    env: 'PARLEY_PORT',
    kind: 'count',
    default: '4000',
    min: 0,
    max: 65535,
    means: 'Port the server listens on; 0 picks a free one.',
  },
  publicUrl: {
    env: 'PARLEY_PUBLIC_URL',
    kind: 'url',
    default: '',
    means:
      'URL under which providers and people reach this server; callbacks and links are built from it. Default: the address it listens on.',
  },
  accountMail: {
    env: 'PARLEY_ACCOUNT_MAIL',
    kind: 'text',
    default: '',
    means:
      'Id of the live workspace whose mail integration mails what Parley itself says to operators: codes of the consent page, invitations, links that set a password. Not set: codes go by the company’s own, where it can read them, and links are shown to who invites.',
  },
  ...SIGN_IN_SETTINGS,
  mailHost: {
    env: 'PARLEY_MAIL_HOST',
    kind: 'text',
    default: '',
    means:
      'Address on which Parley takes mail itself by SMTP: bounces and answers (docs/channels/smtp.md). None is taken when it is not set.',
  },
  mailPort: {
    env: 'PARLEY_MAIL_PORT',
    kind: 'count',
    default: '2525',
    min: 0,
    max: 65535,
    means: 'Port for that; 0 picks a free one.',
  },
  mailTlsCert: {
    env: 'PARLEY_MAIL_TLS_CERT',
    kind: 'text',
    default: '',
    means: 'File with a certificate (PEM, with its chain), to offer STARTTLS. With it goes the key.',
  },
  mailTlsKey: {
    env: 'PARLEY_MAIL_TLS_KEY',
    kind: 'text',
    default: '',
    means: 'File with the key of that certificate (PEM).',
  },
  dataDir: {
    env: 'PARLEY_DATA_DIR',
    kind: 'text',
    default: '.parley',
    means: 'Directory of the embedded Postgres, of stored files and of the generated secret.',
  },
  s3Endpoint: {
    env: 'PARLEY_S3_ENDPOINT',
    kind: 'url',
    default: '',
    means:
      'S3, or what speaks like it, to keep files in instead of the data directory. With it go bucket and keys: all or none.',
  },
  s3Bucket: {
    env: 'PARLEY_S3_BUCKET',
    kind: 'text',
    default: '',
    means: 'Bucket for files; may be private.',
  },
  s3Region: {
    env: 'PARLEY_S3_REGION',
    kind: 'text',
    default: 'us-east-1',
    means: 'Region that requests to the bucket are signed for.',
  },
  s3AccessKey: {
    env: 'PARLEY_S3_ACCESS_KEY',
    kind: 'text',
    default: '',
    means:
      'Id of a key that may put, get and delete objects of the bucket, and list it (for the files of a workspace that is deleted).',
  },
  s3SecretKey: { env: 'PARLEY_S3_SECRET_KEY', kind: 'text', default: '', means: 'Secret of that key.' },
  databaseUrl: {
    env: 'PARLEY_DATABASE_URL',
    kind: 'url',
    default: '',
    means: 'Postgres to use instead of the embedded one.',
  },
  databaseWaitMs: {
    env: 'PARLEY_DATABASE_WAIT_MS',
    kind: 'count',
    default: '30000',
    min: 0,
    max: 3600000,
    means: 'How long a start waits for a database that does not answer yet, or is starting itself.',
  },
  poolSize: {
    env: 'PARLEY_POOL_SIZE',
    kind: 'count',
    default: '6',
    min: 2,
    max: 200,
    means: 'Database connections a process may open, besides three for reading settings and hearing notices.',
  },
  roles: {
    env: 'PARLEY_ROLES',
    kind: 'list',
    default: 'http,worker',
    oneOf: ['http', 'worker'],
    means: 'What this process does: serve requests, deliver, or both.',
  },
  secret: {
    env: 'PARLEY_SECRET',
    kind: 'text',
    default: '',
    means:
      'Key that integration secrets are encrypted with, 32 characters or more. Default: made once and kept in the data directory. Every process of one database needs the same.',
  },
  logLevel: {
    env: 'PARLEY_LOG_LEVEL',
    kind: 'text',
    default: 'info',
    oneOf: ['debug', 'info', 'warn', 'error', 'silent'],
    means: 'Least level that is logged, to standard error.',
  },
  logLevelNames: {
    env: 'PARLEY_LOG_LEVEL_NAMES',
    kind: 'flag',
    default: 'false',
    means: 'Log levels by name (`"level":"warn"`) instead of pino’s numbers (`"level":40`).',
  },
  logTime: {
    env: 'PARLEY_LOG_TIME',
    kind: 'text',
    default: 'ms',
    oneOf: ['ms', 'iso'],
    means: 'Time in the log: unix milliseconds, or ISO 8601 in UTC.',
  },
  probePort: {
    env: 'PARLEY_PROBE_PORT',
    kind: 'text',
    default: '',
    means:
      'Port for probes and metrics alone, on the same address; 0 picks a free one. Default: without the role http a free one, which the log names; with it none, as PARLEY_PORT has them.',
  },
  metricsToken: {
    env: 'PARLEY_METRICS_TOKEN',
    kind: 'text',
    default: '',
    means:
      'Bearer token that opens /metrics, 16 characters or more. Without it only this machine may read them, and no proxy for others.',
  },
  leaseMs: {
    env: 'PARLEY_LEASE_MS',
    kind: 'count',
    default: '10000',
    min: 500,
    max: 300000,
    means:
      'How long a worker owns its lanes without a sign of life. Shorter takes over sooner from a dead machine.',
  },
  concurrency: {
    env: 'PARLEY_CONCURRENCY',
    kind: 'count',
    default: '64',
    min: 1,
    max: 2000,
    means: 'Provider calls in flight per integration and process, unless the integration says less.',
  },
  providerDeadlineMs: {
    env: 'PARLEY_PROVIDER_DEADLINE_MS',
    kind: 'count',
    default: '15000',
    min: 50,
    max: 120000,
    means: 'How long a provider may take to answer before the outcome counts as unclear.',
  },
  privateTargets: {
    env: 'PARLEY_PRIVATE_TARGETS',
    kind: 'list',
    default: '',
    means:
      'Private address ranges (CIDR, or the word loopback) that webhooks, media and integrations may call. Default: loopback while the server listens on loopback only and its public URL is there, too; else none.',
  },
  trustedProxies: {
    env: 'PARLEY_TRUSTED_PROXIES',
    kind: 'list',
    default: '',
    means:
      'Addresses of proxies in front of this server (CIDR, or the word loopback). Only theirs is believed when X-Forwarded-For says whose a request is; from anybody else it says nothing.',
  },
  dnsServers: {
    env: 'PARLEY_DNS_SERVERS',
    kind: 'list',
    default: '',
    means:
      'Addresses of name servers that are asked about sending domains; those of the system when not set.',
  },
  rateLimitPerS: {
    env: 'PARLEY_RATE_LIMIT',
    kind: 'count',
    default: '500',
    min: 0,
    max: 1000000,
    means: 'Requests a second and API key before 429; 0 is unlimited.',
  },
  workspacesPerOperator: {
    env: 'PARLEY_WORKSPACES_PER_OPERATOR',
    kind: 'count',
    default: '100',
    min: 0,
    max: 1000000,
    means: 'Workspaces that one operator may own before making another is refused (403); 0 is unlimited.',
  },
  guestsPerNetwork: {
    env: 'PARLEY_GUESTS_PER_NETWORK',
    kind: 'count',
    default: '300',
    min: 0,
    max: 1000000,
    means:
      'New users without a name of the business’s own that one network (an IPv4 address, an IPv6 /64) makes on a workspace’s web chat or by the public key of the Outbound API in an hour before 429; 0 is unlimited.',
  },
  guestsPerWorkspace: {
    env: 'PARLEY_GUESTS_PER_WORKSPACE',
    kind: 'count',
    default: '30000',
    min: 0,
    max: 10000000,
    means: 'The same of all networks together.',
  },
  guestMessagesPerNetwork: {
    env: 'PARLEY_GUEST_MESSAGES_PER_NETWORK',
    kind: 'count',
    default: '6000',
    min: 0,
    max: 10000000,
    means:
      'Messages of people whom no token of the business names, from one network on a workspace’s web chat in an hour before 429, a file counted once more for each 64 kB; 0 is unlimited.',
  },
  guestMessagesPerWorkspace: {
    env: 'PARLEY_GUEST_MESSAGES_PER_WORKSPACE',
    kind: 'count',
    default: '300000',
    min: 0,
    max: 100000000,
    means: 'The same of all networks together.',
  },
  heapMb: {
    env: 'PARLEY_HEAP_MB',
    kind: 'count',
    default: '512',
    min: 128,
    max: 65536,
    means: 'Memory that the process may take for its objects, MB; more makes a busy install a little faster.',
  },
  checkAnswers: {
    env: 'PARLEY_CHECK_ANSWERS',
    kind: 'flag',
    default: 'false',
    means:
      'Check every answer against its schema and answer 500 where it breaks it: for tests of Parley itself.',
  },
  demo: {
    env: 'PARLEY_DEMO',
    kind: 'flag',
    default: 'true',
    means: 'Make a demo workspace on an empty store, with keys that are printed.',
  },
  retentionDays: {
    env: 'PARLEY_RETENTION_DAYS',
    kind: 'count',
    default: '180',
    min: 1,
    max: 3650,
    means: 'Days that deliveries and events are kept.',
  },
} as const satisfies Record<string, Setting>;

type ValueOf<K extends Kind> = K extends 'count'
  ? number
  : K extends 'flag'
    ? boolean
    : K extends 'list'
      ? readonly string[]
      : string;

/** The settings, read and checked. */
export type Config = { readonly [name in keyof typeof SETTINGS]: ValueOf<(typeof SETTINGS)[name]['kind']> };

/** Reads the settings from variables; returns the whole list of faults when there are any, and unknown PARLEY_ names among them. */
export function readConfig(env: Record<string, string | undefined>): Config | { faults: string[] } {
  const faults: string[] = [];
  const values: Record<string, unknown> = {};
  // The commands' own (`cli/target.ts`), which stands in the environment of whoever starts Parley, too.
  const known = new Set<string>(['PARLEY_POSTGRES_BIN', 'PARLEY_TOKEN']);
  for (const [name, setting] of Object.entries(SETTINGS) as [string, Setting][]) {
    known.add(setting.env);
    const text = env[setting.env]?.trim() || setting.default;
    const value = readValue(setting, text);
    if (typeof value === 'object' && 'fault' in value) faults.push(`${setting.env}: ${value.fault}`);
    else values[name] = value;
  }
  for (const name of Object.keys(env)) {
    if (name.startsWith('PARLEY_') && !known.has(name)) faults.push(`${name}: there is no such setting`);
  }
  if (values['secret'] && (values['secret'] as string).length < 32)
    faults.push('PARLEY_SECRET: needs 32 characters or more');
  const { metricsToken } = values as { metricsToken?: string };
  if (metricsToken && !/^\S{16,}$/.test(metricsToken))
    faults.push('PARLEY_METRICS_TOKEN: needs 16 characters or more, without spaces');
  const { accountMail } = values as { accountMail?: string };
  if (accountMail && !/^[0-9a-f]{24}$/i.test(accountMail))
    faults.push('PARLEY_ACCOUNT_MAIL: must be the id of a workspace');
  const probePort = values['probePort'] as string | undefined;
  if (probePort && !(/^\d{1,5}$/.test(probePort) && Number(probePort) <= 65535))
    faults.push(`PARLEY_PROBE_PORT: “${probePort}” is not a port`);
  faults.push(...bucketFaults(env, SETTINGS), ...signInFaults(values));
  for (const name of ['trustedProxies', 'privateTargets'] as const)
    faults.push(...rangeFaults(SETTINGS[name].env, values[name] as string[] | undefined));
  faults.push(...serverFaults(SETTINGS.dnsServers.env, values['dnsServers'] as string[] | undefined));
  if (!values['mailTlsCert'] !== !values['mailTlsKey'])
    faults.push('PARLEY_MAIL_TLS_CERT and PARLEY_MAIL_TLS_KEY: set both or none');
  return faults.length ? { faults } : (values as Config);
}

const FLAGS = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
]);

function readValue(setting: Setting, text: string): string | number | boolean | string[] | { fault: string } {
  switch (setting.kind) {
    case 'count': {
      const value = Number(text);
      if (!Number.isInteger(value)) return { fault: `“${text}” is not a whole number` };
      if (value < setting.min! || value > setting.max!)
        return { fault: `${value} is not from ${setting.min} to ${setting.max}` };
      return value;
    }
    case 'flag':
      return FLAGS.get(text) ?? { fault: `“${text}” is not true or false` };
    case 'list': {
      const items = text
        .split(',')
        .map((item) => item.trim())
        .filter(Boolean);
      const odd = setting.oneOf && items.find((item) => !setting.oneOf!.includes(item));
      return odd ? { fault: `“${odd}” is not one of ${setting.oneOf!.join(', ')}` } : items;
    }
    case 'url':
      return !text || URL.canParse(text) ? text.replace(/\/$/, '') : { fault: `“${text}” is not a URL` };
    case 'text':
      return setting.oneOf && !setting.oneOf.includes(text)
        ? { fault: `“${text}” is not one of ${setting.oneOf.join(', ')}` }
        : text;
  }
}

/** The settings as a Markdown table, for the README and `parley doctor`. */
export function settingsReference(): string {
  const rows = (Object.values(SETTINGS) as Setting[]).map(
    (s) => `| \`${s.env}\` | ${s.default ? `\`${s.default}\`` : '–'} | ${s.means} |`,
  );
  return ['| setting | default | meaning |', '|---|---|---|', ...rows].join('\n');
}
