// Venue scenarios: the scenarios that the contract suite plays on the stand-in and on the compiled
// program.
import { createTransferCheckedInstruction, getAssociatedTokenAddressSync } from '@solana/spl-token';
import type { Keypair } from '@solana/web3.js';
import { USDC } from '../../src/local/drift/addresses.ts';
import type { Driver } from '../../src/local/driver.ts';
import { KEEPER_SCENARIOS } from './keeper-scenarios.ts';
import type { Played } from './venue-play.ts';
import {
  custom,
  PERP_PAUSE_SCENARIOS,
  pauseWithdrawals,
  setExchangeStatus,
  setSpotMarket,
} from './venue-world.ts';

const attempt = (
  driver: Driver,
  instruction: Parameters<Driver['attempt']>[0][number],
  ...signers: Keypair[]
) => driver.attempt([instruction], [driver.faucet, ...signers]);

export const SCENARIOS: Record<string, Played> = {
  'a round trip with profit, settled and withdrawn': {
    errors: [null, null, null, null],
    run: (step, { driver }, trader) => {
      step(() => driver.trade(trader, 'long', 2_000_000_000n));
      driver.movePrice(0, 165_000_000n);
      step(() => driver.trade(trader, 'short', 2_000_000_000n, { reduceOnly: true }));
      step(() => attempt(driver, driver.instructions.settlePnl(trader, 0), trader.agent));
      step(() =>
        attempt(
          driver,
          driver.instructions.withdraw(
            trader,
            getAssociatedTokenAddressSync(USDC, trader.agent.publicKey),
            1_020_000_000n,
          ),
          trader.agent,
        ),
      );
    },
  },
  'reduce, then flip': {
    errors: [null, null, null],
    run: (step, { driver }, trader) => {
      step(() => driver.trade(trader, 'long', 1_000_000_000n));
      step(() => driver.trade(trader, 'short', 400_000_000n));
      step(() => driver.trade(trader, 'short', 900_000_000n));
    },
  },
  'a withdrawal above the deposit is clamped when it may only reduce': {
    errors: [null],
    run: (step, { driver }, trader) => {
      step(() =>
        attempt(
          driver,
          driver.instructions.withdraw(
            trader,
            getAssociatedTokenAddressSync(USDC, trader.agent.publicKey),
            5_000_000_000n,
          ),
          trader.agent,
        ),
      );
    },
  },
  'without reduce_only it would borrow, and fails for want of collateral': {
    errors: [{ InstructionError: [1, { Custom: 6003 }] }],
    run: (step, { driver }, trader) => {
      step(() =>
        attempt(
          driver,
          driver.instructions.withdraw(
            trader,
            getAssociatedTokenAddressSync(USDC, trader.agent.publicKey),
            5_000_000_000n,
            false,
          ),
          trader.agent,
        ),
      );
    },
  },
  'what an open position leaves free: refused at the edge where the clamp ends, paid below it': {
    errors: [null, { InstructionError: [1, { Custom: 6003 }] }, null],
    run: (step, { driver }, trader) => {
      step(() => driver.trade(trader, 'long', 20_000_000_000n));
      step(() =>
        attempt(
          driver,
          driver.instructions.withdraw(
            trader,
            getAssociatedTokenAddressSync(USDC, trader.agent.publicKey),
            5_000_000_000n,
          ),
          trader.agent,
        ),
      );
      step(() =>
        attempt(
          driver,
          driver.instructions.withdraw(
            trader,
            getAssociatedTokenAddressSync(USDC, trader.agent.publicKey),
            846_900_000n,
          ),
          trader.agent,
        ),
      );
    },
  },
  'an exact transfer after a clamped withdrawal fails, and everything with it': {
    errors: [{ InstructionError: [2, { Custom: 1 }] }],
    run: (step, { driver }, trader) => {
      const ata = getAssociatedTokenAddressSync(USDC, trader.agent.publicKey);
      const vault = getAssociatedTokenAddressSync(USDC, driver.faucet.publicKey);
      driver.giveUsdc(driver.faucet.publicKey, 0n);
      step(() =>
        driver.attempt(
          [
            driver.instructions.withdraw(trader, ata, 5_000_000_000n),
            createTransferCheckedInstruction(
              ata,
              USDC,
              vault,
              trader.agent.publicKey,
              5_000_000_000n,
              6,
            ),
          ],
          [driver.faucet, trader.agent],
        ),
      );
    },
  },
  'settling with nothing to settle': {
    errors: [{ InstructionError: [1, { Custom: 6010 }] }],
    run: (step, { driver }, trader) =>
      step(() => attempt(driver, driver.instructions.settlePnl(trader, 0), trader.agent)),
  },
  'try-settle with nothing to settle does nothing': {
    errors: [null],
    errorsOf: ({ lacks, trySettleForgivesNoPosition: forgives }) => [
      lacks.includes('settleMultiplePnls') ? custom(101) : forgives ? null : custom(6010),
    ],
    run: (step, { driver }, trader) =>
      step(() =>
        attempt(
          driver,
          driver.instructions.settleMultiplePnls(trader, [0, 1], 'trySettle'),
          trader.agent,
        ),
      ),
  },
  'a closed and a held market, settled by one instruction': {
    errors: [null],
    errorsOf: ({ lacks }) => [lacks.includes('settleMultiplePnls') ? custom(101) : null],
    run: (step, { driver }, trader) => {
      driver.trade(trader, 'long', 2_000_000_000n);
      driver.trade(trader, 'long', 10_000_000n, { market: 1 });
      driver.movePrice(0, 165_000_000n);
      driver.movePrice(1, 91_000_000_000n);
      driver.trade(trader, 'short', 2_000_000_000n, { reduceOnly: true });
      step(() =>
        attempt(
          driver,
          driver.instructions.settleMultiplePnls(trader, [0, 1], 'mustSettle'),
          trader.agent,
        ),
      );
    },
  },
  'a loss, what is won of a held position, and the rest, settled one after another': {
    errors: [null, null, null],
    run: (step, { driver }, trader) => {
      const settle = () =>
        step(() => attempt(driver, driver.instructions.settlePnl(trader, 0), trader.agent));
      driver.trade(trader, 'long', 2_000_000_000n);
      driver.movePrice(0, 140_000_000n);
      driver.trade(trader, 'short', 2_000_000_000n, { reduceOnly: true });
      settle();
      driver.trade(trader, 'long', 2_000_000_000n);
      driver.movePrice(0, 160_000_000n);
      settle();
      driver.movePrice(0, 170_000_000n);
      driver.trade(trader, 'short', 2_000_000_000n, { reduceOnly: true });
      settle();
    },
  },
  'a withdrawal that its owner did not sign': {
    errors: [{ InstructionError: [1, { Custom: 3010 }] }],
    run: (step, { driver }, trader) => {
      const instruction = driver.instructions.withdraw(
        trader,
        getAssociatedTokenAddressSync(USDC, trader.agent.publicKey),
        1n,
      );
      const unsigned = {
        ...instruction,
        keys: instruction.keys.map((meta) => ({ ...meta, isSigner: false })),
      };
      step(() => attempt(driver, unsigned as typeof instruction));
    },
  },
  "a withdrawal signed by somebody else's key": {
    errors: [{ InstructionError: [1, { Custom: 2001 }] }],
    run: (step, { driver }, trader) => {
      const thief = driver.newKey();
      const instruction = driver.instructions.withdraw(
        trader,
        getAssociatedTokenAddressSync(USDC, trader.agent.publicKey),
        1n,
      );
      const keys = instruction.keys.map((meta) =>
        meta.pubkey.equals(trader.agent.publicKey) ? { ...meta, pubkey: thief.publicKey } : meta,
      );
      step(() => attempt(driver, { ...instruction, keys } as typeof instruction, thief));
    },
  },
  'a deposit moved to another sub-account': {
    errors: [null, null],
    run: (step, { driver }, trader) => {
      step(() =>
        attempt(
          driver,
          driver.instructions.initializeUser(trader.agent.publicKey, driver.faucet.publicKey, 1),
          trader.agent,
        ),
      );
      step(() =>
        attempt(driver, driver.instructions.transferDeposit(trader, 1, 250_000_000n), trader.agent),
      );
    },
  },
  'a sub-account id out of turn': {
    errors: [{ InstructionError: [1, { Custom: 6214 }] }],
    run: (step, { driver }, trader) =>
      step(() =>
        attempt(
          driver,
          driver.instructions.initializeUser(trader.agent.publicKey, driver.faucet.publicKey, 5),
          trader.agent,
        ),
      ),
  },
  'withdrawals paused for everybody': {
    errors: [{ InstructionError: [1, { Custom: 6024 }] }],
    run: (step, world, trader) => {
      setExchangeStatus(world, 2);
      const ata = getAssociatedTokenAddressSync(USDC, trader.agent.publicKey);
      step(() =>
        attempt(world.driver, world.driver.instructions.withdraw(trader, ata, 1n), trader.agent),
      );
    },
  },
  'withdrawals paused in the market': {
    errors: [{ InstructionError: [1, { Custom: 6149 }] }],
    run: (step, world, trader) => {
      pauseWithdrawals(world);
      const ata = getAssociatedTokenAddressSync(USDC, trader.agent.publicKey);
      step(() =>
        attempt(world.driver, world.driver.instructions.withdraw(trader, ata, 1n), trader.agent),
      );
    },
  },
  'the daily limit': {
    errors: [{ InstructionError: [1, { Custom: 6128 }] }],
    run: (step, world, trader) => {
      setSpotMarket(world, {
        withdrawGuardThreshold: 1_000n,
        depositTokenTwap: 10_000_000_000_000n,
      });
      const ata = getAssociatedTokenAddressSync(USDC, trader.agent.publicKey);
      step(() =>
        attempt(
          world.driver,
          world.driver.instructions.withdraw(trader, ata, 1_000_000n),
          trader.agent,
        ),
      );
    },
  },
  ...PERP_PAUSE_SCENARIOS,
  ...KEEPER_SCENARIOS,
};
