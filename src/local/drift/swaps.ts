// Swaps: begin_swap and end_swap of the stand-in. Tokens of one market are lent to the authority;
// at the end the tokens that it has of another market are taken in for them. The stand-in does not
// see the other instructions of the transaction, so it does not demand that an end follows a
// beginning.
import { createTransferInstruction } from '@solana/spl-token';
import { PublicKey } from '@solana/web3.js';
import { accrueAtPrice } from './interest.ts';
import type { Struct } from './layout.ts';
import { meets } from './margin.ts';
import { fail, failAnchor, type Session } from './session.ts';
import { movePosition, requireCovered, signedTokens, spotPosition } from './spot.ts';

const key = (address: string): PublicKey => new PublicKey(address);
const tokensAt = (session: Session, address: string): bigint => {
  const account = session.context.get(address);
  return account === null ? 0n : Buffer.from(account.data).readBigUInt64LE(64);
};

function begun(session: Session, args: Struct): { user: Struct; markets: [Struct, Struct] } {
  const user = session.load('User', session.at('user'));
  const signer = session.at('authority');
  if (signer !== user.authority && signer !== user.delegate)
    failAnchor(session, 2003, 'ConstraintRaw');
  if (args.inMarketIndex === args.outMarketIndex) fail(session, 'InvalidSwap');
  const inMarket = session.spotMarket(args.inMarketIndex, true);
  return { user, markets: [inMarket, session.spotMarket(args.outMarketIndex, true)] };
}

/** begin_swap: lends tokens of one market to the authority. */
export function beginSwap(session: Session, args: Struct): void {
  const { markets } = begun(session, args);
  const [inMarket, outMarket] = markets;
  const [inTokens, outTokens] = [session.at('inTokenAccount'), session.at('outTokenAccount')];
  accrueAtPrice(session, inMarket);
  accrueAtPrice(session, outMarket);
  if (inMarket.flashLoanAmount !== 0n) fail(session, 'InvalidSwap');
  inMarket.flashLoanInitialTokenAmount = tokensAt(session, inTokens);
  inMarket.flashLoanAmount = args.amountIn;
  outMarket.flashLoanInitialTokenAmount = tokensAt(session, outTokens);
  session.context.call(
    createTransferInstruction(
      key(session.at('inSpotMarketVault')),
      key(inTokens),
      session.venue.signer,
      args.amountIn,
    ),
  );
}

/** end_swap: takes in the tokens of the other market. */
export function endSwap(session: Session, args: Struct): void {
  const { user, markets } = begun(session, args);
  const [inMarket, outMarket] = markets;
  const [inTokens, outTokens] = [session.at('inTokenAccount'), session.at('outTokenAccount')];
  const authority = key(session.at('authority'));
  const unused = tokensAt(session, inTokens) - inMarket.flashLoanInitialTokenAmount;
  const amountIn: bigint = inMarket.flashLoanAmount - (unused > 0n ? unused : 0n);
  const amountOut = tokensAt(session, outTokens) - outMarket.flashLoanInitialTokenAmount;
  Object.assign(inMarket, { flashLoanAmount: 0n, flashLoanInitialTokenAmount: 0n });
  outMarket.flashLoanInitialTokenAmount = 0n;
  const taken = spotPosition(session, user, args.inMarketIndex, true);
  const before = signedTokens(taken, inMarket);
  movePosition(taken, inMarket, 'borrow', amountIn);
  requireCovered(session, inMarket);
  if ((before <= 0n || before < amountIn) && !user.isMarginTradingEnabled)
    fail(session, 'MarginTradingDisabled');
  taken.cumulativeDeposits -= amountIn;
  if (amountOut <= 0n) fail(session, 'InvalidSwap');
  const given = spotPosition(session, user, args.outMarketIndex, true);
  movePosition(given, outMarket, 'deposit', amountOut, false);
  given.cumulativeDeposits += amountOut;
  if (!meets(session, user, 'initial', true)) fail(session, 'InsufficientCollateral');
  user.lastActiveSlot = session.slot;
  session.emitData('SwapRecord', {
    ts: session.now,
    user: session.at('user'),
    amountOut,
    amountIn,
    outMarketIndex: args.outMarketIndex,
    inMarketIndex: args.inMarketIndex,
    outOraclePrice: session.price(outMarket.oracle, outMarket.oracleSource),
    inOraclePrice: session.price(inMarket.oracle, inMarket.oracleSource),
    fee: 0n,
  });
  const pay = (from: string, vault: string, amount: bigint): void => {
    if (amount > 0n)
      session.context.call(createTransferInstruction(key(from), key(vault), authority, amount));
  };
  pay(inTokens, session.at('inSpotMarketVault'), unused);
  pay(outTokens, session.at('outSpotMarketVault'), amountOut);
}
