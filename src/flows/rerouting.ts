// Rerouting: plans another route for a payment that is on its way under a nonce and that the chain
// would refuse by the route it has. Only the route is planned anew: the recipients, the amounts and
// the payer of the fee stay as they are on record. See ADR 104.
import type { Payment } from '../core/payment.ts';
import { claimsOf, forItsPayer, rerouted, routePolicy } from '../core/payment-route.ts';
import type { PayingPolicy } from '../core/plan.ts';
import type { Ledger, Subscriber } from '../core/ports.ts';
import type { SeenAccount } from '../core/venue.ts';
import { createBestPlan } from './best-plan.ts';
import type { Budget } from './budget.ts';
import { createPayable } from './payable.ts';
import type { ReadPorts, Reserves } from './preflight.ts';
import { createRecipientsSeen } from './recipients-seen.ts';

/** The payment by another route, and the account from which that route was measured. */
export type Rerouted = { readonly payment: Payment; readonly account: SeenAccount | null };

/**
 * A budget that allows everything: the cost of this payment was allowed when it was planned, and
 * each budget counts it already.
 */
const SPENT: Pick<Budget, 'opening' | 'sponsored' | 'owing'> = {
  opening: async () => null,
  sponsored: async (_subscriberId, _creator, seen) => seen,
  owing: async (_to, seen) => seen,
};

/**
 * Creates the function that gives a payment another route; null when there is none, or the nonce
 * was seen to have moved, so that no variant can be executed any more.
 */
export function createRerouting(
  ports: ReadPorts & { readonly ledger: Ledger },
  options: PayingPolicy & Reserves,
) {
  const best = createBestPlan(ports, options);
  const recipientsSeen = createRecipientsSeen({ payable: createPayable(ports), budget: SPENT });
  return async function reroute(
    payment: Payment,
    subscriber: Subscriber,
  ): Promise<Rerouted | null> {
    const { nonce } = payment;
    const debts = claimsOf(payment);
    const [oldest] = debts;
    if (!nonce || oldest === undefined || ports.pen.sponsor === null) return null;
    const found = await best({
      subscriber,
      debts,
      due: debts,
      oldest,
      recipientsSeen,
      nonceAccount: { address: nonce.account, pays: true },
      policy: routePolicy(payment, options),
      paymentOf: ({ driftUser, subAccountId }, decided) => ({
        ...payment,
        driftUser,
        subAccountId,
        plan: { ...decided, covers: payment.plan.covers },
      }),
      counted: (read) => forItsPayer(payment, read),
    });
    const held = ports.nonces.read(found.nonce?.account ?? null, ports.pen.sponsor);
    if (held.seen !== 'value' || held.value !== nonce.value) return null;
    const other = rerouted(payment, found.planned, found.from);
    return other && { payment: other, account: found.account };
  };
}
