// Books: a payment on chain that the ledger does not know stops payments as soon as it is
// confirmed. If the daemon waited until that payment is final, the debt would be paid again before.
import { expect, test } from 'vitest';
import { BLOCKS_UNTIL_DEAD } from '../../src/core/continuity.ts';
import type { Subscriber } from '../../src/core/ports.ts';
import { rootMemoText } from '../../src/core/root-memo.ts';
import { USDC } from '../../src/core/token.ts';
import { createBooks } from '../../src/flows/books-comparison.ts';
import { silentLog } from '../../src/system/log.ts';
import { addressOf, signatureOf } from '../support/ledger.ts';
import { termsOf } from '../support/terms.ts';
import { servingOnly } from '../support/venues.ts';

const [AGENT, TOKENS, CREATOR, CREATOR_TOKENS] = [1, 2, 3, 4].map(addressOf) as [
  ReturnType<typeof addressOf>,
  ReturnType<typeof addressOf>,
  ReturnType<typeof addressOf>,
  ReturnType<typeof addressOf>,
];
const ANA = {
  id: 'ana',
  agentWallet: AGENT,
  agentTokenAccount: TOKENS,
} as unknown as Subscriber;

/** One payment on chain, seen from a commitment on; the ledger knows these ids. */
function portsWith(
  seenFrom: 'confirmed' | 'finalized',
  known: readonly string[],
  memo: string | null = '[10] bailiff:p1',
): Parameters<typeof createBooks>[0] {
  const row = {
    signature: signatureOf(1),
    slot: 90,
    blockIndex: 0,
    memo,
    failed: false,
  };
  return {
    ledger: {
      shares: { oldestOpenSlot: async () => 50 },
      payments: {
        unknown: async (all: string[]) => all.filter((each) => !known.includes(each)),
        unexplainedOf: async () => [],
      },
      subscriptions: { ofSubscriber: async () => [{ terms: [termsOf(1, CREATOR, 1_000)] }] },
      nonces: { of: async () => null },
    },
    chain: {
      slot: async () => 100,
      witnessed: <T>(read: () => Promise<T>) => read(),
      signatures: async (_: string, __: number, ___: number, commitment: string) =>
        commitment === 'confirmed' || seenFrom === 'finalized' ? [row] : [],
      signaturesAgain: async () => (seenFrom === 'finalized' ? [[row]] : []),
      transaction: async () => ({ error: null }),
    },
    tokens: {
      tokenAccount: (_: string, owner: string) => (owner === AGENT ? TOKENS : CREATOR_TOKENS),
      effectsOf: () => [
        { effect: 'memo', text: 'bailiff:p1' },
        {
          effect: 'transfer',
          source: TOKENS,
          mint: addressOf(9),
          destination: CREATOR_TOKENS,
          authority: AGENT,
          amount: 7n,
        },
      ],
    },
    venues: servingOnly({ quote: { ...USDC, mint: addressOf(9) } }),
    log: silentLog,
  } as unknown as Parameters<typeof createBooks>[0];
}

test('a payment that is only confirmed is unknown all the same', async () => {
  const books = createBooks(portsWith('confirmed', []));
  expect(await books.disagreement(ANA)).toMatchObject({ code: 'payments_not_final' });
});

test('a payment that the ledger knows is no disagreement', async () => {
  expect(
    await createBooks(portsWith('finalized', ['p1', signatureOf(1)])).disagreement(ANA),
  ).toBeNull();
});

test('a daily root in the history is no payment, and holds none where the node does not give it', async () => {
  const root = rootMemoText({ day: '2026-11-26', commitment: '3f'.repeat(32) });
  const disagreementWith = (memo: string) => {
    const ports = portsWith('finalized', [], memo);
    const chain = { ...ports.chain, transaction: async () => null };
    return createBooks({ ...ports, chain }).disagreement(ANA);
  };
  expect(await disagreementWith(`[91] ${root}`)).toBeNull();
  await expect(disagreementWith('[10] bailiff:p1')).rejects.toMatchObject({
    code: 'rpc_unavailable',
  });
});

test('a payment is without effect only where its row, the transaction itself and a second answer say that it failed', async () => {
  const ports = portsWith('finalized', []);
  let [row, executed, again] = [false, false, true];
  let read = 0;
  const books = createBooks({
    ...ports,
    chain: {
      ...ports.chain,
      signatures: async (...asked) =>
        (await ports.chain.signatures(...asked)).map((each) => ({ ...each, failed: row })),
      async transaction(...asked) {
        read++;
        const transaction = await ports.chain.transaction(...asked);
        return transaction && { ...transaction, error: executed ? 'Custom' : null };
      },
      isShownAgain: async () => again,
    },
  });
  for ([row, executed] of [
    [true, false],
    [false, true],
  ] as const)
    await expect(books.disagreement(ANA)).rejects.toMatchObject({ code: 'rpc_unavailable' });
  [row, executed, again] = [true, true, false];
  await expect(books.disagreement(ANA)).rejects.toMatchObject({ code: 'rpc_unavailable' });
  again = true;
  expect(await books.disagreement(ANA)).toBeNull();
  // A failure that is final stays one, and is read once.
  books.forget('ana');
  expect(await books.disagreement(ANA)).toBeNull();
  expect(read).toBe(4);
});

test('a row without a memo is no payment only where the transaction names none, and is read once', async () => {
  const ports = portsWith('confirmed', [], null);
  const books = createBooks(ports);
  expect(await books.disagreement(ANA)).toMatchObject({ code: 'payments_not_final' });
  let read = 0;
  const chain: typeof ports.chain = {
    ...ports.chain,
    async transaction(...asked) {
      read++;
      return ports.chain.transaction(...asked);
    },
  };
  const [, transfer] = ports.tokens.effectsOf({} as never);
  const tokens = { ...ports.tokens, effectsOf: () => (transfer ? [transfer] : []) };
  const others = createBooks({ ...ports, chain, tokens });
  for (let times = 0; times < 2; times++) {
    expect(await others.disagreement(ANA)).toBeNull();
    others.forget('ana');
  }
  expect(read).toBe(1);
});

test('a database that goes back while the chain is read is compared again, as a whole', async () => {
  const ports = portsWith('finalized', ['p1', signatureOf(1)]);
  let [identity, height, walks, goesBack] = ['a', 1_000, 0, true];
  const chain: typeof ports.chain = {
    ...ports.chain,
    finalizedHeight: async () => height,
    async signatures(...asked) {
      walks++;
      if (goesBack) {
        goesBack = false;
        identity = 'b';
        // Another lane asks whether the database went back, while the first lane reads histories.
        await books.doubt();
      }
      return ports.chain.signatures(...asked);
    },
  };
  const databaseStates = {
    read: async () => ({ told: true, identity, position: 1n }) as const,
    trusted: async () => ({ identity: 'a', slot: null }),
    trust: async () => {},
    isEmpty: async () => false,
  };
  const books = createBooks({ ...ports, chain, databaseStates });
  expect(await books.disagreement(ANA)).toMatchObject({ code: 'ledger_went_back' });
  // Until the database counts as whole again, nothing may be committed under its new identity.
  expect(books.identity()).toBe('a');
  height += BLOCKS_UNTIL_DEAD;
  expect(await books.disagreement(ANA)).toBeNull();
  expect([walks, books.identity()]).toEqual([2, 'b']);
  expect(await books.disagreement(ANA)).toBeNull();
  expect(walks).toBe(2);
});

/** Books over a ledger whose oldest debts a test sets, and the slots after which they read. */
function reading(oldest: { payable: number | null; open: number | null }) {
  const ports = portsWith('finalized', ['p1', signatureOf(1)]);
  const read: number[] = [];
  const books = createBooks({
    ...ports,
    ledger: {
      ...ports.ledger,
      shares: {
        ...ports.ledger.shares,
        oldestOpenSlot: async (_: string, which: 'payable' | 'open') => oldest[which],
      },
    },
    chain: {
      ...ports.chain,
      signatures: async (account, after, ...rest) => {
        read.push(after);
        return ports.chain.signatures(account, after, ...rest);
      },
    },
  });
  return { books, read };
}

test('without a debt no history is read: most nodes do not keep one since the first slot', async () => {
  const oldest: Parameters<typeof reading>[0] = { payable: null, open: null };
  const { books, read } = reading(oldest);
  expect(await books.disagreement(ANA)).toBeNull();
  expect(await books.disagreement(ANA, 'open')).toBeNull();
  expect(read).toEqual([]);
  // No payment was compared, so the history is read when the first payable debt is heard of.
  oldest.payable = 80;
  expect(await books.disagreement(ANA)).toBeNull();
  expect(read).toEqual([80]);
});

test('a debt that is parked or observed lengthens no history, until it may be paid or is to end', async () => {
  const oldest: Parameters<typeof reading>[0] = { payable: 80, open: 5 };
  const { books, read } = reading(oldest);
  expect(await books.disagreement(ANA)).toBeNull();
  expect(await books.disagreement(ANA, 'open')).toBeNull();
  expect(read).toEqual([80, 5]);
  const again = reading(oldest);
  expect(await again.books.disagreement(ANA)).toBeNull();
  oldest.payable = 5;
  expect(await again.books.disagreement(ANA)).toBeNull();
  expect(again.read).toEqual([80, 5]);
});

test('a debt that was read as payable counts, even if it is parked meanwhile', async () => {
  const { books, read } = reading({ payable: 80, open: 5 });
  expect(await books.disagreement(ANA, 6)).toBeNull();
  expect(await books.disagreement(ANA, 81)).toBeNull();
  expect(read).toEqual([5]);
});

test('a comparison that was under way when its agreement was forgotten is not remembered', async () => {
  const known = ['p1', signatureOf(1)];
  const ports = portsWith('confirmed', known);
  const books = createBooks({
    ...ports,
    ledger: {
      ...ports.ledger,
      payments: {
        ...ports.ledger.payments,
        async unknown(all) {
          const found = await ports.ledger.payments.unknown(all);
          // A lane records the payment as failed while the comparison, which took the payment for
          // one on its way, has not ended.
          known.length = 0;
          books.forget('ana');
          return found;
        },
      },
    },
  });
  expect(await books.disagreement(ANA)).toBeNull();
  expect(await books.disagreement(ANA)).toMatchObject({ code: 'payments_not_final' });
});
