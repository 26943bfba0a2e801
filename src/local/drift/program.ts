// Program: the stand-in for the compiled venue program. It executes the instructions that paying
// and copying need, with the program's accounts, arguments, signer checks, events, counters and
// error codes, so that Bailiff runs end to end on a machine that does not have the program. One
// contract suite holds it against the real one.

import type { ResolvedInstruction } from '../chain/message.ts';
import type { ProgramContext, StandIn } from '../chain/segments.ts';
import { resolvePerpBankruptcy, resolveSpotBankruptcy } from './bankruptcies.ts';
import { updateFundingRate } from './funding-rate.ts';
import {
  liquidatePerpWithFill,
  settleFundingPayment,
  transferPerpPosition,
  updateUserDelegate,
  updateUserMarginTradingEnabled,
} from './keepers.ts';
import type { Struct } from './layout.ts';
import {
  liquidateBorrowForPerpPnl,
  liquidatePerpPnlForDeposit,
  liquidateSpot,
} from './liquidations.ts';
import { fillPerpOrder, forceCancelOrders, triggerOrder } from './order-keepers.ts';
import { cancelOrder, placeAndTakePerpOrder, placePerpOrder } from './orders.ts';
import { createSession, fail, failAnchor, type Session } from './session.ts';
import { settleMultiplePnls, settlePnl } from './settle.ts';
import { DRIFT_VENUE, type StandInVenue } from './stand-in.ts';
import { beginSwap, endSwap } from './swaps.ts';
import { liquidatePerp } from './takeover.ts';
import { deposit, transferDeposit, withdraw } from './transfers.ts';
import { deleteUser, initializeUser, initializeUserStats } from './users.ts';

export type Handlers = Readonly<
  Record<string, { run: (session: Session, args: Struct) => void; units: number }>
>;

/**
 * The compute units of each, as measured on the build of 2024-06 with one or two positions; the
 * program's own cost grows with them.
 */
export const HANDLERS: Handlers = {
  initializeUserStats: { run: initializeUserStats, units: 21_600 },
  initializeUser: { run: initializeUser, units: 25_000 },
  deleteUser: { run: deleteUser, units: 15_000 },
  deposit: { run: deposit, units: 32_100 },
  withdraw: { run: withdraw, units: 55_000 },
  transferDeposit: { run: transferDeposit, units: 40_400 },
  settlePnl: { run: settlePnl, units: 51_300 },
  settleMultiplePnls: { run: settleMultiplePnls, units: 94_000 },
  placeAndTakePerpOrder: { run: placeAndTakePerpOrder, units: 76_000 },
  placePerpOrder: { run: placePerpOrder, units: 28_000 },
  cancelOrder: { run: cancelOrder, units: 14_100 },
  fillPerpOrder: { run: fillPerpOrder, units: 62_700 },
  triggerOrder: { run: triggerOrder, units: 15_900 },
  forceCancelOrders: { run: forceCancelOrders, units: 90_000 },
  transferPerpPosition: { run: transferPerpPosition, units: 120_000 },
  settleFundingPayment: { run: settleFundingPayment, units: 9_200 },
  liquidatePerp: { run: liquidatePerp, units: 150_000 },
  liquidatePerpWithFill: { run: liquidatePerpWithFill, units: 180_000 },
  liquidateSpot: { run: liquidateSpot, units: 120_000 },
  liquidateBorrowForPerpPnl: { run: liquidateBorrowForPerpPnl, units: 120_000 },
  liquidatePerpPnlForDeposit: { run: liquidatePerpPnlForDeposit, units: 120_000 },
  resolvePerpBankruptcy: { run: resolvePerpBankruptcy, units: 100_000 },
  resolveSpotBankruptcy: { run: resolveSpotBankruptcy, units: 100_000 },
  beginSwap: { run: beginSwap, units: 60_000 },
  endSwap: { run: endSwap, units: 70_000 },
  updateFundingRate: { run: updateFundingRate, units: 30_000 },
  updateUserDelegate: { run: updateUserDelegate, units: 2_900 },
  updateUserMarginTradingEnabled: { run: updateUserMarginTradingEnabled, units: 9_000 },
};

/** Names of the instructions that the stand-in executes. */
export const EXECUTED: readonly string[] = Object.keys(HANDLERS);

const display = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

function requireSigners(
  session: Session,
  instruction: ResolvedInstruction,
  accounts: readonly { isSigner: boolean }[],
): void {
  for (const [index, { isSigner }] of accounts.entries()) {
    if (isSigner && instruction.accounts[index]?.isSigner !== true)
      failAnchor(session, 3010, 'AccountNotSigner');
  }
}

/** Stands in for the program of a venue, which executes these instructions and no others. */
export function createStandIn(venue: StandInVenue, handlers: Handlers): StandIn {
  return {
    programId: venue.program.toBase58(),
    execute(instruction: ResolvedInstruction, context: ProgramContext): number {
      const decoded = venue.layout.decodeInstruction(instruction.data);
      const handler = decoded === null ? undefined : handlers[decoded.name];
      if (decoded === null || handler === undefined) {
        return failAnchor({ log: context.log }, 101, 'InstructionFallbackNotFound');
      }
      context.log(`Program log: Instruction: ${display(decoded.name)}`);
      const session = createSession(venue, instruction, decoded.accounts, context);
      requireSigners(session, instruction, decoded.accounts);
      try {
        handler.run(session, decoded.args);
      } catch (thrown) {
        // A division by zero, or an amount below zero, is an error of the program's own arithmetic.
        if (thrown instanceof RangeError) fail(session, 'MathError');
        throw thrown;
      }
      session.save();
      return handler.units;
    },
  };
}

/** Creates the stand-in of Drift v2. */
export const createDriftStandIn = (): StandIn => createStandIn(DRIFT_VENUE, HANDLERS);
