// Addresses: the venue's program-derived addresses that must be known without waiting for the SDK.
import { PublicKey } from '@solana/web3.js';
import type { Address } from '../core/ids.ts';
import { PROGRAM_ID } from './profile.ts';

const PROGRAM = new PublicKey(PROGRAM_ID);
/** Sub-account ids are given in sequence; more than this of one wallet are found as they are created. */
const SUB_ACCOUNTS = 16;
const OWNERS_REMEMBERED_MOST = 10_000;

/** The PDA of a sub-account: seeds "user", authority, id as u16. */
export function userAddress(authority: Address, subAccountId: number): Address {
  const id = Buffer.alloc(2);
  id.writeUInt16LE(subAccountId);
  return PublicKey.findProgramAddressSync(
    [Buffer.from('user'), new PublicKey(authority).toBuffer(), id],
    PROGRAM,
  )[0].toBase58() as Address;
}

/** The PDA that counts a wallet's sub-accounts. */
export function userStatsAddress(authority: Address): Address {
  return PublicKey.findProgramAddressSync(
    [Buffer.from('user_stats'), new PublicKey(authority).toBuffer()],
    PROGRAM,
  )[0].toBase58() as Address;
}

type Owned = { readonly users: ReadonlySet<Address>; readonly all: ReadonlySet<Address> };
const owned = new Map<Address, Owned>();

function ownedBy(agent: Address): Owned {
  const known = owned.get(agent);
  if (known !== undefined) return known;
  if (owned.size >= OWNERS_REMEMBERED_MOST) owned.clear();
  const users = new Set(Array.from({ length: SUB_ACCOUNTS }, (_, id) => userAddress(agent, id)));
  const derived = { users, all: new Set([...users, userStatsAddress(agent)]) };
  owned.set(agent, derived);
  return derived;
}

/** The addresses that the first sub-accounts of a wallet have, whether they exist or not. */
export const ownUsers = (agent: Address): ReadonlySet<Address> => ownedBy(agent).users;

/** Every account at the venue whose rent goes back to this wallet when it is closed. */
export const ownAccounts = (agent: Address): ReadonlySet<Address> => ownedBy(agent).all;
