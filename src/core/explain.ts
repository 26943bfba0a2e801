// Explain: how a profit share came to be its amount: each number with where it was read and the formula that made it, and the
// whole as a sentence. A reader can check every step with a calculator and a block explorer.
import type { Realised } from './accrual.ts';
import type { Signature, Slot } from './ids.ts';
import { type BaseUnits, formatUnits } from './money.ts';

export type Accrual = {
  readonly signature: Signature;
  readonly slot: Slot;
  readonly ordinal: number;
  readonly realised: Realised;
  readonly shareBps: number;
  /** In ten-thousandths of a base unit. */
  readonly carryBefore: bigint;
  readonly carryAfter: bigint;
  readonly amount: BaseUnits;
};
/** One number: where it comes from, and how. Amounts are quote base units unless the name says otherwise. */
export type Step = {
  readonly name: string;
  readonly value: string;
  readonly formula: string;
};
export type Explanation = { readonly steps: readonly Step[]; readonly sentence: string };

const percent = (bps: number): string => `${bps / 100} %`;

function profitSteps(realised: Realised, at: string): Step[] {
  if (realised.kind === 'reckoning') {
    return [
      {
        name: 'netPnl',
        value: realised.netPnl.toString(),
        formula: `change of the account's realised total between finalized slots ${realised.afterSlot} and ${realised.uptoSlot}, less what records tell of it and less funding; the transaction ${at} has no readable record`,
      },
    ];
  }
  const record = `OrderActionRecord of fill ${realised.fillRecordId} in ${at}`;
  return [
    {
      name: 'baseClosed',
      value: realised.baseClosed.toString(),
      formula: `part of the ${realised.baseFilled} filled that reduced the position, in 1e9; ${record}`,
    },
    {
      name: 'proceeds',
      value: realised.proceeds.toString(),
      formula: `quote exchanged for baseClosed: quote_asset_amount_filled × baseClosed / baseFilled; ${record}`,
    },
    {
      name: 'entry',
      value: realised.entry.toString(),
      formula: `entry value of baseClosed, from existing_quote_entry_amount; ${record}`,
    },
    {
      name: 'grossPnl',
      value: realised.grossPnl.toString(),
      formula: realised.position === 'long' ? 'proceeds − entry' : 'entry − proceeds',
    },
    {
      name: 'fee',
      value: realised.fee.toString(),
      formula: `the close's part of the fill's fee; negative for a rebate; ${record}`,
    },
    { name: 'netPnl', value: realised.netPnl.toString(), formula: 'grossPnl − fee' },
  ];
}

/** The steps from the record on chain to the amount owed, and a sentence for people. */
export function explain(accrual: Accrual): Explanation {
  const { realised, shareBps, carryBefore, carryAfter, amount } = accrual;
  const at = `${accrual.signature}, slot ${accrual.slot}`;
  const steps: Step[] = [
    ...profitSteps(realised, at),
    {
      name: 'shareBps',
      value: String(shareBps),
      formula: `terms in force at slot ${accrual.slot}`,
    },
    {
      name: 'carryBefore',
      value: carryBefore.toString(),
      formula: 'what earlier closes left over, in ten-thousandths of a base unit',
    },
    {
      name: 'amount',
      value: amount.toString(),
      formula: 'floor((netPnl × shareBps + carryBefore) / 10,000)',
    },
    {
      name: 'carryAfter',
      value: carryAfter.toString(),
      formula: '(netPnl × shareBps + carryBefore) mod 10,000',
    },
  ];
  const what =
    realised.kind === 'reckoning'
      ? `Account state shows a profit of ${formatUnits(realised.netPnl)} USDC in transaction ${accrual.signature}`
      : `A ${realised.position} position closed in transaction ${accrual.signature} (slot ${accrual.slot}) with ${formatUnits(realised.grossPnl)} USDC of realised profit, less ${formatUnits(realised.fee)} USDC of fees: ${formatUnits(realised.netPnl)} USDC`;
  return {
    steps,
    sentence: `${what}. ${percent(shareBps)} of that is ${formatUnits(amount)} USDC.`,
  };
}
