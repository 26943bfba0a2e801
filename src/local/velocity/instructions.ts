// Instructions: Velocity's instructions as traders on the local chain send them, by name, with
// their accounts in the program's order.
import { getAssociatedTokenAddressSync, TOKEN_PROGRAM_ID } from '@solana/spl-token';
import {
  type AccountMeta,
  type Keypair,
  PublicKey,
  SYSVAR_RENT_PUBKEY,
  SystemProgram,
  TransactionInstruction,
} from '@solana/web3.js';
import type { Address } from '../../core/ids.ts';
import { instructionDiscriminator } from '../../venue/discriminator.ts';
import { addresses, ORACLES, PROGRAM, USDT } from './genesis.ts';

export type Trader = { readonly agent: Keypair; readonly subAccountId: number };
export type Direction = 'long' | 'short';

const key = (address: Address): PublicKey => new PublicKey(address);
const text = (publicKey: PublicKey): Address => publicKey.toBase58() as Address;
const meta = (pubkey: PublicKey, isWritable = false, isSigner = false): AccountMeta => ({
  pubkey,
  isWritable,
  isSigner,
});
const u16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
};
const u64 = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
};

/** The User account of a trader. */
export const userOf = ({ agent, subAccountId }: Trader): PublicKey =>
  key(addresses.user(text(agent.publicKey), subAccountId));
/** The UserStats account of a wallet. */
export const statsOf = (owner: PublicKey): PublicKey => key(addresses.userStats(text(owner)));
/** The USDT account of a wallet. */
export const usdtOf = (owner: PublicKey): PublicKey =>
  getAssociatedTokenAddressSync(USDT, owner, true);
const STATE = key(addresses.state);
const VAULT = key(addresses.spotVault(0));
const SPOT = key(addresses.spotMarket(0));
const PERP = key(addresses.perpMarket(0));

/** An instruction of the venue by its name. */
export const build = (
  name: string,
  args: readonly Buffer[],
  keys: AccountMeta[],
): TransactionInstruction =>
  new TransactionInstruction({
    programId: PROGRAM,
    keys,
    data: Buffer.concat([Buffer.from(instructionDiscriminator(name), 'hex'), ...args]),
  });

/**
 * The oracle and market of USDT, which a deposit or withdrawal of an account without positions
 * needs.
 */
const quoteTail = [meta(ORACLES.usdt), meta(SPOT, true)];
/** Both oracles, then the quote market, then SOL-PERP. */
export const tail = (makers: readonly PublicKey[] = []): AccountMeta[] => [
  meta(ORACLES.sol, true),
  meta(ORACLES.usdt),
  meta(SPOT, true),
  meta(PERP, true),
  ...makers.map((each) => meta(each, true)),
];
/** The accounts by which a fill names a maker. */
export const makerAccounts = (maker: Trader): PublicKey[] => [
  userOf(maker),
  statsOf(maker.agent.publicKey),
];

/** The parameters of a limit order in market 0. `postOnly` makes it rest in the book. */
function orderParams(order: {
  readonly direction: Direction;
  readonly base: bigint;
  readonly price: bigint;
  readonly reduceOnly: boolean;
  readonly postOnly: boolean;
}): Buffer {
  const none = Buffer.alloc(9);
  return Buffer.concat([
    Buffer.of(1, 1, order.direction === 'long' ? 0 : 1, 0),
    u64(order.base),
    u64(order.price),
    u16(0),
    Buffer.of(order.reduceOnly ? 1 : 0, order.postOnly ? 1 : 0, 0),
    none,
  ]);
}

export const instructions = {
  initializeUserStats: (authority: PublicKey, payer: PublicKey) =>
    build(
      'initialize_user_stats',
      [],
      [
        meta(statsOf(authority), true),
        meta(STATE, true),
        meta(authority),
        meta(payer, true, true),
        meta(SYSVAR_RENT_PUBKEY),
        meta(SystemProgram.programId),
      ],
    ),
  initializeUser: (trader: Trader, payer: PublicKey) =>
    build(
      'initialize_user',
      [u16(trader.subAccountId), Buffer.from(`account ${trader.subAccountId}`.padEnd(32))],
      [
        meta(userOf(trader), true),
        meta(statsOf(trader.agent.publicKey), true),
        meta(STATE, true),
        meta(trader.agent.publicKey, false, true),
        meta(payer, true, true),
        meta(SYSVAR_RENT_PUBKEY),
        meta(SystemProgram.programId),
      ],
    ),
  deposit: (trader: Trader, amount: bigint) =>
    build(
      'deposit',
      [u16(0), u64(amount), Buffer.of(0)],
      [
        meta(STATE),
        meta(userOf(trader), true),
        meta(statsOf(trader.agent.publicKey), true),
        meta(trader.agent.publicKey, false, true),
        meta(VAULT, true),
        meta(usdtOf(trader.agent.publicKey), true),
        meta(TOKEN_PROGRAM_ID),
        ...tail(),
      ],
    ),
  withdraw: (trader: Trader, destination: PublicKey, amount: bigint, rest = tail()) =>
    build(
      'withdraw',
      [u16(0), u64(amount), Buffer.of(1)],
      [
        meta(STATE),
        meta(userOf(trader), true),
        meta(statsOf(trader.agent.publicKey), true),
        meta(trader.agent.publicKey, false, true),
        meta(VAULT, true),
        meta(key(addresses.signer)),
        meta(destination, true),
        meta(TOKEN_PROGRAM_ID),
        ...rest,
      ],
    ),
  transferDeposit: (from: Trader, toSubAccount: number, amount: bigint) =>
    build(
      'transfer_deposit',
      [u16(0), u64(amount)],
      [
        meta(userOf(from), true),
        meta(userOf({ ...from, subAccountId: toSubAccount }), true),
        meta(statsOf(from.agent.publicKey), true),
        meta(from.agent.publicKey, false, true),
        meta(STATE),
        meta(VAULT),
        ...tail(),
      ],
    ),
  transferByDelegate: (from: Trader, toSubAccount: number, amount: bigint, delegate: PublicKey) =>
    build(
      'transfer_deposit_by_delegate',
      [u16(0), u64(amount), u64(0n)],
      [
        meta(userOf(from), true),
        meta(userOf({ ...from, subAccountId: toSubAccount }), true),
        meta(statsOf(from.agent.publicKey), true),
        meta(delegate, false, true),
        meta(STATE),
        meta(VAULT),
        ...tail(),
      ],
    ),
  allowDelegateTransfers: (owner: PublicKey, allowed: boolean) =>
    build(
      'update_user_allow_delegate_transfer',
      [Buffer.of(allowed ? 1 : 0)],
      [meta(statsOf(owner), true), meta(owner, false, true)],
    ),
  setDelegate: (trader: Trader, delegate: PublicKey) =>
    build(
      'update_user_delegate',
      [u16(trader.subAccountId), delegate.toBuffer()],
      [meta(userOf(trader), true), meta(trader.agent.publicKey, false, true)],
    ),
  make: (maker: Trader, direction: Direction, base: bigint, price: bigint) =>
    build(
      'place_perp_order',
      [orderParams({ direction, base, price, reduceOnly: false, postOnly: true })],
      [meta(STATE), meta(userOf(maker), true), meta(maker.agent.publicKey, false, true), ...tail()],
    ),
  take: (
    taker: Trader,
    maker: Trader,
    order: { direction: Direction; base: bigint; price: bigint; reduceOnly?: boolean },
  ) =>
    build(
      'place_and_take_perp_order',
      [orderParams({ reduceOnly: false, ...order, postOnly: false }), Buffer.of(0)],
      [
        meta(STATE),
        meta(userOf(taker), true),
        meta(statsOf(taker.agent.publicKey), true),
        meta(taker.agent.publicKey, false, true),
        ...tail(makerAccounts(maker)),
      ],
    ),
  cancelAll: (trader: Trader) =>
    build(
      'cancel_orders',
      [Buffer.of(0, 0, 0)],
      [
        meta(STATE),
        meta(userOf(trader), true),
        meta(trader.agent.publicKey, false, true),
        ...tail(),
      ],
    ),
  settle: (trader: Trader, signer: PublicKey) =>
    build(
      'settle_pnl',
      [u16(0)],
      [meta(STATE), meta(userOf(trader), true), meta(signer, false, true), meta(VAULT), ...tail()],
    ),
  liquidate: (victim: Trader, liquidator: Trader, base: bigint) =>
    build(
      'liquidate_perp',
      [u16(0), u64(base), Buffer.of(0)],
      [
        meta(STATE),
        meta(liquidator.agent.publicKey, false, true),
        ...makerAccounts(liquidator).map((each) => meta(each, true)),
        ...makerAccounts(victim).map((each) => meta(each, true)),
        ...tail(),
      ],
    ),
  liquidateWithFill: (victim: Trader, liquidator: Trader, maker: Trader) =>
    build(
      'liquidate_perp_with_fill',
      [u16(0)],
      [
        meta(STATE),
        meta(liquidator.agent.publicKey, false, true),
        ...makerAccounts(liquidator).map((each) => meta(each, true)),
        ...makerAccounts(victim).map((each) => meta(each, true)),
        ...tail(makerAccounts(maker)),
      ],
    ),
  updateFundingRate: () =>
    build('update_funding_rate', [u16(0)], [meta(STATE), meta(PERP, true), meta(ORACLES.sol)]),
  settleFunding: (trader: Trader) =>
    build('settle_funding_payment', [], [meta(STATE), meta(userOf(trader), true), ...tail()]),
  quoteTail,
} as const;
