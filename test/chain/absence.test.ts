// Absence: only a node that keeps the slot and has seen later ones can prove that the finalized
// chain lacks a transaction, and every way to find it must agree.
import type { Connection } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { proveAbsence, type Walk } from '../../src/chain/absence.ts';
import { carryWith } from '../../src/chain/rpc.ts';
import type { SignatureRow } from '../../src/core/chain-ports.ts';
import { addressOf, signatureOf } from '../support/ledger.ts';

const SIGNATURE = signatureOf(1);
const ACCOUNTS = [addressOf(1), addressOf(2)];
const SLOT = 500;

type Answers = {
  tip: number;
  firstBlock: number;
  /** Where its blocks begin in truth. */
  begins?: number;
  contextSlot: number;
  status: unknown;
  transaction: unknown;
  /** Whether it takes batches of questions. */
  batches?: boolean;
};
const ABSENT: Answers = {
  tip: 900,
  firstBlock: 10,
  contextSlot: 900,
  status: null,
  transaction: null,
};

const node = (given: Partial<Answers> = {}): Connection => {
  const {
    tip,
    firstBlock,
    begins = firstBlock,
    contextSlot,
    status,
    transaction,
    batches = false,
  } = { ...ABSENT, ...given };
  const connection = {
    getSlot: async () => tip,
    getFirstAvailableBlock: async () => firstBlock,
    getBlock: async (slot: number) => ({ parentSlot: slot - 1 }),
    getSignatureStatuses: async () => ({ context: { slot: contextSlot }, value: [status] }),
  } as unknown as Connection;
  // It answers getTransaction and getBlocks by themselves, and all questions of a batch.
  carryWith(connection, async (body) => {
    type Asked = { id: number; method: string; params: [number, number] };
    const asked = JSON.parse(body) as Asked | Asked[];
    const blocks = ([from, to]: [number, number]) =>
      Array.from({ length: to - from + 1 }, (_, index) => from + index).filter(
        (slot) => slot >= begins,
      );
    const answer = ({ id, method, params }: Asked) => {
      const results: Record<string, () => unknown> = {
        getBlocks: () => blocks(params),
        getSignatureStatuses: () => ({ context: { slot: contextSlot }, value: [status] }),
        getFirstAvailableBlock: () => firstBlock,
        getTransaction: () => transaction,
      };
      return { jsonrpc: '2.0', id, result: results[method]?.() };
    };
    if (!Array.isArray(asked)) return Response.json(answer(asked));
    if (batches) return Response.json(asked.map(answer));
    return Response.json({ error: { code: -32600, message: 'no batches' } });
  });
  return connection;
};
const walks: unknown[][] = [];
const walk =
  (...rows: string[]): Walk =>
  async (_, ...asked) => {
    walks.push(asked);
    return rows.map((signature) => ({ signature, slot: SLOT }) as SignatureRow);
  };
const prove = (first: Connection, own = walk(), second: Connection | null = null) =>
  proveAbsence({ first, second }, own, SIGNATURE, ACCOUNTS, SLOT);

test('absent: every question agrees, at a node that can know', async () => {
  walks.length = 0;
  expect(await prove(node(), walk(signatureOf(2)))).toBe(true);
  expect(walks).toEqual(ACCOUNTS.map((each) => [each, SLOT - 1, 900, 'finalized']));
});

test('a node that has not seen a later slot as final proves nothing about what came before that slot', async () => {
  const seeing = (seenSlot: number, second: Connection | null = null) =>
    proveAbsence({ first: node(), second }, walk(), SIGNATURE, ACCOUNTS, SLOT, seenSlot);
  expect(await seeing(900)).toBe(true);
  await expect(seeing(901)).rejects.toThrow('at slot 900, before 901');
  const behind = node({ tip: 899, contextSlot: 899 });
  await expect(seeing(900, behind)).rejects.toThrow('at slot 899, before 900');
});

test('one answer that has it outweighs all others', async () => {
  expect(await prove(node({ status: { slot: SLOT, confirmationStatus: 'finalized' } }))).toBe(
    false,
  );
  expect(await prove(node(), walk(SIGNATURE))).toBe(false);
});

test('a node that is behind, pruned, or of another opinion proves nothing', async () => {
  await expect(prove(node({ tip: SLOT }))).rejects.toThrow(/not past 500/);
  await expect(prove(node({ firstBlock: SLOT + 1 }))).rejects.toThrow(/keeps blocks from 501/);
  await expect(prove(node({ begins: SLOT + 1 }))).rejects.toThrow(/does not show slot 500/);
  await expect(prove(node({ contextSlot: 899 }))).rejects.toThrow(/is behind/);
});

test('the same in one batch, whose answers are of one node', async () => {
  const batches = true;
  expect(await prove(node({ batches }))).toBe(true);
  expect(await prove(node({ batches, status: { slot: SLOT } }))).toBe(false);
  expect(await prove(node({ batches, transaction: {} }))).toBe(false);
  await expect(prove(node({ batches, begins: SLOT + 1 }))).rejects.toThrow(/does not show slot/);
  await expect(prove(node({ batches, contextSlot: 899 }))).rejects.toThrow(/is behind/);
});

test('of a transaction that touches no watched account the status and the transaction itself are asked', async () => {
  walks.length = 0;
  const ask = (given: Partial<Answers>) =>
    proveAbsence({ first: node(given), second: null }, walk(), SIGNATURE, [], SLOT);
  expect(await ask({})).toBe(true);
  expect(await ask({ status: { slot: SLOT } })).toBe(false);
  await expect(ask({ firstBlock: SLOT + 1 })).rejects.toThrow(/keeps blocks from 501/);
  expect(walks).toEqual([]);
});

test('with a second provider both must agree', async () => {
  expect(await prove(node(), walk(), node())).toBe(true);
  expect(await prove(node(), walk(), node({ status: { slot: SLOT } }))).toBe(false);
  await expect(prove(node(), walk(), node({ firstBlock: SLOT + 1 }))).rejects.toThrow(
    /keeps blocks/,
  );
});
