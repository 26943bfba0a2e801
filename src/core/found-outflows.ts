// Found outflows: what left an agent by a payment that was found on chain, and that this ledger
// never signed. The holder of the agent's key can write such a transaction, with any other transfer
// beside the payment, so that the signature alone does not make every outflow in it a payment.
import type { Outflow } from './fact.ts';
import type { Address, Signature } from './ids.ts';
import type { BaseUnits } from './money.ts';

/** What a payment brought that was found on chain. */
export type FoundPayment = {
  /** The token that was paid. */
  readonly mint: Address;
  /** The sum that its recipients got. Base units. */
  readonly amount: BaseUnits;
  readonly recipients: readonly Address[];
};
type FoundOutflow = {
  readonly key: string;
  readonly signature: Signature;
  readonly body: Outflow;
  /** Null or absent unless the transaction is a payment that this ledger never signed. */
  readonly found?: FoundPayment | null;
};

/**
 * The outflows that a found payment does not explain, by their keys; they are classified as those
 * of any other transaction. A found payment explains what its recipients got, and, in the token of
 * the payment, all that left as long as the sum is at most twice what the recipients got: a sponsor
 * is reimbursed in the token, and a token account that lives for one transaction shows the
 * withdrawal in place of the transfers. To take an amount beside a payment an agent must pay as
 * much to its creators, which discharges the debt.
 */
export function unexplainedByPayments(outflows: readonly FoundOutflow[]): ReadonlySet<string> {
  const sums = new Map<Signature, BaseUnits>();
  for (const { signature, body, found } of outflows)
    if (found && body.mint === found.mint && !body.internal)
      sums.set(signature, (sums.get(signature) ?? 0n) + body.amount);
  const unexplained = outflows.filter(({ signature, body, found }) => {
    if (!found) return false;
    const { mint, amount, recipients } = found;
    if (recipients.some((each) => each === body.owner || each === body.destination)) return false;
    return body.mint !== mint || (sums.get(signature) ?? 0n) > 2n * amount;
  });
  return new Set(unexplained.map((each) => each.key));
}
