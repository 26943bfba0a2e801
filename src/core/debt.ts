// Debt: an unpaid profit share as planning sees it, the part of it that a payment covers, and which
// debts wait for others or may be paid together.
import type { Address, Slot } from './ids.ts';
import { type BaseUnits, least } from './money.ts';
import { amountText, type Token } from './token.ts';
import { type Trouble, troubled } from './trouble.ts';
import type { VenueName } from './venue-name.ts';

/** A profit share with an unpaid rest. */
export type Debt = {
  readonly shareId: string;
  readonly subscriptionId: string;
  readonly creatorWallet: Address;
  /**
   * The account at the venue whose close made the debt. A payment is drawn from this account when
   * it holds enough, else from another account of the subscriber.
   */
  readonly driftUser: Address;
  readonly subAccountId: number;
  /** The venue of that account, and the token in which it counts. */
  readonly venue: VenueName;
  readonly token: Token;
  readonly owed: BaseUnits;
  readonly attempts: number;
  /** The slot of its close. A payment of the debt cannot be earlier. */
  readonly slot: Slot;
  /**
   * Below this sum, debts to the creator wait for each other; 0 where the debt is `asked`.
   */
  readonly minimum: BaseUnits;
  /**
   * A clearance or retry asked for the debt, the subscription has ended, its newest terms give the
   * creator no part, or the subscriber is delinquent: the debt is paid even if the payment costs
   * more than the rules allow.
   */
  readonly asked?: boolean;
  /**
   * A payment to several recipients failed with this debt, so the debt is paid with debts to its
   * own recipient only.
   */
  readonly apart?: boolean;
};

/** The debts of accounts at one venue. */
export const debtsAt = (debts: readonly Debt[], venue: VenueName | undefined): readonly Debt[] =>
  debts.filter((each) => each.venue === venue);

export type Cover = { readonly shareId: string; readonly amount: BaseUnits };

/**
 * Why the debts to one creator wait for each other; null when their sum reaches the minimum of one
 * of them.
 */
export function tooSmall(debts: readonly Debt[]): Trouble | null {
  const owed = debts.reduce((sum, debt) => sum + debt.owed, 0n);
  if (debts.length === 0 || debts.some((debt) => owed >= debt.minimum)) return null;
  const { token } = debts[0]!;
  const minimum = debts.reduce((lowest, debt) => least(lowest, debt.minimum), debts[0]!.minimum);
  return troubled(
    'below_minimum',
    `${amountText(owed, token)} is owed to this creator; payments begin at ${amountText(minimum, token)}. It is paid with the next shares, or before a withdrawal.`,
  );
}

/** The recipients of debts, in the order of their oldest debt. */
export const walletsOf = (debts: readonly Pick<Debt, 'creatorWallet'>[]): Address[] => [
  ...new Set(debts.map((each) => each.creatorWallet)),
];

/** The debts to one recipient. */
export const debtsTo = (debts: readonly Debt[], wallet: Address): readonly Debt[] =>
  debts.filter((each) => each.creatorWallet === wallet);

/** The debts to the first `most` recipients. */
export function toFirst(debts: readonly Debt[], most: number): readonly Debt[] {
  const kept = walletsOf(debts).slice(0, most);
  return debts.filter((each) => kept.includes(each.creatorWallet));
}

/** The debts without those to the last recipient; at least the first recipient stays. */
export const withoutLast = (debts: readonly Debt[]): readonly Debt[] =>
  toFirst(debts, Math.max(1, walletsOf(debts).length - 1));

/**
 * The due debts that one payment may pay: those to the recipient of the oldest, at its venue and in
 * its token, and those to other recipients out of the same account. A debt that is to be paid apart
 * is paid with debts to its own recipient only.
 */
export function payableTogether(due: readonly Debt[], oldest: Debt): readonly Debt[] {
  const alike = due.filter(
    (debt) => debt.venue === oldest.venue && debt.token.mint === oldest.token.mint,
  );
  const apart = new Set(alike.flatMap((debt) => (debt.apart ? [debt.creatorWallet] : [])));
  return alike.filter(
    (debt) =>
      debt.creatorWallet === oldest.creatorWallet ||
      (debt.driftUser === oldest.driftUser &&
        !apart.has(oldest.creatorWallet) &&
        !apart.has(debt.creatorWallet)),
  );
}
