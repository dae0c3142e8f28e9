/**
 * Content made ready for many recipients: parsed once per broadcast, rendered per recipient. Content without Liquid
 * is rendered once per channel and shared by all.
 *
 * Never reads a stored template: a `template` content is replaced by what it stands for before it comes here.
 */
import type { ChannelName, Rendered } from '../../contract/channels.ts';
import type { Content } from '../../contract/content.ts';
import { type Fault, isFault } from '../base/fault.ts';
import { isRenderFailure, type RenderFailure } from './failure.ts';
import { personalise } from './personalise.ts';
import { renderOn } from './render.ts';
import type { RenderOptions } from './renderOptions.ts';
import { type PickedVariables, pickerFor, type Variables } from './variables.ts';

/** `liquid: false` sends the content verbatim (single messages of the Sunshine door); `path` begins the field paths of faults. */
type CompileOptions = { liquid?: boolean; path?: string };

/** Content that is ready to render. What it returns is shared: never change it. */
export type Compiled = {
  /** The variables used, as written: `contact.givenName`, `attributes.plan`, `first_name`. */
  variables: string[];
  /** The used part of the variables: store this, and rendering from it later says the same again. */
  pick: (all: Variables) => PickedVariables;
  /** The content with its variables filled in. */
  renderContent: (variables: Variables) => Content | RenderFailure;
  /** The content as one channel shows it. Keep `options` the same object over the recipients of a broadcast. */
  renderFor: (
    channel: ChannelName,
    variables: Variables,
    options?: RenderOptions,
  ) => Rendered | RenderFailure;
};

/** Compiles content, or names the field whose Liquid does not parse. */
export function compile(content: Content, options: CompileOptions = {}): Compiled | Fault {
  if (options.liquid === false) return verbatim(content);
  const personal = personalise(content, options.path ?? 'message');
  if (isFault(personal)) return personal;
  const fill = personal.fill;
  if (!fill) return verbatim(content);
  const { variables, pick, scope } = pickerFor(personal.paths);
  // Rendering sees only what is picked: what is stored and what is sent cannot differ.
  const renderContent = (all: Variables) => fill(scope(pick(all)));
  return {
    variables,
    pick,
    renderContent,
    renderFor(channel, all, renderOptions) {
      const filled = renderContent(all);
      return isRenderFailure(filled) ? filled : renderOn(channel, filled, renderOptions);
    },
  };
}

function verbatim(content: Content): Compiled {
  type Shown = { options: RenderOptions | undefined; rendered: Rendered | RenderFailure };
  const shown = new Map<ChannelName, Shown>();
  return {
    variables: [],
    pick: () => ({}),
    renderContent: () => content,
    renderFor(channel, _variables, options) {
      const last = shown.get(channel);
      if (last && last.options === options) return last.rendered;
      const rendered = renderOn(channel, content, options);
      shown.set(channel, { options, rendered });
      return rendered;
    },
  };
}
