// Liquidating: what every liquidation does around its takeover: it looks at the margin with the
// State's buffer, marks the account, cancels its orders, and looks again afterwards
// (controller/liquidation.rs).
import { most } from '../../core/money.ts';
import type { Struct } from './layout.ts';
import { partAllowed } from './liquidation-math.ts';
import { emitLiquidationRecord, type Kind } from './liquidation-record.ts';
import { marginParts, meets } from './margin.ts';
import { endOrder, STATUS } from './order-ends.ts';
import { fail, failAnchor, type Session } from './session.ts';

const LIQUIDATIONS_PAUSED = 16;
const WEIGHT = 10_000n;

export type Liquidation = {
  readonly user: Struct;
  readonly key: string;
  readonly liquidator: Struct;
  readonly liquidatorKey: string;
  readonly state: Struct;
};

/** The market whose part of the requirement is counted by itself. */
export type Tracked = { readonly kind: 'perp' | 'spot'; readonly market: number };

/** Loads both accounts. Fails for one that liquidates itself, and while liquidations are paused. */
export function loadLiquidation(session: Session, pausable = true): Liquidation {
  const [key, liquidatorKey] = [session.at('user'), session.at('liquidator')];
  const liquidator = session.load('User', liquidatorKey);
  const signer = session.at('authority');
  if (signer !== liquidator.authority && signer !== liquidator.delegate)
    failAnchor(session, 2003, 'ConstraintRaw');
  const state = session.load('State', session.at('state'));
  if (pausable && state.exchangeStatus & LIQUIDATIONS_PAUSED) fail(session, 'ExchangePaused');
  if (key === liquidatorKey) fail(session, 'UserCantLiquidateThemself');
  return { user: session.load('User', key), key, liquidator, liquidatorKey, state };
}

/** The same, where neither may be bankrupt. */
export function beginLiquidation(session: Session): Liquidation {
  const found = loadLiquidation(session);
  if ((found.user.status | found.liquidator.status) & STATUS.bankrupt)
    fail(session, 'UserBankrupt');
  return found;
}

type Margin = {
  readonly collateral: bigint;
  readonly requirement: bigint;
  /**
   * The margin missing to the requirement with its buffer. Where none is, the excess, or 0 at a
   * venue with `buffersLosses`.
   */
  readonly shortage: bigint;
  readonly safe: boolean;
  /** The tracked market's part of the shortage. */
  readonly tracked: bigint;
};

function look(
  session: Session,
  { user, state }: Pick<Liquidation, 'user' | 'state'>,
  tracked: Tracked | null,
): Margin {
  const buffer = BigInt(state.liquidationMarginBufferRatio);
  if (buffer === 0n) fail(session, 'InvalidMarginCalculation');
  let [collateral, requirement, buffered, own] = [0n, 0n, 0n, 0n];
  for (const part of marginParts(session, user, 'maintenance')) {
    collateral += part.collateral;
    requirement += part.requirement;
    buffered += part.requirement + (part.value * buffer) / WEIGHT;
    if (session.venue.buffersLosses && part.collateral < 0n)
      buffered -= (part.collateral * buffer) / WEIGHT;
    if (part.kind === tracked?.kind && part.market === tracked.market) own += part.requirement;
  }
  const lacking = buffered - collateral;
  const excess = session.venue.buffersLosses ? 0n : -lacking;
  const shortage = lacking < 0n ? excess : lacking;
  return {
    collateral,
    requirement,
    shortage,
    safe: collateral >= buffered,
    tracked: requirement === 0n ? 0n : (shortage * own) / requirement,
  };
}

/** Whether an account has its margin with the buffer of a liquidation. */
export const isSafe = (session: Session, found: Pick<Liquidation, 'user' | 'state'>): boolean =>
  look(session, found, null).safe;

/** Leaves the state of being liquidated. */
export function exitLiquidation(user: Struct): void {
  user.status &= ~(STATUS.beingLiquidated | STATUS.bankrupt);
  user.liquidationMarginFreed = 0n;
}

/** Whether an account owes, and has nothing that could pay. */
export function isBankrupt(user: Struct): boolean {
  let owes = false;
  for (const { scaledBalance, balanceType } of user.spotPositions as Struct[]) {
    if (scaledBalance === 0n) continue;
    if (balanceType === 'deposit') return false;
    owes = true;
  }
  for (const each of user.perpPositions as Struct[]) {
    if (each.baseAssetAmount !== 0n || each.quoteAssetAmount > 0n || each.openOrders !== 0)
      return false;
    if (each.quoteAssetAmount < 0n) owes = true;
  }
  return owes;
}

export type Entered = {
  readonly liquidationId: number;
  /** The margin that was missing when it began. */
  readonly first: Margin;
  readonly canceledOrderIds: readonly number[];
};

/**
 * Marks the account as being liquidated, and cancels its orders. Fails when an account that is not
 * marked has its margin. Returns null, and removes the mark, when a marked account has its margin
 * again. `check` runs before the account is marked.
 */
export function enterLiquidation(
  session: Session,
  found: Liquidation,
  tracked: Tracked | null,
  check: () => void = () => {},
): Entered | null {
  const { user, key, liquidatorKey } = found;
  const first = look(session, found, tracked);
  const being = (user.status & STATUS.beingLiquidated) !== 0;
  if (!being && first.collateral >= first.requirement) fail(session, 'SufficientCollateral');
  if (being && first.safe) {
    exitLiquidation(user);
    return null;
  }
  check();
  if (!being) {
    user.status |= STATUS.beingLiquidated;
    user.liquidationMarginFreed = 0n;
    user.lastActiveSlot = session.slot;
    user.nextLiquidationId += 1;
  }
  const canceledOrderIds: number[] = [];
  for (const order of user.orders as Struct[]) {
    if (order.status !== 'open') continue;
    canceledOrderIds.push(order.orderId);
    endOrder(session, { user, key }, session.perpMarket(order.marketIndex), order, {
      actionExplanation: 'liquidation',
      filler: liquidatorKey,
      fillerReward: 0n,
    });
  }
  return { liquidationId: user.nextLiquidationId - 1, first, canceledOrderIds };
}

/** The margin that is missing now, and how much of it may be covered. */
export type Need = { readonly shortage: bigint; readonly tracked: bigint; readonly part: bigint };

export type Told = { readonly kind: Kind; readonly fields: Struct };

/**
 * The margin that is missing after the orders were cancelled; null when none is, which is told, and
 * the account leaves.
 */
export function needOf(
  session: Session,
  found: Liquidation,
  entered: Entered,
  tracked: Tracked | null,
  told: Told,
  violates = false,
): { readonly need: Need; readonly freed: bigint } | null {
  const { user, state } = found;
  const { first, canceledOrderIds } = entered;
  const now = canceledOrderIds.length > 0 ? look(session, found, tracked) : first;
  const freed = canceledOrderIds.length > 0 ? most(0n, first.shortage - now.shortage) : 0n;
  user.liquidationMarginFreed += freed;
  if (canceledOrderIds.length > 0 && (now.safe || violates)) {
    tell(session, found, entered, { ...told, freed, ids: canceledOrderIds });
    if (now.safe) exitLiquidation(user);
    return null;
  }
  if (violates) fail(session, 'TierViolationLiquidatingPerpPnl');
  const part = partAllowed(
    now.shortage,
    user.liquidationMarginFreed,
    session.slot - user.lastActiveSlot,
    BigInt(state.initialPctToLiquidate),
    BigInt(state.liquidationDuration),
  );
  return { need: { shortage: now.shortage, tracked: now.tracked, part }, freed };
}

/** Tells a liquidation. */
export function tell(
  session: Session,
  { user, key }: Liquidation,
  { liquidationId, first }: Entered,
  { kind, fields, freed, ids }: Told & { freed: bigint; ids: readonly number[] },
): void {
  emitLiquidationRecord(session, key, kind, fields, {
    liquidationId,
    marginRequirement: first.requirement,
    totalCollateral: first.collateral,
    bankrupt: (user.status & STATUS.bankrupt) !== 0,
    canceledOrderIds: ids,
    marginFreed: freed,
  });
}

/**
 * After a takeover: counts the margin that it freed, lets the account leave when all that was
 * missing is `covered`, or go bankrupt, and holds the liquidator to its own margin. Returns the
 * margin freed.
 */
export function endLiquidation(
  session: Session,
  found: Liquidation,
  shortage: bigint,
  covered: boolean,
): bigint {
  const { user, liquidator } = found;
  const freed = most(0n, shortage - look(session, found, null).shortage);
  user.liquidationMarginFreed += freed;
  if (covered) exitLiquidation(user);
  else if (isBankrupt(user)) {
    user.status &= ~STATUS.beingLiquidated;
    user.status |= STATUS.bankrupt;
  }
  if (!meets(session, liquidator, 'initial')) fail(session, 'InsufficientCollateral');
  return freed;
}
