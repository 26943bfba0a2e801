// Nonce closed, rounds: which answers end a payment whose nonce account was closed, and how many.
import { expect, test } from 'vitest';
import { BLOCKS_BETWEEN_ROUNDS, ROUNDS_ALONE } from '../../src/core/death.ts';
import { Fault } from '../../src/core/fault.ts';
import { createNonceClosed } from '../../src/flows/nonce-closed.ts';
import { addressOf, signatureOf } from '../support/ledger.ts';
import { plannedPayment } from '../support/payment.ts';

const NONCE = { account: addressOf(70), value: 'v1', slot: 5 };
const CLOSING = { signature: signatureOf(800), slot: 100, error: null };
const CLOSED = { became: 'closed', signature: CLOSING.signature, slot: 100 };
const [FIRST, SECOND] = [signatureOf(1), signatureOf(2)];
const UNTOLD = { became: 'untold', why: 'Moved.' } as const;

/**
 * A sent payment of two variants, with a closing in slot 100, which no node has. `ask` gives the
 * outcome at this finalized slot; the answers change with what `held` says.
 */
function closedPayment() {
  const payment = plannedPayment({ creatorWallet: addressOf(1), driftUser: addressOf(2) });
  const variants = [FIRST, SECOND].map((signature) => ({ signature }));
  const held = {
    closing: CLOSING as typeof CLOSING | null,
    doubt: null as object | null,
    live: { id: payment.id, variants } as { id: string; variants: typeof variants } | null,
    found: null as string | null,
    asked: [] as unknown[][],
  };
  let tip = 0;
  const rounds = createNonceClosed({
    ledger: { payments: { live: async () => held.live } },
    chain: {
      slot: async () => tip,
      async finalizedAbsence(...question: unknown[]) {
        held.asked.push(question);
        return question[0] !== held.found;
      },
    },
    tokens: { tokenAccount: (mint: string, wallet: string) => `${wallet} ${mint}` },
    books: { doubt: async () => held.doubt },
    lane: { closingOf: async () => held.closing },
    subscriberOf: async () => ({ agentWallet: 'agent' }),
  } as never);
  return Object.assign(held, {
    payment,
    rounds,
    ask(slot: number) {
      tip = slot;
      return rounds.outcomeOf(payment, NONCE, UNTOLD);
    },
    /** What so many rounds in a row, as far apart as they must be, make of the payment. */
    async became(from: number, count: number) {
      const told: string[] = [];
      for (let round = 0; round < count; round++)
        told.push((await this.ask(from + round * BLOCKS_BETWEEN_ROUNDS)).became);
      return told;
    },
  });
}
const waiting = (count: number) => Array.from({ length: count }, () => 'untold');

test('as many complete rounds as are asked of one provider end a payment, and none fewer', async () => {
  const held = closedPayment();
  expect(ROUNDS_ALONE).toBeGreaterThan(1);
  expect(await held.became(100, ROUNDS_ALONE - 1)).toEqual(waiting(ROUNDS_ALONE - 1));
  const last = 100 + (ROUNDS_ALONE - 1) * BLOCKS_BETWEEN_ROUNDS;
  // The last round is not asked before its time.
  expect(await held.ask(last - 1)).toMatchObject({ became: 'untold' });
  expect(held.asked).toHaveLength(2 * (ROUNDS_ALONE - 1));
  expect(await held.ask(last)).toEqual(CLOSED);
  // Each round asks about each variant from the value's slot up to the slot of the round.
  const accounts = [NONCE.account, `agent ${held.payment.token.mint}`];
  expect(held.asked.slice(-2)).toEqual([
    [FIRST, accounts, NONCE.slot, last],
    [SECOND, accounts, NONCE.slot, last],
  ]);
});

test('no round is asked before the closing is final, without a closing, or while commits may be lost', async () => {
  const held = closedPayment();
  expect(await held.became(99 - BLOCKS_BETWEEN_ROUNDS, 2)).toEqual(waiting(2));
  held.closing = null;
  expect(await held.ask(10_000)).toBe(UNTOLD);
  held.closing = CLOSING;
  held.doubt = {};
  const told = await held.ask(20_000);
  expect(told).toMatchObject({ became: 'untold', why: expect.stringContaining('was closed') });
  expect(held.asked).toEqual([]);
});

test.each([
  ['of another payment', { id: 'p2', variants: [] }],
  ['of no payment', null],
])('a lane %s ends nothing', async (_, live) => {
  const held = closedPayment();
  held.live = live;
  expect(await held.became(100, ROUNDS_ALONE + 2)).toEqual(waiting(ROUNDS_ALONE + 2));
});

test.each([
  ['first', FIRST],
  ['second', SECOND],
])('a round that finds the %s variant begins the count anew', async (_, found) => {
  const held = closedPayment();
  await held.became(100, ROUNDS_ALONE - 1);
  held.found = found;
  expect(await held.became(10_000, 1)).toEqual(waiting(1));
  held.found = null;
  expect(await held.became(20_000, ROUNDS_ALONE - 1)).toEqual(waiting(ROUNDS_ALONE - 1));
  expect(await held.became(30_000, 1)).toEqual(['closed']);
});

test('a round without an answer counts for nothing and keeps those before it', async () => {
  const held = closedPayment();
  await held.became(100, ROUNDS_ALONE - 1);
  const { live } = held;
  Object.defineProperty(held, 'live', {
    configurable: true,
    get() {
      throw new Fault('rpc_unavailable', 'HTTP 503');
    },
  });
  expect(await held.ask(10_000)).toMatchObject({
    became: 'untold',
    why: expect.stringContaining('was not complete: HTTP 503'),
  });
  Object.defineProperty(held, 'live', { value: live });
  expect(await held.ask(10_001)).toEqual(CLOSED);
});

test('rounds about a payment that is forgotten count no more', async () => {
  const held = closedPayment();
  await held.became(100, ROUNDS_ALONE - 1);
  held.rounds.forget(held.payment.id);
  expect(await held.became(10_000, 1)).toEqual(waiting(1));
});
