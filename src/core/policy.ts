// Policy: the rules about payments that the pen may sign, as two tables: rules about the effects of
// single instructions, and rules about the whole. The ledger gives the payment's mandate; the
// transaction is decoded again from the bytes that are about to be signed, and must keep every
// rule. Any effect that is not recognised is refused.
import type { Address } from './ids.ts';
import type { Effect, Mandate } from './mandate.ts';
import { duesOf, PAYMENT_RULES } from './payment-rules.ts';
import { objectionsTo, objectionTo, type Rule } from './rules.ts';

/**
 * The effects of a passing account, each due exactly once. Its rent returns to the fee payer at the
 * end.
 */
const PASSING_ACTS = [
  'create_seeded_account',
  'initialize_token_account',
  'close_token_account',
] as const;
/**
 * How many transfers each due gets, by role. A transfer counts for the first due that is still owed
 * exactly its amount.
 */
function transfersByRole(effects: readonly Effect[], mandate: Mandate): Whole['transfers'] {
  const dues = duesOf(mandate).map((each) => ({ ...each, count: 0 }));
  for (const effect of effects) {
    if (effect.effect !== 'transfer') continue;
    const own = dues.filter((each) => each.to === effect.destination);
    const open = own.find((each) => each.count === 0 && each.due === effect.amount);
    const paid = open ?? own[0];
    if (paid !== undefined) paid.count++;
  }
  const counts = (role: 'recipient' | 'sponsor') =>
    dues.flatMap((each) => (each.role === role ? [each.count] : []));
  return { recipients: counts('recipient'), sponsor: counts('sponsor')[0] ?? 0 };
}

/** A payment as a whole: its fee payer, its effects, and how many of a kind there are. */
type Whole = {
  readonly feePayer: Address;
  /** How many transfers each recipient gets, in the order of the mandate, and the sponsor. */
  readonly transfers: { readonly recipients: readonly number[]; readonly sponsor: number };
  readonly count: (kind: Effect['effect']) => number;
  /** The first instruction. Only there does the runtime recognise the advance of a nonce. */
  readonly first: Effect | undefined;
};

const passingDue = ({ passing }: Mandate): number => (passing === null ? 0 : 1);

/** The rules about a payment as a whole. */
const WHOLE_PAYMENT_RULES: readonly Rule<Whole, Mandate>[] = [
  {
    must: 'be paid for by the planned fee payer',
    holds: ({ feePayer }, mandate) => feePayer === mandate.feePayer,
    objection: ({ feePayer }) => `fee payer is ${feePayer}`,
  },
  {
    must: 'pay each recipient once',
    holds: ({ transfers }) => transfers.recipients.every((count) => count === 1),
    objection: ({ transfers }) =>
      `has ${transfers.recipients.find((count) => count !== 1)} transfers, exactly one is due`,
  },
  {
    must: 'pay at least one recipient, and each at another token account',
    holds: (_, { recipients }) =>
      recipients.length > 0 &&
      new Set(recipients.map((each) => each.tokenAccount)).size === recipients.length,
    objection: () => 'names a recipient twice, or none',
  },
  {
    must: 'pay the recipients what the payment is for, to the unit',
    holds: (_, { recipients, amount }) =>
      recipients.reduce((sum, each) => sum + each.amount, 0n) === amount &&
      recipients.every((each) => each.amount > 0n),
    objection: (_, { amount }) => `pays its recipients another sum than ${amount}`,
  },
  {
    must: 'reimburse the sponsor at most once',
    holds: ({ transfers }) => transfers.sponsor <= 1,
    objection: () => 'reimburses the sponsor more than once',
  },
  {
    must: 'carry one memo',
    holds: ({ count }) => count('memo') === 1,
    objection: ({ count }) => `has ${count('memo')} memos, exactly one is due`,
  },
  // The rent of a passing account returns to the fee payer only when the account is created,
  // initialized and closed, each once.
  ...PASSING_ACTS.map(
    (kind): Rule<Whole, Mandate> => ({
      must: `${kind} once with a passing account, and never without one`,
      holds: ({ count }, mandate) => count(kind) === passingDue(mandate),
      objection: ({ count }, mandate) =>
        `has ${count(kind)} of ${kind}, the mandate is ${passingDue(mandate)}`,
    }),
  ),
  {
    must: 'give the tip of the mandate once, and none without one',
    holds: ({ count }, { tip }) => count('pay_tip') === (tip === null ? 0 : 1),
    objection: ({ count }, { tip }) =>
      `gives ${count('pay_tip')} tips, the mandate is ${tip === null ? 0 : 1}`,
  },
  {
    must: 'move the nonce of the mandate once, and none without one',
    holds: ({ count }, { nonce }) => count('advance_nonce') === (nonce === null ? 0 : 1),
    objection: ({ count }, { nonce }) =>
      `moves ${count('advance_nonce')} nonces, the mandate is ${nonce === null ? 0 : 1}`,
  },
  {
    must: 'move the nonce first, because elsewhere it does not guard the transaction',
    holds: ({ first }, { nonce }) => nonce === null || first?.effect === 'advance_nonce',
    objection: () => 'does not begin by moving the nonce',
  },
  {
    must: 'leave the nonce to another key than the agent’s, which the subscriber may hold',
    holds: (_, { nonce, agent }) => nonce?.authority !== agent,
    objection: () => 'moves a nonce of the agent',
  },
  {
    must: 'withdraw no more than it pays',
    holds: (_, { withdraw, amount, reimburse }) => withdraw <= amount + reimburse,
    objection: (_, { withdraw }) => `withdraws ${withdraw}, more than it pays`,
  },
  {
    must: 'withdraw at most once',
    holds: ({ count }) => count('withdraw') <= 1,
    objection: () => 'withdraws more than once',
  },
  ...(['compute_limit', 'compute_price'] as const).map(
    (kind): Rule<Whole, Mandate> => ({
      must: `set ${kind} at most once`,
      holds: ({ count }) => count(kind) <= 1,
      objection: () => `sets ${kind} more than once`,
    }),
  ),
];

/** Every reason not to sign; empty when the effects are exactly a payment under the mandate. */
export function objections(
  feePayer: Address,
  effects: readonly Effect[],
  mandate: Mandate,
): string[] {
  const whole: Whole = {
    feePayer,
    transfers: transfersByRole(effects, mandate),
    count: (kind) => effects.filter((effect) => effect.effect === kind).length,
    first: effects[0],
  };
  return [
    ...effects
      .map((effect) => objectionTo(PAYMENT_RULES, effect, mandate))
      .filter((each) => each !== null),
    ...objectionsTo(WHOLE_PAYMENT_RULES, whole, mandate),
  ];
}
