// Made receipt: a receipt of a position that was opened under two terms, closed with a given profit
// and paid in two ways, with the transactions and facts that a node would give for it.
import { createHash } from 'node:crypto';
import { PublicKey } from '@solana/web3.js';
import { type Agreement, accrualOf, type Booking } from '../../src/core/accrual.ts';
import type { Close, Fact, Open, Outflow } from '../../src/core/fact.ts';
import { type Address, base58Text, type Signature } from '../../src/core/ids.ts';
import {
  type Receipt,
  shareIdFrom,
  sharePreimage,
  termsOf as termsIn,
} from '../../src/core/receipt.ts';
import type { ReceiptEvidence } from '../../src/core/receipt-check.ts';
import { checkReceipts } from '../../src/core/receipt-verdict.ts';
import { type TermsRules, USUAL_RULES } from '../../src/core/terms.ts';
import { USDC } from '../../src/core/token.ts';
import type { ChainTransaction } from '../../src/core/transaction.ts';

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
/** The address that stands for a name. */
export const keyOf = (name: string): Address => base58Text(sha256(Buffer.from(name))) as Address;
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
  signature,
  slot,
  blockIndex: null,
  error: null,
  keys: [user, agent],
  instructions: [],
  tokenBalances: [],
  signers: [agent],
  fee: 5_000n,
  lamports: null,
  logs: [],
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
/** The memo instruction of a payment of this id. */
export const memo = (id: string) => ({
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

/** The parts of a receipt whose close was booked so. */
export const partsOf = (bookings: readonly Booking[]): Receipt['parts'] =>
  bookings.map(({ terms, fees: _, owed: _o, ...part }) => ({
    ...part,
    termsSlot: terms?.fromSlot ?? null,
    basis: terms?.basis ?? 'per_close',
    shareBps: terms?.shareBps ?? 0,
  }));

/** A receipt of a position that is opened under two terms and closed with this profit. */
export function made(
  basis: 'per_close' | 'high_water_mark',
  gain: bigint,
  fee = 7n,
  rules: Partial<TermsRules> = {},
  splits: readonly number[] = [],
): Made {
  const records = [
    open('first', 20, 1_000n, 40_000n, 3n),
    open('second', 60, 500n, 30_001n, fee),
    open('third', 61, 501n, 30_060n, 2n),
  ];
  const entry = records.reduce((sum, { body }) => sum + ((body as Open).quote ?? 0n), 0n);
  const body: Close = {
    kind: 'close',
    market: 0,
    side: 'taker',
    position: 'long',
    cause: 'trade',
    baseFilled: 2_001n,
    baseClosed: 2_001n,
    proceeds: entry + gain,
    entry,
    grossPnl: gain,
    fee: 11n,
    netPnl: gain - 11n,
    fillRecordId: 9n,
    oraclePrice: 5n,
    counterparty: null,
  };
  const close: Record = { signature: signatureOf('close'), slot: 90, ordinal: 8, body };
  const common = {
    ...USUAL_RULES,
    // The close is in this slot, so it is the first that is not free.
    freeBeforeSlot: 90,
    ...rules,
    // Of a share that is split, the receipt is that of the first split.
    creatorWallet: splits.length === 0 ? creator : agent,
    splits: splits.map((shareBps) => ({ wallet: creator, shareBps })),
    basis,
    ended: false,
    markSlot: 10,
  };
  const terms = [
    { ...common, fromSlot: 10, shareBps: 1_000 },
    { ...common, fromSlot: 50, shareBps: 2_500 },
  ];
  const recipient = splits.length === 0 ? 0 : 1;
  const dealt = splits.length === 0 ? {} : { dealt: 3n };
  const agreement: Agreement = {
    terms: termsIn({ terms }),
    held: { slot: 5, positions: [] },
    tabs: { 10: { carry: 4_321n, deficit: basis === 'high_water_mark' ? 100n : 0n, ...dealt } },
  };
  const movements = records.map(({ signature, slot, ordinal, body: each }) => {
    const { market, position, base, quote, fee: paid } = each as Open;
    return {
      kind: 'open' as const,
      signature,
      slot,
      ordinal,
      market,
      position,
      base,
      quote,
      fee: paid,
    };
  });
  const { bookings } = accrualOf(body, 90, agreement, movements);
  const parts = partsOf(bookings);
  const booked = bookings.find((each) => each.terms?.fromSlot === 50);
  const amount = booked?.owed.find((each) => each.nth === recipient)?.amount ?? 0n;
  const key = { subscription: 'ana-1', account: user, signature: close.signature, slot: 90 };
  const preimage = sharePreimage({ ...key, ordinal: 8, termsSlot: 50, recipient });
  const id = shareIdFrom(base58Text(sha256(Buffer.from(preimage))));
  const [part, rest] = [amount / 3n, amount - amount / 3n];
  const payment = { id: 'p1', signature: signatureOf('payment'), slot: 95, amount: rest + 5n };
  const transfer = { signature: signatureOf('transfer'), slot: 93, ordinal: 2, account: user };
  const receipt: Receipt = {
    kind: 'bailiff.receipt',
    version: 1,
    genesisHash: 'here',
    venue: 'drift-v2',
    programId: PROGRAM,
    mint: MINT,
    subscription: 'ana-1',
    terms,
    movements,
    parts,
    subscriber: {
      agentWallet: agent,
      tokenAccount: tokenAccount(agent),
      venueAccount: user,
      subAccountId: 0,
    },
    creator: { wallet: creator, tokenAccount: tokenAccount(creator) },
    share: { id, termsSlot: 50, recipient, amount, paid: amount, overpaid: 0n, status: 'paid' },
    held: { slot: 5, positions: [], open: 'free' },
    close: { signature: close.signature, slot: 90, ordinal: 8, body },
    payments: [
      {
        ...payment,
        others: 0n,
        withdrawn: 20n,
        reimbursed: 3n,
        covers: [
          { share: id, amount: rest },
          { share: 'ps_other', amount: 5n },
        ],
      },
    ],
    credits: [{ ...transfer, amount: part + 1n, credited: part }],
    roots: [],
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
      kind: 'outflow',
      route: 'withdraw',
      amount: part + 1n,
      mint: MINT,
      decimals: 6,
      destination: tokenAccount(creator),
      owner: creator,
      internal: false,
      ofValue: true,
      consent: 'agent',
      signers: [],
      usd: null,
    } as Outflow,
  };
  const evidence: ReceiptEvidence = {
    genesisHash: 'here',
    venues: [{ name: 'drift-v2', programId: PROGRAM, quote: { ...USDC, mint: MINT } }],
    transaction: (signature) => transactions.get(signature) ?? null,
    facts: (transaction) =>
      [...records, close, gift]
        .filter((each) => each.signature === transaction.signature)
        .map(
          ({ signature, slot, ordinal, body: each }): Fact => ({
            subscriberId: '',
            account: user,
            signature,
            body: each,
            position: { slot, blockIndex: null, ordinal },
          }),
        ),
    sha256,
  };
  return { receipt, evidence, transactions };
}

/** The checks of one receipt that are not ok, as `code verdict`, and all their details. */
export function faultsOf(receipt: Receipt, evidence: ReceiptEvidence) {
  const wrong = checkReceipts([receipt], evidence).filter((each) => each.verdict !== 'ok');
  return {
    checks: wrong.map((each) => `${each.what} ${each.verdict}`),
    says: wrong.map((each) => each.detail).join(' '),
  };
}
/** The list with its first entry changed. */
export const withFirst = <Of>(list: readonly Of[], change: Partial<Of>): Of[] =>
  list.map((each, at) => (at === 0 ? { ...each, ...change } : each));
