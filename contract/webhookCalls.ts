/** States of a call to a webhook. Pure: pages take it as it is. */

/** `canceled`: its webhook was switched off or deleted before it was made. */
export const CALL_STATES = ['pending', 'delivered', 'failed', 'canceled'] as const;
