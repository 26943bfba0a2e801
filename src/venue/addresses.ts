// Addresses: a venue's program-derived addresses. Integers in seeds are little endian.
import { PublicKey } from '@solana/web3.js';
import type { Address } from '../core/ids.ts';
import type { Profile } from './profile.ts';

/**
 * Sub-account ids are given in sequence; more than this of one wallet are found as they are
 * created.
 */
const SUB_ACCOUNTS = 16;
const REMEMBERED_MOST = 10_000;

type Owned = { readonly users: ReadonlySet<Address>; readonly all: ReadonlySet<Address> };

export type Addresses = {
  readonly state: Address;
  /** The authority of the venue's vaults. */
  readonly signer: Address;
  /** The account of a wallet's sub-account. */
  user(authority: Address, subAccountId: number): Address;
  /** The account that counts a wallet's sub-accounts. */
  userStats(authority: Address): Address;
  spotMarket(index: number): Address;
  perpMarket(index: number): Address;
  spotVault(index: number): Address;
  /** The addresses that the first sub-accounts of a wallet have, whether they exist or not. */
  ownUsers(agent: Address): ReadonlySet<Address>;
  /** Every account at the venue whose rent goes back to this wallet when it is closed. */
  ownAccounts(agent: Address): ReadonlySet<Address>;
};

const u16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
};

/**
 * Creates the derivations of a venue's program. What was derived is remembered: deriving is dear.
 */
export function createAddresses({ programId, seeds }: Profile): Addresses {
  const program = new PublicKey(programId);
  const derive = (...parts: (string | Buffer)[]): Address =>
    PublicKey.findProgramAddressSync(
      parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)),
      program,
    )[0].toBase58() as Address;
  const remembered = new Map<string, Address>();
  const indexed = (seed: string, index: number): Address => {
    const name = `${seed}/${index}`;
    const known = remembered.get(name) ?? derive(seed, u16(index));
    if (remembered.size >= REMEMBERED_MOST) remembered.clear();
    remembered.set(name, known);
    return known;
  };
  const user = (authority: Address, subAccountId: number): Address =>
    derive('user', new PublicKey(authority).toBuffer(), u16(subAccountId));
  const userStats = (authority: Address): Address =>
    derive('user_stats', new PublicKey(authority).toBuffer());
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
