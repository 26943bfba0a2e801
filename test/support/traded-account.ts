// Traded account: a perp account by the venue's own rules of positions, fees and records, and the
// facts of its fills. It knows its realised total, as T of docs/invariants.md, so that bookings can
// be compared with it.
import { closeOf, type FillSide, openOf } from '../../src/core/close.ts';
import type { Close, Held } from '../../src/core/fact.ts';
import type { Movement } from '../../src/core/lot.ts';

export type Moved = { readonly close: Close | null; readonly moves: readonly Movement[] };

export function createTradedAccount() {
  const positions = new Map<number, { base: bigint; entry: bigint }>();
  let realised = 0n;
  const size = (value: bigint) => (value < 0n ? -value : value);
  return {
    /** PnL of all closes less all fees. */
    realised: () => realised,
    base: (market: number) => positions.get(market)?.base ?? 0n,
    held: (): Held[] =>
      [...positions]
        .filter(([, { base }]) => base !== 0n)
        .map(([market, { base, entry }]) => ({ market, base, entry: size(entry) })),
    /** Buys (`delta` above zero) or sells base at a price in quote for each unit of base. */
    trade(slot: number, market: number, delta: bigint, price: bigint, fee: bigint): Moved {
      const known = positions.get(market) ?? { base: 0n, entry: 0n };
      const filled = size(delta);
      const reduces = known.base !== 0n && known.base < 0n !== delta < 0n;
      const flips = reduces && filled > size(known.base);
      const quote = filled * price;
      const fill: FillSide = {
        market,
        side: 'taker',
        direction: delta < 0n ? 'short' : 'long',
        cause: 'trade',
        baseFilled: filled,
        quoteFilled: quote,
        fee,
        // math/orders.rs calculate_existing_position_fields_for_order_action
        existingEntry: !reduces
          ? null
          : flips
            ? size(known.entry)
            : (size(known.entry) * filled) / size(known.base),
        existingBase: flips ? size(known.base) : null,
        fillRecordId: BigInt(slot),
        oraclePrice: price,
        counterparty: null,
      };
      // controller/position.rs: signs as stored on chain, divisions cut towards zero.
      const gained = delta < 0n ? quote : -quote;
      let { base, entry } = known;
      let pnl = 0n;
      if (!reduces) entry += gained;
      else if (flips) {
        const opened = gained - (gained * size(known.base)) / filled;
        pnl = entry + gained - opened;
        entry = opened;
      } else {
        const rest = entry - (entry * filled) / size(known.base);
        pnl = entry - rest + gained;
        entry = rest;
      }
      base += delta;
      positions.set(market, { base, entry });
      realised += pnl - fee;
      const close = closeOf(fill);
      const open = openOf(fill);
      const moves: Movement[] = [];
      if (close !== null) moves.push({ ...close, slot });
      if (open !== null) moves.push({ ...open, slot });
      return { close, moves };
    },
  };
}
