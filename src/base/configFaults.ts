/** What is wrong with settings that have a form of their own, or that stand together. */
import { isIP } from 'node:net';

/** Ranges are written as ranges; a misspelt one would open or close nothing. */
export function rangeFaults(name: string, texts: readonly string[] = []): string[] {
  return texts
    .filter((text) => text !== 'loopback' && !isRange(text))
    .map((text) => `${name}: “${text}” is not an address, a range such as 10.0.0.0/8, or loopback`);
}

function isRange(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  const most = isIP(address) === 6 ? 128 : isIP(address) === 4 ? 32 : -1;
  return (
    more.length === 0 && most > 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most))
  );
}

/** Name servers are addresses, with a port where it is another than 53: a name would have to be looked up by them. */
export function serverFaults(name: string, texts: readonly string[] = []): string[] {
  return texts
    .filter((text) => {
      const [, address, port] =
        /^(?:\[?([0-9a-f.:]+?)\]?)(?::(\d{1,5}))?$/i.exec(isIP(text) ? `[${text}]` : text) ?? [];
      return isIP(address ?? '') === 0 || Number(port ?? 53) > 65_535;
    })
    .map((text) => `${name}: “${text}” is not an address such as 192.0.2.1 or [2001:db8::1]:5353`);
}

/** The settings of the bucket stand together. */
export function bucketFaults(
  env: Record<string, string | undefined>,
  settings: Record<
    's3Endpoint' | 's3Bucket' | 's3Region' | 's3AccessKey' | 's3SecretKey',
    { readonly env: string }
  >,
): string[] {
  const { s3Endpoint, s3Bucket, s3Region, s3AccessKey, s3SecretKey } = settings;
  const isSet = (setting: { readonly env: string }) => Boolean(env[setting.env]?.trim());
  const set = [s3Endpoint, s3Bucket, s3Region, s3AccessKey, s3SecretKey].find(isSet);
  if (!set) return [];
  const faults = [s3Endpoint, s3Bucket, s3AccessKey, s3SecretKey]
    .filter((setting) => !isSet(setting))
    .map((setting) => `${setting.env}: is needed too, as ${set.env} is set`);
  const endpoint = env[s3Endpoint.env]?.trim();
  if (endpoint && URL.canParse(endpoint) && !/^https?:\/\/[^?#]+$/i.test(endpoint))
    faults.push(`${s3Endpoint.env}: needs http:// or https://, and nothing after the path`);
  const bucket = env[s3Bucket.env]?.trim();
  if (bucket && !/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket))
    faults.push(`${s3Bucket.env}: “${bucket}” is not the name of a bucket`);
  return faults;
}
