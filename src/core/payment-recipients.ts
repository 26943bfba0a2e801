// Payment recipients: whom one payment pays, and which debts to several recipients may be paid by
// one payment. Its end, landed or not, decides the debts to all of them together.
import type { Address } from './ids.ts';
import type { BaseUnits } from './money.ts';
import type { Cover, Debt, Payment, PaymentPlan } from './payment.ts';

/** One recipient of a payment, and the amount that the payment brings it. */
export type PaidTo = {
  readonly wallet: Address;
  readonly amount: BaseUnits;
  /** Whether the recipient's token account was absent when the payment was planned. */
  readonly createAccount: boolean;
};

/** Whom a payment pays, in the order of their oldest debt; the amounts add up to its amount. */
export const paidTo = ({
  creatorWallet: wallet,
  plan: { amount, createCreatorAccount: createAccount, recipients },
}: Pick<Payment, 'creatorWallet' | 'plan'>): readonly PaidTo[] =>
  recipients ?? [{ wallet, amount, createAccount }];

/** Whether a payment pays more than one recipient. */
export const paysSeveral = ({ plan }: Pick<Payment, 'plan'>): boolean =>
  plan.recipients !== undefined;

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

/**
 * The recipients of these covers, each with the sum of its covers, in the order of their first
 * cover. `isAbsent`: whether a recipient has no token account. Throws an Error when a cover is for
 * none of these debts.
 */
export function partsOfCovers(
  covers: readonly Cover[],
  debts: readonly Debt[],
  isAbsent: (wallet: Address) => boolean,
): PaidTo[] {
  const toOf = new Map(debts.map((each) => [each.shareId, each.creatorWallet]));
  const sums = new Map<Address, BaseUnits>();
  for (const { shareId, amount } of covers) {
    const wallet = toOf.get(shareId);
    if (wallet === undefined) throw new Error(`no debt ${shareId}`);
    sums.set(wallet, (sums.get(wallet) ?? 0n) + amount);
  }
  return [...sums].map(([wallet, amount]) => ({ wallet, amount, createAccount: isAbsent(wallet) }));
}

/**
 * Whether a plan pays all debts to the recipients that it pays. Others, for whom it had no room,
 * are paid by the next payment.
 */
export function paysWhole({ covers, recipients }: PaymentPlan, debts: readonly Debt[]): boolean {
  const paid = recipients?.map((each) => each.wallet) ?? walletsOf(debts).slice(0, 1);
  return covers.length === debts.filter((each) => paid.includes(each.creatorWallet)).length;
}
