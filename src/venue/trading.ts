// Trading: tells for which accounts a call of the venue may realise profit. A call may be given any
// account, also one that the program does not read. A call that the profile does not list may
// realise profit for each account that it was given.
import { afterCall } from '../core/transaction.ts';
import { instructionDiscriminator } from './discriminator.ts';
import { discriminatorOf, type Hearing, type VenueCall } from './heard.ts';

/**
 * The indexes of the accounts whose realised total a call may change by more than funding; `any`
 * for a call that also takes makers and referrers, in places that are not fixed.
 */
type Traders = readonly number[] | 'any';

/**
 * The calls of both venues that change the realised total of an account by more than funding. In a
 * market that expired, a settlement closes the position.
 */
const TRADERS: Readonly<Record<string, Traders>> = {
  place_and_take_perp_order: 'any',
  place_and_make_perp_order: 'any',
  place_and_make_signed_msg_perp_order: 'any',
  fill_perp_order: 'any',
  liquidate_perp_with_fill: 'any',
  liquidate_perp: [2, 4],
  liquidate_borrow_for_perp_pnl: [2, 4],
  liquidate_perp_pnl_for_deposit: [2, 4],
  resolve_perp_bankruptcy: [4],
  trigger_order: [2, 3],
  revert_fill: [2],
  settle_pnl: [1],
  settle_multiple_pnls: [1],
  transfer_perp_position: [0, 1],
  special_transfer_perp_position_to_vamm: [0],
  add_perp_lp_shares: [1],
  remove_perp_lp_shares: [1],
  remove_perp_lp_shares_in_expiring_market: [1],
  settle_lp: [1],
};

/**
 * The calls by which a loss passes between the accounts in these places, or is forgiven. Such a
 * loss changes the realised total, and is no profit or loss of trading.
 */
const LOSS_MOVERS: Readonly<Record<string, readonly number[]>> = {
  liquidate_borrow_for_perp_pnl: [2, 4],
  liquidate_perp_pnl_for_deposit: [2, 4],
  resolve_perp_bankruptcy: [4],
};

const LOSSES_BY_DISCRIMINATOR: ReadonlyMap<string, readonly number[]> = new Map(
  Object.entries(LOSS_MOVERS).map(([name, places]) => [instructionDiscriminator(name), places]),
);
const BY_DISCRIMINATOR: ReadonlyMap<string, Traders> = new Map(
  Object.entries(TRADERS).map(([name, traders]) => [instructionDiscriminator(name), traders]),
);

/**
 * The ordinal from which a call may have realised profit for the account at this address; null for
 * an account for which it realises none.
 */
export function tradedAt(
  { profile }: Pick<Hearing, 'profile'>,
  call: VenueCall,
  address: string,
): number | null {
  const name = discriminatorOf(call.data);
  const traders = BY_DISCRIMINATOR.get(name) ?? (profile.instructions.has(name) ? [] : 'any');
  const trades =
    traders === 'any'
      ? call.accounts.some((each) => each === address)
      : traders.some((index) => call.accounts[index] === address);
  return trades ? afterCall(call) : null;
}

/** Whether a call may have moved a loss from or to the account at this address. */
export const movesLoss = (call: VenueCall, address: string): boolean =>
  (LOSSES_BY_DISCRIMINATOR.get(discriminatorOf(call.data)) ?? []).some(
    (index) => call.accounts[index] === address,
  );
