/** The alphanumeric sender of an SMS (rule W14). */
import { type Fault, fault } from '../base/fault.ts';

const RULE = 'a Sender ID has 1 to 11 letters A-Z or a-z, digits or spaces, and not digits only';

/** The Sender ID as given, or a fault that names the rule. */
export function checkSenderId(value: unknown, path = 'senderId'): string | Fault {
  // Spaces around it would be lost on the way, and with them the answer to who sent it.
  const good =
    typeof value === 'string' &&
    /^[A-Za-z0-9 ]{1,11}$/.test(value) &&
    !/^[0-9 ]*$/.test(value) &&
    value.trim() === value;
  if (good) return value;
  return fault('unprocessable', `${path}: ${RULE}`, { field: path });
}
