// Swaps: the swap service of the simulated world: its program, the pool that it draws from, and the
// desk that builds transactions. The desk is a stranger: some of what it offers is not what was
// asked for.
import { createCloseAccountInstruction, createTransferInstruction } from '@solana/spl-token';
import {
  ComputeBudgetProgram,
  PublicKey,
  type TransactionInstruction,
  TransactionMessage,
  VersionedTransaction,
} from '@solana/web3.js';
import { Fault } from '../../../src/core/fault.ts';
import type { Address } from '../../../src/core/ids.ts';
import { WRAPPED_SOL } from '../../../src/core/programs.ts';
import type { SwapDesk } from '../../../src/core/signing-ports.ts';
import { QUOTE_MINT } from '../../../src/venue/drift-v2/profile.ts';
import type { Random } from '../random.ts';
import { type Program, ProgramFailure, SYSTEM, TOKEN } from './account.ts';
import type { SimChain } from './chain.ts';
import { associatedAddress, moveTokens, tokenAccount } from './programs.ts';

export const SWAP_PROGRAM = 'JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4';
const ASSOCIATED = 'ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL';
const ROUTE = Buffer.from('e517cb977ae3ad2a', 'hex');
const SLIPPAGE_EXCEEDED = 6001;
const SLIPPAGE_BPS = 50;
const UNITS = 200_000;

/** What one swap takes, and the least that it must bring. */
export const SWAP = {
  amount: 1_000_000n,
  lamportsLeast: 6_000_000n,
  slippageBpsMost: 100,
  /**
   * Lamports that suffice for a swap, its fee and the rent of an account for a moment, and not for
   * a payment beside the reserve.
   */
  lamports: 2_400_000n,
  agentReserve: 3_000_000n,
  /** The least time between two swaps of one subscriber. Milliseconds. */
  everyMs: 20_000,
} as const;
/** The rule by which swaps whose payment the database has lost are known; blocks take 400 ms. */
export const TOP_UP_RULE = {
  amountMost: SWAP.amount,
  lamportsLeast: SWAP.lamportsLeast,
  everySlots: SWAP.everyMs / 400,
};
/** Lamports that one base unit of USDC is worth, by the pool: 150 USDC a SOL. */
const worthOf = (amount: bigint): bigint => (amount * 1_000n) / 150n;

const POOL = new PublicKey(Buffer.alloc(32, 91)).toBase58() as Address;
const POOL_TOKENS = associatedAddress(QUOTE_MINT, POOL);
const POOL_WRAPPED = associatedAddress(WRAPPED_SOL, POOL);

/** Writes the pool. */
export function furnishPool({ store }: Pick<SimChain, 'store'>): void {
  const lamports = 10n ** 15n;
  const wrapped = tokenAccount(WRAPPED_SOL, POOL, lamports);
  store.set(POOL_TOKENS, tokenAccount(QUOTE_MINT, POOL, 0n));
  store.set(POOL_WRAPPED, { ...wrapped, lamports: wrapped.lamports + lamports });
}

/** Executes `route`: gives SOL at the price of the pool, or fails beyond the slippage. */
export const swaps: Program = ({ accounts, data }, frame) => {
  const bytes = Buffer.from(data);
  if (!bytes.subarray(0, 8).equals(ROUTE)) throw new ProgramFailure({ Custom: 101 });
  const [, owner = '', source = '', destination = ''] = accounts;
  if (!frame.signed(owner)) throw new ProgramFailure('MissingRequiredSignature');
  const tail = bytes.length - 19;
  const amountIn = bytes.readBigUInt64LE(tail);
  const quoted = bytes.readBigUInt64LE(tail + 8);
  const least = (quoted * BigInt(10_000 - bytes.readUInt16LE(tail + 16))) / 10_000n;
  const out = worthOf(amountIn);
  if (out < least) throw new ProgramFailure({ Custom: SLIPPAGE_EXCEEDED });
  const move = (from: string, to: string, authority: string, amount: bigint): void => {
    moveTokens(frame, from, to, amount);
    const call = Buffer.alloc(9);
    call[0] = 3;
    call.writeBigUInt64LE(amount, 1);
    frame.called({ program: TOKEN, accounts: [from, to, authority], data: new Uint8Array(call) });
  };
  move(source, POOL_TOKENS, owner, amountIn);
  move(POOL_WRAPPED, destination, POOL, out);
  // The lamports of wrapped SOL lie in its account.
  for (const [account, change] of [
    [POOL_WRAPPED, -out],
    [destination, out],
  ] as const) {
    const found = frame.get(account);
    if (found !== null) frame.set(account, { ...found, lamports: found.lamports + change });
  }
};

const key = (address: string): PublicKey => new PublicKey(address);
const meta = (pubkey: string, isWritable: boolean, isSigner = false) => ({
  pubkey: key(pubkey),
  isWritable,
  isSigner,
});

/** The parts of an offer, each as it was asked for; a desk that lies changes one. */
type Offer = {
  readonly amount: bigint;
  readonly quoted: bigint;
  readonly slippageBps: number;
  readonly into: Address;
  readonly solTo: Address;
  readonly payer: Address;
  readonly more: readonly TransactionInstruction[];
};

function built(owner: Address, offer: Offer): Uint8Array {
  const source = associatedAddress(QUOTE_MINT, owner);
  const data = Buffer.alloc(8 + 4 + 19);
  ROUTE.copy(data);
  data.writeBigUInt64LE(offer.amount, 12);
  data.writeBigUInt64LE(offer.quoted, 20);
  data.writeUInt16LE(offer.slippageBps, 28);
  const wrapped = associatedAddress(WRAPPED_SOL, owner);
  const instructions: TransactionInstruction[] = [
    ComputeBudgetProgram.setComputeUnitLimit({ units: UNITS }),
    {
      programId: key(ASSOCIATED),
      data: Buffer.from([1]),
      keys: [
        meta(owner, true, true),
        meta(wrapped, true),
        meta(owner, false),
        meta(WRAPPED_SOL, false),
        meta(SYSTEM, false),
        meta(TOKEN, false),
      ],
    },
    {
      programId: key(SWAP_PROGRAM),
      data,
      keys: [
        meta(TOKEN, false),
        meta(owner, false, true),
        meta(source, true),
        meta(offer.into, true),
        meta(SWAP_PROGRAM, false),
        meta(WRAPPED_SOL, false),
        meta(SWAP_PROGRAM, false),
        meta(POOL, false),
        meta(SWAP_PROGRAM, false),
        meta(QUOTE_MINT, false),
        meta(POOL_TOKENS, true),
        meta(POOL_WRAPPED, true),
      ],
    },
    ...offer.more,
    createCloseAccountInstruction(key(wrapped), key(offer.solTo), key(owner)),
  ];
  const message = new TransactionMessage({
    payerKey: key(offer.payer),
    recentBlockhash: SYSTEM,
    instructions,
  });
  return new VersionedTransaction(message.compileToV0Message()).serialize();
}

/**
 * Creates the desk. Three offers of ten are not what was asked for, or none: `thief` and `theirs`
 * are a stranger's wallet and token account.
 */
export function createDesk(random: Random, thief: Address, theirs: Address): SwapDesk {
  const lies: ((offer: Offer, owner: Address) => Partial<Offer>)[] = [
    ({ amount }) => ({ amount: amount * 2n }),
    ({ quoted }) => ({ quoted: quoted / 2n }),
    // A quote that the pool does not give: the swap fails.
    ({ quoted }) => ({ quoted: quoted * 2n }),
    () => ({ slippageBps: 5_000 }),
    () => ({ solTo: thief }),
    () => ({ into: associatedAddress(WRAPPED_SOL, thief) }),
    () => ({ payer: thief }),
    (_, owner) => {
      const source = key(associatedAddress(QUOTE_MINT, owner));
      return { more: [createTransferInstruction(source, key(theirs), key(owner), 1n)] };
    },
  ];
  return {
    async offer(owner, amount) {
      if (random.chance(0.05)) throw new Fault('swap_failed', 'The swap endpoint gave no quote.');
      const offer: Offer = {
        amount,
        quoted: worthOf(amount),
        slippageBps: SLIPPAGE_BPS,
        into: associatedAddress(WRAPPED_SOL, owner),
        solTo: owner,
        payer: owner,
        more: [],
      };
      const lie = random.chance(0.3) ? random.pick(lies)(offer, owner) : {};
      return { transaction: built(owner, { ...offer, ...lie }), tables: [] };
    },
  };
}
