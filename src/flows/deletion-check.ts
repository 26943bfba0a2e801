// Deletion check: checks the state of an account across its deletion, and reads the flat fee that a
// check may need.
import type { Chain } from '../core/chain-ports.ts';
import type { AccountCheck } from '../core/check-ports.ts';
import { Fault } from '../core/fault.ts';
import type { Slot } from '../core/ids.ts';
import type { Perhaps } from '../core/perhaps.ts';
import type { Ledger } from '../core/ports.ts';
import {
  blankState,
  type Check,
  checkLastStretch,
  checkState,
  meaningsOf,
  NO_COUNTERS,
  rewardsOf,
  together,
} from '../core/reckoning.ts';
import { type Venue, type Venues, venueOf } from '../core/venue.ts';

/**
 * The venue's flat fee for keepers; 0, without asking, when no record can have left such a fee out.
 */
export const flatFeeFor = async (
  { chain, venue }: { readonly chain: Pick<Chain, 'accounts'>; readonly venue: Venue },
  perhaps: Perhaps,
): Promise<bigint> => (perhaps.untoldFees === 0 ? 0n : venue.flatFee(chain.accounts));

/**
 * The open amounts with the most that the owner can have got of them as referral rewards up to this
 * slot, read from the venue's counter. Asks nothing where no amount may be a reward. Throws
 * `rpc_unavailable` when the node that answers has not seen the slot as final: its counter may lack
 * a reward, which would then be charged as profit.
 */
export async function boundRewards(
  { ledger, chain, venue }: { ledger: Ledger; chain: Chain; venue: Venue },
  subscriberId: string,
  perhaps: Perhaps,
  uptoSlot: Slot,
): Promise<Perhaps> {
  if (rewardsOf(perhaps) === 0n) return perhaps;
  const subscriber = await ledger.subscribers.find(subscriberId);
  if (subscriber === null) return perhaps;
  const address = venue.statsAddress(subscriber.agentWallet);
  const { slot, accounts } = await chain.witnessed(() =>
    chain.slices([address], null, 'finalized'),
  );
  if (slot < uptoSlot) {
    const why = `a node that is at slot ${slot} told the rewards of ${address}; slot ${uptoSlot} is needed`;
    throw new Fault('rpc_unavailable', why);
  }
  const rewardsMost = venue.referrerRewards(accounts[0] ?? null);
  return rewardsMost === null ? perhaps : { ...perhaps, rewardsMost };
}

/**
 * Checks an account that was deleted in this slot and perhaps made again. The stretch before the
 * deletion is checked by the tokens that left the account, the stretch after it from an empty
 * state. A gap that was open stays open, because its cause cannot be read any more.
 */
export async function acrossDeletion(
  ports: { readonly ledger: Ledger; readonly chain: Chain; readonly venues: Venues },
  account: AccountCheck,
  deletedSlot: Slot,
): Promise<Check> {
  const { ledger, chain, venues } = ports;
  const { address, subscriberId, baseline, candidate, unexplained } = account;
  const venue = venueOf(venues, account);
  if (baseline === null || candidate === null) throw new Error('nothing to check');
  if (unexplained !== null)
    return {
      verdict: 'gap',
      difference: unexplained,
      meanings: meaningsOf(baseline, NO_COUNTERS, blankState(deletedSlot)),
    };
  const before = await ledger.checks.told(address, baseline.slot, deletedSlot);
  const after = await ledger.checks.told(address, deletedSlot, candidate.slot);
  const { slot, quote } = baseline;
  const asked = before.unknowns > 0 && quote?.alone === true;
  const market = asked ? await venue.quoteMarketAddress() : null;
  const read = market === null ? null : await chain.slices([market], null, 'finalized');
  const worth =
    read === null ? null : venue.quoteWorth(quote?.scaled ?? 0n, read.accounts[0] ?? null);
  const movedOut = await ledger.checks.movedOut(address, venue.quoteMint, slot, deletedSlot);
  const flatFee = await flatFeeFor({ chain, venue }, after.perhaps);
  const { told, unknowns } = after;
  const bounded = (perhaps: Perhaps) =>
    boundRewards({ ledger, chain, venue }, subscriberId, perhaps, candidate.slot);
  const [perhapsBefore, perhaps] = [await bounded(before.perhaps), await bounded(after.perhaps)];
  return together(
    checkLastStretch(baseline, { ...before, perhaps: perhapsBefore, movedOut, worth }),
    checkState(blankState(deletedSlot), told, unknowns, candidate, perhaps, flatFee),
  );
}
