// Order ends: takes an order out of the book without a fill, and pays the keeper for it
// (controller/orders.rs).
import type { Struct } from './layout.ts';
import { meets, perpIsUsed } from './margin.ts';
import { NO_ACTION, NO_TAKER, sideOf } from './order-record.ts';
import { hasAuction, isTriggered, mustBeTriggered, noOrder, unfilled } from './order-rules.ts';
import { creditEven, creditQuote, perpPosition } from './positions.ts';
import { fail, type Session } from './session.ts';

export const STATUS = { beingLiquidated: 1, bankrupt: 2, reduceOnly: 4 } as const;
export type Account = { readonly user: Struct; readonly key: string };

/** Emits the order record of an act that fills nothing. */
export function emitAct(
  session: Session,
  market: Struct,
  order: Struct,
  owner: string,
  fields: Struct,
): void {
  session.emitLog('OrderActionRecord', {
    ...NO_ACTION,
    ...NO_TAKER,
    ts: session.now,
    actionExplanation: 'none',
    marketIndex: market.marketIndex,
    marketType: 'perp',
    oraclePrice: session.price(market.amm.oracle, market.amm.oracleSource),
    ...fields,
    ...sideOf(order, owner),
  });
}

/**
 * Fails while an account is being liquidated. Ends the liquidation of an account that meets its
 * margin again.
 */
export function requireHealthy(session: Session, user: Struct): void {
  if ((user.status & STATUS.beingLiquidated) === 0) return;
  if (!meets(session, user, 'maintenance')) fail(session, 'UserIsBeingLiquidated');
  user.status &= ~STATUS.beingLiquidated;
}

/** Ends an open order and emits its record. */
export function endOrder(
  session: Session,
  { user, key }: Account,
  market: Struct,
  order: Struct,
  fields: Struct,
): void {
  emitAct(session, market, order, key, { action: 'cancel', ...fields });
  user.openOrders -= 1;
  user.hasOpenOrder = user.openOrders > 0;
  if (hasAuction(order)) {
    user.openAuctions -= 1;
    user.hasOpenAuction = user.openAuctions > 0;
  }
  const position = perpPosition(session, user, order.marketIndex);
  if (!mustBeTriggered(order) || isTriggered(order)) {
    if (order.direction === 'long') position.openBids -= unfilled(order, null);
    else position.openAsks += unfilled(order, null);
  }
  position.openOrders -= 1;
  Object.assign(order, noOrder());
}

/**
 * Takes the flat fee from an order's owner. Returns the part that the keeper received, which is 0
 * when it has no free position slot.
 */
export function payFlatFee(
  session: Session,
  { user }: Account,
  { paid }: { readonly paid: { readonly user: Struct } | null },
  market: Struct,
  state: Struct,
): bigint {
  if (paid === null) return 0n;
  const fee: bigint = state.perpFeeStructure.flatFillerFee;
  creditEven(perpPosition(session, user, market.marketIndex), market, -fee);
  paid.user.lastActiveSlot = session.slot;
  const room = (paid.user.perpPositions as Struct[]).some(
    (each) => !perpIsUsed(each) || each.marketIndex === market.marketIndex,
  );
  if (!room) return 0n;
  creditQuote(perpPosition(session, paid.user, market.marketIndex), market, fee);
  return fee;
}
