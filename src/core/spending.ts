// Spending: the limits on money. It decides how much one payment and one day may move, how
// much SOL the sponsor gives, and when a payment is not worth its cost. Pure: flows pass in the
// sums from the ledger. A day is the last 24 hours.
import { type BaseUnits, BPS_WHOLE, formatUnits, type Lamports, mulDivCeil } from './money.ts';
import type { Debt } from './payment.ts';
import { amountText, bySymbol, type Token, USDC } from './token.ts';
import type { ChainTransaction } from './transaction.ts';
import { type OwnTroubleCode, type Trouble, troubled } from './trouble.ts';

/**
 * The most of one token that the pen signs for, so that a wrong row cannot move everything; null
 * for no limit. In base units of the token.
 */
export type PenLimits = {
  readonly paymentMost: BaseUnits | null;
  readonly subscriberADayMost: BaseUnits | null;
};

/** The most lamports that the sponsor gives within a day; null for no limit. */
export type SponsorLimits = {
  readonly lamportsADayMost: Lamports | null;
  readonly subscriberADayMost: Lamports | null;
  readonly creatorADayMost: Lamports | null;
  /**
   * The most payments of one subscriber that may fail on chain at the sponsor's cost within a day.
   */
  readonly failuresADayMost: number | null;
};

/**
 * The lamports that the sponsor spent within a day, and the number of payments whose cost is not
 * known yet.
 */
export type Spent = { readonly lamports: Lamports; readonly unread: number };
export type SponsorSpent = {
  readonly all: Spent;
  readonly subscriber: Spent;
  readonly creator: Spent;
  /** Payments of the subscriber that failed on chain within the day. */
  readonly failures: number;
};

/** The cost of a landed or failed transaction, from the balances before and after it. */
export type TransactionCost = {
  readonly payer: string;
  readonly failed: boolean;
  readonly fee: Lamports;
  /** Token accounts that this transaction created, with the lamports in them. */
  readonly opened: readonly {
    readonly account: string;
    readonly owner: string | null;
    readonly lamports: Lamports;
  }[];
};

/**
 * A payment waits while its cost is above `bpsMost` basis points of its amount. `perSol` is the
 * worth of one SOL in base units of a quote token, and `perSolOf` that of single tokens by symbol,
 * in its place. A worth of 0 ignores the cost.
 */
export type CostRule = {
  readonly bpsMost: number;
  readonly perSol: BaseUnits;
  readonly perSolOf?: ReadonlyMap<string, BaseUnits>;
};

const LAMPORTS_A_SOL = 1_000_000_000n;

/** The rule that settings give, from decimal strings. */
export const costRuleOf = (settings: {
  readonly costBpsMost: number;
  readonly usdcPerSol: string;
  readonly quotePerSolOf?: Readonly<Record<string, string>>;
}): CostRule => ({
  bpsMost: settings.costBpsMost,
  perSol: BigInt(settings.usdcPerSol),
  perSolOf: bySymbol(settings.quotePerSolOf),
});

/** The cost of a transaction; null when the node did not give the balances. */
export function costOf(transaction: ChainTransaction): TransactionCost | null {
  const { keys, lamports, tokenBalances, fee, error } = transaction;
  const [payer] = keys;
  if (payer === undefined || lamports === null) return null;
  const opened = tokenBalances.flatMap(({ account, ownerAfter }) => {
    const at = keys.indexOf(account);
    const after = lamports.after[at] ?? 0n;
    if (lamports.before[at] !== 0n || after === 0n) return [];
    return [{ account, owner: ownerAfter, lamports: after }];
  });
  return { payer, failed: error !== null, fee, opened };
}

/** The reason why the pen may not sign a payment of this amount, or null when it may. */
export function limitObjection(
  amount: BaseUnits,
  signedToday: BaseUnits,
  { paymentMost, subscriberADayMost }: PenLimits,
  token: Token = USDC,
): string | null {
  const most = (limit: BaseUnits): string => formatUnits(limit, token.decimals);
  if (paymentMost !== null && amount > paymentMost)
    return `moves ${amountText(amount, token)}, one payment may move ${most(paymentMost)}`;
  if (subscriberADayMost !== null && signedToday + amount > subscriberADayMost)
    return `moves ${amountText(amount, token)} after ${most(signedToday)} within a day, a subscriber may pay ${most(subscriberADayMost)} a day`;
  return null;
}

/**
 * The debts that one payment may cover under the pen's limits: the oldest ones that fit. A debt
 * that is above a limit by itself needs a person; a debt that is above what is left of the day
 * waits.
 */
export function withinLimits(
  debts: readonly Debt[],
  signedToday: BaseUnits,
  limits: PenLimits,
): { readonly debts: readonly Debt[] } | { readonly trouble: Trouble } {
  const fitting: Debt[] = [];
  let sum = 0n;
  for (const debt of debts) {
    sum += debt.owed;
    const objection = limitObjection(sum, signedToday, limits, debt.token);
    if (objection === null) fitting.push(debt);
    else if (fitting.length > 0) break;
    else {
      const alone = limitObjection(debt.owed, 0n, limits, debt.token) !== null;
      const detail = alone
        ? `A payment of this debt ${objection}. Look at the debt; raise payments.mostPerPayment or payments.mostPerSubscriberADay if it is right, then retry.`
        : `A payment of this debt ${objection}. It is tried again once the day has passed.`;
      return {
        trouble: alone ? troubled('above_limit', detail) : troubled('day_limit', detail),
      };
    }
  }
  return { debts: fitting };
}

/** The reason why the sponsor pays no more fees for this subscriber or creator today, or null. */
export function sponsorRefusal(
  spent: SponsorSpent,
  cost: Lamports,
  limits: SponsorLimits,
): Omit<Trouble, 'lamports'> | null {
  const refuse = (code: Extract<OwnTroubleCode, `sponsor_${string}`>, what: string) =>
    troubled(
      code,
      `The sponsor pays no more fees ${what} within 24 hours. SOL in the agent wallet pays this debt at once.`,
    );
  const above = ({ lamports, unread }: Spent, most: Lamports | null) =>
    most !== null && lamports + BigInt(unread + 1) * cost > most;
  const { failuresADayMost } = limits;
  if (failuresADayMost !== null && spent.failures >= failuresADayMost)
    return refuse(
      'sponsor_failures_spent',
      `after ${spent.failures} payments that failed on chain`,
    );
  if (above(spent.subscriber, limits.subscriberADayMost))
    return refuse('sponsor_subscriber_spent', 'for this subscriber');
  if (above(spent.creator, limits.creatorADayMost))
    return refuse('sponsor_creator_spent', 'for payments to this creator');
  if (above(spent.all, limits.lamportsADayMost))
    return refuse('sponsor_day_spent', 'for any subscriber');
  return null;
}

/** The likely cost of a payment. */
export type PaymentCost = {
  readonly fees: Lamports;
  /** Of the creator's token account, where the payment opens it; else 0. */
  readonly rent: Lamports;
  /**
   * The sum that all subscribers owe to that creator, this payment included: one account serves
   * them.
   */
  readonly all: BaseUnits;
};

/**
 * Why a payment waits for more debts: its cost is too large a part of it. Fees are held against its
 * own amount, fees and rent together against everything that is owed to the creator. Null once a
 * person asked for it.
 */
export function tooCostly(
  debts: readonly Debt[],
  amount: BaseUnits,
  { fees, rent, all }: PaymentCost,
  { bpsMost, perSol, perSolOf }: CostRule,
): Trouble | null {
  const token = debts[0]?.token ?? USDC;
  const price = perSolOf?.get(token.symbol) ?? perSol;
  const worthOf = (lamports: Lamports) => mulDivCeil(lamports, price, LAMPORTS_A_SOL);
  const within = (lamports: Lamports, of: BaseUnits): boolean =>
    worthOf(lamports) * BPS_WHOLE <= of * BigInt(bpsMost);
  if (debts.some((debt) => debt.asked)) return null;
  if (within(fees, amount) && within(fees + rent, all)) return null;
  const cost = within(fees, amount) ? fees + rent : fees;
  const opening =
    cost === fees
      ? ''
      : ` The creator has no ${token.symbol} account: opening one is worth it once ${amountText(mulDivCeil(worthOf(cost), BPS_WHOLE, BigInt(bpsMost)), token)} is owed to this creator by all subscribers; it is ${amountText(all, token)} now.`;
  return troubled(
    'below_cost',
    `Paying ${amountText(amount, token)} would cost ${formatUnits(cost, 9)} SOL, some ${amountText(worthOf(cost), token)}. It is paid with the next shares, or before a withdrawal.${opening}`,
  );
}
