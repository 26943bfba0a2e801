// Plan readings: keeps the reading of an account by which a payment was planned, until the payment
// is signed. At most one reading is kept for each subscriber.
import type { Payment } from '../core/payment.ts';
import type { SeenAccount } from '../core/venue.ts';

export type PlanReadings = {
  keep(payment: Payment, account: SeenAccount | null): void;
  /** The reading of this payment, once; null when another process planned it. */
  take(payment: Payment): SeenAccount | null;
};

/** Creates an empty memory of readings. */
export function createPlanReadings(): PlanReadings {
  const kept = new Map<
    string,
    { readonly payment: string; readonly account: SeenAccount | null }
  >();
  return {
    keep: ({ id, subscriberId }, account) => void kept.set(subscriberId, { payment: id, account }),
    take({ id, subscriberId }) {
      const found = kept.get(subscriberId);
      kept.delete(subscriberId);
      return found?.payment === id ? found.account : null;
    },
  };
}
