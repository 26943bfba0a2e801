// Plan fits: holds a payment that was planned and not signed against the settings as they are now.
// The operator may have lowered a limit since the plan was made, and the pen refuses what is above
// it.
import { formatUnits } from './money.ts';
import type { Payment } from './payment.ts';
import { type Reimbursement, reimbursementIn } from './reimbursement.ts';
import { limitObjection, type PenLimits } from './spending-limits.ts';
import { amountText } from './token.ts';
import { type Trouble, troubled } from './trouble.ts';

/** The settings that a plan keeps within. */
export type PlanBounds = {
  /** Left out where the pen has no limits. */
  readonly limits?: PenLimits;
  readonly reimbursement: Reimbursement | null;
  /** Base units of one swap; null when agents may not swap. */
  readonly topUp: bigint | null;
};

/**
 * The trouble of a payment whose plan is above the settings, so that its debts are planned anew;
 * null when the plan fits. Amounts that were signed within the day do not count here, because the
 * day passes by itself.
 */
export function outgrown(
  { purpose, plan, token }: Pick<Payment, 'purpose' | 'plan' | 'token'>,
  { limits, reimbursement, topUp }: PlanBounds,
): Trouble | null {
  const anew = (why: string): Trouble =>
    troubled('planned_anew', `The payment was planned under other settings: it ${why}.`);
  const objection =
    limits === undefined ? null : limitObjection(plan.amount + plan.reimburse, 0n, limits, token);
  if (objection !== null) return anew(objection);
  if (purpose === 'top_up' && topUp !== null && plan.amount > topUp)
    return anew(
      `swaps ${amountText(plan.amount, token)}, a swap is of ${formatUnits(topUp, token.decimals)}`,
    );
  if (plan.reimburse === 0n) return null;
  const most = reimbursementIn(reimbursement, token.symbol)?.most ?? 0n;
  return plan.reimburse <= most
    ? null
    : anew(
        `reimburses the sponsor with ${amountText(plan.reimburse, token)}, the most is ${formatUnits(most, token.decimals)}`,
      );
}
