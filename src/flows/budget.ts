// Budget: the limits that planning asks about: how much the pen may still sign for a subscriber
// today, by the ledger and by the pen itself, how often a creator's token account was opened, and
// whether the sponsor pays for this subscriber and creator. The rules are in
// core/spending-limits.ts.

import type { Debt } from '../core/debt.ts';
import type { Address } from '../core/ids.ts';
import { type BaseUnits, type Lamports, most } from '../core/money.ts';
import type { CostRule } from '../core/payment-cost.ts';
import type { Ledger } from '../core/ports.ts';
import type { CreatorSeen, SolCosts } from '../core/preflight.ts';
import type { Pen } from '../core/signing-ports.ts';
import {
  leftOf,
  type PenLimits,
  type SponsorLimits,
  sponsorRefusal,
  type WithinLimits,
  withinLimits,
} from '../core/spending-limits.ts';
import type { Token } from '../core/token.ts';
import { type Trouble, troubled } from '../core/trouble.ts';

export type BudgetOptions = {
  /** The most token accounts of one creator that are opened at the payer's cost. */
  readonly creationsMost: number;
  /**
   * The limits that the pen enforces. Planning keeps within them, so that the pen refuses only what
   * is wrong.
   */
  readonly limits?: PenLimits;
  readonly sponsorLimits?: SponsorLimits;
  /** When a payment waits for more debts because of its cost; left out, never. */
  readonly cost?: CostRule;
};
/** Who is paid, and in which token. */
export type Recipient = Pick<Debt, 'creatorWallet' | 'token'>;
export type Budget = {
  /**
   * The debts that one payment may cover, and the most that it may move with its reimbursement, in
   * base units (null for no limit); or the trouble why none may be paid now. The larger one of two
   * sums counts, as it does for the pen: that of the ledger, and that of the pen itself.
   */
  bounded(
    subscriberId: string,
    debts: readonly Debt[],
  ): Promise<
    | { readonly debts: readonly Debt[]; readonly movedMost: BaseUnits | null }
    | Extract<WithinLimits, { trouble: Trouble }>
  >;
  /**
   * The trouble why this creator's token account is not opened once more; null when it may be, or
   * is open.
   */
  opening(to: Recipient, seen: CreatorSeen): Promise<Trouble | null>;
  /**
   * The reading of a recipient, completed with the reason why the sponsor refuses to pay for it,
   * and with whether the sponsor refuses the tip. `rents`: the lamports for the token accounts of
   * the recipients before this one in the same payment.
   */
  sponsored(
    subscriberId: string,
    creator: Address,
    seen: CreatorSeen,
    costs: SolCosts,
    rents: Lamports,
  ): Promise<CreatorSeen>;
  /**
   * The reading, with the sum that all subscribers owe to a creator whose token account would have
   * to be opened: the rent is compared with that sum.
   */
  owing(to: Recipient, seen: CreatorSeen): Promise<CreatorSeen>;
};

const reopened = (times: number, { symbol }: Token): Trouble =>
  troubled(
    'creator_account_reopened',
    `The creator has no ${symbol} account, and ${times} were already opened at the payer's cost. The creator must open one; then retry.`,
  );
const openingsUnread = ({ symbol }: Token): Trouble =>
  troubled(
    'openings_unread',
    `The creator has no ${symbol} account, and payments that may have opened one are not read from the chain yet. It is decided once they are.`,
  );

/** Creates the limits that planning asks about. */
export function createBudget(
  { ledger, pen }: { readonly ledger: Ledger; readonly pen: Pen },
  { creationsMost, limits, sponsorLimits, cost: rule }: BudgetOptions,
): Budget {
  return {
    async bounded(subscriberId, debts) {
      const mint = debts[0]?.token.mint;
      if (limits === undefined || mint === undefined) return { debts, movedMost: null };
      const known = await ledger.costs.signedToday(subscriberId, mint);
      const signed = most(known, pen.signedToday(subscriberId, mint));
      const within = withinLimits(debts, signed, limits);
      return 'trouble' in within ? within : { ...within, movedMost: leftOf(signed, limits) };
    },
    async opening({ creatorWallet, token }, { creatorAccount }) {
      if (creatorAccount !== 'absent') return null;
      const { known, unread } = await ledger.costs.openings(creatorWallet, token.mint);
      if (known >= creationsMost) return reopened(known, token);
      return known + unread >= creationsMost ? openingsUnread(token) : null;
    },
    async owing({ creatorWallet, token }, seen) {
      if (rule === undefined || seen.creatorAccount !== 'absent') return seen;
      const owedToCreator = await ledger.shares.owedTo(creatorWallet, token.mint);
      return { ...seen, owedToCreator };
    },
    async sponsored(subscriberId, creator, seen, costs, rents) {
      if (pen.sponsor === null || sponsorLimits === undefined) return seen;
      const rent = seen.creatorAccount === 'absent' ? costs.tokenAccountRent : 0n;
      const cost = 2n * costs.lamportsPerSignature + costs.priority + rents + rent;
      const spent = await ledger.costs.ofSponsor(pen.sponsor, subscriberId, creator);
      const sponsorRefuses = sponsorRefusal(spent, cost, sponsorLimits);
      if (costs.tip === undefined) return { ...seen, sponsorRefuses };
      const tipped = sponsorRefusal(spent, cost, sponsorLimits, costs.tip.lamports);
      return { ...seen, sponsorRefuses, sponsorRefusesTip: tipped !== null };
    },
  };
}
