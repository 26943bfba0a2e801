// Swap: the endpoint that builds an agent's swap is not trusted. Whatever it answers, the pen signs
// only the planned swap: this much USDC for at least so much SOL, out of the agent's own accounts
// and into them.
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
  type Signer,
  SystemProgram,
  type TransactionInstruction,
  TransactionMessage,
  VersionedTransaction,
} from '@solana/web3.js';
import { expect, test, vi } from 'vitest';
import { createPen } from '../../src/chain/pen.ts';
import { createVault } from '../../src/chain/vault.ts';
import type { Address } from '../../src/core/ids.ts';
import type { Payment } from '../../src/core/payment.ts';
import type { SealedKey } from '../../src/core/ports.ts';
import type { LookupTable } from '../../src/core/signing-ports.ts';
import { USDC } from '../../src/local/drift/addresses.ts';
import { routeInstruction, SWAP_PROGRAM } from '../../src/local/swap.ts';
import { createDriftVenue } from '../../src/venue/drift-v2/venue.ts';

const text = (key: PublicKey): Address => key.toBase58() as Address;
const agent = Keypair.generate();
const thief = Keypair.generate().publicKey;
const owner = agent.publicKey;
const AMOUNT = 2_000_000n;
const OUT = 13_333_333n;
const pen = createPen({
  vault: createVault({ masterKey: randomBytes(32), nextMasterKey: null }),
  sponsorKey: null,
  mint: text(USDC),
  quoteMarket: 0,
  priorityFeeMost: 1_000_000n,
  reimburseMost: 0n,
  limits: { paymentMost: null, subscriberADayMost: null },
  nowMs: () => 0,
  swap: { amountMost: AMOUNT, slippageBpsMost: 100, lamportsLeast: 10_000_000n },
  inspectVenue: createDriftVenue().inspect,
});
const key: SealedKey = {
  subscriberId: 'ana',
  publicKey: text(owner),
  sealed: pen.seal('ana', text(owner), agent.secretKey),
};
const payment: Payment = {
  id: 'p1',
  purpose: 'top_up',
  subscriberId: 'ana',
  subscriptionId: 's',
  creatorWallet: text(owner),
  driftUser: text(thief),
  subAccountId: 0,
  attempts: 0,
  state: 'planned',
  signed: null,
  plan: {
    amount: AMOUNT,
    covers: [],
    withdraw: 0n,
    settleMarkets: [],
    feePayer: 'agent',
    reimburse: 0n,
    createAgentAccount: false,
    createCreatorAccount: false,
  },
};
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

function sign(
  instructions: TransactionInstruction[],
  options: {
    payer?: PublicKey;
    table?: AddressLookupTableAccount;
    known?: LookupTable[];
    payment?: Payment;
  } = {},
): VersionedTransaction {
  const message = new TransactionMessage({
    payerKey: options.payer ?? owner,
    recentBlockhash: text(Keypair.generate().publicKey),
    instructions,
  }).compileToV0Message(options.table === undefined ? [] : [options.table]);
  const blockhash = text(Keypair.generate().publicKey);
  const { bytes } = pen.signSwap({
    payment: options.payment ?? payment,
    agent: text(owner),
    transaction: new VersionedTransaction(message).serialize(),
    tables: options.known ?? [],
    blockhash,
    key,
  });
  const signed = VersionedTransaction.deserialize(bytes);
  expect(signed.message.recentBlockhash).toBe(blockhash);
  return signed;
}

test('the swap that was planned is signed, with a blockhash of ours', () => {
  expect(sign([LIMIT, OPEN, ROUTE, CLOSE]).signatures).toHaveLength(1);
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
    /calls program 1111/,
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
test.each(Object.entries(REFUSED))('refused: %s', (_name, [instructions, why]) => {
  expect(() => sign(instructions)).toThrow(why);
});

test('no more than the cap is swapped, whatever the books say', () => {
  const larger = { ...payment, plan: { ...payment.plan, amount: AMOUNT + 1n } };
  expect(() => sign([OPEN, route({ amount: AMOUNT + 1n }), CLOSE], { payment: larger })).toThrow(
    /swaps 2000001/,
  );
});

test('a pen without a rule for swaps signs none', () => {
  const without = createPen({
    vault: createVault({ masterKey: randomBytes(32), nextMasterKey: null }),
    sponsorKey: null,
    mint: text(USDC),
    quoteMarket: 0,
    priorityFeeMost: 1_000_000n,
    reimburseMost: 0n,
    limits: { paymentMost: null, subscriberADayMost: null },
    nowMs: () => 0,
    swap: null,
    inspectVenue: createDriftVenue().inspect,
  });
  const request = { payment, agent: text(owner), transaction: new Uint8Array(), tables: [], key };
  expect(() => without.signSwap({ ...request, blockhash: text(thief) })).toThrow(
    expect.objectContaining({ code: 'pen_refused', message: expect.stringMatching(/not swap/) }),
  );
});

test('another fee payer is refused', () => {
  expect(() => sign([OPEN, ROUTE, CLOSE], { payer: thief })).toThrow(/fee payer/);
});

test('lookup tables are followed when they are known, and refused when they are not', () => {
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
  expect(() => sign([OPEN, ROUTE, CLOSE], { table })).toThrow(
    expect.objectContaining({
      code: 'pen_refused',
      message: expect.stringMatching(/lookup table/),
    }),
  );
  expect(sign([OPEN, ROUTE, CLOSE], { table, known }).signatures).toHaveLength(1);
  const lying = [{ key: text(table.key), addresses: [text(thief), text(thief), text(thief)] }];
  expect(() => sign([OPEN, ROUTE, CLOSE], { table, known: lying })).toThrow(/refuses/);
});

const SWAP = [LIMIT, OPEN, ROUTE, CLOSE];
test('one copy is made for a signature, whatever is signed, and it is wiped, also when signing fails', () => {
  const open: Uint8Array[] = [];
  const signing = vi.spyOn(VersionedTransaction.prototype, 'sign');
  const wasOpen = (signers: readonly Signer[]): void => {
    const [first] = signers as [Signer];
    expect(Buffer.from(first.secretKey)).toEqual(Buffer.from(agent.secretKey));
    open.push(first.secretKey);
  };
  signing.mockImplementationOnce(function (this: VersionedTransaction, signers) {
    wasOpen(signers);
    this.sign(signers);
  });
  sign(SWAP);
  signing.mockImplementationOnce((signers) => {
    wasOpen(signers);
    throw new Error('the library broke');
  });
  expect(() => sign(SWAP)).toThrow();
  signing.mockRestore();
  expect(open).toHaveLength(2);
  for (const each of open) expect(each.every((byte) => byte === 0)).toBe(true);
  expect(agent.secretKey.some((byte) => byte !== 0)).toBe(true);
});
