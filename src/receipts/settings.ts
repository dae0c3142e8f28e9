/** A workspace's settings of what is received, parsed once into a type. */
import { onceFor } from '../base/once.ts';

/** What is answered to HELP as the whole message; undefined where a workspace says nothing of its own. */
export const helpText = onceFor((settings: Readonly<Record<string, unknown>>): string | undefined => {
  const text = settings['helpText'];
  return typeof text === 'string' && text ? text : undefined;
});
