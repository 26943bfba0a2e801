// History: where a walk through an account's history ends, when one URL stands for nodes of which some have pruned.
import type { Connection } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { walk } from '../../src/chain/history.ts';
import { addressOf, signatureOf } from '../support/ledger.ts';

type Row = { signature: string; slot: number; memo: null; err: null };
const row = (n: number, slot: number): Row => ({
  signature: signatureOf(n),
  slot,
  memo: null,
  err: null,
});

/** A URL whose requests for pages, and for the first block, are answered by nodes in turn; the last one answers for ever. */
function pool(pages: readonly Row[][], firstBlocks: readonly number[]) {
  const asked = { pages: 0, firstBlocks: 0, before: [] as unknown[] };
  const connection = {
    getSignaturesForAddress: async (_: unknown, options: { before?: string }) => {
      asked.before.push(options.before);
      return pages[Math.min(asked.pages++, pages.length - 1)];
    },
    getFirstAvailableBlock: async () =>
      firstBlocks[Math.min(asked.firstBlocks++, firstBlocks.length - 1)],
  } as unknown as Connection;
  return { connection, asked };
}
const walked = async (connection: Connection) =>
  (await walk(connection, addressOf(1), 100, 900, 'finalized', 1_000)).map((each) => each.slot);

test('one empty page of a pruned node is no end, although another node says that its history reaches', async () => {
  const { connection, asked } = pool([[row(3, 300)], [], [row(2, 200)], [row(1, 90)]], [0]);
  expect(await walked(connection)).toEqual([200, 300]);
  // The page after the empty one is asked for from the same row on.
  expect(asked.before).toEqual([undefined, signatureOf(3), signatureOf(3), signatureOf(2)]);
});

test('an end is believed after three empty pages, each beside a node that reaches back', async () => {
  const { connection, asked } = pool([[row(3, 300)], []], [0]);
  expect(await walked(connection)).toEqual([300]);
  expect(asked).toMatchObject({ pages: 4, firstBlocks: 3 });
});

test('a node whose history begins later ends the walk without an answer', async () => {
  const { connection } = pool([[row(3, 300)], []], [0, 0, 250]);
  await expect(walked(connection)).rejects.toMatchObject({ code: 'rpc_unavailable' });
});

test('of a history longer than the bound the oldest rows are returned, and the last one says that it goes on', async () => {
  const slots = [700, 600, 500, 400, 300, 200];
  const pages = slots.map((slot, index) => [row(index + 1, slot)]);
  const { connection } = pool([...pages, []], [0]);
  const rows = await walk(connection, addressOf(1), 100, 900, 'finalized', 2);
  expect(rows.map(({ slot, goesOn }) => [slot, goesOn ?? false])).toEqual([
    [200, false],
    [300, true],
  ]);
  const { connection: again } = pool([...pages.slice(0, 4), [row(9, 300)]], [0]);
  const rest = await walk(again, addressOf(1), 300, 900, 'finalized', 4);
  expect(rest.map(({ slot, goesOn }) => [slot, goesOn ?? false])).toEqual([
    [400, false],
    [500, false],
    [600, false],
    [700, false],
  ]);
});
