/** What is audited. Holds types only. */

/** The deliveries of causes from one id to another, of one contact when it is named. An id carries its time, so this is a period, too. */
export type Scope = {
  workspaceId: number;
  fromCause: number;
  toCause: number;
  contactId?: number | undefined;
};

/** When a provider took something, unix ms, both inclusive. */
export type SentWithin = { fromMs: number; toMs: number };
