// Made close: a long position of one base unit that is closed by a trade, plain unless said
// otherwise.
import type { Close } from '../../src/core/fact.ts';

/** A close with this net profit, in quote base units, and no fee. */
export const madeClose = (netPnl: bigint, more: Partial<Close> = {}): Close => ({
  kind: 'close',
  market: 0,
  side: 'taker',
  position: 'long',
  cause: 'trade',
  baseFilled: 1n,
  baseClosed: 1n,
  proceeds: 0n,
  entry: 0n,
  grossPnl: netPnl,
  fee: 0n,
  netPnl,
  fillRecordId: 0n,
  oraclePrice: 0n,
  counterparty: null,
  ...more,
});
