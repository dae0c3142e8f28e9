/** What MessageBird tells us, by whichever of its two APIs the integration uses. */
import type { Callback, CallbackRequest, Settings } from '../adapter.ts';
import { textSetting } from '../kit/outcome.ts';
import { receiveBird } from './bird.ts';
import { receiveClassic } from './classic.ts';

/** Verifies and parses a callback. */
export function receiveMessageBird(request: CallbackRequest, settings: Settings): Callback {
  return isV1(settings) ? receiveBird(request, settings) : receiveClassic(request, settings);
}

/** Whether the integration uses Bird's API; the classic one else. */
export function isV1(settings: Settings): boolean {
  const api = textSetting(settings, 'api');
  return api ? api === 'v1' : (textSetting(settings, 'accessKey') ?? '').startsWith('bk_');
}
