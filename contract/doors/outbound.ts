/** What the Outbound door answers. To nearly all that went well it answers nothing: one client takes whatever stands in a body for an error. */
import { type Static, Type } from 'typebox';

/** `GET /i/config/sdk/…`: the SDK is on, and leaves it to the app when to ask for permission to push. */
export const SdkConfig = Type.Object({
  enabled: Type.Boolean(),
  account: Type.Object({ prompt: Type.Boolean(), prompt_event: Type.String() }),
});
export type SdkConfig = Static<typeof SdkConfig>;

/** A fault. */
export const OutboundFault = Type.Object({
  error: Type.Object({ Message: Type.String(), Code: Type.Integer() }),
});
