// Recipient sabotage: faults in payments to several recipients, put in on purpose.
import { least } from '../../src/core/money.ts';
import type { PaymentPlan } from '../../src/core/payment.ts';
import type { SimBooks } from './books.ts';
import type { Deliberate } from './sabotage.ts';

/** Turns off the refusal of payments that cover other debts than their recipients are paid for. */
const withoutRecipients = ({ state }: SimBooks): void => {
  if (state !== null) state.recipientsHold = false;
};

export const RECIPIENT_SABOTAGES: Record<string, Deliberate> = {
  'leaving a transfer out of a payment, and counting the debts to its recipient as paid': {
    within: 60,
    known: 1,
    sabotage: {
      prepare: withoutRecipients,
      ledger: (ledger) => ({
        ...ledger,
        payments: {
          ...ledger.payments,
          open(payment) {
            const { recipients, ...plan } = payment.plan;
            const [first] = recipients ?? [];
            if (first === undefined) return ledger.payments.open(payment);
            const { amount } = first;
            const alone: PaymentPlan = { ...plan, amount, withdraw: least(plan.withdraw, amount) };
            return ledger.payments.open({ ...payment, plan: alone });
          },
        },
      }),
    },
  },
  'paying only the debts to the first recipient of a payment that landed': {
    within: 60,
    known: 1,
    sabotage: {
      ledger: (ledger, { state }) => ({
        ...ledger,
        payments: {
          ...ledger.payments,
          async landed(id, ...rest) {
            const landed = await ledger.payments.landed(id, ...rest);
            const payment = state?.payments.get(id);
            for (const { shareId, amount } of (landed && payment?.covers) || []) {
              const share = state?.shares.get(shareId);
              if (share === undefined || share.creatorWallet === payment?.creatorWallet) continue;
              Object.assign(share, { status: 'pending', paid: share.paid - amount });
            }
            return landed;
          },
        },
      }),
    },
  },
};
