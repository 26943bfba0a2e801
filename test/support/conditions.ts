// Conditions: states of the venue under which a settlement or a withdrawal is refused, and what the
// product makes of the refusal. Each bends one account and then asks the program. All conditions of
// one program are played in one world, which is put back after each act.
import { getAssociatedTokenAddressSync } from '@solana/spl-token';
import type { PublicKey, TransactionInstruction } from '@solana/web3.js';
import type { Address } from '../../src/core/ids.ts';
import { TOKEN_PROGRAM } from '../../src/local/chain/account.ts';
import {
  DRIFT,
  oracleAddress,
  PYTH,
  perpMarketAddress,
  STATE,
  spotMarketAddress,
  USDC,
  userAddress,
  vaultAddress,
} from '../../src/local/drift/addresses.ts';
import type { Trader } from '../../src/local/drift/instructions.ts';
import type { Struct } from '../../src/local/drift/layout.ts';
import { createWorld, type World } from '../../src/local/world.ts';
import { createDriftVenue } from '../../src/venue/drift-v2/venue.ts';
import { createManualClock } from './clock.ts';
import { CLOCK, letPass, markWorld } from './rewind.ts';
import { bendAccount } from './venue-world.ts';

export type Condition = {
  /** Whether a half of the position is still held. */
  readonly open?: boolean;
  change(world: World, trader: Trader): void;
};

const bend = (layout: string, at: PublicKey, change: (value: Struct) => void) => (world: World) =>
  bendAccount(world, layout, at.toBase58(), change);
const state = (change: Struct): Condition => ({
  change: bend('State', STATE, (value) => Object.assign(value, change)),
});
const spot = (change: (value: Struct) => void): Condition => ({
  change: bend('SpotMarket', spotMarketAddress(0), change),
});
const perp = (change: (value: Struct) => void, open = false): Condition => ({
  open,
  change: bend('PerpMarket', perpMarketAddress(0), change),
});
const user = (change: Struct): Condition => ({
  open: true,
  change: (world, { agent }) =>
    bendAccount(world, 'User', userAddress(agent.publicKey, 0).toBase58(), (value) =>
      Object.assign(value, change),
    ),
});
/** Writes into an account that is none of the venue's. */
const write = (at: PublicKey, change: (data: Buffer) => void) => (world: World) => {
  const account = world.cluster.bank.get(at.toBase58());
  if (account === null) throw new Error(`no account ${at.toBase58()}`);
  const data = Buffer.from(account.data);
  change(data);
  world.cluster.put(at.toBase58(), { ...account, data: new Uint8Array(data) });
};
/** The oracle says a price and a confidence, in units of 1e-8. */
const oracle = (price: bigint, confidence: bigint, open = true): Condition => ({
  open,
  change: write(oracleAddress(0), (data) => {
    data.writeBigInt64LE(price, 48);
    data.writeBigInt64LE(price, 208);
    data.writeBigUInt64LE(confidence, 216);
  }),
});
/** The oracle is so many slots late, with limits of 10 slots for the AMM and 120 for margins. */
const late = (slots: number, open: boolean): Condition => ({
  open,
  change(world) {
    bend('State', STATE, ({ oracleGuardRails }) => {
      oracleGuardRails.validity.slotsBeforeStaleForAmm = 10n;
      oracleGuardRails.validity.slotsBeforeStaleForMargin = 120n;
    })(world);
    letPass(world, slots);
  },
});
const status = (value: string) => (market: Struct) => Object.assign(market, { status: value });

export const CONDITIONS: Record<string, Condition> = {
  'nothing is wrong': { change: () => {} },
  'nothing is wrong, a half is held': { open: true, change: () => {} },
  'the oracle is late for the AMM': late(50, true),
  'the oracle is late for margins': late(300, true),
  'the oracle is late for margins, nothing is held': late(300, false),
  'the oracle says nothing': oracle(0n, 1n),
  'the oracle is not sure': oracle(16_500_000_000n, 5_500_000_000n),
  'the oracle doubled': oracle(33_000_000_000n, 3_300_000n),
  'the oracle fell by two thirds': oracle(5_500_000_000n, 550_000n),
  'the oracle is seven times as high': oracle(115_500_000_000n, 11_550_000n),
  'the oracle is seven times as high, nothing is held': oracle(
    115_500_000_000n,
    11_550_000n,
    false,
  ),
  'the account is being liquidated': user({ status: 1 }),
  'the account is bankrupt': user({ status: 2 }),
  'the account may only reduce': user({ status: 4 }),
  'margin trading is on, and a position is of the isolated tier': {
    open: true,
    change(world, trader) {
      user({ isMarginTradingEnabled: true }).change(world, trader);
      perp((market) => Object.assign(market, { contractTier: 'isolated' })).change(world, trader);
    },
  },
  'a second position is held, one of them of the isolated tier': {
    open: true,
    change(world, trader) {
      world.driver.trade(trader, 'long', 10_000_000n, { market: 1 });
      perp((market) => Object.assign(market, { contractTier: 'isolated' })).change(world, trader);
    },
  },
  'everything is paused': state({ exchangeStatus: 127 }),
  'withdrawals are paused': state({ exchangeStatus: 2 }),
  'settling is paused': state({ exchangeStatus: 64 }),
  'the AMM is paused': state({ exchangeStatus: 4 }),
  'the spot market may only be reduced': spot(status('reduceOnly')),
  'the spot market was delisted': spot(status('delisted')),
  'the perp market may only be reduced': perp(status('reduceOnly')),
  'the perp market may only be reduced, a half is held': perp(status('reduceOnly'), true),
  'the perp market was delisted': perp(status('delisted')),
  'the vault is nearly empty': {
    change: write(vaultAddress(0), (data) => data.writeBigUInt64LE(1_000_000n, 64)),
  },
  'the tokens of the agent are frozen': {
    change: (world, { agent }) =>
      write(getAssociatedTokenAddressSync(USDC, agent.publicKey), (data) =>
        data.writeUInt8(2, 108),
      )(world),
  },
  'the pnl pool is empty': perp((value) => {
    value.pnlPool.scaledBalance = 0n;
  }),
  'interest was not counted for ten days': spot((value) => {
    value.lastInterestTs -= 864_000n;
    value.lastTwapTs -= 864_000n;
  }),
  'all is lent out': spot((value) => {
    value.borrowBalance = value.depositBalance;
  }),
};

/** A world in which a trader holds a half of a winning position, or has closed it. */
export type Stage = {
  readonly world: World;
  readonly trader: Trader;
  /** Puts the world back to what it was when the stage was opened. */
  rewind(): void;
};

/** Opens a stage on a compiled program, or with null on the stand-in. */
export function openStage(programFile: string | null, open: boolean): Stage {
  const world = createWorld({ programFile, clock: createManualClock() });
  const { driver } = world;
  const trader = driver.createTrader({ deposit: 1_000_000_000n });
  driver.trade(trader, 'long', 2_000_000_000n);
  driver.movePrice(0, 165_000_000n);
  driver.trade(trader, 'short', open ? 1_000_000_000n : 2_000_000_000n, { reduceOnly: true });
  return { world, trader, rewind: markWorld(world) };
}

/**
 * What a program can read on a stage: the clock, the wallets that sign, and every account of the
 * venue, of the token program and of oracles, in the order of their addresses.
 */
export const readable = ({ world: { cluster, driver }, trader }: Stage): unknown => ({
  named: [CLOCK, driver.faucet.publicKey.toBase58(), trader.agent.publicKey.toBase58()].map(
    cluster.bank.get,
  ),
  owned: [DRIFT.toBase58(), TOKEN_PROGRAM, PYTH.toBase58()].map((program) =>
    cluster.bank.owned(program).toSorted((a, b) => (a.address < b.address ? -1 : 1)),
  ),
});

/** `done`, or the code of a trouble and its class. */
export type End = string;

const venue = createDriftVenue();

/**
 * What a settlement and a withdrawal of five dollars end with under a condition. Each is tried on
 * the stage as it was opened, and the stage is put back afterwards.
 */
export function endsUnder(
  { world, trader, rewind }: Stage,
  { change }: Condition,
): { readonly settle: End; readonly withdraw: End } {
  const { driver } = world;
  const attempt = (call: TransactionInstruction): End => {
    change(world, trader);
    const landed = driver.attempt([call], [driver.faucet, trader.agent]);
    rewind();
    if (typeof landed === 'string') return landed;
    const { error, message, logs } = landed.execution;
    if (error === null) return 'done';
    const programs = message.instructions.map(({ program }) => program as Address);
    const found = venue.trouble(error, programs, logs);
    return `${found.code} ${found.class}`;
  };
  const to = getAssociatedTokenAddressSync(USDC, trader.agent.publicKey);
  return {
    settle: attempt(driver.instructions.settlePnl(trader, 0)),
    withdraw: attempt(driver.instructions.withdraw(trader, to, 5_000_000n)),
  };
}
