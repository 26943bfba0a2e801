// Listed payment: a payment row in memory as lists show it.
import type { ListedPayment } from '../../../src/core/listed-payment.ts';
import { paidTo } from '../../../src/core/payment-recipients.ts';
import type { PaymentRow, State } from './state.ts';

/** The payment as lists show it. */
export function listedOf({ shares }: State, row: PaymentRow): ListedPayment {
  const coveredOf = (wallet: string): bigint =>
    row.covers.reduce(
      (sum, { shareId, amount }) =>
        shares.get(shareId)?.creatorWallet === wallet ? sum + amount : sum,
      0n,
    );
  const { id, purpose, subscriberId, creatorWallet, signature, executedSlot: slot } = row;
  const { plan, state, trouble, excess, accepted, maybeLost, plannedAtMs, endedAtMs } = row;
  const recipients = purpose === 'share' ? paidTo(row) : [];
  return {
    recipients: recipients.map(({ wallet, amount }) => ({
      wallet,
      amount,
      excess: excess === 0n ? 0n : amount - coveredOf(wallet),
    })),
    id,
    purpose,
    subscriberId,
    creatorWallet,
    signature,
    slot,
    state,
    trouble,
    excess,
    accepted,
    maybeLost,
    plannedAtMs,
    endedAtMs,
    guard: row.nonce ? 'nonce' : 'blockhash',
    cancelAsked: row.cancelAsked,
    token: row.token,
    amount: plan.amount,
    withdrawn: plan.withdraw,
    feePayer: plan.feePayer,
    tip: plan.tip ?? null,
  };
}
