// Explain: shows how the amount of a profit share was computed: each number with its source and
// formula, and a sentence for people. A reader can check every step with a calculator and a block
// explorer.
import type { Brought } from './brought.ts';
import { profitOf } from './charge.ts';
import { dealSteps, partSentence } from './explain-split.ts';
import { type Accrual, type Explanation, percent, type Step } from './explanation.ts';
import { unreachable } from './fault.ts';
import { type BaseUnits, BPS_WHOLE } from './money.ts';
import type { ProfitShare } from './profit-share.ts';
import { amountText } from './token.ts';

function profitSteps({ realised, openingFee, entry }: Accrual, at: string): Step[] {
  const opening: Step = {
    name: 'openingFee',
    value: openingFee.toString(),
    formula: 'fees of the fills that opened the closed part, in proportion to its base',
  };
  if (realised.kind === 'reckoning') {
    return [
      {
        name: 'realised',
        value: realised.netPnl.toString(),
        formula: `change of the account's realised total between finalized slots ${realised.afterSlot} and ${realised.uptoSlot}, less the amounts in records and less funding; the transaction ${at} has no readable record`,
      },
      opening,
      {
        name: 'netPnl',
        value: (realised.netPnl - openingFee).toString(),
        formula: 'realised − openingFee',
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
    opening,
    // In a close of several parts each part has its own profit step instead.
    ...(entry === null
      ? [
          {
            name: 'netPnl',
            value: (realised.netPnl - openingFee).toString(),
            formula: 'grossPnl − fee − openingFee',
          },
        ]
      : []),
  ];
}

/** The steps for the part of the profit under these terms, and its charged amount. */
function partSteps(accrual: Accrual): Step[] {
  const { realised, base, openedSlot, entry, netPnl, basis, charged, before, hurdled } = accrual;
  const steps: Step[] = [];
  if (realised.kind === 'close' && entry !== null)
    steps.push(
      {
        name: 'partBase',
        value: String(base),
        formula: `the part of baseClosed that was opened under these terms, from slot ${openedSlot} on, in 1e9; last opened, first closed`,
      },
      {
        name: 'partEntry',
        value: entry.toString(),
        formula:
          'quote exchanged when partBase was opened, from the records of its openings: other parts of the position do not bear on it',
      },
      {
        name: 'partPnl',
        value: netPnl.toString(),
        formula: `${realised.position === 'long' ? 'proceeds × partBase / baseClosed − partEntry' : 'partEntry − proceeds × partBase / baseClosed'} − fee × partBase / baseClosed − openingFee, to the base unit that rounding in running sums leaves`,
      },
    );
  const profit = profitOf(accrual, accrual.profit);
  if (accrual.profit === 'gross')
    steps.push({
      name: 'grossProfit',
      value: profit.toString(),
      formula: `${netPnl} + ${accrual.fees} of fees: these terms deduct no fees`,
    });
  if (hurdled > 0n)
    steps.push({
      name: 'hurdled',
      value: hurdled.toString(),
      formula: 'the part of the profit that the hurdle of these terms takes; it owes nothing',
    });
  const less = hurdled > 0n ? ' − hurdled' : '';
  switch (basis) {
    case 'per_close':
      if (hurdled > 0n)
        steps.push({
          name: 'charged',
          value: charged.toString(),
          formula: `max(0, ${profit})${less}`,
        });
      break;
    case 'high_water_mark':
      steps.push(
        {
          name: 'deficitBefore',
          value: before.deficit.toString(),
          formula:
            'losses since the last peak under this creator, to be made good first, whichever wallet was paid',
        },
        {
          name: 'charged',
          value: charged.toString(),
          formula: `max(0, ${profit} − deficitBefore)${less}`,
        },
      );
      break;
    default:
      return unreachable(basis);
  }
  return steps;
}

/**
 * The explanation of a debt that was brought from another system: its figures are as that system
 * gave them.
 */
function explainBrought({ token, amount }: ProfitShare, brought: Brought): Explanation {
  const { id, origin, netPnl, shareBps } = brought;
  const given = `as the other system gave it for its debt ${id}`;
  const of = origin === null ? '' : `, from ${origin}`;
  const steps: Step[] = [
    ...(netPnl === null ? [] : [{ name: 'netPnl', value: netPnl.toString(), formula: given }]),
    ...(shareBps === null ? [] : [{ name: 'shareBps', value: String(shareBps), formula: given }]),
    { name: 'amount', value: amount.toString(), formula: given },
  ];
  return {
    steps,
    sentence: `It was brought from another system as its debt ${id}${of}: ${amountText(amount, token)}. No close on chain shows it here.`,
  };
}

type Figures = { accruals(ids: readonly string[]): Promise<ReadonlyMap<string, Accrual>> };

/** The explanation of a share; null when there is no such share. */
export async function explanationOf(
  shares: Figures & { find(id: string): Promise<ProfitShare | null> },
  id: string,
): Promise<Explanation | null> {
  const accrual = (await shares.accruals([id])).get(id);
  if (accrual !== undefined) return explain(accrual);
  const share = await shares.find(id);
  return share?.brought == null ? null : explainBrought(share, share.brought);
}

/** The explanations of shares by their ids; the figures of all of them are read at once. */
export async function explanationsOf(
  shares: Figures,
  explained: readonly ProfitShare[],
): Promise<ReadonlyMap<string, Explanation>> {
  const booked = explained.filter((each) => each.brought === null);
  const accruals = await shares.accruals(booked.map((each) => each.id));
  return new Map([
    ...[...accruals].map(([id, accrual]): [string, Explanation] => [id, explain(accrual)]),
    ...explained.flatMap((each): [string, Explanation][] =>
      each.brought === null ? [] : [[each.id, explainBrought(each, each.brought)]],
    ),
  ]);
}

/** The steps from the record on chain to the owed amount, and a sentence for people. */
export function explain(accrual: Accrual): Explanation {
  const { realised, shareBps, before, after, amount, charged, hurdled } = accrual;
  const { openedSlot, termsSlot } = accrual;
  const at = `${accrual.signature}, slot ${accrual.slot}`;
  const { allowed } = accrual;
  const capped = allowed !== null && charged * BigInt(shareBps) > allowed * BPS_WHOLE;
  const due = capped ? `${allowed} × 10,000` : `${charged} × shareBps`;
  const opened =
    openedSlot === null ? `at slot ${accrual.slot}` : `when it was opened, in slot ${openedSlot}`;
  const steps: Step[] = [
    ...profitSteps(accrual, at),
    ...partSteps(accrual),
    {
      name: 'shareBps',
      value: String(shareBps),
      formula: `terms that began at slot ${termsSlot}, in force ${opened}`,
    },
    ...(allowed === null
      ? []
      : [
          {
            name: 'allowed',
            value: allowed.toString(),
            formula: 'the most that these terms let the close owe: what is left of their caps',
          },
        ]),
    {
      name: 'carryBefore',
      value: before.carry.toString(),
      formula: 'the remainder of earlier closes, in ten-thousandths of a base unit',
    },
    {
      name: 'amount',
      value: amount.toString(),
      formula: `floor((${due} + carryBefore) / 10,000)`,
    },
    {
      name: 'carryAfter',
      value: after.carry.toString(),
      formula: `(${due} + carryBefore) mod 10,000`,
    },
    ...dealSteps(accrual),
    ...accrual.credits.map(
      (each): Step => ({
        name: 'credited',
        value: each.amount.toString(),
        formula: `paid by transfer ${each.signature}, slot ${each.slot}, which Bailiff did not make`,
      }),
    ),
  ];
  const text = (units: BaseUnits): string => amountText(units, accrual.token);
  const whole = realised.netPnl - accrual.openingFee;
  const what =
    realised.kind === 'reckoning'
      ? `Account state shows a profit of ${text(whole)}, net of fees, in transaction ${accrual.signature}`
      : `A ${realised.position} position closed in transaction ${accrual.signature} (slot ${accrual.slot}) with ${text(realised.grossPnl)} of realised profit, less ${text(realised.fee + accrual.openingFee)} of fees for opening and closing it: ${text(whole)}`;
  const of =
    charged === whole
      ? 'that'
      : accrual.profit === 'net' && hurdled === 0n
        ? `${text(charged)}, the part opened under these terms less earlier losses,`
        : `${text(charged)}, the part opened under these terms less earlier losses and the hurdle${accrual.profit === 'gross' ? ', before fees' : ''},`;
  const limited = capped ? `, limited by a cap to ${text(amount)}` : ` is ${text(amount)}`;
  return {
    steps,
    sentence: `${what}. ${percent(shareBps)} of ${of}${limited}.${partSentence(accrual, text)}`,
  };
}
