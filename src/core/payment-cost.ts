// Payment cost: what a payment costs in lamports, and whether it waits for more debts because its
// cost is too large a part of it.
import type { Debt } from './debt.ts';
import { type BaseUnits, BPS_WHOLE, formatUnits, type Lamports, mulDivCeil } from './money.ts';
import { amountText, bySymbol, USDC } from './token.ts';
import type { ChainTransaction } from './transaction.ts';
import { type Trouble, troubled } from './trouble.ts';

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
 * own amount, fees and rent together against everything that is owed to the creator. Null when the
 * cost is small enough, or one of the debts was asked for (`Debt.asked`).
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
