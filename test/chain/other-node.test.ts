// Other node: a second answer counts when another provider gives it than the one that gave the
// first. Any node of the pool may have given the first answer.
import { describe, expect, test } from 'vitest';
import { createAnswerReader, USUAL_BOUNDS } from '../../src/chain/answer.ts';
import { createChain } from '../../src/chain/chain.ts';
import { openNodes } from '../../src/chain/nodes.ts';
import { createTip } from '../../src/core/tip.ts';
import { silentLog } from '../../src/system/log.ts';
import { createManualClock } from '../support/clock.ts';
import { signatureOf } from '../support/ledger.ts';
import { NO_TABLES } from '../support/no-tables.ts';

const SIGNATURE = signatureOf(1);
const ERROR = { InstructionError: [3, { Custom: 1 }] };
const NAMES = ['first', 'second', 'further'] as const;
type Name = (typeof NAMES)[number];
const urlOf = (name: Name) => `http://${name}.test/`;

/** What a node tells of the transaction: its result, nothing, or no answer at all. */
type Told = 'landed' | 'failed' | 'absent' | 'down';
type World = Partial<Record<Name, Told>>;

/** Nodes that tell these results, of which `preferred` is given the first question. */
function chainOf(world: World, preferred: Name) {
  const asked: string[] = [];
  let begun = false;
  const answer = (name: Name, method: string): unknown => {
    const told = world[name] ?? 'down';
    if (method === 'getGenesisHash') return 'genesis';
    if (method === 'getFirstAvailableBlock') return 1;
    if (method === 'getEpochInfo')
      return { absoluteSlot: 90, blockHeight: 80, epoch: 0, slotIndex: 0, slotsInEpoch: 9 };
    asked.push(`${name} ${method}`);
    const err = told === 'failed' ? ERROR : null;
    const message = { accountKeys: [], header: { numRequiredSignatures: 0 }, instructions: [] };
    const balances = { preTokenBalances: [], postTokenBalances: [] };
    const meta = { err, fee: 5_000, innerInstructions: [], logMessages: [], ...balances };
    const transaction = {
      slot: 7,
      meta: { ...meta, preBalances: [], postBalances: [] },
      transaction: { signatures: [], message: { ...message, recentBlockhash: 'v1' } },
    };
    const status = { slot: 7, err, confirmationStatus: 'finalized', confirmations: null };
    if (method === 'getTransaction') return told === 'absent' ? null : transaction;
    return { context: { slot: 90 }, value: [told === 'absent' ? null : status] };
  };
  const send: typeof fetch = async (input, init) => {
    const name = NAMES.find((each) => String(input) === urlOf(each));
    const { id, method } = JSON.parse(String(init?.body)) as { id: unknown; method: string };
    if (name === undefined) throw new Error(`no node ${String(input)}`);
    // The other nodes are busy when the first question is put.
    const isBusy = !begun && name !== preferred && method !== 'getGenesisHash';
    if (isBusy || (world[name] ?? 'down') === 'down') return new Response('', { status: 503 });
    if (method !== 'getGenesisHash') begun = true;
    return Response.json({ jsonrpc: '2.0', id, result: answer(name, method) });
  };
  const clock = createManualClock();
  const nodes = openNodes({
    url: urlOf('first'),
    wsUrl: null,
    moreUrls: [] as string[],
    secondUrl: 'second' in world ? urlOf('second') : null,
    ...('further' in world ? { moreUrls: [urlOf('further')] } : {}),
    expect: async () => 'genesis',
    clock,
    elapsedMs: clock.nowMs,
    send,
    log: silentLog,
    bounds: { answerMs: 5_000, read: createAnswerReader(USUAL_BOUNDS) },
  });
  const { connection, witnessed } = nodes;
  const parts = { connection, witnesses: nodes, tip: createTip(clock.nowMs), witnessed };
  return { chain: createChain(parts, NO_TABLES), asked };
}
/** The end that is believed: its finality, or why there is none. */
async function ended(world: World, preferred: Name) {
  const { chain, asked } = chainOf(world, preferred);
  const look = await chain.look(SIGNATURE);
  const nodes = asked.map((each) => each.split(' ')[0]);
  return { look: look.seen === 'executed' ? look.finality : look.seen, nodes };
}

describe('the end of a payment that the second provider told', () => {
  test('counts when the first one tells the same', async () => {
    for (const told of ['landed', 'failed'] as const)
      expect(await ended({ first: told, second: told }, 'second')).toEqual({
        look: 'finalized',
        nodes: ['second', 'first'],
      });
  });
  test('counts not by a second word of the second one', async () => {
    for (const told of ['landed', 'failed'] as const)
      for (const other of ['absent', told === 'landed' ? 'failed' : 'landed'] as const)
        expect((await ended({ first: other, second: told }, 'second')).look).toBe('confirmed');
  });
  test('waits where it failed and the first one is down; what landed is shown by itself', async () => {
    expect((await ended({ first: 'down', second: 'failed' }, 'second')).look).toBe('nothing');
    expect((await ended({ first: 'down', second: 'landed' }, 'second')).look).toBe('finalized');
  });
});

test('the end that a further node told counts when the second provider tells the same', async () => {
  const world = { second: 'failed', further: 'failed' } as const;
  const told = await ended({ first: 'landed', ...world }, 'further');
  expect(told).toEqual({ look: 'finalized', nodes: ['further', 'second'] });
  expect((await ended({ ...world, second: 'landed' }, 'further')).look).toBe('confirmed');
  // Without a second provider the first one gives the second answer.
  const alone = await ended({ first: 'failed', further: 'failed' }, 'further');
  expect(alone).toEqual({ look: 'finalized', nodes: ['further', 'first'] });
  expect((await ended({ first: 'landed', further: 'failed' }, 'further')).look).toBe('confirmed');
  expect((await ended({ first: 'down', further: 'failed' }, 'further')).look).toBe('nothing');
  expect((await ended({ first: 'down', further: 'landed' }, 'further')).look).toBe('finalized');
});

test('a transaction is shown again by another provider than the one that gave it', async () => {
  const shown = async (world: World, preferred: Name) => {
    const { chain, asked } = chainOf(world, preferred);
    const transaction = await chain.transaction(SIGNATURE, 'finalized');
    if (transaction === null) throw new Error('no transaction');
    const isShown = await chain.isShownAgain(transaction);
    return [isShown, ...asked.map((each) => each.split(' ')[0])];
  };
  const both = { first: 'failed', second: 'failed' } as const;
  expect(await shown(both, 'first')).toEqual([true, 'first', 'second']);
  expect(await shown(both, 'second')).toEqual([true, 'second', 'first']);
  expect(await shown({ ...both, first: 'landed' }, 'second')).toEqual([false, 'second', 'first']);
  expect(await shown({ ...both, first: 'landed', further: 'failed' }, 'further')).toEqual([
    true,
    'further',
    'second',
  ]);
});
