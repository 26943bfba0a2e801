// Payment recipients: whom one payment pays, and how much each of them gets. The end of the
// payment, landed or not, decides the debts to all of them together.
import { type Cover, type Debt, walletsOf } from './debt.ts';
import type { Address } from './ids.ts';
import type { BaseUnits } from './money.ts';
import type { PaidTo, Payment, PaymentPlan } from './payment.ts';

/** Whom a payment pays, in the order of their oldest debt; the amounts add up to its amount. */
export const paidTo = ({
  creatorWallet: wallet,
  plan: { amount, createCreatorAccount: createAccount, recipients },
}: Pick<Payment, 'creatorWallet' | 'plan'>): readonly PaidTo[] =>
  recipients ?? [{ wallet, amount, createAccount }];

/** Whether a payment pays more than one recipient. */
export const paysSeveral = ({ plan }: Pick<Payment, 'plan'>): boolean =>
  plan.recipients !== undefined;

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
 * Whether a plan pays all that is owed to the recipients that it pays. Others, for whom it had no
 * room, are paid by the next payment.
 */
export function paysWhole({ covers, recipients }: PaymentPlan, debts: readonly Debt[]): boolean {
  const paid = recipients?.map((each) => each.wallet) ?? walletsOf(debts).slice(0, 1);
  const owed = debts.filter((each) => paid.includes(each.creatorWallet));
  return owed.every((debt) =>
    covers.some(({ shareId, amount }) => shareId === debt.shareId && amount === debt.owed),
  );
}
