// Log events: the events at level error. Each means that a person must act. Their counters start at
// 0, so that an alert sees the first occurrence. A test compares the list with the code.
export const ERROR_EVENTS = [
  'account.gap',
  'account.not_adopted',
  'acts.lost',
  'agent.needs_sol',
  'endpoint.disabled',
  'feed.foreign',
  'hearing.set_aside',
  'helius.silent',
  'http.failed',
  'lane.failed',
  'ledger.went_back',
  'loop.failed',
  'node.foreign',
  'payment.overpaid',
  'roster.lineage_broken',
  'rpc.same',
  'secrets.unusable',
  'transaction.contradicted',
  'venue.program_unknown',
] as const;
