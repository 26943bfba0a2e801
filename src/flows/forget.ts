// Forget: deletes what the ledger keeps for a limited time: webhook bodies, events, and the
// Idempotency-Keys of requests.
import type { Ledger } from '../core/ports.ts';

const DAY_MS = 24 * 3_600_000;

/** How many days each kind is kept. */
export type Keep = {
  readonly deliveriesDays: number;
  readonly eventsDays: number;
  readonly idempotencyDays: number;
};

/** Deletes rows that are older than their limit, by the clock of Postgres. */
export async function forgetOld(
  ledger: Pick<Ledger, 'acts' | 'deliveries' | 'endpoints'>,
  keep: Keep,
): Promise<void> {
  await ledger.acts.forgetKeys(keep.idempotencyDays * DAY_MS);
  await ledger.deliveries.forget(keep.deliveriesDays * DAY_MS);
  await ledger.endpoints.forget(keep.eventsDays * DAY_MS);
}
