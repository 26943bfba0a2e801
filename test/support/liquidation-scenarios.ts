// Liquidation scenarios: every kind of liquidation, both bankruptcies, and a swap, each prepared by
// bending the venue's accounts and then done by real instructions.
import { createTransferInstruction } from '@solana/spl-token';
import { type Keypair, PublicKey, type TransactionInstruction } from '@solana/web3.js';
import {
  DRIFT_SIGNER,
  insuranceVaultAddress,
  perpMarketAddress,
  spotMarketAddress,
  USDC,
  userAddress,
} from '../../src/local/drift/addresses.ts';
import { WRAPPED_SOL } from '../../src/local/drift/genesis.ts';
import type { Trader } from '../../src/local/drift/instructions.ts';
import {
  liquidateBorrowForPerpPnl,
  liquidatePerpPnlForDeposit,
  liquidateSpot,
  resolvePerpBankruptcy,
  resolveSpotBankruptcy,
  swapEnds,
} from '../../src/local/drift/keeper-instructions.ts';
import type { Struct } from '../../src/local/drift/layout.ts';
import { tokenAccount, wrappedAccount } from '../../src/local/drift/tokens.ts';
import type { World } from '../../src/local/world.ts';
import { bendAccount } from './venue-world.ts';

export type Stage = {
  readonly world: World;
  readonly victim: Trader;
  readonly liquidator: Trader;
  /**
   * Sends, and hands the landed transaction to `checked`. Fails with the program's own words when
   * it fails.
   */
  act(instructions: readonly TransactionInstruction[], ...signers: readonly Keypair[]): void;
  /**
   * Tells that the test has changed the accounts; checking begins again from their present state.
   */
  settled(): void;
};

/** A token account of a mint; wrapped SOL keeps its tokens as lamports. */
const holding = (mint: PublicKey, owner: PublicKey, amount: bigint) =>
  (mint.equals(WRAPPED_SOL) ? wrappedAccount : tokenAccount)(mint, owner, amount);

const solAccountOf = ({ agent }: Trader): PublicKey =>
  new PublicKey(Buffer.from(agent.publicKey.toBytes().map((byte) => byte ^ 1)));
const bendUser = ({ world }: Stage, { agent }: Trader, change: (user: Struct) => void) =>
  bendAccount(world, 'User', userAddress(agent.publicKey, 0).toBase58(), change);
const bendSpot = ({ world }: Stage, market: number, change: (value: Struct) => void) =>
  bendAccount(world, 'SpotMarket', spotMarketAddress(market).toBase58(), change);

/** Deposits wrapped SOL. */
function giveSol({ world, act }: Stage, trader: Trader, lamports: bigint): void {
  const at = solAccountOf(trader);
  world.cluster.put(at.toBase58(), holding(WRAPPED_SOL, trader.agent.publicKey, lamports));
  act([world.driver.instructions.deposit(trader, lamports, 1, at)], trader.agent);
}
/** A borrow of SOL as the account's second spot position. */
function borrowSol(stage: Stage, trader: Trader, lamports: bigint): void {
  bendUser(stage, trader, (user) =>
    Object.assign(user.spotPositions[1], {
      marketIndex: 1,
      balanceType: 'borrow',
      scaledBalance: lamports,
      cumulativeDeposits: -lamports,
    }),
  );
  bendSpot(stage, 1, (market) => {
    market.borrowBalance += lamports;
  });
}
function insure(stage: Stage, market: number, mint: PublicKey, amount: bigint): void {
  const vault = insuranceVaultAddress(market);
  stage.world.cluster.put(vault.toBase58(), holding(mint, DRIFT_SIGNER, amount));
  bendSpot(stage, market, (value) => {
    value.insuranceFund.vault = vault.toBase58();
  });
}

export const LIQUIDATIONS: Record<string, (stage: Stage) => void> = {
  'a loss against a deposit, then the bankruptcy of what is left': (stage) => {
    const { victim, liquidator, act } = stage;
    giveSol(stage, victim, 10_000_000_000n);
    bendUser(stage, victim, (user) => {
      user.spotPositions[0].scaledBalance = 0n;
      Object.assign(user.perpPositions[0], {
        quoteAssetAmount: -1_450_000_000n,
        quoteBreakEvenAmount: -1_450_000_000n,
      });
    });
    stage.settled();
    for (const most of [500_000_000n, 10_000_000_000n])
      act([liquidatePerpPnlForDeposit(liquidator, victim, [0, 1], most)], liquidator.agent);
    insure(stage, 0, USDC, 1_000_000_000_000n);
    bendUser(stage, victim, (user) => {
      for (const position of user.spotPositions as Struct[]) position.scaledBalance = 0n;
      user.perpPositions[0].quoteAssetAmount = -77_000_000n;
      user.status = 2;
    });
    bendAccount(stage.world, 'PerpMarket', perpMarketAddress(0).toBase58(), (market) => {
      Object.assign(market.insuranceClaim, {
        quoteMaxInsurance: 50_000_000n,
        maxRevenueWithdrawPerPeriod: 50_000_000n,
      });
      Object.assign(market.amm, {
        totalFeeMinusDistributions: 0n,
        baseAssetAmountLong: 1_000_000_000_000n,
        baseAssetAmountShort: -1_000_000_000_000n,
      });
    });
    stage.settled();
    act([resolvePerpBankruptcy(liquidator, victim, 0)], liquidator.agent);
  },
  'a borrow against profit of a perp market': (stage) => {
    const { victim, liquidator, act } = stage;
    giveSol(stage, liquidator, 500_000_000_000n);
    bendUser(stage, victim, (user) => {
      user.spotPositions[0].scaledBalance = 0n;
      Object.assign(user.perpPositions[0], {
        quoteAssetAmount: 1_520_000_000n,
        quoteBreakEvenAmount: 1_520_000_000n,
      });
    });
    borrowSol(stage, victim, 10_000_000_000n);
    stage.settled();
    act([liquidateBorrowForPerpPnl(liquidator, victim, [0, 1], 4_000_000_000n)], liquidator.agent);
  },
  'a borrow against a deposit, then the bankruptcy of another borrow': (stage) => {
    const { victim, liquidator, act } = stage;
    giveSol(stage, liquidator, 500_000_000_000n);
    borrowSol(stage, victim, 6_500_000_000n);
    stage.settled();
    act([liquidateSpot(liquidator, victim, [0, 1], 3_000_000_000n)], liquidator.agent);
    insure(stage, 1, WRAPPED_SOL, 1_000_000_000_000n);
    bendUser(stage, victim, (user) => {
      user.spotPositions[0].scaledBalance = 0n;
      user.status = 2;
    });
    stage.settled();
    act([resolveSpotBankruptcy(liquidator, victim, 1)], liquidator.agent);
  },
  'a position': (stage) => {
    const { world, victim, liquidator, act } = stage;
    const { driver } = world;
    act(
      [
        driver.instructions.trade(victim, {
          direction: 'long',
          base: 60_000_000_000n,
          market: 0,
          limit: 10n ** 15n,
          reduceOnly: false,
        }),
      ],
      victim.agent,
    );
    driver.movePrice(0, 136_000_000n);
    const whole = driver.instructions.liquidate(liquidator, victim, 0, false);
    act([whole], liquidator.agent);
  },
  'SOL as money: out, borrowed, and USDC to the other sub-account': (stage) => {
    const { world, victim, liquidator, act } = stage;
    const { instructions, faucet, movePrice } = world.driver;
    giveSol(stage, victim, 3_333_333_333n);
    movePrice(0, 149_999_900n);
    const at = solAccountOf(victim);
    act([instructions.withdraw(victim, at, 777_777_777n, true, 1)], victim.agent);
    giveSol(stage, liquidator, 500_000_000_000n);
    act([instructions.withdraw(victim, at, 3_777_777_777n, false, 1)], victim.agent);
    act([instructions.initializeUser(victim.agent.publicKey, faucet.publicKey, 1)], victim.agent);
    act([instructions.transferDeposit(victim, 1, 100_000_001n)], victim.agent);
  },
  'a swap of USDC into SOL': (stage) => {
    const { world, victim, act } = stage;
    const { driver, cluster } = world;
    const [inTokens, outTokens] = [driver.newKey().publicKey, solAccountOf(victim)];
    const pool = { usdc: driver.newKey().publicKey, sol: driver.newKey().publicKey };
    const owner = driver.faucet.publicKey;
    const put = (address: PublicKey, mint: PublicKey, of: PublicKey, amount: bigint) =>
      cluster.put(address.toBase58(), holding(mint, of, amount));
    put(inTokens, USDC, victim.agent.publicKey, 0n);
    put(outTokens, WRAPPED_SOL, victim.agent.publicKey, 0n);
    put(pool.usdc, USDC, owner, 0n);
    put(pool.sol, WRAPPED_SOL, owner, 10_000_000_000n);
    const { begin, end } = swapEnds(
      { trader: victim, inMarket: 0, outMarket: 1, inTokens, outTokens },
      150_000_000n,
    );
    act(
      [
        begin,
        createTransferInstruction(inTokens, pool.usdc, victim.agent.publicKey, 150_000_000n),
        createTransferInstruction(pool.sol, outTokens, owner, 995_000_000n),
        end,
      ],
      victim.agent,
    );
  },
};
