// Credit: transfers to a creator discharge what was owed to it when they were made, each unit once;
// the rest is no way out.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  allotCredits,
  type CreatorTransfer,
  creatorPaid,
  creatorTransfers,
  creditEvents,
} from '../../src/core/credit.ts';
import type { Outflow } from '../../src/core/fact.ts';
import type { Address } from '../../src/core/ids.ts';
import { judge, type StandingEvent } from '../../src/core/standing.ts';
import { quotesOf, USDC } from '../../src/core/token.ts';

const QUOTE = USDC.mint;
const QUOTES = quotesOf([{ ...USDC, mint: QUOTE }]);
const [creator, other] = ['creator' as Address, 'other' as Address];
const body = (amount: bigint, more: Partial<Outflow> = {}): Outflow => ({
  kind: 'outflow',
  route: 'token_transfer',
  amount,
  mint: QUOTE,
  decimals: 6,
  destination: 'token account' as Address,
  owner: creator,
  internal: false,
  ofValue: true,
  consent: 'agent',
  signers: [],
  usd: null,
  ...more,
});
const at = (slot: number) => ({ slot, blockIndex: 0, ordinal: 0 });
const owed = (slot: number, amount: bigint, to: string = creator): StandingEvent => ({
  kind: 'owed',
  at: at(slot),
  amount,
  creator: to,
});
const transfer = (
  slot: number,
  amount: bigint,
  more: Partial<CreatorTransfer> = {},
): CreatorTransfer => ({
  creator,
  at: at(slot),
  signature: `t${slot}` as never,
  body: body(amount),
  credited: null,
  ...more,
});
const verdict = (history: StandingEvent[], transfers: CreatorTransfer[]) =>
  judge([...history, ...creditEvents(history, transfers, QUOTES)]);

describe('matching', () => {
  test('the oldest debts first, none that came later, and each unit of each once', () => {
    const parts = allotCredits(
      [
        { id: 't', slot: 20, left: 70n },
        { id: 'u', slot: 30, left: 50n },
      ],
      [
        { id: 'a', slot: 10, owed: 40n },
        { id: 'b', slot: 20, owed: 40n },
        { id: 'c', slot: 31, owed: 9n },
      ],
    );
    expect(parts).toEqual([
      { transferId: 't', shareId: 'a', amount: 40n },
      { transferId: 't', shareId: 'b', amount: 30n },
      { transferId: 'u', shareId: 'b', amount: 10n },
    ]);
  });

  test('never more than a transfer brought, nor than a debt wanted, nor for a debt that came later', () => {
    const list = fc.array(
      fc.record({ slot: fc.integer({ min: 1, max: 9 }), amount: fc.bigInt({ min: 0n, max: 99n }) }),
      { maxLength: 6 },
    );
    const sorted = <Row extends { slot: number }>(rows: Row[]) =>
      rows.toSorted((a, b) => a.slot - b.slot);
    let allotted = 0;
    fc.assert(
      fc.property(list, list, (given, wanted) => {
        const transfers = sorted(given).map(({ slot, amount }, n) => ({
          id: `t${n}`,
          slot,
          left: amount,
        }));
        const shares = sorted(wanted).map(({ slot, amount }, n) => ({
          id: `s${n}`,
          slot,
          owed: amount,
        }));
        const parts = allotCredits(transfers, shares);
        allotted += parts.length;
        const sumOf = (by: 'transferId' | 'shareId', id: string) =>
          parts.reduce((sum, each) => (each[by] === id ? sum + each.amount : sum), 0n);
        for (const each of transfers) expect(sumOf('transferId', each.id) <= each.left).toBe(true);
        for (const each of shares) expect(sumOf('shareId', each.id) <= each.owed).toBe(true);
        for (const part of parts) {
          const slotOf = (id: string) =>
            [...transfers, ...shares].find((each) => each.id === id)?.slot ?? 0;
          expect(slotOf(part.shareId) <= slotOf(part.transferId)).toBe(true);
          expect(part.amount > 0n).toBe(true);
        }
        // No transfer has an amount left while an older debt to the same creator is unpaid.
        for (const each of transfers)
          for (const share of shares)
            if (share.slot <= each.slot)
              expect(
                sumOf('transferId', each.id) === each.left ||
                  sumOf('shareId', share.id) === share.owed,
              ).toBe(true);
      }),
    );
    expect(allotted).toBeGreaterThan(100);
  });
});

test('only the quote token, to a creator, and not to oneself, counts, with a memo or without', () => {
  const creators = new Set<string>([creator]);
  expect(creatorPaid(body(5n), creators, QUOTES)).toBe(creator);
  expect(creatorPaid(body(5n, { owner: null, destination: creator }), creators, QUOTES)).toBe(
    creator,
  );
  for (const more of [
    { mint: 'SOL' as Address },
    { mint: null },
    { owner: other },
    { internal: true },
  ])
    expect(creatorPaid(body(5n, more), creators, QUOTES)).toBeNull();
  expect(creatorPaid(body(5n, { paymentId: 'p1' }), creators, QUOTES)).toBe(creator);
});

test('a payment that this ledger signed is no transfer; one that was found, and one with a memo alone, are', () => {
  const creators = new Set<string>([creator]);
  const heard = (more: object) =>
    creatorTransfers(
      [
        {
          key: 'k',
          signature: 's' as never,
          slot: 20,
          ours: true,
          at: at(20),
          credited: null,
          body: body(100n),
          ...more,
        },
      ],
      creators,
      QUOTES,
    ).map(({ credited, payment }) => ({ credited, payment }));
  const found = { mint: QUOTE, maybeLost: false, recipients: [{ wallet: creator, amount: 40n }] };
  const unbooked = [{ credited: null, payment: 'unbooked' }];
  expect(heard({})).toEqual([]);
  expect(heard({ found })).toEqual([{ credited: 40n, payment: 'found' }]);
  expect(heard({ found: { ...found, recipients: [] } })).toEqual([
    { credited: 0n, payment: 'found' },
  ]);
  // Another token beside a found payment is no part of it.
  expect(heard({ found: { ...found, mint: 'other' } })).toEqual(unbooked);
  expect(heard({ ours: false, body: body(100n, { paymentId: 'x' }) })).toEqual(unbooked);
  expect(heard({ ours: false, credited: 7n })).toEqual([{ credited: 7n }]);
});

describe('standing', () => {
  test('a transfer that pays what is owed settles it, and makes no runaway', () => {
    expect(verdict([owed(10, 100n)], [transfer(20, 100n)])).toMatchObject({
      standing: 'good',
      outstanding: 0n,
    });
    expect(verdict([owed(10, 100n)], [transfer(20, 40n)])).toMatchObject({
      standing: 'good',
      outstanding: 60n,
    });
  });

  test('a debt of the same slot whose place is not known is taken for older', () => {
    const close = { ...owed(20, 100n), at: { slot: 20, blockIndex: null, ordinal: 0 } };
    expect(verdict([close], [transfer(20, 100n)])).toMatchObject({ outstanding: 0n });
  });

  test('rounding of another system accuses nobody; what is far beyond the debt left like any other', () => {
    const both = [owed(10, 100n), owed(10, 50n, other)];
    expect(verdict(both, [transfer(20, 110n)])).toMatchObject({
      standing: 'good',
      outstanding: 50n,
    });
    const found = verdict(both, [transfer(20, 111n)]);
    expect(found).toMatchObject({ standing: 'delinquent', evidence: { amount: 11n } });
    // A subscriber who owes nothing may pay a creator.
    expect(verdict([owed(10, 100n)], [transfer(20, 900n)])).toMatchObject({ standing: 'good' });
  });

  test('a creator to whom nothing is owed is no way out of a debt to another', () => {
    const puppet = transfer(20, 1_000n, { creator: other, body: body(1_000n, { owner: other }) });
    expect(verdict([owed(10, 100n)], [puppet])).toMatchObject({
      standing: 'delinquent',
      outstanding: 100n,
    });
  });

  test('two transfers for one debt: the second is beyond it', () => {
    const both = [owed(10, 100n), owed(10, 50n, other)];
    expect(verdict(both, [transfer(20, 100n), transfer(21, 100n)])).toMatchObject({
      standing: 'delinquent',
    });
  });

  test('once matched, the books say what was discharged; a debt that is only observed is no reason to accuse', () => {
    const counted = [owed(10, 50n, other)];
    const claims = [...counted, owed(10, 100n)];
    const events = (credited: bigint | null) =>
      creditEvents(counted, [transfer(20, 100n, { credited })], QUOTES, claims);
    expect(events(null)).toEqual([]);
    expect(events(100n)).toMatchObject([{ kind: 'discharged', amount: 100n }]);
  });
});

describe('what was owed when a transfer was made', () => {
  const discharged = (slot: number, amount: bigint, to: string = creator): StandingEvent => ({
    kind: 'discharged',
    at: at(slot),
    amount,
    creator: to,
  });
  const left = (slot: number): StandingEvent =>
    ({ kind: 'left', at: at(slot), amount: 9n, what: '', signature: 's' }) as never;
  const events = (history: StandingEvent[], ...transfers: CreatorTransfer[]) =>
    creditEvents(history, transfers, QUOTES).map((each) => [each.kind, each.at.slot, each.amount]);

  test('is lessened by payments before it to the same creator, and by nothing else', () => {
    const history = [owed(10, 100n), owed(10, 50n, other), left(11)];
    expect(events(history, transfer(20, 100n))).toEqual([['discharged', 20, 100n]]);
    expect(events([...history, discharged(19, 40n)], transfer(20, 60n))).toEqual([
      ['discharged', 20, 60n],
    ]);
    expect(events([...history, discharged(19, 40n)], transfer(20, 100n))).toEqual([
      ['discharged', 20, 60n],
      ['left', 20, 40n],
    ]);
    expect(events([...history, discharged(19, 40n, other)], transfer(20, 100n))).toEqual([
      ['discharged', 20, 100n],
    ]);
  });
  test('includes a debt of the very place, and no payment of the very place', () => {
    expect(events([owed(20, 100n)], transfer(20, 100n))).toEqual([['discharged', 20, 100n]]);
    expect(events([owed(21, 100n)], transfer(20, 100n))).toEqual([['left', 20, 100n]]);
    expect(events([owed(10, 100n), discharged(20, 40n)], transfer(20, 100n))).toEqual([
      ['discharged', 20, 100n],
    ]);
  });
  test('a rest of a tenth is rounding, one unit more has left', () => {
    expect(events([owed(10, 100n)], transfer(20, 110n))).toEqual([['discharged', 20, 100n]]);
    expect(events([owed(10, 100n)], transfer(20, 111n))).toEqual([
      ['discharged', 20, 100n],
      ['left', 20, 11n],
    ]);
  });
  test('an amount that one transfer has paid is not paid again by the next one', () => {
    expect(events([owed(10, 100n)], transfer(20, 70n), transfer(21, 70n))).toEqual([
      ['discharged', 20, 70n],
      ['discharged', 21, 30n],
      ['left', 21, 40n],
    ]);
  });
  test('an amount that the ledger has credited pays debts, also when other debts are open', () => {
    expect(events([], transfer(20, 100n, { credited: 100n }))).toEqual([['discharged', 20, 100n]]);
    expect(events([owed(10, 100n)], transfer(20, 100n, { credited: 0n }))).toEqual([]);
  });

  test('is held against a transfer with the memo of a payment, which discharges nothing by that', () => {
    const memo = { payment: 'unbooked' } as const;
    const owing = [owed(10, 100n)];
    expect(events(owing, transfer(20, 110n, memo))).toEqual([]);
    expect(events(owing, transfer(20, 111n, memo))).toEqual([['left', 20, 11n]]);
    expect(events(owing, transfer(20, 60n, memo), transfer(21, 60n, memo))).toEqual([
      ['left', 21, 20n],
    ]);
    // A transfer without a memo pays the debt all the same.
    expect(events(owing, transfer(20, 100n, memo), transfer(21, 100n))).toEqual([
      ['discharged', 21, 100n],
    ]);
  });
  test('is held against a found payment, whose explained part its own event discharges', () => {
    const found = (credited: bigint) => ({ payment: 'found', credited }) as const;
    const paid = [owed(10, 100n), discharged(20, 100n)];
    expect(events(paid, transfer(20, 110n, found(100n)))).toEqual([]);
    expect(events(paid, transfer(20, 111n, found(100n)))).toEqual([['left', 20, 11n]]);
    // To a creator to whom nothing is owed, all of it left.
    const puppet = { ...found(0n), creator: other, body: body(900n, { owner: other }) };
    expect(events(paid, transfer(20, 900n, puppet))).toEqual([['left', 20, 900n]]);
    // Two parts of one payment share what is explained, and take nothing from a later transfer.
    const one = { ...found(100n), signature: 's' as never };
    expect(events(paid, transfer(20, 60n, one), transfer(20, 60n, one))).toEqual([
      ['left', 20, 20n],
    ]);
    // Nor do two payments of one slot, whose order is not known, claim one debt twice.
    const twice = transfer(20, 100n, { ...found(0n), signature: 't' as never });
    expect(events(paid, transfer(20, 100n, one), twice)).toEqual([['left', 20, 100n]]);
    const again = [...paid, owed(30, 50n)];
    expect(events(again, transfer(20, 100n, one), transfer(31, 50n))).toEqual([
      ['discharged', 31, 50n],
    ]);
  });
});
