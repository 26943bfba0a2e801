// Variant ports: the port to the variants of payments under a nonce. All variants of a payment
// stand on one value, so that at most one is executed.
import type { Signature, Slot } from './ids.ts';
import type { CancelRequest, Variant } from './nonce.ts';
import type { Route } from './payment-route.ts';
import type { SignedBytes } from './signed-bytes.ts';
import type { Trouble } from './trouble.ts';

/** A variant to store. `route`: that of a payment; null for a cancellation. */
export type StoredVariant = {
  readonly purpose: Variant['purpose'];
  readonly bytes: SignedBytes;
  readonly route: Route | null;
};

export type PaymentVariants = {
  /**
   * Stays in `sent`: stores another variant of a payment under a nonce before it is sent. `after`
   * is the number of variants that the caller read. False also when the payment was cancelled, has
   * another number of variants by now, or the database's identity is not `under`.
   */
  varied(
    paymentId: string,
    variant: StoredVariant,
    after: number,
    under?: string | null,
  ): Promise<boolean>;
  /**
   * Asks that a payment under a nonce be cancelled: its lane moves the nonce, and the end of the
   * payment leaves the debts that the request names to a person (core/cancellation.ts). A second
   * request for the same debt changes nothing. False when the payment is not under a nonce, or
   * nothing of it was signed, or it has ended.
   */
  cancel(paymentId: string, request: CancelRequest): Promise<boolean>;
  /**
   * From `sent` to `dead`: a finalized transaction that is no payment of this row stood on its
   * value of the nonce, so no variant can be executed. Frees the debts with this reason; without
   * `retryInMs`, or where a cancellation says so, they are left to a person. `own`: the transaction
   * is the row's own cancellation. False also where the transaction is another variant of the row,
   * which another process signed after this one had read the row.
   */
  overtaken(
    paymentId: string,
    by: { readonly signature: Signature; readonly slot: Slot; readonly own: boolean },
    trouble: Trouble,
    retryInMs: number | null,
  ): Promise<boolean>;
};
