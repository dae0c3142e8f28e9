/** How many text messages content takes when it goes by SMS: counted over exactly the text that goes to the provider. */
import type { Compiled } from './compile.ts';
import { isRenderFailure } from './failure.ts';
import type { RenderOptions } from './renderOptions.ts';
import { segments, type Segments } from '../../contract/smsSegments.ts';
import type { Variables } from './variables.ts';

/** The segments of content for one recipient; undefined when it cannot be shown as SMS. */
export function smsSize(
  compiled: Compiled,
  variables: Variables,
  options?: RenderOptions,
): Segments | undefined {
  const rendered = compiled.renderFor('sms', variables, options);
  if (isRenderFailure(rendered) || rendered.channel !== 'sms') return undefined;
  return segments(rendered.text);
}
