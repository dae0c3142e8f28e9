/** A workspace's settings of how its operators answer, parsed once into a type. */
import { USUAL_WEBCHAT_OFFER } from '../../contract/webchatOffer.ts';
import { onceFor } from '../base/once.ts';

/** What is said with an offer of the web chat, and what its link is called, where who offers it says nothing else. */
export const webchatOffer = onceFor(
  (settings: Readonly<Record<string, unknown>>): { text: string; label: string } => {
    const { text, label } = (settings['webchatOffer'] ?? {}) as Record<string, unknown>;
    const isSaid = typeof text === 'string' && typeof label === 'string' && text.trim() && label.trim();
    return isSaid ? { text: text.trim(), label: label.trim() } : USUAL_WEBCHAT_OFFER;
  },
);
