/** The kinds of work there are, by number. The queue only keeps them apart; what each means is its handler's business. Metrics call them so. */
export const KIND = {
  delivery: 1,
  webhook: 2,
  broadcast: 3,
  simulatedReceipt: 4,
  unread: 5,
  delayedPost: 6,
  backtest: 9,
  contactImport: 10,
  clockAdvance: 12,
  peopleJob: 14,
  importUndo: 16,
} as const;
