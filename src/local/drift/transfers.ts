// Transfers: deposit, withdraw and transfer_deposit of the stand-in. The order of checks, the
// rounding, the counters and the events follow the program's instructions/user.rs.
import { createTransferInstruction } from '@solana/spl-token';
import { PublicKey } from '@solana/web3.js';
import { accrueAtPrice } from './interest.ts';
import type { Struct } from './layout.ts';
import { type MarginPart, marginOf, marginParts, maxWithdrawable, perpIsUsed } from './margin.ts';
import { allowsMargin, validityOf, validityOfSpot } from './oracle-validity.ts';
import { fail, failAnchor, type Session } from './session.ts';
import {
  movePosition,
  requireCovered,
  signedTokens,
  spotPosition,
  tokensOf,
  withinWithdrawLimits,
} from './spot.ts';

const PAUSE = { deposit: 1, withdraw: 2 } as const;
const SPOT_PAUSE = { deposit: 4, withdraw: 8 } as const;
const BANKRUPT = 2;
const key = (text: string): PublicKey => new PublicKey(text);

/** The USD value of tokens in QUOTE precision, as total_deposits and total_withdraws count it. */
function quoteValue(tokens: bigint, price: bigint, market: Struct): bigint {
  return (tokens * price) / 10n ** BigInt(market.decimals);
}

function requireAuthority(session: Session, user: Struct, name = 'authority'): void {
  if (user.authority !== session.at(name)) failAnchor(session, 2001, 'ConstraintHasOne');
}

function record(
  session: Session,
  entry: {
    user: Struct;
    userKey: string;
    market: Struct;
    amount: bigint;
    direction: 'deposit' | 'withdraw';
    explanation: string;
    transferUser?: string;
    signer?: string;
    position: Struct;
  },
): void {
  const { user, market } = entry;
  session.emitData('DepositRecord', {
    ts: session.now,
    userAuthority: user.authority,
    user: entry.userKey,
    direction: entry.direction,
    depositRecordId: market.nextDepositRecordId++,
    amount: entry.amount,
    marketIndex: market.marketIndex,
    oraclePrice: session.price(market.oracle, market.oracleSource),
    marketDepositBalance: market.depositBalance,
    marketWithdrawBalance: market.borrowBalance,
    marketCumulativeDepositInterest: market.cumulativeDepositInterest,
    marketCumulativeBorrowInterest: market.cumulativeBorrowInterest,
    totalDepositsAfter: user.totalDeposits,
    totalWithdrawsAfter: user.totalWithdraws,
    explanation: entry.explanation,
    transferUser: entry.transferUser ?? null,
    signer: entry.signer ?? null,
    userTokenAmountAfter: signedTokens(entry.position, market),
  });
}

/** Lowers a position by a withdrawal; the part above the deposit becomes a borrow. */
function takeOut(
  session: Session,
  user: Struct,
  market: Struct,
  position: Struct,
  amount: bigint,
): void {
  user.totalWithdraws += quoteValue(
    amount,
    session.price(market.oracle, market.oracleSource),
    market,
  );
  movePosition(position, market, 'borrow', amount);
  position.cumulativeDeposits -= amount;
  requireCovered(session, market);
  if (!withinWithdrawLimits(market, user, position, amount)) fail(session, 'DailyWithdrawLimit');
}

function putIn(
  session: Session,
  user: Struct,
  market: Struct,
  position: Struct,
  amount: bigint,
): void {
  user.totalDeposits += quoteValue(
    amount,
    session.price(market.oracle, market.oracleSource),
    market,
  );
  movePosition(position, market, 'deposit', amount, false);
  if (position.scaledBalance >= 2n ** 64n) fail(session, 'MathError');
  position.cumulativeDeposits += amount;
}

/**
 * The rest must meet the initial margin, and where anything is owed every oracle must be one
 * that margins are reckoned by. A position of the isolated tier must be the only one, without
 * borrows and with margin trading off.
 */
function requireInitialMargin(session: Session, user: Struct): void {
  const { collateral, requirement, hasLiability } = marginOf(session, user, 'initial', true);
  if (requirement > 0n || hasLiability) requireOracles(session, user);
  const owed = marginParts(session, user, 'initial', true).filter((each) => each.hasLiability);
  const isIsolated = ({ kind, market }: MarginPart) =>
    kind === 'perp' && session.perpMarket(market).contractTier === 'isolated';
  if (owed.some(isIsolated) && (owed.length > 1 || user.isMarginTradingEnabled))
    fail(session, 'IsolatedAssetTierViolation');
  if (collateral < requirement) fail(session, 'InsufficientCollateral');
}

function requireOracles(session: Session, user: Struct): void {
  const state = session.load('State', session.at('state'));
  const said = (market: Struct) => session.quote(market.oracle, market.oracleSource);
  const found = [
    ...(user.spotPositions as Struct[])
      .filter((each) => each.scaledBalance !== 0n && each.marketIndex !== 0)
      .map((each) => session.spotMarket(each.marketIndex))
      .map((market) => validityOfSpot(state, market, said(market))),
    ...(user.perpPositions as Struct[])
      .filter(perpIsUsed)
      .map((each) => session.perpMarket(each.marketIndex))
      .map((market) => validityOf(state, market, said(market.amm))),
  ];
  if (!found.every(allowsMargin)) fail(session, 'InvalidOracle');
}

/** deposit: moves tokens from the authority into a market's vault. */
export function deposit(session: Session, args: Struct): void {
  const state = session.load('State', session.at('state'));
  if (state.exchangeStatus & PAUSE.deposit) fail(session, 'ExchangePaused');
  const user = session.load('User', session.at('user'));
  const market = session.spotMarket(args.marketIndex, true);
  if (args.amount === 0n) fail(session, 'InsufficientDeposit');
  if (market.pausedOperations & SPOT_PAUSE.deposit) fail(session, 'MarketActionPaused');
  accrueAtPrice(session, market);
  const position = spotPosition(session, user, args.marketIndex, true);
  const borrowed =
    position.balanceType === 'borrow' ? tokensOf(position.scaledBalance, market, 'borrow') : 0n;
  const amount: bigint = args.reduceOnly && args.amount > borrowed ? borrowed : args.amount;
  putIn(session, user, market, position, amount);
  user.lastActiveSlot = session.slot;
  const depositor = session.at('authority');
  const outsider = depositor !== user.authority && depositor !== user.delegate;
  record(session, {
    user,
    userKey: session.at('user'),
    market,
    amount,
    direction: 'deposit',
    explanation: borrowed > 0n ? 'repayBorrow' : 'none',
    position,
    ...(outsider ? { signer: depositor } : {}),
  });
  session.context.call(
    createTransferInstruction(
      key(session.at('userTokenAccount')),
      key(session.at('spotMarketVault')),
      key(depositor),
      amount,
    ),
  );
}

/** withdraw: moves tokens from a market's vault to a token account. */
export function withdraw(session: Session, args: Struct): void {
  const state = session.load('State', session.at('state'));
  if (state.exchangeStatus & PAUSE.withdraw) fail(session, 'ExchangePaused');
  const user = session.load('User', session.at('user'));
  requireAuthority(session, user);
  if (user.status & BANKRUPT) fail(session, 'UserBankrupt');
  const market = session.spotMarket(args.marketIndex, true);
  const status: string = market.status;
  if (
    market.pausedOperations & SPOT_PAUSE.withdraw ||
    !['active', 'reduceOnly', 'settlement'].includes(status)
  ) {
    fail(session, 'MarketWithdrawPaused');
  }
  accrueAtPrice(session, market);
  const reduceOnly: boolean = args.reduceOnly || status === 'reduceOnly';
  const position = spotPosition(session, user, args.marketIndex, true);
  let amount: bigint = args.amount;
  if (reduceOnly) {
    if (position.balanceType !== 'deposit') fail(session, 'ReduceOnlyWithdrawIncreasedRisk');
    const most = maxWithdrawable(session, user, position, market);
    const balance = tokensOf(position.scaledBalance, market, 'deposit');
    for (const bound of [most, balance]) if (amount > bound) amount = bound;
  }
  takeOut(session, user, market, position, amount);
  requireInitialMargin(session, user);
  user.lastActiveSlot = session.slot;
  record(session, {
    user,
    userKey: session.at('user'),
    market,
    amount,
    direction: 'withdraw',
    explanation:
      position.balanceType === 'borrow' && position.scaledBalance > 0n ? 'borrow' : 'none',
    position,
  });
  session.context.call(
    createTransferInstruction(
      key(session.at('spotMarketVault')),
      key(session.at('userTokenAccount')),
      session.venue.signer,
      amount,
    ),
  );
}

/** transfer_deposit: moves a deposit between two sub-accounts of one authority. */
export function transferDeposit(session: Session, args: Struct): void {
  for (const name of ['fromUser', 'toUser'])
    requireAuthority(session, session.load('User', session.at(name)));
  moveDeposit(session, args);
}

/** Moves a deposit from one sub-account to another. `more` are further fields of both records. */
export function moveDeposit(session: Session, args: Struct, more: { signer?: string } = {}): void {
  const state = session.load('State', session.at('state'));
  if (state.exchangeStatus & (PAUSE.deposit | PAUSE.withdraw)) fail(session, 'ExchangePaused');
  const [fromKey, toKey] = [session.at('fromUser'), session.at('toUser')];
  const [from, to] = [session.load('User', fromKey), session.load('User', toKey)];
  if (from.status & BANKRUPT || to.status & BANKRUPT) fail(session, 'UserBankrupt');
  if (fromKey === toKey) fail(session, 'CantTransferBetweenSameUserAccount');
  const market = session.spotMarket(args.marketIndex, true);
  accrueAtPrice(session, market);
  const source = spotPosition(session, from, args.marketIndex, false);
  takeOut(session, from, market, source, args.amount);
  requireInitialMargin(session, from);
  from.lastActiveSlot = session.slot;
  record(session, {
    user: from,
    userKey: fromKey,
    market,
    amount: args.amount,
    direction: 'withdraw',
    explanation: 'transfer',
    transferUser: toKey,
    ...more,
    position: source,
  });
  const target = spotPosition(session, to, args.marketIndex, true);
  putIn(session, to, market, target, args.amount);
  to.lastActiveSlot = session.slot;
  record(session, {
    user: to,
    userKey: toKey,
    market,
    amount: args.amount,
    direction: 'deposit',
    explanation: 'transfer',
    transferUser: fromKey,
    ...more,
    position: target,
  });
}
