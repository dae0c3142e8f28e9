/** Why content could not be rendered for one recipient: an outcome of that delivery, never an exception. */

/**
 * `template_variable` a variable has no value; `template_error` the template broke while rendering (limits, filters);
 * `template_uri` a variable made an address that is none; `template_missing` a stored template was not put in place;
 * `content_empty` nothing is left to show; `content_unsupported` the channel cannot show it in any form.
 */
type RenderFailureCode =
  | 'template_variable'
  | 'template_error'
  | 'template_uri'
  | 'template_missing'
  | 'content_empty'
  | 'content_unsupported';

/** `detail` is plain text for a person and names the variable, field or channel. */
export type RenderFailure = { readonly failed: RenderFailureCode; readonly detail: string };

/** Builds a failure. */
export function renderFailure(failed: RenderFailureCode, detail: string): RenderFailure {
  return { failed, detail };
}

/** True when rendering ended in a failure. */
export function isRenderFailure(value: object): value is RenderFailure {
  return 'failed' in value;
}
