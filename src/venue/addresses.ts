// Addresses: derives a venue's program-derived addresses (PDAs). Integers in seeds are little
// endian.
import { PublicKey } from '@solana/web3.js';
import type { Address } from '../core/ids.ts';
import type { Profile } from './profile.ts';

/**
 * How many sub-accounts of a wallet are derived ahead. The program numbers sub-accounts in
 * sequence; those above this number are found by their creation.
 */
const SUB_ACCOUNTS = 16;
const REMEMBERED_MOST = 10_000;

type Owned = { readonly users: ReadonlySet<Address>; readonly all: ReadonlySet<Address> };

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
  /** The addresses of a wallet's first 16 sub-accounts, whether those exist or not. */
  ownUsers(agent: Address): ReadonlySet<Address>;
  /** Every account of the wallet at the venue whose rent returns to the wallet on closing. */
  ownAccounts(agent: Address): ReadonlySet<Address>;
};

const u16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
};

/**
 * Creates the address derivations of a venue's program. Market addresses and
 * the first sub-accounts of a wallet are kept in memory, because deriving an address is slow.
 */
export function createAddresses({ programId, seeds }: Profile): Addresses {
  const program = new PublicKey(programId);
  const derive = (...parts: (string | Buffer)[]): Address =>
    PublicKey.findProgramAddressSync(
      parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)),
      program,
    )[0].toBase58() as Address;
  const remembered = new Map<string, Address>();
  const once = (name: string, make: () => Address): Address => {
    const known = remembered.get(name) ?? make();
    if (remembered.size >= REMEMBERED_MOST) remembered.clear();
    remembered.set(name, known);
    return known;
  };
  const indexed = (seed: string, index: number): Address =>
    once(`${seed}/${index}`, () => derive(seed, u16(index)));
  const user = (authority: Address, subAccountId: number): Address =>
    derive('user', new PublicKey(authority).toBuffer(), u16(subAccountId));
  const userStats = (authority: Address): Address =>
    once(`user_stats/${authority}`, () =>
      derive('user_stats', new PublicKey(authority).toBuffer()),
    );
  const owned = new Map<Address, Owned>();
  const ownedBy = (agent: Address): Owned => {
    const known = owned.get(agent);
    if (known !== undefined) return known;
    if (owned.size >= REMEMBERED_MOST) owned.clear();
    const users = new Set(Array.from({ length: SUB_ACCOUNTS }, (_, id) => user(agent, id)));
    const derived = { users, all: new Set([...users, userStats(agent)]) };
    owned.set(agent, derived);
    return derived;
  };
  return {
    state: derive(seeds.state),
    signer: derive(seeds.signer),
    user,
    userStats,
    spotMarket: (index) => indexed('spot_market', index),
    perpMarket: (index) => indexed('perp_market', index),
    spotVault: (index) => indexed('spot_market_vault', index),
    ownUsers: (agent) => ownedBy(agent).users,
    ownAccounts: (agent) => ownedBy(agent).all,
  };
}
