// Payment: a planned payment as plain as can be. The agent pays from its own token account; nothing
// is withdrawn, settled or created, and no debt is covered, unless the caller says otherwise.
import type { Debt } from '../../src/core/debt.ts';
import type { Address } from '../../src/core/ids.ts';
import type { Payment, PaymentPlan } from '../../src/core/payment.ts';
import { partsOfCovers } from '../../src/core/payment-recipients.ts';
import { USDC } from '../../src/core/token.ts';

type Given = Partial<Omit<Payment, 'plan'>> & { readonly plan?: Partial<PaymentPlan> };

/**
 * The payment `p1` of the subscriber `ana`. Its amount is the sum of what it covers, unless `plan`
 * names another.
 */
export function plannedPayment(
  given: Given & { readonly creatorWallet: Address; readonly driftUser: Address },
): Payment {
  const covers = given.plan?.covers ?? [];
  return {
    id: 'p1',
    purpose: 'share',
    subscriberId: 'ana',
    subscriptionId: 'ana-sub',
    subAccountId: 0,
    venue: 'drift-v2',
    token: USDC,
    attempts: 0,
    state: 'planned',
    signed: null,
    ...given,
    plan: {
      amount: covers.reduce((sum, each) => sum + each.amount, 0n),
      covers,
      withdraw: 0n,
      settleMarkets: [],
      feePayer: 'agent',
      reimburse: 0n,
      createAgentAccount: false,
      createCreatorAccount: false,
      ...given.plan,
    },
  };
}

/**
 * A planned payment of debts of one subscription, to one recipient or to several; each debt is
 * covered in full or up to `most`.
 */
export function paymentOfDebts(
  debts: readonly Debt[],
  { most, ...given }: Given & { readonly most?: bigint } = {},
): Payment {
  const [first] = debts;
  if (first === undefined) throw new Error('nothing is due');
  const { subscriptionId, creatorWallet, driftUser } = first;
  const covers = debts.map(({ shareId, owed }) => ({
    shareId,
    amount: most !== undefined && owed > most ? most : owed,
  }));
  const opens = given.plan?.createCreatorAccount === true;
  const recipients = partsOfCovers(covers, debts, () => opens);
  const plan = { covers, ...(recipients.length > 1 ? { recipients } : {}), ...given.plan };
  return plannedPayment({ subscriptionId, creatorWallet, driftUser, ...given, plan });
}
