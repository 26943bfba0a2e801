// Split: the recipients of a share, and how an amount is dealt among them. The creator is recipient
// 0 and gets what the splits of the terms leave.
import type { Address } from './ids.ts';
import { type BaseUnits, type BasisPoints, least, most } from './money.ts';

/** The most recipients of one share beside the creator. */
export const SPLITS_MOST = 8;

/** A part of the share that goes to another recipient than the creator. */
export type Split = {
  readonly wallet: Address;
  /** The part, in basis points of the profit, as `shareBps` of the terms is. */
  readonly shareBps: BasisPoints;
  /** Debts to this recipient wait for each other until their sum reaches this amount. */
  readonly minimumPayment: BaseUnits;
  /** Whether the recipient may be an address without a private key, such as a vault. */
  readonly offCurve: boolean;
  /** The platform's name for the recipient, such as `referrer`; null without a name. */
  readonly label: string | null;
};
export type Recipient = Split & {
  /** 0 for the creator, from 1 on for the splits in their order. */
  readonly nth: number;
};

/** The terms as far as they say who gets which part of a share. */
export type Shared = {
  readonly creatorWallet: Address;
  readonly shareBps: BasisPoints;
  readonly minimumPayment: BaseUnits;
  readonly offCurve: boolean;
  readonly splits: readonly Split[];
};

/** All recipients of terms. Their basis points add up to the share. */
export function recipientsOf(terms: Shared): Recipient[] {
  const { creatorWallet: wallet, shareBps, minimumPayment, offCurve, splits } = terms;
  const others = splits.reduce((sum, each) => sum + each.shareBps, 0);
  const creator = { wallet, shareBps: shareBps - others, minimumPayment, offCurve, label: null };
  return [creator, ...splits].map((each, nth) => ({ ...each, nth }));
}

/** Why splits do not fit their terms; null when they do. */
export function splitsProblem({ creatorWallet, shareBps, splits }: Shared): string | null {
  const others = splits.reduce((sum, each) => sum + each.shareBps, 0);
  const wallets = new Set([creatorWallet, ...splits.map((each) => each.wallet)]);
  if (splits.length > SPLITS_MOST) return `A share has at most ${SPLITS_MOST} splits.`;
  if (splits.some((each) => each.shareBps < 1)) return 'A split has at least one basis point.';
  if (wallets.size <= splits.length)
    return 'Each recipient of a share needs a wallet of its own: the creator and every split.';
  return others > shareBps
    ? `The splits take ${others} basis points, and the whole share is ${shareBps}.`
    : null;
}

/** Whether two lists of splits agree in every field and in their order. */
export const sameSplits = (one: readonly Split[], other: readonly Split[]): boolean =>
  one.length === other.length &&
  one.every((each, nth) => {
    const twin = other[nth];
    return (
      each.wallet === twin?.wallet &&
      each.shareBps === twin.shareBps &&
      each.minimumPayment === twin.minimumPayment &&
      each.offCurve === twin.offCurve &&
      each.label === twin.label
    );
  });

const divisorOf = (one: bigint, other: bigint): bigint =>
  other === 0n ? one : divisorOf(other, one % other);

export type Dealt = {
  /** By recipient, in their order. They add up to the amount. */
  readonly amounts: readonly BaseUnits[];
  /** How many units of the present turn are dealt. */
  readonly place: bigint;
};

/**
 * Deals an amount unit by unit in turns: with parts of 800, 150 and 50 basis points, of every 20
 * units the first 16 go to the first recipient, the next 3 to the second and the last to the third.
 * `place` is how many units of a turn earlier amounts dealt. So the parts add up to the amount,
 * none is negative, and over any series of amounts every whole turn is dealt exactly in proportion,
 * in any order of the amounts.
 */
export function deal(
  amount: BaseUnits,
  recipients: readonly Pick<Recipient, 'shareBps'>[],
  place: bigint,
): Dealt {
  const parts = recipients.map((each) => BigInt(each.shareBps));
  const divisor = parts.reduce(divisorOf, 0n);
  if (divisor === 0n) return { amounts: parts.map(() => 0n), place };
  const turn = parts.reduce((sum, each) => sum + each, 0n) / divisor;
  const from = place % turn;
  let begins = 0n;
  const amounts = parts.map((part) => {
    const size = part / divisor;
    const first = begins;
    begins += size;
    /** The units of this recipient among the first `count` of all turns. */
    const upTo = (count: bigint): bigint => {
      const within = (count % turn) - first;
      return (count / turn) * size + least(most(within, 0n), size);
    };
    return upTo(from + amount) - upTo(from);
  });
  return { amounts, place: (from + amount) % turn };
}
