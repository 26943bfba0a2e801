// Swap: the endpoint that builds an agent's swap is not trusted. For every answer of the endpoint,
// the pen signs only the planned swap: exactly the planned USDC for at least the planned SOL, out
// of the agent's own accounts and into them.

import { randomBytes } from 'node:crypto';
import {
  createAssociatedTokenAccountIdempotentInstruction,
  createCloseAccountInstruction,
  createTransferInstruction,
  getAssociatedTokenAddressSync,
  NATIVE_MINT,
} from '@solana/spl-token';
import {
  AddressLookupTableAccount,
  ComputeBudgetProgram,
  Keypair,
  type PublicKey,
  SystemProgram,
  type TransactionInstruction,
  TransactionMessage,
  VersionedTransaction,
} from '@solana/web3.js';
import { expect, test } from 'vitest';
import { createPen, type PenOptions } from '../../src/chain/pen.ts';
import { createSigners } from '../../src/chain/signers.ts';
import { createVault } from '../../src/chain/vault.ts';
import type { SealedKey } from '../../src/core/agent-key.ts';
import type { Address } from '../../src/core/ids.ts';
import type { Payment } from '../../src/core/payment.ts';
import type { LookupTable } from '../../src/core/signing-ports.ts';
import { USDC as QUOTE } from '../../src/core/token.ts';
import { USDC } from '../../src/local/drift/addresses.ts';
import { routeInstruction, SWAP_PROGRAM } from '../../src/local/swap.ts';
import { createDriftVenue } from '../../src/venue/drift-v2/venue.ts';
import { plannedPayment } from '../support/payment.ts';

const DRIFT = createDriftVenue();

const text = (key: PublicKey): Address => key.toBase58() as Address;
const agent = Keypair.generate();
const thief = Keypair.generate().publicKey;
const owner = agent.publicKey;
const AMOUNT = 2_000_000n;
const OUT = 13_333_333n;
const vault = createVault({ masterKey: randomBytes(32), nextMasterKey: null });
const signers = createSigners({ vault, sponsorKey: null });
const rules: Omit<PenOptions, 'signers'> = {
  venueOf: () => DRIFT,
  priorityFeeMost: 1_000_000n,
  reimburseMost: 0n,
  limits: { paymentMost: null, subscriberADayMost: null },
  nowMs: () => 0,
  swap: { amountMost: AMOUNT, slippageBpsMost: 100, lamportsLeast: 10_000_000n },
};
const pen = createPen({ ...rules, signers });
const key: SealedKey = {
  subscriberId: 'ana',
  publicKey: text(owner),
  sealed: signers.seal('ana', text(owner), agent.secretKey),
};
const payment = plannedPayment({
  purpose: 'top_up',
  creatorWallet: text(owner),
  driftUser: text(thief),
  token: QUOTE,
  plan: { amount: AMOUNT },
});
const wrapped = getAssociatedTokenAddressSync(NATIVE_MINT, owner);
const LIMIT = ComputeBudgetProgram.setComputeUnitLimit({ units: 300_000 });
const OPEN = createAssociatedTokenAccountIdempotentInstruction(owner, wrapped, owner, NATIVE_MINT);
const CLOSE = createCloseAccountInstruction(wrapped, owner, owner);
const route = (more: { amount?: bigint; out?: bigint; slippage?: number } = {}) =>
  routeInstruction(owner, more.amount ?? AMOUNT, more.out ?? OUT, more.slippage ?? 50);
const ROUTE = route();
/** The same with another account in one place. */
const withAccount = (given: TransactionInstruction, index: number, pubkey: PublicKey) => {
  const keys = given.keys.map((each, at) => (at === index ? { ...each, pubkey } : each));
  return { ...given, keys } as TransactionInstruction;
};

const transactionOf = (
  instructions: TransactionInstruction[],
  options: { payer?: PublicKey; table?: AddressLookupTableAccount } = {},
): VersionedTransaction =>
  new VersionedTransaction(
    new TransactionMessage({
      payerKey: options.payer ?? owner,
      recentBlockhash: text(Keypair.generate().publicKey),
      instructions,
    }).compileToV0Message(options.table === undefined ? [] : [options.table]),
  );

async function sign(
  instructions: TransactionInstruction[],
  options: {
    payer?: PublicKey;
    table?: AddressLookupTableAccount;
    known?: LookupTable[];
    payment?: Payment;
  } = {},
): Promise<VersionedTransaction> {
  const blockhash = text(Keypair.generate().publicKey);
  const { bytes } = await pen.signSwap({
    payment: options.payment ?? payment,
    agent: text(owner),
    transaction: transactionOf(instructions, options).serialize(),
    tables: options.known ?? [],
    blockhash,
    key,
    signedToday: 0n,
    lastValidBlockHeight: 0,
  });
  const signed = VersionedTransaction.deserialize(bytes);
  expect(signed.message.recentBlockhash).toBe(blockhash);
  return signed;
}

test('the swap that was planned is signed, with a blockhash of ours', async () => {
  expect((await sign([LIMIT, OPEN, ROUTE, CLOSE])).signatures).toHaveLength(1);
});

const REFUSED: Record<string, [TransactionInstruction[], RegExp]> = {
  'more USDC': [[OPEN, route({ amount: AMOUNT + 1n }), CLOSE], /swaps 2000001/],
  'less USDC': [[OPEN, route({ amount: 1n }), CLOSE], /swaps 1,/],
  'a bad price': [[OPEN, route({ out: 10_000_000n }), CLOSE], /may bring only 9950000/],
  'too much slippage': [[OPEN, route({ slippage: 101 }), CLOSE], /slippage of 101/],
  'SOL for somebody else': [[OPEN, withAccount(ROUTE, 3, thief), CLOSE], /swaps into/],
  "somebody else's USDC": [[OPEN, withAccount(ROUTE, 2, thief), CLOSE], /swaps out of/],
  'another authority': [[OPEN, withAccount(ROUTE, 1, thief), CLOSE], /authority/],
  'another token than SOL': [[OPEN, withAccount(ROUTE, 5, USDC), CLOSE], /swaps for/],
  'a destination of its own': [[OPEN, withAccount(ROUTE, 4, thief), CLOSE], /calls program JUP/],
  'a fee account': [[OPEN, withAccount(ROUTE, 6, thief), CLOSE], /calls program JUP/],
  'two swaps': [[OPEN, ROUTE, route({ slippage: 49 }), CLOSE], /2 swaps/],
  'no swap': [[OPEN, CLOSE], /0 swaps/],
  'SOL that stays wrapped': [[OPEN, ROUTE], /stays open/],
  'closing to a thief': [
    [OPEN, ROUTE, createCloseAccountInstruction(wrapped, thief, owner)],
    /sends the SOL to/,
  ],
  "closing the agent's USDC account": [
    [
      OPEN,
      ROUTE,
      CLOSE,
      createCloseAccountInstruction(getAssociatedTokenAddressSync(USDC, owner), owner, owner),
    ],
    /closes/,
  ],
  'a transfer beside it': [
    [
      OPEN,
      ROUTE,
      CLOSE,
      createTransferInstruction(getAssociatedTokenAddressSync(USDC, owner), thief, owner, 1n),
    ],
    /calls program Tokenkeg/,
  ],
  'SOL sent away': [
    [
      OPEN,
      ROUTE,
      CLOSE,
      SystemProgram.transfer({ fromPubkey: owner, toPubkey: thief, lamports: 1 }),
    ],
    /does a pay_tip/,
  ],
  "rent of somebody's account": [
    [
      createAssociatedTokenAccountIdempotentInstruction(owner, thief, thief, NATIVE_MINT),
      ROUTE,
      CLOSE,
    ],
    /creates an account/,
  ],
  'an excessive fee': [
    [ComputeBudgetProgram.setComputeUnitPrice({ microLamports: 10n ** 9n }), OPEN, ROUTE, CLOSE],
    /priority fee/,
  ],
  'an instruction of the swap program that nobody knows': [
    [OPEN, { ...ROUTE, data: Buffer.alloc(40) } as TransactionInstruction, CLOSE],
    /calls program JUP/,
  ],
};
test.each(Object.entries(REFUSED))('refused: %s', async (_name, [instructions, why]) => {
  await expect(sign(instructions)).rejects.toThrow(why);
});

test('no more than the cap is swapped, whatever the books say', async () => {
  const larger = { ...payment, plan: { ...payment.plan, amount: AMOUNT + 1n } };
  await expect(
    sign([OPEN, route({ amount: AMOUNT + 1n }), CLOSE], { payment: larger }),
  ).rejects.toThrow(/swaps 2000001/);
});

test('a pen without a rule for swaps signs none', async () => {
  const without = createPen({ ...rules, signers, swap: null });
  const request = {
    payment,
    agent: text(owner),
    transaction: new Uint8Array(),
    tables: [],
    key,
    signedToday: 0n,
    lastValidBlockHeight: 0,
  };
  await expect(without.signSwap({ ...request, blockhash: text(thief) })).rejects.toThrow(
    expect.objectContaining({ code: 'pen_refused', message: expect.stringMatching(/not swap/) }),
  );
});

test('swaps count for the limits of the pen: one of them, and all of a day with the payments', async () => {
  let nowMs = 0;
  const limited = (paymentMost: bigint) =>
    createPen({
      ...rules,
      signers,
      limits: { paymentMost, subscriberADayMost: 2n * AMOUNT + 1n },
      nowMs: () => nowMs,
    });
  const given = transactionOf([OPEN, ROUTE, CLOSE]).serialize();
  const swapWith = (pen: ReturnType<typeof createPen>, signedToday: bigint) =>
    pen.signSwap({
      payment,
      agent: text(owner),
      transaction: given,
      tables: [],
      blockhash: text(thief),
      key,
      signedToday,
      lastValidBlockHeight: 0,
    });
  await expect(swapWith(limited(AMOUNT - 1n), 0n)).rejects.toThrow(
    expect.objectContaining({ code: 'pen_limited' }),
  );
  const own = limited(AMOUNT);
  // The ledger knows of a payment that leaves too little of the day.
  await expect(swapWith(own, AMOUNT + 2n)).rejects.toThrow(/within a day/);
  await swapWith(own, AMOUNT + 1n);
  await swapWith(own, 0n);
  // Two swaps were signed; the ledger says that there were none.
  await expect(swapWith(own, 0n)).rejects.toThrow(/after 4.000000 within a day/);
  nowMs = 24 * 3_600_000;
  await swapWith(own, 0n);
});

test('another fee payer is refused', async () => {
  await expect(sign([OPEN, ROUTE, CLOSE], { payer: thief })).rejects.toThrow(/fee payer/);
});

test('lookup tables are followed when they are known, and refused when they are not', async () => {
  const table = new AddressLookupTableAccount({
    key: Keypair.generate().publicKey,
    state: {
      deactivationSlot: 2n ** 64n - 1n,
      lastExtendedSlot: 1,
      lastExtendedSlotStartIndex: 0,
      addresses: [SWAP_PROGRAM, NATIVE_MINT, wrapped, thief],
    },
  });
  const known = [{ key: text(table.key), addresses: table.state.addresses.map(text) }];
  await expect(sign([OPEN, ROUTE, CLOSE], { table })).rejects.toThrow(
    expect.objectContaining({
      code: 'pen_refused',
      message: expect.stringMatching(/lookup table/),
    }),
  );
  expect((await sign([OPEN, ROUTE, CLOSE], { table, known })).signatures).toHaveLength(1);
  const lying = [{ key: text(table.key), addresses: [text(thief), text(thief), text(thief)] }];
  await expect(sign([OPEN, ROUTE, CLOSE], { table, known: lying })).rejects.toThrow(/refuses/);
});

test('a key is open in one buffer for one signature, and wiped, also when signing fails', async () => {
  const open: Uint8Array[] = [];
  let breaks = false;
  const watching = createSigners({
    vault: {
      ...vault,
      open: (bound, sealed, use) =>
        vault.open(bound, sealed, (plain) => {
          expect(Buffer.from(plain)).toEqual(Buffer.from(agent.secretKey));
          open.push(plain);
          const made = use(plain);
          if (breaks) throw new Error('the library broke');
          return made;
        }),
    },
    sponsorKey: null,
  });
  const message = new Uint8Array(64);
  await watching.agent(key).sign(message);
  breaks = true;
  await expect(watching.agent(key).sign(message)).rejects.toThrow('the library broke');
  expect(open).toHaveLength(2);
  // Copies outside of this buffer are looked for in test/chain/key-memory.test.ts.
  for (const each of open) expect(each.every((byte) => byte === 0)).toBe(true);
  expect(agent.secretKey.some((byte) => byte !== 0)).toBe(true);
});
