// Keeping: what an account pays to keepers and earns as one, and what it earns as a referrer: money
// that moves with orders and fills of the venue and is in no close. Sources: drift program,
// controller/orders.rs, pay_keeper_flat_reward_for_perps and fulfill_perp_order_with_amm; ADR 32.
import type { Heard, HeardEvent } from './heard.ts';
import type { OrderActionRecord } from './records.ts';
import type { Tallies } from './tallies.ts';

/**
 * An order that a keeper triggered, cancelled or let expire: its owner pays the venue's flat fee
 * out of the position, and the keeper has it. When the keeper has no free position slot, the owner
 * pays all the same and the record tells 0.
 */
function hearFlatFee(heard: Heard, tallies: Tallies, each: HeardEvent): void {
  const record = each.event as OrderActionRecord;
  const { filler, fillerReward } = record;
  // force_cancel_orders writes the same record and is paid out of the spot balance, which T does
  // not count.
  if (each.call?.known?.call === 'force_cancel_orders') return;
  const ownerKey = record.taker ?? record.maker;
  if (filler === null || fillerReward === null || filler === ownerKey) return;
  const [owner, keeper] = [heard.userOf(ownerKey), heard.userOf(filler)];
  if (fillerReward > 0n) {
    if (owner !== undefined) tallies.add(owner, { realised: -fillerReward });
    if (keeper !== undefined) tallies.add(keeper, { realised: fillerReward });
  } else if (owner !== undefined && record.actionExplanation !== 'liquidation') {
    // A liquidator's cancels are free; every other 0 may hide a fee.
    tallies.perhapsFee(owner);
  }
}

/**
 * The reward of a keeper for a fill. It is none of the keeper's when its account has no free
 * position slot.
 */
function hearFillReward(heard: Heard, tallies: Tallies, record: OrderActionRecord): void {
  const { filler, fillerReward } = record;
  if (filler === record.taker || filler === record.maker || !fillerReward) return;
  const keeper = heard.userOf(filler);
  if (keeper === undefined) return;
  tallies.add(keeper, { realised: fillerReward });
  tallies.perhaps(keeper, -fillerReward);
}

/**
 * A referrer's reward. The record tells the amount and not whose it is; the referrer is among the
 * accounts of the call, and so are makers. With a revenue-share escrow, or without a free slot, the
 * reward goes elsewhere: each account may have it.
 */
function hearReferral(heard: Heard, tallies: Tallies, each: HeardEvent): void {
  const { referrerReward, taker } = each.event as OrderActionRecord;
  if (!referrerReward) return;
  const referred = heard.userOf(taker);
  for (const account of heard.givenTo(each.call))
    if (account !== referred) tallies.perhaps(account, BigInt(referrerReward));
}

/**
 * Adds to the tallies what keepers and referrers were paid according to one order record of a perp
 * market.
 */
export function hearKeeping(heard: Heard, tallies: Tallies, each: HeardEvent): void {
  if (each.event.event !== 'OrderActionRecord' || each.event.marketType !== 'perp') return;
  if (each.event.action !== 'fill') {
    hearFlatFee(heard, tallies, each);
    return;
  }
  hearFillReward(heard, tallies, each.event);
  hearReferral(heard, tallies, each);
}
