/**
 * A push as the libraries of Outbound and Connect for Android take it: data alone, which they show themselves and tell of. Pure. Read in
 * outboundio/android-sdk: `_oq` says that it is theirs, what is to be seen and has no `_onid` is passed over as malformed.
 */
import { hash32 } from '../../base/crypto.ts';
import { given, knownByOutbound, type Push } from '../kit/pushPayload.ts';

/** The fields they read, all of them texts. */
export function dataOfOutbound(ref: string, push: Push): Record<string, string> {
  const fields = {
    ...knownByOutbound(ref, push),
    _oq: String(push.silent === true),
    // What replaces an earlier one has its number.
    _onid: String(hash32(push.collapseKey ?? ref) >>> 1),
    title: push.title,
    body: push.body || undefined,
    category: push.category,
    payload: push.data && JSON.stringify(push.data),
    _soundDefault: push.silent ? undefined : 'true',
  };
  return given(fields) as Record<string, string>;
}
