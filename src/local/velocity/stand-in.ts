// Stand-in: stands in for Velocity's compiled program on a machine that does not have it. The rules
// are those of Drift's stand-in; Velocity's own instructions and fees are here. The contract suite
// holds it against the compiled program of 2026-07, and against its recording where there is none.
import { PublicKey } from '@solana/web3.js';
import type { Address } from '../../core/ids.ts';
import type { StandIn } from '../chain/segments.ts';
import { cancelOrders } from '../drift/orders.ts';
import { createStandIn, HANDLERS, type Handlers } from '../drift/program.ts';
import type { StandInVenue } from '../drift/stand-in.ts';
import { addresses, PROGRAM } from './genesis.ts';
import { updateSpotMarketCumulativeInterest, withdrawWhenFresh } from './interest.ts';
import { VELOCITY_LAYOUT } from './layout.ts';
import { liquidateWithFill } from './liquidation-fill.ts';
import { readLazer } from './oracle.ts';
import {
  depositAndLeave,
  transferDepositByDelegate,
  updateUserAllowDelegateTransfer,
} from './user-acts.ts';

const key = (address: Address): PublicKey => new PublicKey(address);
const text = (publicKey: PublicKey): Address => publicKey.toBase58() as Address;

const VELOCITY_VENUE: StandInVenue = {
  program: PROGRAM,
  signer: key(addresses.signer),
  layout: VELOCITY_LAYOUT,
  indexAt: { SpotMarket: 700, PerpMarket: 640 },
  userAddress: (authority, subAccountId) => key(addresses.user(text(authority), subAccountId)),
  userStatsAddress: (authority) => key(addresses.userStats(text(authority))),
  readQuote: readLazer,
  protocolFees: true,
  matchesInSlot: true,
  withdrawalBuffer: 1n,
  buffersLosses: true,
  fundingOffset: 3_333n,
  ammFillsAtOnce: false,
};

/** Instructions that the stand-in executes as Drift's does. */
const SHARED = [
  'initializeUserStats',
  'initializeUser',
  'deleteUser',
  'deposit',
  'withdraw',
  'transferDeposit',
  'settlePnl',
  'settleMultiplePnls',
  'placeAndTakePerpOrder',
  'placePerpOrder',
  'cancelOrder',
  'settleFundingPayment',
  'liquidatePerp',
  'beginSwap',
  'endSwap',
  'updateFundingRate',
  'updateUserDelegate',
  'updateUserMarginTradingEnabled',
] as const;

const VELOCITY_HANDLERS: Handlers = {
  ...Object.fromEntries(SHARED.map((name) => [name, HANDLERS[name]])),
  updateSpotMarketCumulativeInterest: { run: updateSpotMarketCumulativeInterest, units: 20_000 },
  liquidatePerpWithFill: { run: liquidateWithFill, units: 180_000 },
  deposit: { run: depositAndLeave, units: 37_000 },
  cancelOrders: { run: cancelOrders, units: 30_000 },
  transferDepositByDelegate: { run: transferDepositByDelegate, units: 40_400 },
  updateUserAllowDelegateTransfer: { run: updateUserAllowDelegateTransfer, units: 3_000 },
} as Handlers;

/**
 * Creates the stand-in of the program of 2026-07; with `coming`, that of newer sources, as far as
 * they were read: it refuses withdrawals on stale interest (6371).
 */
export const createVelocityStandIn = (coming = false): StandIn =>
  createStandIn(VELOCITY_VENUE, {
    ...VELOCITY_HANDLERS,
    ...(coming ? { withdraw: { run: withdrawWhenFresh, units: 55_000 } } : {}),
  });
