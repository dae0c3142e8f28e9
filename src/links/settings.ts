/** A workspace's settings of links, parsed once into a type. What is not well formed counts as absent (settings are checked where they are set). */
import { onceFor } from '../base/once.ts';

/** What links go by. */
type LinkSettings = {
  /** It wants to know who opens its links. */
  tracksClicks: boolean;
  /** The domain of its short links, of which all names must lead here; in lower case. */
  domain: string | undefined;
};

const DOMAIN = /^(?=.{4,190}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/i;

/** The settings. */
export const linkSettings = onceFor((settings: Readonly<Record<string, unknown>>): LinkSettings => {
  const domain = settings['linkDomain'];
  return {
    tracksClicks: settings['trackClicks'] === true,
    domain: typeof domain === 'string' && DOMAIN.test(domain) ? domain.toLowerCase() : undefined,
  };
});
