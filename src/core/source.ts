// Source: the sources from which signatures of transactions become known, declared once. A source
// is never believed: each transaction is read from RPC, so that its facts do not depend on the
// source.

/** The sources of the settings. Each one alone is enough to hear everything. */
export const SOURCES = ['webhooks', 'subscriptions', 'stream', 'backfill', 'sweep'] as const;
export type Source = (typeof SOURCES)[number];

/**
 * The source that named a signature, as the row of its sighting says. `webhook`: a webhook body.
 * `stream`: a gRPC stream. `watch`: the history of an account that a subscription or a sweep saw
 * changed. `backfill`: the walk of finalized history. `own`: a payment of the daemon itself.
 * `repair`: the history of an account that is read again, by a person or after a gap. `replay`: a
 * person, by the command of that name.
 */
export const NAMED_BY = [
  'webhook',
  'stream',
  'watch',
  'backfill',
  'own',
  'repair',
  'replay',
] as const;
export type NamedBy = (typeof NAMED_BY)[number];
