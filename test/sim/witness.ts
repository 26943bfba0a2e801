// Witness: a record kept outside the ledger, so that the laws need not rely on it: every payment
// that the pen has signed, with the debts that it covers. No lost commit changes it.

import type { Address } from '../../src/core/ids.ts';
import type { Cover } from '../../src/core/payment.ts';
import type { Pen } from '../../src/core/signing-ports.ts';
import type { Landed } from './chain/chain.ts';

export type SignedPayment = {
  readonly id: string;
  readonly subscriberId: string;
  readonly creatorWallet: Address;
  readonly amount: bigint;
  /** For the sponsor, on top of the amount. */
  readonly reimburse: bigint;
  readonly covers: readonly Cover[];
};
export type Witness = {
  readonly signed: ReadonlyMap<string, SignedPayment>;
  watch(pen: Pen): Pen;
  /** The payment that a landed transaction is, or null when people made it. */
  paymentOf(landed: Landed): SignedPayment | null;
};

export function createWitness(): Witness {
  const signed = new Map<string, SignedPayment>();
  return {
    signed,
    watch: (pen) => ({
      ...pen,
      async sign(request) {
        const made = await pen.sign(request);
        const { id, subscriberId, creatorWallet, plan } = request.parts.payment;
        signed.set(made.signature, {
          id,
          subscriberId,
          creatorWallet,
          amount: plan.amount,
          reimburse: plan.reimburse,
          covers: plan.covers,
        });
        return made;
      },
    }),
    paymentOf: ({ transaction }) => signed.get(transaction.signature) ?? null,
  };
}
