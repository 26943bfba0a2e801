// Velocity liquidations: every kind of liquidation at Velocity, both bankruptcies, SOL as
// collateral and as a borrow, and a swap. Accounts are bent where trades do not lead there in a few
// steps; what is done to them then is done by real instructions.
import { createTransferInstruction, TOKEN_PROGRAM_ID } from '@solana/spl-token';
import {
  type AccountMeta,
  type Keypair,
  PublicKey,
  SYSVAR_INSTRUCTIONS_PUBKEY,
  type TransactionInstruction,
} from '@solana/web3.js';
import { tokenAccount, wrappedAccount } from '../../src/local/drift/tokens.ts';
import { addresses, ORACLES, PROGRAM, USDT } from '../../src/local/velocity/genesis.ts';
import {
  build,
  instructions,
  makerAccounts,
  statsOf,
  type Trader,
  usdtOf,
  userOf,
} from '../../src/local/velocity/instructions.ts';
import { type Stage, tradeAt } from './velocity-scenarios.ts';
import { edit, key, meta } from './velocity-stage.ts';

export type LiquidationStage = Stage & {
  readonly liquidator: Trader;
  /** Sends, and hands what landed to the one who checks. */
  act(given: readonly TransactionInstruction[], ...signers: readonly Keypair[]): void;
  /**
   * Tells that the test has changed the accounts; checking begins again from their present state.
   */
  settled(): void;
};

const SOL = 1_000_000_000n;
const MILLION = 1_000_000n;
const WRAPPED_SOL = key('So11111111111111111111111111111111111111112');
const STATE = key(addresses.state);
const SIGNER = key(addresses.signer);
const vaultOf = (market: number): PublicKey => key(addresses.spotVault(market));
const u16 = (value: number): Buffer => Buffer.of(value & 255, value >> 8);
const u64 = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
};
const NONE = Buffer.of(0);

/** Both oracles, both spot markets and SOL-PERP. */
const every = (): AccountMeta[] => [
  meta(ORACLES.sol),
  meta(ORACLES.usdt),
  ...[0, 1].map((index) => meta(key(addresses.spotMarket(index)), true)),
  meta(key(addresses.perpMarket(0)), true),
];
/** A token account of the trader for wrapped SOL. */
export const solAccountOf = ({ agent }: Trader): PublicKey =>
  new PublicKey(Buffer.from(agent.publicKey.toBytes().map((byte) => byte ^ 1)));

const own = (trader: Trader): AccountMeta[] => [
  meta(STATE),
  meta(userOf(trader), true),
  meta(statsOf(trader.agent.publicKey), true),
  meta(trader.agent.publicKey, false, true),
];
const depositSol = (trader: Trader, lamports: bigint): TransactionInstruction =>
  build(
    'deposit',
    [u16(1), u64(lamports), Buffer.of(0)],
    [
      ...own(trader),
      meta(vaultOf(1), true),
      meta(solAccountOf(trader), true),
      meta(TOKEN_PROGRAM_ID),
      ...every(),
    ],
  );
export const withdrawSol = (
  trader: Trader,
  lamports: bigint,
  reduceOnly: boolean,
): TransactionInstruction =>
  build(
    'withdraw',
    [u16(1), u64(lamports), Buffer.of(reduceOnly ? 1 : 0)],
    [
      ...own(trader),
      meta(vaultOf(1), true),
      meta(SIGNER),
      meta(solAccountOf(trader), true),
      meta(TOKEN_PROGRAM_ID),
      ...every(),
    ],
  );

const liquidation = (
  name: string,
  args: readonly Buffer[],
  { liquidator, ana }: LiquidationStage,
  extra: readonly AccountMeta[] = [],
): TransactionInstruction => {
  const parties = [liquidator, ana].flatMap(makerAccounts).map((each) => meta(each, true));
  return build(name, args, [
    meta(STATE),
    meta(liquidator.agent.publicKey, false, true),
    // liquidate_spot, other than Drift's, does not take the stats of the one who is liquidated.
    ...(name === 'liquidate_spot' ? parties.slice(0, -1) : parties),
    ...extra,
    ...every(),
  ]);
};
const insuranceOf = (market: number): PublicKey =>
  PublicKey.findProgramAddressSync([Buffer.from('insurance_fund_vault'), u16(market)], PROGRAM)[0];
/** The accounts of a bankruptcy: the market's vault, and that of its insurance fund. */
const funds = (market: number): AccountMeta[] => [
  meta(vaultOf(market), true),
  meta(insuranceOf(market), true),
  meta(SIGNER),
  meta(TOKEN_PROGRAM_ID),
];

/** Gives the trader wrapped SOL, which it deposits. */
export function giveSol(
  { world, act }: Pick<LiquidationStage, 'world' | 'act'>,
  trader: Trader,
  lamports: bigint,
): void {
  const account = wrappedAccount(WRAPPED_SOL, trader.agent.publicKey, lamports);
  world.cluster.put(solAccountOf(trader).toBase58(), account);
  act([depositSol(trader, lamports)], trader.agent);
}
const bend = ({ world }: LiquidationStage, trader: Trader, write: (data: Buffer) => unknown) =>
  edit(world, userOf(trader).toBase58(), write);

/** No deposit of USDT, and this quote amount in SOL-PERP without a position. */
const leave = (data: Buffer, quote: bigint): void => {
  data.writeBigUInt64LE(0n, 104);
  for (const at of [16, 24]) data.writeBigInt64LE(quote, 424 + at);
};
/** A borrow of SOL as the second spot position. */
function borrowSol(stage: LiquidationStage, lamports: bigint): void {
  bend(stage, stage.ana, (data) => {
    data.writeBigUInt64LE(lamports, 144);
    data.writeBigInt64LE(-lamports, 168);
    data.writeUInt16LE(1, 176);
    data.writeUInt8(1, 178);
  });
  edit(stage.world, addresses.spotMarket(1), (data) => data.writeBigUInt64LE(lamports, 312));
}
/** The insurance fund of a market holds so much, and liquidations cost fees. */
function insure({ world }: LiquidationStage, market: number, amount: bigint): void {
  const vault = insuranceOf(market);
  const account =
    market === 0 ? tokenAccount(USDT, SIGNER, amount) : wrappedAccount(WRAPPED_SOL, SIGNER, amount);
  world.cluster.put(vault.toBase58(), account);
  edit(world, addresses.spotMarket(market), (data) => vault.toBuffer().copy(data, 168));
}
/** Liquidations of both spot markets pay the liquidator, the insurance fund and the protocol. */
function charge({ world }: LiquidationStage): void {
  for (const index of [0, 1])
    edit(world, addresses.spotMarket(index), (data) => {
      data.writeUInt32LE(index === 0 ? 0 : 50_000, 676);
      data.writeUInt32LE(10_000, 680);
      data.writeUInt32LE(2_500, 792);
    });
}

/** A swap of USDT into SOL. Between its ends a pool takes the USDT and gives these lamports. */
export function swapOfUsdt(
  { world }: Pick<Stage, 'world'>,
  by: Trader,
  usdt: bigint,
  lamports: bigint,
): Record<'begin' | 'end', TransactionInstruction> & { exchange: TransactionInstruction[] } {
  const owner = by.agent.publicKey;
  const pool = { usdt: world.newKey().publicKey, sol: world.newKey().publicKey };
  const put = (address: PublicKey, account: ReturnType<typeof tokenAccount>) =>
    world.cluster.put(address.toBase58(), account);
  put(solAccountOf(by), wrappedAccount(WRAPPED_SOL, owner, 0n));
  put(pool.usdt, tokenAccount(USDT, world.faucet.publicKey, 0n));
  put(pool.sol, wrappedAccount(WRAPPED_SOL, world.faucet.publicKey, 10n * SOL));
  const ends = [
    ...own(by),
    meta(vaultOf(1), true),
    meta(vaultOf(0), true),
    meta(solAccountOf(by), true),
    meta(usdtOf(owner), true),
    meta(TOKEN_PROGRAM_ID),
    meta(SIGNER),
    meta(SYSVAR_INSTRUCTIONS_PUBKEY),
    ...every(),
  ];
  const markets = [u16(0), u16(1)];
  return {
    begin: build('begin_swap', [...markets, u64(usdt)], ends),
    end: build('end_swap', [...markets, NONE, NONE], ends),
    exchange: [
      createTransferInstruction(usdtOf(owner), pool.usdt, owner, usdt),
      createTransferInstruction(pool.sol, solAccountOf(by), world.faucet.publicKey, lamports),
    ],
  };
}

export const VELOCITY_LIQUIDATIONS: Readonly<Record<string, (stage: LiquidationStage) => void>> = {
  'a position, taken over and then filled against the book': (stage) => {
    const { world, ana, maker, liquidator, act } = stage;
    tradeAt(stage, ana, 'long', 50n * SOL, 150_000_000n);
    stage.settled();
    world.movePrice(133_000_000n);
    act([instructions.liquidate(ana, liquidator, 5n * SOL)], liquidator.agent);
    act([instructions.make(maker, 'long', 50n * SOL, 132_500_000n)], maker.agent);
    act([instructions.liquidateWithFill(ana, liquidator, maker)], liquidator.agent);
  },
  'a loss beyond the deposit: liquidated, taken over, and the rest a bankruptcy': (stage) => {
    const { world, ana, liquidator, act } = stage;
    tradeAt(stage, ana, 'long', 50n * SOL, 150_000_000n);
    stage.settled();
    insure(stage, 0, 600n * MILLION);
    world.movePrice(115_000_000n);
    act([instructions.liquidate(ana, liquidator, 50n * SOL)], liquidator.agent);
    const most = 10_000n * MILLION;
    const taken = [u16(0), u16(0), u64(most).subarray(0, 8), Buffer.alloc(8), NONE];
    act([liquidation('liquidate_perp_pnl_for_deposit', taken, stage)], liquidator.agent);
    act(
      [liquidation('resolve_perp_bankruptcy', [u16(0), u16(0)], stage, funds(0))],
      liquidator.agent,
    );
  },
  'a loss against a deposit of SOL, then a bankruptcy that everybody pays for': (stage) => {
    const { world, ana, liquidator, act } = stage;
    giveSol(stage, ana, 10n * SOL);
    bend(stage, ana, (data) => leave(data, -1_450n * MILLION));
    charge(stage);
    stage.settled();
    for (const most of [500n * MILLION, 10_000n * MILLION])
      act(
        [
          liquidation(
            'liquidate_perp_pnl_for_deposit',
            [u16(0), u16(1), u64(most), Buffer.alloc(8), NONE],
            stage,
          ),
        ],
        liquidator.agent,
      );
    insure(stage, 0, 1_000_000n * MILLION);
    bend(stage, ana, (data) => {
      leave(data, -77n * MILLION);
      data.writeBigUInt64LE(0n, 144);
      data.writeUInt8(2, 4_468);
    });
    edit(world, addresses.perpMarket(0), (data) => {
      data.writeBigUInt64LE(50n * MILLION, 464);
      data.writeBigUInt64LE(50n * MILLION, 472);
      data.fill(0, 1_112, 1_128);
      data.fill(0, 904, 920);
      data.writeBigInt64LE(1_000n * SOL, 40);
      data.fill(0, 48, 56);
      data.writeBigInt64LE(-1_000n * SOL, 56);
      data.fill(255, 64, 72);
    });
    stage.settled();
    act(
      [liquidation('resolve_perp_bankruptcy', [u16(0), u16(0)], stage, funds(0))],
      liquidator.agent,
    );
  },
  'a borrow against profit of a perp market': (stage) => {
    const { ana, liquidator, act } = stage;
    giveSol(stage, liquidator, 500n * SOL);
    bend(stage, ana, (data) => leave(data, 1_520n * MILLION));
    borrowSol(stage, 10n * SOL);
    charge(stage);
    stage.settled();
    const taken = [u16(0), u16(1), u64(4n * SOL), Buffer.alloc(8), NONE];
    act([liquidation('liquidate_borrow_for_perp_pnl', taken, stage)], liquidator.agent);
  },
  'a borrow against a deposit, then the bankruptcy of another borrow': (stage) => {
    const { ana, liquidator, act } = stage;
    giveSol(stage, liquidator, 500n * SOL);
    borrowSol(stage, (61n * SOL) / 10n);
    charge(stage);
    stage.settled();
    const taken = [u16(0), u16(1), u64(3n * SOL), Buffer.alloc(8), NONE];
    act([liquidation('liquidate_spot', taken, stage)], liquidator.agent);
    insure(stage, 1, 1_000n * SOL);
    bend(stage, ana, (data) => {
      data.writeBigUInt64LE(0n, 104);
      data.writeUInt8(2, 4_468);
    });
    stage.settled();
    act([liquidation('resolve_spot_bankruptcy', [u16(1)], stage, funds(1))], liquidator.agent);
  },
  'SOL as money: out, borrowed, and USDT to the other sub-account': (stage) => {
    const { world, ana, liquidator, act } = stage;
    giveSol(stage, ana, 3_333_333_333n);
    world.movePrice(149_999_900n);
    act([withdrawSol(ana, 777_777_777n, true)], ana.agent);
    giveSol(stage, liquidator, 500n * SOL);
    edit(world, userOf(ana).toBase58(), (data) => data.writeUInt8(1, 4_469));
    act([withdrawSol(ana, 3_777_777_777n, false)], ana.agent);
    world.createSubAccount(ana, 1);
    const transfer = instructions.transferDeposit(ana, 1, 100_000_001n);
    transfer.keys.splice(6, transfer.keys.length, ...every());
    act([transfer], ana.agent);
  },
  'a swap of USDT into SOL': (stage) => {
    const { begin, end, exchange } = swapOfUsdt(stage, stage.ana, 150n * MILLION, 995_000_000n);
    stage.act([begin, ...exchange, end], stage.ana.agent);
  },
};
