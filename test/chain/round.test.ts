// Round: which questions one round of the proof of death puts to a node, and what it makes of each
// answer. The node is a table of answers.
import { describe, expect, test } from 'vitest';
import { gatherDeathEvidence } from '../../src/chain/proof.ts';
import { openConnection } from '../../src/chain/rpc.ts';
import { base58Text, type Signature } from '../../src/core/ids.ts';
import type { SignedBytes } from '../../src/core/payment.ts';
import { addressOf } from '../support/ledger.ts';

const SEEN = 1_000;
const BLOCKHASH_SLOT = 500;
const SIGNATURE = base58Text(new Uint8Array(64).fill(3)) as Signature;
const OTHER = base58Text(new Uint8Array(64).fill(4)) as Signature;
const ACCOUNT = addressOf(7);
const signed: SignedBytes = {
  signature: SIGNATURE,
  bytes: new Uint8Array(),
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
/** A node that knows nothing of the payment, and whose history reaches far back. */
const ABSENT: Node = {
  getEpochInfo: () => ({
    absoluteSlot: SEEN,
    blockHeight: 900,
    epoch: 1,
    slotIndex: 1,
    slotsInEpoch: 432_000,
    transactionCount: 1,
  }),
  getSignatureStatuses: () => ({ context: { slot: SEEN }, value: [null] }),
  getTransaction: () => null,
  getSignaturesForAddress: () => [],
  getFirstAvailableBlock: () => 1,
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
  ownChain: true,
  second: 'none',
};
const BATCH = [
  'getFirstAvailableBlock',
  'getSignatureStatuses',
  'getTransaction',
  'getSignaturesForAddress',
  'getFirstAvailableBlock',
];

test('together: the height first, then every question in one request, and no other', async () => {
  // An older transaction ends the walk on its first page.
  const older = { getSignaturesForAddress: () => [row(OTHER, BLOCKHASH_SLOT - 1)] };
  const { evidence, methods, requests } = await round('together', older);
  expect(evidence).toEqual(WHOLE);
  expect(methods).toEqual([['getEpochInfo'], BATCH]);
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
});

test('apart: each question by itself, the first available block before and after', async () => {
  const older = { getSignaturesForAddress: () => [row(OTHER, BLOCKHASH_SLOT - 1)] };
  const { evidence, methods, requests } = await round('apart', older);
  expect(evidence).toEqual(WHOLE);
  expect(methods.flat()).toEqual(['getEpochInfo', ...BATCH]);
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
        [[row(OTHER, BLOCKHASH_SLOT + 9)], [row(OTHER, BLOCKHASH_SLOT)], [row(SIGNATURE, 499)]][
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
  test('a node that has pruned at one end of the walk only does not reach', async () => {
    const pruning: Node = {
      getFirstAvailableBlock: (_params, nth) => (nth === 2 ? BLOCKHASH_SLOT + 1 : 1),
      getSignaturesForAddress: (_params, nth) =>
        nth === 0 ? [row(OTHER, BLOCKHASH_SLOT + 9)] : [],
    };
    expect(await of(pruning)).toMatchObject({ historyAbsent: true, historyReaches: false });
  });
});
