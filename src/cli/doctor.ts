/** `parley doctor`: what a start would meet, looked at without starting anything. */
import aws4 from 'aws4';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { request } from 'undici';
import { readConfig, SETTINGS, type Config } from '../base/config.ts';
import { sha256Hex } from '../base/crypto.ts';
import { runningConnection } from '../db/embedded/leftServer.ts';
import { chooseBinaries } from '../db/embedded/postgresBinaries.ts';
import { reasonOf } from './api.ts';
import { lookAtDatabase, type Finding } from './doctorDatabase.ts';
import { CommandFailure, say } from './failure.ts';
import { readRuntime } from './runtime.ts';

/** Prints what was found; fails when something would keep Parley from starting. */
export async function doctor(flags: { data?: string; settings?: boolean }): Promise<void> {
  const env = { ...process.env, ...(flags.data === undefined ? {} : { PARLEY_DATA_DIR: flags.data }) };
  const config = readConfig(env);
  const findings: Finding[] = [await nodeVersion()];
  if ('faults' in config) findings.push(...config.faults.map((what) => ({ good: false, what })));
  else {
    findings.push({ good: true, what: 'the settings are in order' });
    findings.push(await dataDirectory(config), ...(await postgres(config)), ...(await ports(config)));
    findings.push(...(await bucket(config)), ...address(config));
    if (flags.settings) for (const line of settings(config)) say(line);
  }
  for (const { good, what, mind } of findings) say(`${good ? (mind ? '!' : '✔') : '✘'} ${what}`);
  const bad = findings.filter(({ good }) => !good).length;
  if (bad > 0)
    throw new CommandFailure(`${bad} thing${bad === 1 ? '' : 's'} would keep Parley from starting.`);
}

async function nodeVersion(): Promise<Finding> {
  const good = Number.parseInt(process.versions.node, 10) >= 24;
  return { good, what: `Node ${process.versions.node}${good ? '' : '; 24 or newer is needed'}` };
}

async function dataDirectory(config: Config): Promise<Finding> {
  const dir = resolve(config.dataDir);
  for (let at = dir; ; at = dirname(at)) {
    try {
      await access(at, constants.W_OK);
      return { good: true, what: `${dir} can be written${at === dir ? '' : ' (it will be made)'}` };
    } catch (error) {
      if ((error as { code?: string }).code === 'ENOENT' && dirname(at) !== at) continue;
      return { good: false, what: `${at} cannot be written` };
    }
  }
}

async function postgres(config: Config): Promise<Finding[]> {
  if (!config.databaseUrl) {
    try {
      const { binDir, version, origin } = chooseBinaries(
        join(resolve(config.dataDir), 'postgres', 'cluster'),
      );
      const whose = origin === 'system' ? "the system's" : 'the packaged';
      const own = { good: true, what: `Postgres ${version} of its own, with ${whose} programs in ${binDir}` };
      const running = runningConnection(join(resolve(config.dataDir), 'postgres'));
      return [own, ...(running ? await lookAtDatabase(config, running, 'in the data directory') : [])];
    } catch (error) {
      return [{ good: false, what: (error as Error).message }];
    }
  }
  return await lookAtDatabase(config, config.databaseUrl, 'at the database URL');
}

/** The ports that a start would listen on. */
async function ports(config: Config): Promise<Finding[]> {
  const runtime = await readRuntime(config.dataDir);
  if (runtime) return [{ good: true, what: `Parley runs at ${runtime.url} (process ${runtime.pid})` }];
  const { host, mailHost, mailPort, probePort } = config;
  const serves = config.roles.includes('http');
  return await Promise.all([
    serves
      ? port('PARLEY_PORT', host, config.port)
      : { good: true, what: 'no port is needed without the role http' },
    ...(serves && mailHost ? [port('PARLEY_MAIL_PORT', mailHost, mailPort)] : []),
    ...(probePort ? [port('PARLEY_PROBE_PORT', host, Number(probePort))] : []),
  ]);
}

async function port(setting: string, host: string, number: number): Promise<Finding> {
  const { promise, resolve: settle } = Promise.withResolvers<Finding>();
  const at = `${host}:${number}`;
  const server = createServer();
  server.once('error', (error) =>
    settle({ good: false, what: `${setting}: ${at} cannot be listened on: ${error.message}` }),
  );
  server.listen(number, host, () =>
    server.close(() =>
      settle({ good: true, what: number === 0 ? 'any free port will do' : `${at} is free` }),
    ),
  );
  return await promise;
}

/** Whether the bucket takes a file and gives it back. */
async function bucket(config: Config): Promise<Finding[]> {
  if (!config.s3Endpoint) return [];
  const { s3Endpoint, s3Bucket } = config;
  const url = new URL(`${s3Endpoint}/${s3Bucket}/files/doctor`);
  const call = async (method: 'PUT' | 'DELETE', body: string) => {
    const signed = aws4.sign(
      {
        service: 's3',
        region: config.s3Region,
        host: url.host,
        path: url.pathname,
        method,
        headers: { 'X-Amz-Content-Sha256': sha256Hex(body) },
      },
      { accessKeyId: config.s3AccessKey, secretAccessKey: config.s3SecretKey },
    );
    const headers = { ...(signed.headers as Record<string, string>) };
    delete headers['Host'];
    const answer = await request(url, {
      method,
      headers,
      body: body || null,
      headersTimeout: 5_000,
      bodyTimeout: 5_000,
    });
    const text = await answer.body.text();
    if (answer.statusCode < 300) return;
    const code = /<Code>([^<]{1,80})</.exec(text)?.[1] ?? 'no reason given';
    const setting = BUCKET_SETTINGS[code] ?? 'PARLEY_S3_ENDPOINT';
    throw new CommandFailure(`${setting}: the bucket ${s3Bucket} answers ${answer.statusCode} (${code})`);
  };
  try {
    await call('PUT', 'doctor');
    await call('DELETE', '');
    return [{ good: true, what: `the bucket ${s3Bucket} takes files` }];
  } catch (error) {
    const what =
      error instanceof CommandFailure
        ? error.message
        : `PARLEY_S3_ENDPOINT: ${s3Endpoint}: ${reasonOf(error)}`;
    return [{ good: false, what }];
  }
}

/** Which setting an answer of S3 is about. */
const BUCKET_SETTINGS: Readonly<Record<string, string>> = {
  NoSuchBucket: 'PARLEY_S3_BUCKET',
  InvalidBucketName: 'PARLEY_S3_BUCKET',
  AccessDenied: 'PARLEY_S3_ACCESS_KEY',
  InvalidAccessKeyId: 'PARLEY_S3_ACCESS_KEY',
  SignatureDoesNotMatch: 'PARLEY_S3_SECRET_KEY',
  AuthorizationHeaderMalformed: 'PARLEY_S3_REGION',
};

/** Behind a proxy both must know of each other. */
function address({ host, publicUrl, trustedProxies }: Config): Finding[] {
  if (!publicUrl || ['127.0.0.1', '::1', 'localhost'].includes(new URL(publicUrl).hostname)) return [];
  const proxied = ['127.0.0.1', '::1', 'localhost'].includes(host);
  if (!proxied) return [{ good: true, what: `the world reaches this server at ${publicUrl}` }];
  const what = `${publicUrl} must be passed on by a proxy on this machine, with X-Forwarded-For`;
  if (trustedProxies.length > 0) return [{ good: true, what }];
  const left = 'PARLEY_TRUSTED_PROXIES is not set, so all callers count as one; set it to loopback';
  return [{ good: true, mind: true, what: `${what}; ${left}` }];
}

const HIDDEN = new Set(['secret', 'databaseUrl', 's3SecretKey', 'metricsToken', 'oidcClientSecret']);

/** The settings in force, without what is secret. */
function settings(config: Config): string[] {
  return Object.entries(SETTINGS).map(([name, { env }]) => {
    const value = String(config[name as keyof Config]);
    const hidden = HIDDEN.has(name) && value !== '';
    return `${env}=${hidden ? '(set)' : value}`;
  });
}
