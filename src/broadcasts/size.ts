/**
 * How many text messages a broadcast by SMS is, as a forecast: counted for a made-up recipient of ordinary length, with links as
 * short as they will be. What was sent is counted with the delivery. Reads nothing.
 */
import { isFault } from '../base/fault.ts';
import { compile } from '../content/compile.ts';
import type { RenderOptions } from '../content/renderOptions.ts';
import { smsSize } from '../content/smsSize.ts';
import { linksIn, type LinkWorkspace } from '../links/addresses.ts';
import { linkSettings } from '../links/settings.ts';
import type { Links } from '../links/links.ts';
import type { Broadcast } from './broadcast.ts';
import { madeUp } from './madeUp.ts';

/** The size. `varies`: variables make it longer for some and shorter for others. */
type TextSize = { encoding: 'GSM-7' | 'UCS-2'; each: number; total: number; varies: boolean };

/** The size of a broadcast; undefined on other channels, and when its text cannot be told without a person. */
export function textSize(
  links: Links,
  workspace: LinkWorkspace & { name: string },
  broadcast: Pick<Broadcast, 'channel' | 'content' | 'id'>,
  reachable: number,
): TextSize | undefined {
  if (broadcast.channel !== 'sms') return undefined;
  const compiled = compile(broadcast.content);
  if (isFault(compiled)) return undefined;
  const size = smsSize(
    compiled,
    madeUp('usual', compiled.variables, workspace.name),
    asLongAsSent(links, workspace, broadcast),
  );
  if (!size) return undefined;
  return {
    encoding: size.encoding,
    each: size.count,
    total: size.count * reachable,
    varies: compiled.variables.length > 0,
  };
}

/** Renders a broadcast as long as it is for each recipient: all short links of runs are equally long. */
export function asLongAsSent(
  links: Links,
  workspace: LinkWorkspace,
  { id, content }: Pick<Broadcast, 'content' | 'id'>,
): RenderOptions {
  const [code] = links.codes.shared(id, 0, [id]);
  const short = links.urlOf(workspace, code!);
  const long = new Set(
    linksIn(content, linkSettings(workspace.settings).tracksClicks).map(({ longUri }) => longUri),
  );
  return { rewriteUri: (uri) => (long.has(uri) ? short : uri) };
}
