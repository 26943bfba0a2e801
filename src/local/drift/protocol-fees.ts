// Protocol fees: at a venue with them, what a market keeps of a fee is divided between the
// protocol, the insurance fund and the AMM. The parts wait in the market's ledger, and every
// settlement moves them out of its PnL pool as far as the pool holds them (state/perp_market.rs:
// FeeLedger; controller/perp_pools.rs).
import { least, most } from '../../core/money.ts';
import type { Struct } from './layout.ts';
import { movePool, tokensOf } from './spot.ts';

const PERCENT = 100n;

/** Books the parts of a fee. Returns the AMM's part. */
export function divideFee(state: Struct, market: Struct, fee: bigint): bigint {
  const { ammFeeNumerator, ifFeeNumerator } = state.perpFeeStructure;
  const part = (numerator: number): bigint => (fee * BigInt(numerator)) / PERCENT;
  const [amms, insurance] = [part(ammFeeNumerator), part(ifFeeNumerator)];
  market.pendingAmmProvision += amms;
  market.ammProtocolFeesReceived += amms;
  market.pendingIfFee += insurance;
  market.pendingProtocolFee += fee - amms - insurance;
  return amms;
}

/**
 * Moves the parts that wait out of the PnL pool: the protocol's first. `owed` is the PnL of all
 * users, which stays in the pool; the other parts also leave a buffer there.
 */
export function sweepFees(market: Struct, quote: Struct, owed: bigint): void {
  const { pnlPool } = market;
  const room = (kept: bigint): bigint =>
    most(0n, tokensOf(pnlPool.scaledBalance, quote, 'deposit') - most(0n, owed) - kept);
  const sweep = (pending: string, pool: Struct, kept: bigint): void => {
    const amount = least(market[pending] as bigint, room(kept));
    if (amount === 0n) return;
    market[pending] -= amount;
    movePool(pnlPool, quote, 'borrow', amount);
    movePool(pool, quote, 'deposit', amount);
  };
  const buffer: bigint = market.feePoolBufferTarget;
  sweep('pendingProtocolFee', market.protocolFeePool, 0n);
  sweep('pendingIfFee', quote.revenuePool, buffer);
  sweep('pendingAmmProvision', market.amm.feePool, buffer);
}
