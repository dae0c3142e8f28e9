/** Web Push: RFC 8030, 8291 and 8292, of which the push services of the browsers differ in nothing that we use. */
import type { CodesByClass } from '../contract.ts';

/** The example of RFC 8291 §5: a body that every browser can read, to the byte. */
export const RFC8291_EXAMPLE = {
  plaintext: 'When I grow up, I want to be a watermelon',
  senderPrivateKey: 'yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw',
  receiverPublicKey:
    'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4',
  authSecret: 'BTBZMqHH6r4Tts7J_aSIgg',
  salt: 'DGv6ra1nlYgDCS1FRnbzlw',
  body: 'DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN',
} as const;

/** Statuses (RFC 8030 §5 and §7, RFC 8292 §4.2; the push services of Google, Mozilla and Apple; read 2026-11-20). */
export const WEBPUSH_ANSWERS_BY_CLASS: CodesByClass<number> = {
  content: [400, 413],
  config: [401, 403],
  recipient: [404, 410],
  rate: [429],
  transient: [500, 502, 503],
};
