// Receipt: the verdict from a receipt and what a node gave for it, over terms of both bases, with
// openings under old and new terms, a payment and a transfer; each figure changed by one unit is
// refused, and what no node has is never ok.
import { createHash } from 'node:crypto';
import { PublicKey } from '@solana/web3.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Agreement, accrualOf, EMPTY_TAB } from '../../src/core/accrual.ts';
import type { Close, Fact, Open, Outflow } from '../../src/core/fact.ts';
import { type Address, base58Text, type Signature } from '../../src/core/ids.ts';
import {
  type Receipt,
  receiptsIn,
  receiptText,
  shareIdFrom,
  sharePreimage,
} from '../../src/core/receipt.ts';
import type { ReceiptEvidence } from '../../src/core/receipt-check.ts';
import { checkReceipts, statedIn, verdictOf } from '../../src/core/receipt-verdict.ts';
import type { ChainTransaction } from '../../src/core/transaction.ts';
import { variantsOf } from '../support/receipt-variants.ts';

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
const keyOf = (name: string): Address => base58Text(sha256(Buffer.from(name))) as Address;
const signatureOf = (name: string): Signature =>
  base58Text(createHash('sha512').update(name).digest()) as Signature;
const PROGRAM = keyOf('program');
const MINT = keyOf('mint');
const MEMO = 'MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr' as Address;
const derived = (program: string, ...seeds: (Buffer | string)[]): Address =>
  PublicKey.findProgramAddressSync(
    seeds.map((each) => (typeof each === 'string' ? new PublicKey(each).toBuffer() : each)),
    new PublicKey(program),
  )[0].toBase58() as Address;
const tokenAccount = (owner: Address): Address =>
  derived(
    'ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL',
    owner,
    'TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA',
    MINT,
  );
const [agent, creator] = [keyOf('agent'), keyOf('creator')];
const user = derived(PROGRAM, Buffer.from('user'), agent, Buffer.from([0, 0]));

type Record = { signature: Signature; slot: number; ordinal: number; body: Open | Close };
const open = (name: string, slot: number, base: bigint, quote: bigint, fee: bigint): Record => ({
  signature: signatureOf(name),
  slot,
  ordinal: 4,
  body: { kind: 'open', market: 0, position: 'long', base, quote, fee, fillRecordId: 1n },
});
const transactionOf = (
  signature: Signature,
  slot: number,
  more: Partial<ChainTransaction> = {},
): ChainTransaction => ({
  ...{ signature, slot, blockIndex: null, error: null, keys: [user, agent], instructions: [] },
  ...{ tokenBalances: [], signers: [agent], fee: 5_000n, lamports: null, logs: [] },
  ...more,
});
const moved = (owner: Address, before: bigint, after: bigint) => ({
  account: tokenAccount(owner),
  mint: MINT,
  decimals: 6,
  program: null,
  owner,
  ownerAfter: owner,
  before,
  after,
});
const memo = (id: string) => ({
  program: MEMO,
  accounts: [],
  data: new TextEncoder().encode(`bailiff:${id}`),
  inner: [],
});

type Made = {
  receipt: Receipt;
  evidence: ReceiptEvidence;
  transactions: Map<string, ChainTransaction>;
};

/** A receipt of a position that is opened under two terms and closed with this profit. */
function made(basis: 'per_close' | 'high_water_mark', gain: bigint, fee = 7n): Made {
  const records = [
    open('first', 20, 1_000n, 40_000n, 3n),
    open('second', 60, 500n, 30_001n, fee),
    open('third', 61, 501n, 30_060n, 2n),
  ];
  const entry = records.reduce((sum, { body }) => sum + ((body as Open).quote ?? 0n), 0n);
  const body: Close = {
    ...{ kind: 'close', market: 0, side: 'taker', position: 'long', cause: 'trade' },
    ...{ baseFilled: 2_001n, baseClosed: 2_001n, proceeds: entry + gain, entry, grossPnl: gain },
    ...{ fee: 11n, netPnl: gain - 11n, fillRecordId: 9n, oraclePrice: 5n, counterparty: null },
  };
  const close: Record = { signature: signatureOf('close'), slot: 90, ordinal: 8, body };
  const common = { creatorWallet: creator, basis, ended: false, markSlot: 10 };
  const terms = [
    { ...common, fromSlot: 10, shareBps: 1_000 },
    { ...common, fromSlot: 50, shareBps: 2_500 },
  ];
  const defaults = { minimumPayment: 0n, offCurve: false, expiresAfterMs: null };
  const agreement: Agreement = {
    terms: terms.map((each) => ({ ...each, ...defaults })),
    held: { slot: 5, positions: [] },
    tabs: { 10: { carry: 4_321n, deficit: basis === 'high_water_mark' ? 100n : 0n } },
  };
  const movements = records.map(({ signature, slot, ordinal, body: each }) => {
    const { market, position, base, quote, fee: paid } = each as Open;
    return {
      kind: 'open' as const,
      ...{ signature, slot, ordinal, market, position, base, quote },
      fee: paid,
    };
  });
  const parts = accrualOf(body, 90, agreement, movements).bookings.map(
    ({ terms: under, ...part }) => ({
      ...part,
      termsSlot: under?.fromSlot ?? null,
      basis: under?.basis ?? ('per_close' as const),
      shareBps: under?.shareBps ?? 0,
    }),
  );
  const amount = parts.find((each) => each.termsSlot === 50)?.amount ?? 0n;
  const key = { subscription: 'ana-1', account: user, signature: close.signature, slot: 90 };
  const preimage = sharePreimage({ ...key, ordinal: 8, termsSlot: 50 });
  const id = shareIdFrom(base58Text(sha256(Buffer.from(preimage))));
  const [part, rest] = [amount / 3n, amount - amount / 3n];
  const payment = { id: 'p1', signature: signatureOf('payment'), slot: 95, amount: rest + 5n };
  const transfer = { signature: signatureOf('transfer'), slot: 93, ordinal: 2, account: user };
  const receipt: Receipt = {
    ...{ kind: 'bailiff.receipt', version: 1, genesisHash: 'here', venue: 'drift-v2' },
    ...{ programId: PROGRAM, mint: MINT, subscription: 'ana-1', terms, movements, parts },
    subscriber: {
      agentWallet: agent,
      tokenAccount: tokenAccount(agent),
      venueAccount: user,
      subAccountId: 0,
    },
    creator: { wallet: creator, tokenAccount: tokenAccount(creator) },
    share: { id, termsSlot: 50, amount, paid: amount, overpaid: 0n, status: 'paid' },
    held: { slot: 5, positions: [] },
    close: { signature: close.signature, slot: 90, ordinal: 8, body },
    payments: [
      {
        ...payment,
        ...{ withdrawn: 20n, reimbursed: 3n },
        covers: [
          { share: id, amount: rest },
          { share: 'ps_other', amount: 5n },
        ],
      },
    ],
    credits: [{ ...transfer, amount: part + 1n, credited: part }],
  };
  const fall = payment.amount - 20n + 3n;
  const transactions = new Map(
    [
      ...[...records, close].map((each) => transactionOf(each.signature, each.slot)),
      transactionOf(payment.signature, 95, {
        tokenBalances: [moved(creator, 1n, 1n + payment.amount), moved(agent, 9n + fall, 9n)],
        instructions: [memo('p1')],
      }),
      transactionOf(transfer.signature, 93, { tokenBalances: [moved(creator, 0n, part + 1n)] }),
    ].map((each) => [each.signature, each]),
  );
  const gift = {
    ...transfer,
    body: {
      ...{ kind: 'outflow', route: 'withdraw', amount: part + 1n, mint: MINT, decimals: 6 },
      ...{ destination: tokenAccount(creator), owner: creator, internal: false, ofValue: true },
      ...{ consent: 'agent', signers: [], usd: null },
    } as Outflow,
  };
  const evidence: ReceiptEvidence = {
    genesisHash: 'here',
    venues: [{ name: 'drift-v2', programId: PROGRAM, quoteMint: MINT }],
    transaction: (signature) => transactions.get(signature) ?? null,
    facts: (transaction) =>
      [...records, close, gift]
        .filter((each) => each.signature === transaction.signature)
        .map(
          ({ signature, slot, ordinal, body: each }): Fact => ({
            ...{ subscriberId: '', account: user, signature, body: each },
            position: { slot, blockIndex: null, ordinal },
          }),
        ),
    sha256,
  };
  return { receipt, evidence, transactions };
}
const BASES = ['per_close', 'high_water_mark'] as const;

describe.each(BASES)('a receipt on the basis %s', (basis) => {
  const { receipt, evidence, transactions } = made(basis, 70_001n);

  test('is ok when everything is as the node shows it, also as text', () => {
    const checks = checkReceipts(receiptsIn(receiptText(receipt)), evidence);
    expect(checks.filter((each) => each.verdict !== 'ok')).toEqual([]);
    expect(receipt.parts).toHaveLength(2);
    expect(statedIn(receipt)[0]).toContain('25 %');
  });

  test('is refused with any figure changed by one unit, any entry left out or doubled', () => {
    // Whom other terms than the share's pay is stated, as the terms are.
    const stated = /^terms\[0\]\.creatorWallet/;
    for (const [name, variant] of [...variantsOf(receipt)].filter(([each]) => !stated.test(each)))
      expect(verdictOf(checkReceipts([variant], evidence)), name).not.toBe('ok');
  });

  test('is never ok without each of its transactions, and differs when one failed', () => {
    for (const signature of transactions.keys()) {
      const without = (each: Signature) => (each === signature ? null : evidence.transaction(each));
      const pruned = checkReceipts([receipt], { ...evidence, transaction: without });
      expect(verdictOf(pruned)).toBe('unknown');
      const failed = (each: Signature) => {
        const found = evidence.transaction(each);
        return found !== null && each === signature ? { ...found, error: 'x' } : found;
      };
      expect(verdictOf(checkReceipts([receipt], { ...evidence, transaction: failed }))).toBe(
        'differs',
      );
    }
  });
});

test('a payment that the chain shows otherwise is refused: another receiver, amount, memo or signer', () => {
  const { receipt, evidence } = made('per_close', 70_001n);
  const [payment] = receipt.payments as [Receipt['payments'][number]];
  const shown = (change: (found: ChainTransaction) => Partial<ChainTransaction>) => ({
    ...evidence,
    transaction(signature: Signature) {
      const found = evidence.transaction(signature);
      const ours = found !== null && signature === payment.signature;
      return ours ? { ...found, ...change(found) } : found;
    },
  });
  const [toCreator, fromAgent] =
    shown(() => ({})).transaction(payment.signature)?.tokenBalances ?? [];
  const changes: { readonly [name: string]: Partial<ChainTransaction> } = {
    less: { tokenBalances: [{ ...toCreator!, after: toCreator!.after - 1n }, fromAgent!] },
    elsewhere: { tokenBalances: [{ ...toCreator!, account: keyOf('other') }, fromAgent!] },
    owner: { tokenBalances: [{ ...toCreator!, ownerAfter: keyOf('other') }, fromAgent!] },
    mint: { tokenBalances: [{ ...toCreator!, mint: keyOf('other') }, fromAgent!] },
    agent: { tokenBalances: [toCreator!, { ...fromAgent!, after: fromAgent!.after - 1n }] },
    memo: { instructions: [memo('p2')] },
    silent: { instructions: [] },
    signer: { signers: [keyOf('other')] },
  };
  for (const [name, change] of Object.entries(changes)) {
    const found = checkReceipts(
      [receipt],
      shown(() => change),
    );
    expect(
      found.filter((each) => each.verdict !== 'ok').map((each) => [each.what, each.verdict]),
      name,
    ).toEqual([['payment', 'differs']]);
  }
});

test('whatever the profit, a true receipt is ok and one with a forged amount is not', () =>
  fc.assert(
    fc.property(
      fc.constantFrom(...BASES),
      fc.bigInt({ min: 60_000n, max: 10n ** 15n }),
      fc.bigInt({ min: -50n, max: 10_000n }),
      fc.bigInt({ min: 1n, max: 10n ** 6n }),
      (basis, gain, fee, more) => {
        const { receipt, evidence } = made(basis, gain, fee);
        expect(verdictOf(checkReceipts([receipt], evidence))).toBe('ok');
        const amount = receipt.share.amount + more;
        const share = { ...receipt.share, amount, paid: amount };
        expect(verdictOf(checkReceipts([{ ...receipt, share }], evidence))).toBe('differs');
      },
    ),
    { numRuns: 50 },
  ));

test('a profit that only account state shows can not be told, and its amount is computed all the same', () => {
  const { receipt, evidence } = made('per_close', 70_001n);
  const body = {
    kind: 'reckoning',
    netPnl: 40_000n,
    afterSlot: 61,
    uptoSlot: 92,
    held: [],
  } as const;
  const terms = receipt.terms.map((each) => ({
    ...each,
    ...{ minimumPayment: 0n, offCurve: false, expiresAfterMs: null },
  }));
  const agreement = { terms, held: receipt.held, tabs: { 10: EMPTY_TAB } };
  const [booked] = accrualOf(body, 90, agreement, receipt.movements as never).bookings;
  const { terms: under, ...part } = booked as NonNullable<typeof booked>;
  const amount = part.amount;
  const [payment] = receipt.payments as [Receipt['payments'][number]];
  const of = (charged: bigint): Receipt => ({
    ...receipt,
    close: { ...receipt.close, body },
    parts: [
      { ...part, charged, termsSlot: 50, basis: 'per_close', shareBps: under?.shareBps ?? 0 },
    ],
    share: { ...receipt.share, amount, paid: 0n, status: 'pending' },
    payments: [],
    credits: [],
  });
  const found = checkReceipts([of(part.charged)], evidence);
  expect(
    found.filter((each) => each.verdict !== 'ok').map((each) => [each.what, each.verdict]),
  ).toEqual([
    ['close', 'unknown'],
    ['history', 'unknown'],
  ]);
  expect(verdictOf(checkReceipts([of(part.charged + 1n)], evidence))).toBe('differs');
  expect(payment.amount).toBeGreaterThan(0n);
});

test('two receipts that count one transfer for more than it moved are refused together', () => {
  const { receipt, evidence } = made('per_close', 70_001n);
  const other = { ...receipt, share: { ...receipt.share, id: 'ps_2' } };
  const together = checkReceipts([receipt, other], evidence).filter((each) => each.share === null);
  expect(together).toMatchObject([
    { verdict: 'differs', detail: expect.stringMatching(/two shares.*of the transfer is counted/) },
  ]);
});

test('a text that is no receipt is refused with the place of the fault', () => {
  const { receipt } = made('per_close', 70_001n);
  const text = (change: object) =>
    JSON.stringify({ ...JSON.parse(receiptText(receipt)), ...change });
  for (const [given, says] of [
    ['nothing', 'no JSON'],
    ['{}', 'kind must be bailiff.receipt'],
    [text({ version: 2 }), 'version must be 1'],
    [text({ extra: 1 }), 'extra must be absent'],
    [text({ parts: 'x' }), 'parts must be a list'],
    [text({ share: { id: 'x' } }), 'share.termsSlot must be a whole number'],
    [text({ mint: 'x' }), 'mint must be a Solana address'],
    [
      text({ close: { ...JSON.parse(receiptText(receipt)).close, body: { kind: 'x' } } }),
      'close.body.kind',
    ],
  ] as const)
    expect(() => receiptsIn(given), says).toThrow(says);
});
