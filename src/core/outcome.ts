// Outcome: the result of every close: for each part the share, or the named reason why nothing is
// owed. Pure: the ledger provides the record of a close.
import { profitOf } from './charge.ts';
import type { Close, Reckoning } from './fact.ts';
import { unreachable } from './fault.ts';
import type { Address, Signature, Slot } from './ids.ts';
import { type BaseUnits, BPS_WHOLE } from './money.ts';
import type { Basis, Profit } from './terms.ts';
import { amountText, type Token } from './token.ts';

/** Why a close, or a part of one, makes nothing owed, or not yet. */
export const NOTHING_OWED = [
  /** The block is not final. */
  'not_final',
  /**
   * The account shows a difference that no fact explains. Until it is explained, no close of the
   * account is booked.
   */
  'gap',
  /** The account's state was not checked at a finalized slot after the close yet. */
  'not_checked',
  /** The close is final and checked; the next run of booking takes it. */
  'not_booked',
  'no_subscription',
  /** The part was opened, or the close happened, before the first terms. */
  'before_terms',
  /**
   * The close happened before this ledger took over; the system that was used before has dealt with
   * it.
   */
  'before_cut_over',
  /** The part was opened after the subscription had ended. */
  'after_end',
  'loss',
  /** The profit made good earlier losses, on a high-water mark. */
  'made_good',
  /** The close lies in the free period of the terms. */
  'free_period',
  /** The whole profit was within the hurdle. */
  'below_hurdle',
  /** A cap of the terms was reached before this close. */
  'capped',
  /** The terms have a share of 0 %. */
  'no_share',
  /** The share is less than a base unit and is carried over. */
  'dust',
] as const;
export type NothingOwed = (typeof NOTHING_OWED)[number];

/** A part of a close as it was booked, under one set of terms. */
export type BookedPart = {
  /** The slot from which its terms hold; null without terms. */
  readonly termsSlot: Slot | null;
  readonly openedSlot: Slot | null;
  /**
   * Base of this part in 1e9; null when the part is the whole close, or only account state shows
   * it.
   */
  readonly base: bigint | null;
  readonly basis: Basis;
  readonly shareBps: number;
  readonly netPnl: BaseUnits;
  /** The profit of which the terms take their share, and the fees that `netPnl` is net of. */
  readonly profit: Profit;
  readonly fees: BaseUnits;
  readonly charged: BaseUnits;
  readonly hurdled: BaseUnits;
  readonly allowed: BaseUnits | null;
  /** A close before this slot owes nothing under its terms; 0 without terms. */
  readonly freeBeforeSlot: Slot;
  readonly amount: BaseUnits;
  readonly deficitBefore: BaseUnits;
  readonly deficitAfter: BaseUnits;
  /** The debts of the part, one for each recipient that gets a part of the amount. */
  readonly shares: readonly PartShare[];
};
export type PartShare = {
  readonly id: string;
  readonly recipient: number;
  readonly creatorWallet: Address;
  readonly amount: BaseUnits;
  readonly paid: BaseUnits;
  readonly status: string;
  readonly observed: boolean;
};

/** The record of a close. */
export type RecordedClose = {
  /** The token of its amounts: the quote token of the account's venue. */
  readonly token: Token;
  readonly account: Address;
  readonly signature: Signature;
  readonly slot: Slot;
  readonly ordinal: number;
  readonly final: boolean;
  readonly body: Close | Reckoning;
  readonly subscriptionId: string | null;
  /** The slot of the subscription's first terms; null without any. */
  readonly firstTermsSlot: Slot | null;
  /** Closes before this slot are never booked; absent for a subscription that was not imported. */
  readonly booksFrom?: Slot;
  /** The close waits to be booked. */
  readonly waits: boolean;
  /** The slot up to which the account's state was checked; null when it never was. */
  readonly checkedSlot: Slot | null;
  readonly gap: boolean;
  readonly parts: readonly BookedPart[];
  /** The cursor after which a list continues. */
  readonly cursor: string;
};

export type Answer = { readonly reason: NothingOwed | null; readonly sentence: string };
export type Outcome = Answer & {
  readonly amount: BaseUnits;
  readonly parts: readonly (BookedPart & Answer)[];
};

/** The reasons that only a close without a booked part has. */
type Unbooked = Extract<
  NothingOwed,
  'not_final' | 'gap' | 'not_checked' | 'not_booked' | 'no_subscription' | 'before_cut_over'
>;
/** The reasons why a booked part owes nothing. */
type Unowed = Exclude<NothingOwed, Unbooked>;

function reasonOfPart(
  part: BookedPart,
  { firstTermsSlot, slot }: Pick<RecordedClose, 'firstTermsSlot' | 'slot'>,
): Unowed | null {
  const { termsSlot, openedSlot, shareBps, charged, hurdled, allowed, amount } = part;
  if (amount > 0n) return null;
  if (termsSlot === null)
    return openedSlot === null || firstTermsSlot === null || openedSlot < firstTermsSlot
      ? 'before_terms'
      : 'after_end';
  if (profitOf(part, part.profit) <= 0n) return 'loss';
  if (slot < part.freeBeforeSlot) return 'free_period';
  if (charged === 0n) return hurdled > 0n ? 'below_hurdle' : 'made_good';
  if (allowed === 0n) return 'capped';
  return shareBps === 0 ? 'no_share' : 'dust';
}

/**
 * The words for the present state of a share. Of a share that was only observed, transfers that
 * Bailiff did not make may have paid a part; the rest waits for a person.
 */
function becameOf(
  { observed, amount, paid, status }: PartShare,
  text: (amount: BaseUnits) => string,
): string {
  if (!observed) return `is ${status}`;
  if (status === 'paid')
    return 'was only observed, and a transfer made outside Bailiff has paid it';
  const rest = status === 'voided' ? 'is voided' : 'is not paid until a person adopts it';
  return paid === 0n
    ? `was only observed, and ${rest}`
    : `was only observed; a transfer made outside Bailiff has paid ${text(paid)} of it, and ${text(amount - paid)} ${rest}`;
}

/** The sentence for people on a part. */
function sayPart(part: BookedPart, reason: Unowed | null, token: Token): string {
  const text = (amount: BaseUnits): string => amountText(amount, token);
  const { shareBps, charged, amount, deficitBefore, deficitAfter, termsSlot, shares } = part;
  const profit = profitOf(part, part.profit);
  const fees = part.profit === 'gross' ? 'Before fees' : 'Fees included';
  switch (reason) {
    case null: {
      const capped = part.allowed !== null && charged * BigInt(shareBps) > part.allowed * BPS_WHOLE;
      const is = capped
        ? `is more than the cap allows; ${text(amount)} is owed`
        : `is ${text(amount)}`;
      const of = `${shareBps / 100} % of ${text(charged)} ${is}.`;
      const [first, second] = shares;
      if (first === undefined) return of;
      if (second === undefined) return `${of} The share ${first.id} ${becameOf(first, text)}.`;
      const told = shares.map(
        (each) =>
          `${text(each.amount)} to ${each.creatorWallet} (${each.id}) ${becameOf(each, text)}`,
      );
      return `${of} Of it ${told.join('; ')}.`;
    }
    case 'loss':
      return profit === 0n
        ? `${fees}, it closed without a profit.`
        : `${fees}, it closed with a loss of ${text(-profit)}.`;
    case 'made_good':
      return `The profit of ${text(profit)} made good earlier losses of ${text(deficitBefore)}; ${text(deficitAfter)} of them are left.`;
    case 'free_period':
      return `It closed before slot ${part.freeBeforeSlot}, up to which the terms take nothing.`;
    case 'below_hurdle':
      return `The profit of ${text(profit)} is within the hurdle of the terms from slot ${termsSlot} on.`;
    case 'capped':
      return `A cap of the terms from slot ${termsSlot} on was reached before it.`;
    case 'no_share':
      return `The terms from slot ${termsSlot} on take a share of 0 %.`;
    case 'dust':
      return `${shareBps / 100} % of ${text(charged)} is less than a base unit; the fraction is carried to the next close.`;
    case 'before_terms':
      return 'It was opened before anything was agreed.';
    case 'after_end':
      return 'It was opened after the subscription had ended.';
    default:
      return unreachable(reason);
  }
}

function sayWhole(reason: Exclude<Unbooked, 'before_cut_over'>): string {
  switch (reason) {
    case 'not_final':
      return 'Its block is not final yet. Shares are booked from finalized blocks.';
    case 'gap':
      return 'The account shows a change that no fact explains. Nothing more of it is booked until the change is explained or a person accepts the state.';
    case 'not_checked':
      return 'The state of the account was not checked at a finalized slot after it yet.';
    case 'not_booked':
      return 'It is final and checked, and is booked next.';
    case 'no_subscription':
      return 'The Drift account has no subscription.';
    default:
      return unreachable(reason);
  }
}

/** Why a close without a booked part makes nothing owed, or not yet. */
function reasonOfWhole(close: RecordedClose): Answer {
  const { final, subscriptionId, firstTermsSlot, slot, checkedSlot, gap, waits } = close;
  const { booksFrom = 0 } = close;
  const answer = (reason: Exclude<Unbooked, 'before_cut_over'>): Answer => ({
    reason,
    sentence: sayWhole(reason),
  });
  if (subscriptionId === null || firstTermsSlot === null) return answer('no_subscription');
  if (slot < firstTermsSlot)
    return {
      reason: 'before_terms',
      sentence: `It closed before anything was agreed: the first terms began in slot ${firstTermsSlot}.`,
    };
  if (slot < booksFrom)
    return {
      reason: 'before_cut_over',
      sentence: `It closed before slot ${booksFrom}, from which closes are booked here. It belongs to the system that was used before.`,
    };
  if (!final) return answer('not_final');
  if (waits && (checkedSlot === null || checkedSlot < slot))
    return answer(gap ? 'gap' : 'not_checked');
  return answer('not_booked');
}

/** The outcome of a close. When no part owes anything, the reason is that of the first part. */
export function outcomeOf(close: RecordedClose): Outcome {
  const parts = close.parts.map((part) => {
    const reason = reasonOfPart(part, close);
    return { ...part, reason, sentence: sayPart(part, reason, close.token) };
  });
  const [first] = parts;
  if (first === undefined) return { amount: 0n, parts, ...reasonOfWhole(close) };
  const amount = parts.reduce((sum, each) => sum + each.amount, 0n);
  const sentence = [...new Set(parts.map((each) => each.sentence))].join(' ');
  return { amount, parts, reason: amount > 0n ? null : first.reason, sentence };
}
