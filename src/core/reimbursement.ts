// Reimbursement: what an agent gives the sponsor for the SOL that a payment cost, in the token of
// the payment.
import type { BaseUnits } from './money.ts';
import { bySymbol } from './token.ts';

export type Reimbursement = {
  /** Quote base units for one SOL. */
  readonly perSol: BaseUnits;
  /** The most for one payment. */
  readonly most: BaseUnits;
  /** Figures of single tokens, by symbol, in the place of `perSol`. */
  readonly perSolOf?: ReadonlyMap<string, BaseUnits>;
};

/** The reimbursement that settings ask for, from decimal strings; null for none. */
export function reimbursementOf(settings: {
  readonly reimbursePerSol: string;
  readonly reimburseMost: string;
  readonly reimbursePerSolOf?: Readonly<Record<string, string>>;
}): Reimbursement | null {
  const perSol = BigInt(settings.reimbursePerSol);
  const most = BigInt(settings.reimburseMost);
  const perSolOf = bySymbol(settings.reimbursePerSolOf);
  const some = [perSol, ...perSolOf.values()].some((each) => each > 0n);
  return some && most > 0n ? { perSol, most, perSolOf } : null;
}

/** The reimbursement of payments in a token; null where that is nothing for a SOL. */
export function reimbursementIn(
  reimbursement: Reimbursement | null,
  symbol: string,
): Reimbursement | null {
  if (reimbursement === null) return null;
  const perSol = reimbursement.perSolOf?.get(symbol) ?? reimbursement.perSol;
  return perSol === 0n ? null : { perSol, most: reimbursement.most };
}
