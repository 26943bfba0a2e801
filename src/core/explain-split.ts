// Explain split: shows which part of a share one of several recipients gets, and how it was dealt.
import { type Accrual, percent, type Step } from './explanation.ts';
import type { BaseUnits } from './money.ts';
import { deal } from './split.ts';

/** The steps from the amount of a part to the part of it that one of several recipients gets. */
export function dealSteps({ amount, recipients, recipient, before }: Accrual): Step[] {
  if (recipients.length < 2) return [];
  const place = before.dealt ?? 0n;
  const own = recipients[recipient];
  const parts = recipients.map((each) => each.shareBps).join(' : ');
  return [
    {
      name: 'dealtBefore',
      value: place.toString(),
      formula: 'units of a turn that earlier closes dealt',
    },
    {
      name: 'part',
      value: (deal(amount, recipients, place).amounts[recipient] ?? 0n).toString(),
      formula: `amount dealt unit by unit in turns of ${parts}, after dealtBefore units of one; recipient ${recipient}, ${own?.wallet}`,
    },
  ];
}

/** The sentence on the part that one of several recipients gets; empty for a creator alone. */
export function partSentence(
  { amount, recipients, recipient, before }: Accrual,
  text: (units: BaseUnits) => string,
): string {
  const own = recipients[recipient];
  if (recipients.length < 2 || own === undefined) return '';
  const part = deal(amount, recipients, before.dealt ?? 0n).amounts[recipient] ?? 0n;
  return ` Of it ${text(part)}, ${percent(own.shareBps)} of the profit, goes to ${own.wallet}.`;
}
