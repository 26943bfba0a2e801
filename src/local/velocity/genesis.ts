// Genesis: Velocity's accounts at the start of a local world: state, a USDT and a SOL spot market,
// SOL-PERP with a deep AMM, oracles, and a vault with other people's deposits. They are built from
// the structs of velocity-exchange/velocity-v1 (state.rs, spot_market.rs, perp_market.rs,
// vlp/amm/state.rs); the values are plausible, not copied.
import { createHash } from 'node:crypto';
import { PublicKey } from '@solana/web3.js';
import { base58Bytes } from '../../core/ids.ts';
import { VELOCITY } from '../../venue/velocity/venue.ts';
import type { Account } from '../chain/account.ts';
import { mintAccount, tokenAccount, wrappedAccount } from '../drift/tokens.ts';

export const { addresses } = VELOCITY;
const { profile } = VELOCITY;
export const PROGRAM = new PublicKey(profile.programId);
export const USDT = new PublicKey(profile.quote.mint);
const WRAPPED_SOL = new PublicKey('So11111111111111111111111111111111111111112');
const INTEREST_ONE = 10_000_000_000n;
/** The kinds of the two oracles: a Pyth Lazer feed, and the Pyth Lazer feed of a stable coin. */
const ORACLE_SOURCE = { lazer: 12, lazerStableCoin: 15 } as const;

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
/** The address of the oracle of a Pyth Lazer feed. */
const oracleOf = (feed: number): PublicKey =>
  PublicKey.findProgramAddressSync([Buffer.from('pyth_lazer'), u32(feed)], PROGRAM)[0];
export const ORACLES = { usdt: oracleOf(8), sol: oracleOf(6) } as const;
const INSURANCE_VAULT = PublicKey.findProgramAddressSync(
  [Buffer.from('insurance_fund_vault'), Buffer.alloc(2)],
  PROGRAM,
)[0];
const SIGNER_BUMP = PublicKey.findProgramAddressSync(
  [Buffer.from(profile.seeds.signer)],
  PROGRAM,
)[1];

export type GenesisTime = { readonly slot: bigint; readonly unixTime: bigint };
type Put = (address: string, account: Account) => void;

/** Writes fields at their offsets into an account of its exact length. */
export class Fields {
  readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  static of(kind: string, length: number): Fields {
    const fields = new Fields(Buffer.alloc(length));
    createHash('sha256').update(`account:${kind}`).digest().copy(fields.bytes, 0, 0, 8);
    return fields;
  }
  u8(at: number, value: number): this {
    this.bytes.writeUInt8(value, at);
    return this;
  }
  u16(at: number, value: number): this {
    this.bytes.writeUInt16LE(value, at);
    return this;
  }
  u32(at: number, ...values: number[]): this {
    for (const [index, value] of values.entries()) this.bytes.writeUInt32LE(value, at + 4 * index);
    return this;
  }
  /** Writes eight-byte integers, signed or not. */
  u64(at: number, ...values: bigint[]): this {
    for (const [index, value] of values.entries())
      this.bytes.writeBigUInt64LE(BigInt.asUintN(64, value), at + 8 * index);
    return this;
  }
  u128(at: number, ...values: bigint[]): this {
    for (const [index, value] of values.entries())
      this.u64(at + 16 * index, value, BigInt.asUintN(128, value) >> 64n);
    return this;
  }
  key(at: number, value: string): this {
    Buffer.from(base58Bytes(value) ?? []).copy(this.bytes, at);
    return this;
  }
  text(at: number, value: string): this {
    this.bytes.write(value.padEnd(32), at);
    return this;
  }
  account(): Account {
    return {
      lamports: 50_000_000n,
      owner: profile.programId,
      data: new Uint8Array(this.bytes),
      executable: false,
    };
  }
}

/** Fees: 3.5 basis points for takers, a rebate of 0.25 for makers. */
function fees(state: Fields, at: number): void {
  for (let tier = 0; tier < 10; tier++)
    state.u32(at + 32 * tier, 42, 120_000, 3, 120_000, 15, 100, 5, 100);
  state
    .u128(at + 320, 10_000n)
    .u32(at + 336, 10, 100)
    .u64(at + 352, 10_000n)
    .u32(at + 360, 10, 50);
}

function state(): Account {
  const bytes = Fields.of('State', 1752).key(488, addresses.signer);
  fees(bytes, 552);
  fees(bytes, 920);
  return bytes
    .u64(1288, 100_000n, 500_000n, 10n, 120n, 20_000n, 5n)
    .u32(1352, 200)
    .u16(1358, 1)
    .u16(1360, 2)
    .u8(1362, SIGNER_BUMP)
    .u16(1370, 0)
    .u8(1374, 4)
    .account();
}

/** Writes a price, its confidence and delay, both averages, and the time. */
const seen = (fields: Fields, at: number, price: bigint, { unixTime }: GenesisTime): Fields =>
  fields.u64(at, price, 0n, 0n, price, price, unixTime);

function spotMarket(
  index: number,
  given: { name: string; mint: PublicKey; oracle: PublicKey; source: number; decimals: number },
  price: bigint,
  time: GenesisTime,
): Fields {
  const fields = Fields.of('SpotMarket', 808)
    .key(8, addresses.spotMarket(index))
    .key(40, given.oracle.toBase58())
    .key(72, given.mint.toBase58())
    .key(104, addresses.spotVault(index))
    .text(136, given.name)
    .key(168, INSURANCE_VAULT.toBase58())
    .u128(328, INTEREST_ONE, INTEREST_ONE)
    .u64(504, price, price, price, price, time.unixTime)
    .u64(584, time.unixTime, time.unixTime)
    .u64(608, 1n, 1n, 1n, 0n, 1n, 1n)
    .u32(684, 800_000, 52_500, 900_000, given.decimals)
    .u16(700, index)
    .u8(703, given.source)
    .u8(704, 1)
    .u8(744, 1);
  return seen(fields, 456, price, time);
}

const perpReserve = 41_000_000n * 1_000_000_000n;
/** Sets reserves and marks with which the AMM trades at the oracle price. */
export function quoteAt(market: Fields, price: bigint, time: GenesisTime): Fields {
  return seen(
    market
      .u64(656, price)
      .u64(680, price, price, time.unixTime, price, price)
      .u64(800, price, time.slot, time.unixTime * 1_000_000n, price)
      .u64(840, price)
      .u128(1032, price),
    848,
    price,
    time,
  );
}

function perpMarket(price: bigint, time: GenesisTime): Account {
  const market = Fields.of('PerpMarket', 1304)
    .key(8, addresses.perpMarket(0))
    .u128(152, 2_000_000_000_000_000n)
    .key(312, ORACLES.sol.toBase58())
    .u128(344, 100_000_000_000_000n)
    .u32(408, 2_500)
    .u64(416, 250_000_000n)
    .text(424, 'SOL-PERP')
    .u64(464, 100_000_000_000n, 1_000_000_000_000n)
    .u64(520, time.unixTime)
    .u32(536, 5, 1_000_000)
    .u64(544, 10_000_000n, 1_000n)
    .u64(584, 1n, 1n)
    .u32(600, 0, 0, 7_500, 7_500, 500, 300, 0, 10_000)
    .u8(642, 1)
    .u8(644, 1)
    .u8(673, ORACLE_SOURCE.lazer)
    .u8(674, 255)
    .u64(784, 3_600n, 10_000_000n)
    .u8(836, 1)
    .u128(904, 100_000_000_000_000n)
    .u128(
      936,
      perpReserve,
      perpReserve,
      1_100_000n,
      (perpReserve * 10n) / 11n,
      (perpReserve * 11n) / 10n,
      perpReserve,
    )
    .u128(1048, perpReserve)
    .u128(1112, 100_000_000_000n)
    .u128(1144, perpReserve, perpReserve, perpReserve, perpReserve)
    .u64(1208, time.slot)
    .u64(1248, time.slot)
    .u32(1256, 200, 20_000)
    .u16(1276, 100)
    .u16(1278, 50)
    .u8(1292, 1);
  return quoteAt(market, price, time).account();
}

/** An oracle account with a price of eight decimals, published and posted now. */
export function oracleAccount(price: bigint, { slot, unixTime }: GenesisTime): Account {
  const fields = Fields.of('PythLazerOracle', 48).u64(8, price * 100n, unixTime * 1_000_000n, slot);
  fields.bytes.writeInt32LE(-8, 32);
  return fields.account();
}

/** Writes the venue's accounts. `mintAuthority` may mint USDT, as the world's faucet. */
export function writeVelocityGenesis(
  put: Put,
  mintAuthority: PublicKey,
  prices: { readonly usdt: bigint; readonly sol: bigint },
  time: GenesisTime,
): void {
  const signer = new PublicKey(addresses.signer);
  put(USDT.toBase58(), mintAccount(mintAuthority));
  put(addresses.spotVault(0), tokenAccount(USDT, signer, 1_000_000_000_000n));
  put(INSURANCE_VAULT.toBase58(), tokenAccount(USDT, signer, 0n));
  put(addresses.spotVault(1), wrappedAccount(WRAPPED_SOL, signer, 0n));
  put(addresses.state, state());
  put(ORACLES.usdt.toBase58(), oracleAccount(prices.usdt, time));
  put(ORACLES.sol.toBase58(), oracleAccount(prices.sol, time));
  put(
    addresses.spotMarket(0),
    spotMarket(
      0,
      {
        name: 'USDT',
        mint: USDT,
        oracle: ORACLES.usdt,
        source: ORACLE_SOURCE.lazerStableCoin,
        decimals: 6,
      },
      prices.usdt,
      time,
    )
      .u128(296, 900_000_000_000_000n)
      .u64(544, 1_000_000_000_000n, 500_000_000_000_000n, 900_000_000_000n)
      .u32(656, 10_000, 10_000, 10_000, 10_000)
      .account(),
  );
  put(
    addresses.spotMarket(1),
    spotMarket(
      1,
      {
        name: 'SOL',
        mint: WRAPPED_SOL,
        oracle: ORACLES.sol,
        source: ORACLE_SOURCE.lazer,
        decimals: 9,
      },
      prices.sol,
      time,
    )
      .u64(544, 100_000_000_000_000n)
      .u32(656, 8_000, 9_000, 11_500, 11_000)
      .account(),
  );
  put(addresses.perpMarket(0), perpMarket(prices.sol, time));
}
