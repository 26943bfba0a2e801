// Source: the sources from which signatures of transactions become known, declared once, and the
// port to which each of them gives the signatures. A source is never believed: each transaction is
// read from RPC, so that its facts do not depend on the source.
import type { Naming, Rumour } from './watch-ports.ts';

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

/**
 * The port of every source of signatures, be it a body, a history or a stream: it notes
 * transactions with the watched accounts that they are said to touch. `flows/inspect` reads them
 * from here and does not see which source it was.
 */
export type SignatureSink = {
  /**
   * Notes claimed transactions, so that they are read from RPC. Those that are noted already are
   * kept.
   */
  note(rumours: readonly Rumour[], naming: Naming): Promise<void>;
};
