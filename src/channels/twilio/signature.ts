/**
 * Twilio's request signature (X-Twilio-Signature), for SMS and calls: base64 of HMAC-SHA1 with the account's
 * primary auth token over the URL as configured, followed by every POST parameter sorted by name. API keys do not
 * sign, so the auth token is needed even when an API key sends.
 */
import { hmac, sameText, sha256Hex } from '../../base/crypto.ts';
import type { CallbackRequest } from '../adapter.ts';

/**
 * The parameters of a genuine callback, undefined when the signature is missing or wrong or does not cover the
 * body. A JSON body is covered by `bodySHA256` in the signed URL and yields only the query's parameters.
 */
export function signedParameters(request: CallbackRequest, authToken: string): URLSearchParams | undefined {
  const given = headerOf(request, 'x-twilio-signature');
  if (!given || !authToken) return undefined;
  const form = isForm(request);
  if (!form && request.body.length > 0) {
    const hash = request.query.bodySHA256;
    if (!hash || !sameText(hash.toLowerCase(), sha256Hex(request.body))) return undefined;
  }
  const parameters = new URLSearchParams(form ? request.body.toString('utf8') : '');
  const tail = signedText(parameters);
  // Twilio signs the URL with or without the default port, depending on the product.
  const signs = (url: string) => sameText(hmac('sha1', authToken, url + tail, 'base64'), given);
  if (!signs(request.url) && !otherPortForms(request.url).some(signs)) return undefined;
  return form ? parameters : new URLSearchParams(request.query);
}

function headerOf(request: CallbackRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function isForm(request: CallbackRequest): boolean {
  return /^application\/x-www-form-urlencoded/i.test(headerOf(request, 'content-type') ?? '');
}

/** Name and value of each parameter, sorted by name; a repeated name gives its different values, sorted. */
function signedText(parameters: URLSearchParams): string {
  let text = '';
  for (const name of [...new Set(parameters.keys())].sort())
    for (const value of [...new Set(parameters.getAll(name))].sort()) text += name + value;
  return text;
}

function otherPortForms(url: string): string[] {
  const parts = /^(https?):\/\/([^/:?#]+)(:\d+)?(.*)$/.exec(url);
  if (!parts) return [];
  const [, scheme, host, port, rest] = parts;
  const standard = scheme === 'https' ? ':443' : ':80';
  return port ? [`${scheme}://${host}${rest}`] : [`${scheme}://${host}${standard}${rest}`];
}
