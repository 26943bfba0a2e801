// Brought: a debt that was brought from another system by an import.
import type { BaseUnits } from './money.ts';
import { type NewDebt, newShare } from './share.ts';
import type { Transition } from './share-transition.ts';

/**
 * Where a debt comes from that was brought from another system. No close on chain shows it, so that
 * its figures are as they were given.
 */
export type Brought = {
  /** The id of the debt in the other system; a subscription has each id once. */
  readonly id: string;
  /** The origin of the debt, as the other system names it, such as the id of a trade. */
  readonly origin: string | null;
  /** The profit of which it is a share, in base units; null when it was not given. */
  readonly netPnl: BaseUnits | null;
  readonly shareBps: number | null;
};

/** A debt that was brought from another system, and the event that announces it. */
export function broughtIn(debt: NewDebt, subscription: string, brought: Brought): Transition {
  const { id, subscriberId, creatorWallet, amount } = debt;
  const share = newShare(debt);
  const { netPnl, shareBps, origin } = brought;
  const told = { share: id, subscription, broughtAs: brought.id, origin, creatorWallet };
  const body = {
    ...told,
    mint: share.token.mint,
    symbol: share.token.symbol,
    netPnl,
    shareBps,
    amount,
  };
  return { share, events: [{ kind: 'share.brought', subscriberId, body }] };
}
