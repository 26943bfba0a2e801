// Keeper fees: adds to the tallies the fees that an account pays to keepers and the rewards that
// it earns as a keeper or referrer. This money moves with orders and fills and is part of no
// close. Sources: drift program, controller/orders.rs, pay_keeper_flat_reward_for_perps and
// fulfill_perp_order_with_amm; ADR 32.
import type { Heard, HeardEvent } from './heard.ts';
import type { OrderActionRecord } from './records.ts';
import type { Tallies } from './tallies.ts';

/**
 * An order that a keeper triggered, cancelled or let expire: its owner pays the flat fee to the
 * keeper out of the position. When the keeper has no free position slot, the owner pays the fee all
 * the same and the record says 0.
 */
function hearFlatFee(heard: Heard, tallies: Tallies, each: HeardEvent): void {
  const record = each.event as OrderActionRecord;
  const { filler, fillerReward } = record;
  // force_cancel_orders writes the same record, but pays from the spot balance, which the realised
  // total T does not count.
  if (each.call?.known?.call === 'force_cancel_orders') return;
  const ownerKey = record.taker ?? record.maker;
  if (filler === null || fillerReward === null || filler === ownerKey) return;
  const [owner, keeper] = [heard.userOf(ownerKey), heard.userOf(filler)];
  if (fillerReward > 0n) {
    if (owner !== undefined) tallies.add(owner, { realised: -fillerReward });
    if (keeper !== undefined) tallies.add(keeper, { realised: fillerReward });
  } else if (owner !== undefined && record.actionExplanation !== 'liquidation') {
    // A liquidator cancels without a fee. Any other record of 0 may hide a fee.
    tallies.perhapsFee(owner);
  }
}

/**
 * The reward of a keeper for a fill. The keeper may not have got it: a keeper without a free
 * position slot gets nothing although the record says so.
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
 * A referrer's reward. The record gives the amount but not the referrer, who is one of the accounts
 * of the call, as the makers are. With a revenue-share escrow, or without a free position slot,
 * none of them gets it. Each account of the call but the taker's is therefore marked as one that
 * may have got it.
 */
function hearReferral(heard: Heard, tallies: Tallies, each: HeardEvent): void {
  const { referrerReward, taker } = each.event as OrderActionRecord;
  if (!referrerReward) return;
  const referred = heard.userOf(taker);
  for (const account of heard.givenTo(each.call))
    if (account !== referred) tallies.perhaps(account, BigInt(referrerReward));
}

/**
 * Adds to the tallies the payments to keepers and referrers of one order record of a perp market.
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
