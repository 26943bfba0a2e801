// Addresses: derives a venue's program-derived addresses (PDAs). Integers in seeds are little
// endian.
import { PublicKey } from '@solana/web3.js';
import { type Address, base58Text } from '../core/ids.ts';
import { createRemembered } from '../core/remember.ts';
import type { Profile } from './profile.ts';

/**
 * How many sub-accounts of a wallet are derived ahead. The program numbers sub-accounts in
 * sequence; those above this number are found by their creation.
 */
const SUB_ACCOUNTS = 16;
/**
 * The most wallets whose accounts are kept in memory. Deriving those of one takes 4 ms of CPU, and
 * keeping them 2 KB. Few are asked for: see `solAsset` in core/holdings.ts.
 */
const REMEMBERED_MOST = 50_000;

/**
 * The first seeds of the accounts that the program makes once for each wallet, of which the second
 * seed is the wallet: counters, signed orders, builder codes, and what is left of Drift's fuel.
 */
const WALLET_SEEDS = [
  'user_stats',
  'SIGNED_MSG',
  'SIGNED_MSG_WS',
  'REV_SHARE',
  'REV_ESCROW',
  'fuel_overflow',
] as const;

export type Addresses = {
  readonly state: Address;
  /** The authority of the venue's token vaults. */
  readonly signer: Address;
  /** The User account of a wallet's sub-account. */
  user(authority: Address, subAccountId: number): Address;
  /** The UserStats account of a wallet, which counts its sub-accounts. */
  userStats(authority: Address): Address;
  spotMarket(index: number): Address;
  perpMarket(index: number): Address;
  spotVault(index: number): Address;
  /** Whether an address is one of a wallet's first 16 sub-accounts, which need not exist. */
  isOwnUser(agent: Address, address: Address): boolean;
  /**
   * Whether an address is one of the accounts of the wallet at the venue whose rent returns to the
   * wallet on closing: one of its first 16 sub-accounts, or its UserStats account.
   */
  isOwnAccount(agent: Address, address: Address): boolean;
  /** The accounts that the program makes once for a wallet. They need not exist. */
  walletAccounts(wallet: Address): readonly Address[];
};

const u16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
};

/**
 * Creates the address derivations of a venue's program. Market addresses and the first sub-accounts
 * of a wallet are kept in memory, because deriving an address is slow.
 */
export function createAddresses({ programId, seeds }: Profile): Addresses {
  const program = new PublicKey(programId);
  const derive = (...parts: (string | Buffer)[]): Address =>
    base58Text(
      PublicKey.findProgramAddressSync(
        parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)),
        program,
      )[0].toBytes(),
    ) as Address;
  const indexed = createRemembered((name: string): Address => {
    const [seed = '', index] = name.split('/');
    return derive(seed, u16(Number(index)));
  }, REMEMBERED_MOST);
  const user = (authority: Address, subAccountId: number): Address =>
    derive('user', new PublicKey(authority).toBuffer(), u16(subAccountId));
  const userStats = createRemembered(
    (authority: Address): Address => derive('user_stats', new PublicKey(authority).toBuffer()),
    REMEMBERED_MOST,
  );
  const ownedBy = createRemembered((agent: Address): ReadonlySet<Address> => {
    const users = Array.from({ length: SUB_ACCOUNTS }, (_, id) => user(agent, id));
    return new Set([...users, userStats(agent)]);
  }, REMEMBERED_MOST);
  return {
    state: derive(seeds.state),
    signer: derive(seeds.signer),
    user,
    userStats,
    spotMarket: (index) => indexed(`spot_market/${index}`),
    perpMarket: (index) => indexed(`perp_market/${index}`),
    spotVault: (index) => indexed(`spot_market_vault/${index}`),
    isOwnUser: (agent, address) => address !== userStats(agent) && ownedBy(agent).has(address),
    isOwnAccount: (agent, address) => ownedBy(agent).has(address),
    walletAccounts: (wallet) =>
      WALLET_SEEDS.map((seed) => derive(seed, new PublicKey(wallet).toBuffer())),
  };
}
