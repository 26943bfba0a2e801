// Found outflows: what left an agent by a payment that was found on chain, and that this ledger
// never signed. The holder of the agent's key can write such a transaction, with any other transfer
// beside the payment, so that the signature alone does not make every outflow in it a payment.
import type { Outflow } from './fact.ts';
import type { Address, Signature } from './ids.ts';
import type { BaseUnits } from './money.ts';

/** A payment that was found on chain, as far as it explains outflows. */
export type FoundPayment = {
  /** The token that was paid. */
  readonly mint: Address;
  /** The sum that `recipients` got. Base units. */
  readonly amount: BaseUnits;
  /**
   * The recipients that terms of the subscriber name. Another recipient may be a wallet that the
   * subscriber chose.
   */
  readonly recipients: readonly Address[];
};
export type FoundOutflow = {
  readonly key: string;
  readonly signature: Signature;
  readonly body: Outflow;
  /** Null or absent unless the transaction is a payment that this ledger never signed. */
  readonly found?: FoundPayment | null;
};

/**
 * The amount of an outflow in the token of the found payment, in base units; null when other value
 * left. A withdrawal into a token account that lives for one transaction shows no mint, and counts
 * at the price of its record.
 */
function inTokenOf({ mint }: FoundPayment, body: Outflow): BaseUnits | null {
  if (body.mint === mint) return body.amount;
  return body.mint === null && body.route === 'withdraw' ? body.usd : null;
}

/**
 * The outflows that a found payment does not explain, by their keys; they are classified as those
 * of any other transaction. A found payment explains the outflows to its recipients. It explains
 * every outflow in its token as well, as long as their sum is at most twice the amount that the
 * recipients got: a sponsor is reimbursed in the token, and a token account that lives for one
 * transaction shows the withdrawal in place of the transfers. To take an amount beside a payment an
 * agent must pay as much to its creators, which discharges the debt.
 */
export function unexplainedByPayments(outflows: readonly FoundOutflow[]): ReadonlySet<string> {
  const sums = new Map<Signature, BaseUnits>();
  for (const { signature, body, found } of outflows)
    if (found && !body.internal)
      sums.set(signature, (sums.get(signature) ?? 0n) + (inTokenOf(found, body) ?? 0n));
  const unexplained = outflows.filter(({ signature, body, found }) => {
    if (!found) return false;
    const { amount, recipients } = found;
    if (recipients.some((each) => each === body.owner || each === body.destination)) return false;
    return inTokenOf(found, body) === null || (sums.get(signature) ?? 0n) > 2n * amount;
  });
  return new Set(unexplained.map((each) => each.key));
}

/**
 * An outflow as it falls under the allowance for small amounts. An outflow in the token of a found
 * payment counts as a transfer of the token, also a withdrawal, because the sponsor of a payment of
 * a tenth of a cent may be reimbursed with more than that.
 */
export function asTransfer<T extends FoundOutflow>(outflow: T): T {
  const { body, found } = outflow;
  const amount = found ? inTokenOf(found, body) : null;
  if (!found || amount === null) return outflow;
  return { ...outflow, body: { ...body, route: 'token_transfer', mint: found.mint, amount } };
}
