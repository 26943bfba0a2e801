// Hidden loss: reads the prices of an account's markets where profit is reckoned, and says whether
// the account lost against them.
import type { Chain } from '../core/chain-ports.ts';
import type { AccountCheck, ToldStretch } from '../core/check-ports.ts';
import type { Notice } from '../core/fact.ts';
import { Fault } from '../core/fault.ts';
import { hiddenLoss, lossNotice, marketsOf } from '../core/hidden-loss.ts';
import type { Clock, Ledger } from '../core/ports.ts';
import type { Venue } from '../core/venue.ts';

/**
 * After this time the price has gone too far from that of the trade. A check usually follows within
 * 30 s; later ones come after a stop of the daemon, or while the history is behind.
 */
const LATE_MS = 10 * 60_000;

/** The present prices of these markets. Those of markets that cannot be read are left out. */
async function pricesOf(
  venue: Venue,
  markets: readonly number[],
  chain: Chain,
): Promise<ReadonlyMap<number, bigint>> {
  if (markets.length === 0) return new Map();
  try {
    return await venue.perpPrices(markets, chain.accounts);
  } catch (thrown) {
    // A market that cannot be read must not hold up the profit of the account.
    if (thrown instanceof Fault && thrown.code === 'account_unreadable') return new Map();
    throw thrown;
  }
}

/**
 * The notice of a loss that transactions without a record made between the two states of a check,
 * at the present prices of the markets; null for none, where a state or a price is missing, and
 * where the first of these transactions is older than LATE_MS. `found` are the facts between the
 * two states.
 */
export async function hiddenLossOf(
  ports: {
    readonly ledger: Ledger;
    readonly chain: Chain;
    readonly venue: Venue;
    readonly clock: Pick<Clock, 'nowMs'>;
  },
  { address, baseline: before, candidate: after }: AccountCheck,
  { told, hiddenSinceMs }: Pick<ToldStretch, 'told' | 'hiddenSinceMs'>,
): Promise<Notice | null> {
  if (before === null || after === null) return null;
  const { ledger, chain, venue } = ports;
  const recorded = await ledger.checks.recorded(address, before.slot, after.slot);
  const stretch = { before, after, recorded, told: told.realised - told.funding };
  const markets = marketsOf(stretch);
  const loss = hiddenLoss(stretch, await pricesOf(venue, markets, chain)) ?? 0n;
  const isLate = hiddenSinceMs !== null && ports.clock.nowMs() - hiddenSinceMs > LATE_MS;
  return loss === 0n || isLate ? null : lossNotice(loss, venue.quote.symbol);
}
