// Standing: the rules of who is delinquent, and that hearing a history in another order changes no
// verdict.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Address, Signature } from '../../src/core/ids.ts';
import { judge, leastOwedAt, type StandingEvent } from '../../src/core/standing.ts';
import { quotesOf, USDC } from '../../src/core/token.ts';

const USDT = { ...USDC, mint: 'usdt' as Address, symbol: 'USDT' };

const at = (slot: number, blockIndex: number | null = 0, ordinal = 0) => ({
  slot,
  blockIndex,
  ordinal,
});
const owed = (slot: number, amount: bigint, blockIndex: number | null = 0): StandingEvent => ({
  kind: 'owed',
  at: at(slot, blockIndex),
  amount,
});
const discharged = (slot: number, amount: bigint): StandingEvent => ({
  kind: 'discharged',
  at: at(slot, null),
  amount,
});
const left = (slot: number, amount = 5n, blockIndex: number | null = 0): StandingEvent => ({
  kind: 'left',
  what: '5 units',
  at: at(slot, blockIndex),
  amount,
  signature: `sig${slot}` as Signature,
});

describe('the least that was owed at a place', () => {
  const place = at(5, 3);
  test('counts a debt from behind its place on, and no debt of which that is not told', () => {
    const owes = (slot: number, blockIndex: number | null) =>
      leastOwedAt([owed(slot, 10n, blockIndex)], place);
    expect([owes(4, null), owes(5, 2)]).toEqual([10n, 10n]);
    expect([owes(5, 3), owes(5, null), owes(5, 4), owes(6, 0)]).toEqual([0n, 0n, 0n, 0n]);
  });
  test('counts an end of a debt from its place on, and one of which that is not told', () => {
    const owes = (slot: number, blockIndex: number | null) => {
      const ended: StandingEvent = { kind: 'discharged', at: at(slot, blockIndex), amount: 4n };
      return leastOwedAt([owed(4, 10n), ended], place);
    };
    expect([owes(4, 1), owes(5, 2), owes(5, 3), owes(5, null)]).toEqual([6n, 6n, 6n, 6n]);
    expect([owes(5, 4), owes(6, null)]).toEqual([10n, 10n]);
  });
  test('is that of all creators, none of whom is paid with what another got beyond its debts', () => {
    const to = (creator: string, event: StandingEvent) => ({ ...event, creator }) as StandingEvent;
    const history = [to('a', owed(1, 10n)), to('b', owed(1, 5n)), to('b', discharged(2, 9n))];
    expect(leastOwedAt(history, place)).toBe(10n);
  });
});

describe('delinquency', () => {
  test('withdrawing while owing', () => {
    const verdict = judge([owed(1, 10n), left(2)]);
    expect(verdict).toMatchObject({
      standing: 'delinquent',
      outstanding: 10n,
      evidence: { signature: 'sig2', owedThen: 10n },
    });
  });

  test('withdrawing before anything was owed is nobody’s business', () => {
    expect(judge([left(1), owed(2, 10n)])).toMatchObject({ standing: 'good', outstanding: 10n });
  });

  test('paying everything clears it', () => {
    expect(judge([owed(1, 10n), left(2), discharged(3, 10n)])).toMatchObject({
      standing: 'good',
      outstanding: 0n,
    });
  });

  test('paying a part does not', () => {
    expect(judge([owed(1, 10n), left(2), discharged(3, 9n)])).toMatchObject({
      standing: 'delinquent',
      outstanding: 1n,
    });
  });

  test('what one creator got beyond its debts pays no debt to another', () => {
    const to = (creator: string, event: StandingEvent) => ({ ...event, creator });
    const twice = [owed(1, 10n), discharged(2, 10n), discharged(3, 10n)].map((each) =>
      to('A', each),
    );
    const both = [...twice, to('B', owed(4, 10n))];
    expect(judge(both)).toMatchObject({ standing: 'good', outstanding: 10n });
    expect(judge([...both, left(5)])).toMatchObject({
      standing: 'delinquent',
      outstanding: 10n,
      evidence: { owedThen: 10n },
    });
    // It pays later debts to that creator, and a payment may be older than its debt.
    expect(judge([...both, left(5), to('B', discharged(6, 10n))]).standing).toBe('good');
    expect(judge([...twice, to('A', owed(4, 10n))])).toMatchObject({ outstanding: 0n });
  });

  test('an old runaway does not count once everything was paid, even when something new is owed', () => {
    expect(judge([owed(1, 10n), left(2), discharged(3, 10n), owed(4, 7n)])).toMatchObject({
      standing: 'good',
      outstanding: 7n,
    });
  });

  test('nor when the payment and the new debt are in one slot, and nobody knows which came first', () => {
    expect(judge([owed(1, 10n), left(2), discharged(5, 10n), owed(5, 7n)])).toMatchObject({
      standing: 'good',
      outstanding: 7n,
    });
  });

  test('a withdrawal heard before the close that made the debt is judged right afterwards', () => {
    expect(judge([left(5)]).standing).toBe('good');
    expect(judge([left(5), owed(3, 10n)]).standing).toBe('delinquent');
  });

  test('inside one slot the order in the block decides', () => {
    expect(judge([left(5, 5n, 1), owed(5, 10n, 0)]).standing).toBe('delinquent');
    expect(judge([left(5, 5n, 0), owed(5, 10n, 1)]).standing).toBe('good');
  });

  test('where the order inside a slot is unknown, nobody is accused', () => {
    expect(judge([left(5, 5n, null), owed(5, 10n, 0)]).standing).toBe('good');
  });
});

describe('two facts of one transaction', () => {
  const place = (ordinal: number, signature: string) => ({
    ...at(5, null, ordinal),
    signature: signature as Signature,
  });
  const owes = (ordinal: number, signature = 'one'): StandingEvent => ({
    kind: 'owed',
    at: place(ordinal, signature),
    amount: 10n,
  });
  const leaves = (ordinal: number, signature = 'one'): StandingEvent => ({
    kind: 'left',
    what: '5 units',
    at: place(ordinal, signature),
    amount: 5n,
    signature: signature as Signature,
  });
  test('are ordered by their place in it, even without a block index', () => {
    expect(judge([owes(3), leaves(8)])).toMatchObject({ standing: 'delinquent' });
    expect(judge([owes(8), leaves(3)])).toMatchObject({ standing: 'good', outstanding: 10n });
  });
  test('of two transactions in one slot without an index nobody is accused', () => {
    expect(judge([owes(3, 'one'), leaves(8, 'other')]).standing).toBe('good');
  });
  test('a payment of that slot may have come first', () => {
    expect(judge([owes(3), leaves(8), discharged(5, 4n)])).toMatchObject({
      standing: 'delinquent',
      evidence: { owedThen: 6n },
    });
    expect(judge([owed(1, 10n), leaves(8), discharged(5, 10n)]).standing).toBe('good');
  });
  test('two such transactions that owe and run away are told apart in whatever order they come', () => {
    const events = [owes(3, 'b'), leaves(8, 'b'), owes(3, 'a'), leaves(8, 'a')];
    for (const order of [events, [...events].reverse()])
      expect(judge(order)).toMatchObject({ standing: 'delinquent', evidence: { signature: 'a' } });
  });
});

test('the verdict does not depend on the order in which things were heard', () => {
  const amount = fc.bigInt({ min: 1n, max: 100n });
  // Few slots, few transactions, and indexes that are often unknown: order inside a slot is where
  // verdicts would differ.
  const place = fc.record({
    slot: fc.integer({ min: 1, max: 6 }),
    transaction: fc.integer({ min: 0, max: 3 }),
    known: fc.boolean(),
    ordinal: fc.integer({ min: 0, max: 4 }),
  });
  const event = fc
    .tuple(fc.constantFrom('owed', 'discharged', 'left'), place, amount)
    .map(([kind, where, sum]): StandingEvent => {
      const { slot, transaction, ordinal } = where;
      const signature = `${slot}/${transaction}` as Signature;
      const at = { slot, blockIndex: where.known ? transaction : null, ordinal, signature };
      if (kind === 'discharged') return discharged(slot, sum);
      if (kind === 'owed') return { kind, at, amount: sum };
      return { kind: 'left', what: `${sum} units`, at, amount: sum, signature };
    });
  const history = fc.array(event, { maxLength: 14 });
  const both = history.chain((events) =>
    fc.tuple(fc.constant(events), fc.shuffledSubarray(events, { minLength: events.length })),
  );
  fc.assert(
    fc.property(both, ([one, other]) => {
      expect(judge(other)).toEqual(judge(one));
    }),
    { numRuns: 2_000 },
  );
});

describe('the evidence', () => {
  const leftBy = (signature: string, blockIndex: number | null, what = '5 units') =>
    ({ ...left(2, 5n, blockIndex), signature, what }) as StandingEvent;
  const named = (...events: StandingEvent[]) => {
    const verdict = judge([owed(1, 10n), ...events]);
    return verdict.standing === 'delinquent' ? verdict.evidence : null;
  };

  test('of several outflows in a slot the first of the block is named, then one of unknown place, then by signature', () => {
    for (const [first, second] of [
      [leftBy('b', 1), leftBy('a', 2)],
      [leftBy('b', 1), leftBy('a', null)],
      [leftBy('a', null), leftBy('b', null)],
    ] as const) {
      const { signature } = first as { signature: string };
      expect(named(first, second)?.signature).toBe(signature);
      expect(named(second, first)?.signature).toBe(signature);
    }
  });

  test('of two amounts in one place the choice does not depend on who was heard first', () => {
    const [usdc, sol] = [leftBy('a', 1, '5 USDC'), leftBy('a', 1, '1 SOL')];
    expect(named(usdc, sol)?.what).toBe('1 SOL');
    expect(named(sol, usdc)?.what).toBe('1 SOL');
  });

  test('a later outflow does not replace the one that a verdict rests on', () => {
    expect(named(left(2), left(3))?.signature).toBe('sig2');
  });

  test('an outflow before a transfer that paid everything, in one slot, is forgotten with what it took', () => {
    const paid: StandingEvent = { kind: 'discharged', at: at(2, 1), amount: 10n };
    expect(judge([owed(1, 10n), left(2, 5n, 0), paid, owed(2, 7n, 2)])).toMatchObject({
      standing: 'good',
      outstanding: 7n,
    });
    expect(judge([owed(1, 10n), paid, owed(2, 7n, 2), left(2, 5n, 3)]).standing).toBe('delinquent');
  });

  test('the reason names every token that is owed', () => {
    const reason = (...events: StandingEvent[]) => {
      const verdict = judge([owed(1, 10n), left(2), ...events], quotesOf([USDC, USDT]));
      return verdict.standing === 'delinquent' ? verdict.reason : null;
    };
    const usdt = { ...owed(3, 20n), mint: USDT.mint } as StandingEvent;
    expect(reason()).toMatch(/; 0\.000010 USDC is still unpaid\.$/);
    expect(reason(usdt)).toMatch(/; 0\.000010 USDC and 0\.000020 USDT are still unpaid\.$/);
  });
});
