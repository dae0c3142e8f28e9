/** How a program checks that a call is from Parley: Standard Webhooks 1.0.0, in a few lines without a library. */

/** By language. */
export const SIGNATURE_CODE = {
  JavaScript: `import { createHmac, timingSafeEqual } from 'node:crypto';

/** \`body\` as it came, not parsed; \`headers\` in lower case. */
export function isFromParley(secret, headers, body) {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const id = headers['webhook-id'];
  const timestamp = headers['webhook-timestamp'];
  if (Math.abs(Date.now() / 1000 - Number(timestamp)) > 300) return false;
  const wanted = createHmac('sha256', key).update(\`\${id}.\${timestamp}.\${body}\`).digest();
  return headers['webhook-signature'].split(' ').some((one) => {
    const given = Buffer.from(one.replace(/^v1,/, ''), 'base64');
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  });
}`,
  Python: `import base64, hashlib, hmac, time

# body as it came, not parsed; headers in lower case.
def is_from_parley(secret, headers, body):
    key = base64.b64decode(secret.removeprefix("whsec_"))
    stamp = headers["webhook-timestamp"]
    if abs(time.time() - int(stamp)) > 300:
        return False
    signed = f"{headers['webhook-id']}.{stamp}.{body}".encode()
    wanted = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(wanted, one) for one in headers["webhook-signature"].split(" "))`,
} as const;
