/**
 * What the text of a campaign may name: what somebody may have. A name below `contact` or `workspace` that nobody has would be told of each
 * message, one by one, when it could not be said. Pure.
 */
import type { MessageClass } from '../../../contract/channels.ts';
import type { Compiled } from '../../content/compile.ts';
import { NAMES_OF } from '../../content/variables.ts';

/** The names of what is known of a message: the way out of marketing. */
const LINKS = ['unsubscribe'];

/** The rule that a text breaks by what it names; undefined where somebody may have all of it. */
export function strayIn({ variables }: Compiled, messageClass: MessageClass): string | undefined {
  for (const variable of variables) {
    const [root, name] = variable.split('.');
    const known = root === 'links' ? LINKS : NAMES_OF[root!];
    if (!known || name === undefined) continue;
    if (!known.includes(name))
      return `names ${variable}, which nobody has: of ${root} known are ${known.join(', ')}`;
    if (root === 'links' && messageClass !== 'marketing')
      return `names ${variable}, which only marketing has`;
  }
  return undefined;
}
