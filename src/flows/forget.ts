// Forget: deletes rows that the ledger keeps for a limited time: idempotency keys, webhook bodies,
// and events.
import type { Ledger } from '../core/ports.ts';

const DAY_MS = 24 * 3_600_000;
/** How long a request is known by its Idempotency-Key. */
const ACT_KEYS_LAST_MS = DAY_MS;

/** Deletes rows that are older than their limit, by the clock of Postgres. */
export async function forgetOld(
  ledger: Pick<Ledger, 'acts' | 'deliveries' | 'endpoints'>,
  keep: { readonly deliveriesDays: number; readonly eventsDays: number },
): Promise<void> {
  await ledger.acts.forgetKeys(ACT_KEYS_LAST_MS);
  await ledger.deliveries.forget(keep.deliveriesDays * DAY_MS);
  await ledger.endpoints.forget(keep.eventsDays * DAY_MS);
}
