/** The form of a connect_id: by which a company knows somebody. Pure. */
import { breaks, type Fault } from '../base/fault.ts';

/** Characters of a connect_id. */
export const MAX_CONNECT_ID = 200;

/** What is wrong with a new connect_id; undefined when nothing is. Who looks one up need not ask: what is none is nobody's. */
export function checkConnectId(text: string): Fault | undefined {
  if (text.length < 1 || text.length > MAX_CONNECT_ID || text.trim() !== text)
    return breaks('connect_id', `needs 1 to ${MAX_CONNECT_ID} characters, without spaces around them`);
  if (!text.isWellFormed() || /\p{C}/u.test(text))
    return breaks('connect_id', 'must not hold control characters');
  // A list of connected accounts is opened in spreadsheets, and whoever connects chooses this where nothing is signed.
  return /^[=+\-@]/.test(text) ? breaks('connect_id', 'must not begin with =, +, - or @') : undefined;
}
