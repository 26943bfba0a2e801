// Found outflows: what left an agent by a payment that was found on chain, and that this ledger
// never signed. The holder of the agent's key can write such a transaction, with any other transfer
// beside the payment, so that the signature alone does not make every outflow in it a payment.
import type { Outflow } from './fact.ts';
import type { Address, Signature } from './ids.ts';
import type { BaseUnits } from './money.ts';
import type { Received } from './rebuild.ts';

/** A payment that was found on chain, as far as it explains outflows. */
export type FoundPayment = {
  /** The token that was paid. */
  readonly mint: Address;
  /**
   * The recipients that terms of the subscriber name, each with the part that debts explain, in
   * base units: 0 where all is excess. An excess that a person accepted, and one of a payment that
   * the ledger may have lost, counts as explained. Another recipient may be a wallet that the
   * subscriber chose.
   */
  readonly recipients: readonly Received[];
  /**
   * Whether the ledger may have lost the payment. The holder of an agent's key cannot make a
   * payment look lost, so SOL and other tokens that the recipients got by a lost payment are
   * explained as well, such as the rent of token accounts that were opened for them.
   */
  readonly maybeLost: boolean;
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
 * of any other transaction. A found payment explains the outflows to its recipients in its token;
 * `creditEvents` judges the part beyond the debts. A found payment explains every other outflow in
 * its token as well, as long as the sum of all is at most twice the explained amount: a sponsor is
 * reimbursed in the token, and a token account that lives for one transaction shows the withdrawal
 * in place of the transfers. To take an amount beside a payment an agent must pay as much to its
 * creators, which discharges the debt.
 */
export function unexplainedByPayments(outflows: readonly FoundOutflow[]): ReadonlySet<string> {
  const sums = new Map<Signature, BaseUnits>();
  for (const { signature, body, found } of outflows)
    if (found && !body.internal)
      sums.set(signature, (sums.get(signature) ?? 0n) + (inTokenOf(found, body) ?? 0n));
  const unexplained = outflows.filter(({ signature, body, found }) => {
    if (!found) return false;
    const { mint, recipients, maybeLost } = found;
    const got = ({ wallet }: Received) => wallet === body.owner || wallet === body.destination;
    if (recipients.some(got) && (maybeLost || body.mint === mint)) return false;
    const amount = recipients.reduce((sum, each) => sum + each.amount, 0n);
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
