// Round: which questions one round of the proof of death puts to a node, and what it makes of each
// answer. The node is a table of answers.
import { PublicKey, TransactionMessage, VersionedTransaction } from '@solana/web3.js';
import { describe, expect, test } from 'vitest';
import { gatherDeathEvidence } from '../../src/chain/proof.ts';
import { openConnection } from '../../src/chain/rpc.ts';
import { base58Text, type Signature } from '../../src/core/ids.ts';
import type { SignedBytes } from '../../src/core/signed-bytes.ts';
import { addressOf } from '../support/ledger.ts';

const SEEN = 1_000;
const BLOCKHASH_SLOT = 500;
const SIGNATURE = base58Text(new Uint8Array(64).fill(3)) as Signature;
const OTHER = base58Text(new Uint8Array(64).fill(4)) as Signature;
const NEWER = base58Text(new Uint8Array(64).fill(5)) as Signature;
const ACCOUNT = addressOf(7);
const BLOCKHASH = addressOf(8);
const signed: SignedBytes = {
  signature: SIGNATURE,
  bytes: new VersionedTransaction(
    new TransactionMessage({
      payerKey: new PublicKey(ACCOUNT),
      recentBlockhash: BLOCKHASH,
      instructions: [],
    }).compileToV0Message(),
  ).serialize(),
  lastValidBlockHeight: 600,
  blockhashSlot: BLOCKHASH_SLOT,
};
const row = (signature: string, slot: number) => ({
  signature,
  slot,
  err: null,
  memo: null,
  blockTime: null,
  confirmationStatus: 'finalized',
});

type Question = { id: unknown; method: string; params: unknown[] };
type Node = Record<string, (params: unknown[], nth: number) => unknown>;
const EPOCH = {
  absoluteSlot: SEEN,
  blockHeight: 900,
  epoch: 1,
  slotIndex: 1,
  slotsInEpoch: 432_000,
  transactionCount: 1,
};
/** A node that knows nothing of the payment, and whose history reaches far back. */
const ABSENT: Node = {
  getEpochInfo: () => EPOCH,
  getSignatureStatuses: () => ({ context: { slot: SEEN }, value: [null] }),
  getTransaction: () => null,
  getSignaturesForAddress: () => [],
  getFirstAvailableBlock: () => 1,
  getBlocks: ([from, to]) => blocksBetween(Number(from), Number(to)),
  getBlock: ([slot]) => headOf(Number(slot), 50),
};
const blocksBetween = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);
/** A block whose height is its slot less so many slots that had none. */
const headOf = (slot: number, skipped: number, parentSlot = slot - 1) => ({
  blockhash: slot === BLOCKHASH_SLOT ? BLOCKHASH : addressOf(9),
  previousBlockhash: addressOf(9),
  parentSlot,
  blockHeight: slot - skipped,
  blockTime: null,
});

const EXPIRED: Node = {
  isBlockhashValid: () => ({ context: { slot: SEEN }, value: false }),
};

/** One round with a node; `requests` are its requests, each with the questions in it. */
async function round(how: 'together' | 'apart', change: Node = {}) {
  const node: Node = { ...ABSENT, ...change };
  const requests: Question[][] = [];
  const counts = new Map<string, number>();
  const connection = openConnection('http://127.0.0.1:1', null, async (_, init) => {
    const request = JSON.parse(String(init?.body)) as Question | Question[];
    if (Array.isArray(request) && how === 'apart') return new Response('none', { status: 400 });
    const questions = [request].flat();
    requests.push(questions);
    const answers = questions.map(({ id, method, params }) => {
      const nth = counts.get(method) ?? 0;
      counts.set(method, nth + 1);
      return { jsonrpc: '2.0', id, result: node[method]?.(params ?? [], nth) };
    });
    return Response.json(Array.isArray(request) ? answers : answers[0]);
  });
  const first = { connection, ofOurChain: async () => true };
  const evidence = await gatherDeathEvidence({ first, second: null }, signed, ACCOUNT);
  return { evidence, methods: requests.map((each) => each.map(({ method }) => method)), requests };
}
const WHOLE = {
  finalizedSlot: SEEN,
  finalizedBlockHeight: 900,
  statusAbsent: true,
  transactionAbsent: true,
  historyAbsent: true,
  historyReaches: true,
  lastHeight: 600,
  ownChain: true,
  second: 'none',
};
const BATCH = [
  'getFirstAvailableBlock',
  'getSignatureStatuses',
  'getTransaction',
  'getSignaturesForAddress',
  'getBlocks',
  'getFirstAvailableBlock',
];
const HEADS = ['getBlock', 'getBlock'];

test('together: the height first, then every question in one request, and no other', async () => {
  // An older transaction ends the walk on its first page.
  const older = { getSignaturesForAddress: () => [row(OTHER, BLOCKHASH_SLOT - 1)] };
  const { evidence, methods, requests } = await round('together', older);
  expect(evidence).toEqual(WHOLE);
  expect(methods).toEqual([['getEpochInfo'], BATCH, ...HEADS.map((each) => [each])]);
  const asked = requests[1] as Question[];
  const commitment = 'finalized';
  const minContextSlot = SEEN;
  expect(requests[0]?.[0]?.params).toEqual([{ commitment }]);
  expect(asked[1]?.params).toEqual([
    [SIGNATURE],
    { searchTransactionHistory: true, minContextSlot },
  ]);
  expect(asked[2]?.params).toEqual([
    SIGNATURE,
    { commitment, maxSupportedTransactionVersion: 1, minContextSlot },
  ]);
  expect(asked[3]?.params).toEqual([
    ACCOUNT,
    expect.objectContaining({ commitment, minContextSlot }),
  ]);
  expect(asked[4]?.params).toEqual([BLOCKHASH_SLOT, SEEN, { commitment }]);
  // The block of the blockhash, and the last one of the margin of a proof.
  expect(requests.slice(2).map(([each]) => each?.params[0])).toEqual([500, 682]);
});

test('apart: each question by itself, the first available block before and after', async () => {
  const older = { getSignaturesForAddress: () => [row(OTHER, BLOCKHASH_SLOT - 1)] };
  const { evidence, methods, requests } = await round('apart', older);
  expect(evidence).toEqual(WHOLE);
  const apart = BATCH.filter((each) => each !== 'getBlocks').slice(0, -1);
  const blocks = ['getBlocks', ...HEADS, 'getFirstAvailableBlock'];
  expect(methods.flat()).toEqual(['getEpochInfo', ...apart, ...blocks]);
  for (const method of ['getTransaction', 'getSignaturesForAddress']) {
    const question = requests.flat().find((each) => each.method === method);
    expect(question?.params.at(-1)).toMatchObject({
      commitment: 'finalized',
      minContextSlot: SEEN,
    });
  }
});

test.each<[string, Node]>([
  ['the block before', { getFirstAvailableBlock: (_, nth) => (nth === 0 ? null : 1) }],
  ['the block after', { getFirstAvailableBlock: (_, nth) => (nth === 1 ? null : 1) }],
  ['the page', { getSignaturesForAddress: (_, nth) => (nth === 0 ? null : []) }],
])('together: where %s is not told, the questions are put one by one', async (_, change) => {
  const { evidence, methods } = await round('together', change);
  expect(evidence).toEqual(WHOLE);
  expect(methods[1]).toEqual(BATCH);
  expect(methods.flat().filter((each) => each === 'getTransaction')).toHaveLength(2);
});

describe.each(['together', 'apart'] as const)('%s', (how) => {
  const of = async (change: Node) => (await round(how, change)).evidence;

  test('a status from a node at the very slot counts, one slot behind it does not', async () => {
    const at = (slot: number) => ({
      getSignatureStatuses: () => ({ context: { slot }, value: [null] }),
    });
    expect(await of(at(SEEN))).toMatchObject({ statusAbsent: true });
    expect(await of(at(SEEN - 1))).toMatchObject({ statusAbsent: null });
  });
  test('a history that begins in the slot of the blockhash reaches, one slot later it does not', async () => {
    const from = (slot: number) => ({ getFirstAvailableBlock: () => slot });
    expect(await of(from(BLOCKHASH_SLOT))).toMatchObject({ historyReaches: true });
    expect(await of(from(BLOCKHASH_SLOT + 1))).toMatchObject({ historyReaches: false });
  });
  test('a history that is not told proves nothing, neither its absence nor its reach', async () => {
    const evidence = await of({ getSignaturesForAddress: () => null });
    expect(evidence).toMatchObject({ historyAbsent: null, historyReaches: true });
    const reach = await of({ getFirstAvailableBlock: () => null });
    expect(reach).toMatchObject({ historyReaches: null });
  });
  test('a walk goes on through the slot of the blockhash, and ends at an older row', async () => {
    const pages: Node = {
      getSignaturesForAddress: (_params, nth) =>
        [[row(NEWER, BLOCKHASH_SLOT + 9)], [row(OTHER, BLOCKHASH_SLOT)], [row(SIGNATURE, 499)]][
          nth
        ] ?? [],
    };
    expect(await of(pages)).toMatchObject({ historyAbsent: false });
    const ended: Node = {
      getSignaturesForAddress: (_params, nth) =>
        nth === 0 ? [row(OTHER, BLOCKHASH_SLOT - 1)] : [row(SIGNATURE, 1)],
    };
    expect(await of(ended)).toMatchObject({ historyAbsent: true });
  });
  test('a node that names an early first block and lacks one of the blocks keeps them not', async () => {
    const kept = async (change: Node) => (await of(change)).lastHeight;
    expect(await kept({})).toBe(600);
    // The node's blocks begin later than it claims, although it gives the parent of its first
    // block.
    const from = (first: number): Node => ({
      getBlocks: ([begin, end]) => blocksBetween(Math.max(first, Number(begin)), Number(end)),
    });
    expect(await kept(from(BLOCKHASH_SLOT + 1))).toBeNull();
    expect(await kept(from(SEEN + 1))).toBeNull();
    // The slot of the blockhash was skipped, or a fork took its block: nothing is missing.
    const skipped = {
      ...from(BLOCKHASH_SLOT + 2),
      getBlock: ([slot]: unknown[]) => headOf(Number(slot), 52, BLOCKHASH_SLOT - 1),
    };
    expect(await kept({ ...skipped, ...EXPIRED })).toBe(600);
    // A hole in the middle: a node that was away, and began anew from a snapshot.
    const hole: Node = {
      getBlocks: ([begin, end]) =>
        blocksBetween(Number(begin), Number(end)).filter((slot) => slot < 560 || slot > 570),
    };
    expect(await kept(hole)).toBeNull();
    // It lists what it cannot give, or does not tell heights, or does not know the question.
    for (const change of [
      { getBlock: () => null },
      { getBlock: ([slot]: unknown[]) => ({ ...headOf(Number(slot), 50), blockHeight: null }) },
      { getBlocks: () => undefined },
    ] as Node[])
      expect(await kept(change)).toBeNull();
  });
  test('the blocks must go on past the last height at which the bytes were valid', async () => {
    // The list ends before the 150th block after that of the blockhash.
    const early: Node = { getEpochInfo: () => ({ ...EPOCH, absoluteSlot: 649 }) };
    expect((await of(early)).lastHeight).toBeNull();
    // A cluster that stood still: no block in the first 600 slots after the blockhash's.
    const still: Node = {
      getEpochInfo: () => ({ ...(EPOCH as object), absoluteSlot: 5_000, blockHeight: 900 }),
      getSignatureStatuses: () => ({ context: { slot: 5_000 }, value: [null] }),
      getBlocks: ([begin, end]) =>
        blocksBetween(Number(begin), Number(end)).filter((slot) => slot === 500 || slot > 2_000),
      getBlock: ([slot]) =>
        slot === 500
          ? headOf(500, 50)
          : headOf(Number(slot), 1_550, slot === 2_001 ? 500 : undefined),
    };
    expect((await of(still)).lastHeight).toBe(600);
  });
  test('the last height is 150 above the block of the blockhash, whatever height came with that', async () => {
    const later: Node = { getBlock: ([slot]) => headOf(Number(slot), 40) };
    expect((await of(later)).lastHeight).toBe(610);
    const earlier: Node = { getBlock: ([slot]) => headOf(Number(slot), 100) };
    expect((await of(earlier)).lastHeight).toBe(550);
  });
  test('where the block of that slot has another blockhash, the node must call it expired', async () => {
    // The simulating node told a slot in which the blockhash was not made, or a fork took it.
    const other: Node = {
      getBlock: ([slot]) => ({ ...headOf(Number(slot), 50), blockhash: addressOf(9) }),
    };
    expect((await of({ ...other, ...EXPIRED })).lastHeight).toBe(600);
    const asked: unknown[][] = [];
    const valid: Node = {
      isBlockhashValid: (params) => {
        asked.push(params);
        return { context: { slot: SEEN }, value: true };
      },
    };
    expect((await of({ ...other, ...valid })).lastHeight).toBeNull();
    expect(asked).toEqual([[BLOCKHASH, { commitment: 'processed', minContextSlot: SEEN }]]);
    // A node that does not know the question has not answered.
    expect((await of({ ...other, isBlockhashValid: () => undefined })).lastHeight).toBeNull();
  });
  test('a node that has pruned at one end of the walk only does not reach', async () => {
    const pruning: Node = {
      getFirstAvailableBlock: (_params, nth) => (nth === 2 ? BLOCKHASH_SLOT + 1 : 1),
      getSignaturesForAddress: (_params, nth) =>
        nth === 0 ? [row(OTHER, BLOCKHASH_SLOT + 9)] : [],
    };
    expect(await of(pruning)).toMatchObject({ historyAbsent: true, historyReaches: false });
  });
});

test.each(['together', 'apart'] as const)(
  '%s: a node that repeats a page is not asked for ever, and its history shows nothing',
  async (how) => {
    const repeated = (_: unknown[], nth: number) => {
      if (nth > 20) throw new Error('asked for ever');
      return [row(OTHER, SEEN)];
    };
    const { evidence, methods } = await round(how, { getSignaturesForAddress: repeated });
    expect(evidence.historyAbsent).toBeNull();
    const pages = methods.flat().filter((each) => each === 'getSignaturesForAddress');
    expect(pages.length).toBeLessThan(4);
  },
);
