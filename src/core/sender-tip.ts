// Sender tip: the lamports that a payment gives the sender endpoint of the settings. Such an
// endpoint takes transactions beside the nodes, gets them into blocks sooner, and asks for a
// transfer to one of its published accounts inside the transaction. See ADR 105.
import type { Address } from './ids.ts';
import type { Lamports } from './money.ts';

/** The tip of one payment. The tip stands in the payment's record before anything is signed. */
export type SenderTip = { readonly lamports: Lamports; readonly account: Address };

/** The tip of the next payment, and the accounts to one of which it goes. */
export type TipRule = { readonly lamports: Lamports; readonly accounts: readonly Address[] };

/** The tips that the pen signs for: at most so much, to one of these accounts. */
export type TipLimits = { readonly most: Lamports; readonly accounts: readonly Address[] };

/** Where planning and signing ask about tips. */
export type TipSource = {
  /** The tip of the next payment; null while nothing is sent to the sender. */
  tip(): TipRule | null;
  /** The limits of the settings as they are now. */
  readonly limits: TipLimits;
};

/** The offset and the prime of the 32-bit hash FNV-1a (draft-eastlake-fnv). */
const FNV = { offset: 0x811c9dc5, prime: 0x01000193 };

const hashOf = (text: string): number => {
  let hash = FNV.offset;
  for (const each of text) hash = Math.imul(hash ^ (each.codePointAt(0) ?? 0), FNV.prime) >>> 0;
  return hash;
};

/**
 * The tip for a payment of the debt with this id; null without a rule. One debt always gets the
 * same account, and different debts spread over all accounts, because two transactions that write
 * one account cannot be executed side by side.
 */
export function tipFor(rule: TipRule | null, shareId: string): SenderTip | null {
  if (rule === null) return null;
  const account = rule.accounts[hashOf(shareId) % rule.accounts.length];
  return account === undefined ? null : { lamports: rule.lamports, account };
}

/** Whether the settings, as they are now, still allow this tip. */
export const isAllowed = ({ lamports, account }: SenderTip, limits: TipLimits | null): boolean =>
  limits !== null && lamports <= limits.most && limits.accounts.includes(account);

/** Whether two tips are the same, or neither is there. */
export const isSameTip = (one: SenderTip | undefined, other: SenderTip | undefined): boolean =>
  one?.lamports === other?.lamports && one?.account === other?.account;
