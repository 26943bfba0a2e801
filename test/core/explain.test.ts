// Explain: every number on the way from a record to a debt stands in the steps, and the sentence
// says the same.

import { describe, expect, test } from 'vitest';
import { explain } from '../../src/core/explain.ts';
import type { Accrual } from '../../src/core/explanation.ts';
import type { Close, Reckoning } from '../../src/core/fact.ts';
import type { Address, Signature } from '../../src/core/ids.ts';
import { USDC } from '../../src/core/token.ts';

const close: Close = {
  kind: 'close',
  market: 0,
  side: 'taker',
  position: 'long',
  cause: 'trade',
  baseFilled: 5n,
  baseClosed: 4n,
  proceeds: 30_000_000n,
  entry: 18_000_000n,
  grossPnl: 12_000_000n,
  fee: 200_000n,
  netPnl: 11_800_000n,
  fillRecordId: 77n,
  oraclePrice: 0n,
  counterparty: null,
};
const reckoning = {
  kind: 'reckoning',
  netPnl: 5_000_000n,
  afterSlot: 40,
  uptoSlot: 60,
} as unknown as Reckoning;

/** A whole close under the only terms: 10 % of what is left after the opening fee. */
const accrual: Accrual = {
  token: USDC,
  signature: 'sig' as Signature,
  slot: 50,
  ordinal: 0,
  realised: close,
  termsSlot: 10,
  basis: 'per_close',
  base: null,
  openedSlot: null,
  entry: null,
  openingFee: 300_000n,
  netPnl: 11_500_000n,
  profit: 'net',
  recipients: [{ nth: 0, wallet: 'creator' as Address, shareBps: 1_050 }],
  recipient: 0,
  fees: 500_000n,
  hurdled: 0n,
  allowed: null,
  shareBps: 1_050,
  charged: 11_500_000n,
  amount: 1_207_500n,
  before: { carry: 9n, deficit: 0n },
  after: { carry: 11n, deficit: 0n },
  credits: [],
};
const valuesOf = (given: Accrual) => explain(given).steps.map(({ name, value }) => [name, value]);
const formulaOf = (given: Accrual, name: string) =>
  explain(given).steps.find((each) => each.name === name)?.formula;

/** What the terms make of any profit. */
const OWED = [
  ['shareBps', '1050'],
  ['carryBefore', '9'],
  ['amount', '1207500'],
  ['carryAfter', '11'],
];

test('a close is told from its record to its amount, each number once', () => {
  expect(valuesOf(accrual)).toEqual([
    ['baseClosed', '4'],
    ['proceeds', '30000000'],
    ['entry', '18000000'],
    ['grossPnl', '12000000'],
    ['fee', '200000'],
    ['openingFee', '300000'],
    ['netPnl', '11500000'],
    ...OWED,
  ]);
  expect(formulaOf(accrual, 'proceeds')).toContain('fill 77 in sig, slot 50');
});

test('the formula of the gross profit is that of its side', () => {
  const short: Accrual = { ...accrual, realised: { ...close, position: 'short' } };
  expect(formulaOf(accrual, 'grossPnl')).toBe('proceeds − entry');
  expect(formulaOf(short, 'grossPnl')).toBe('entry − proceeds');
});

test('a profit that only account state shows starts from the state', () => {
  const given: Accrual = { ...accrual, realised: reckoning, netPnl: 4_700_000n };
  expect(valuesOf(given)).toEqual([
    ['realised', '5000000'],
    ['openingFee', '300000'],
    ['netPnl', '4700000'],
    ...OWED,
  ]);
  expect(formulaOf(given, 'realised')).toMatch(/slots 40 and 60.*sig, slot 50/);
  expect(formulaOf(given, 'netPnl')).toBe('realised − openingFee');
  expect(explain(given).sentence).toMatch(/^Account state shows a profit of 4\.700000 USDC/);
});

describe('a part of a close', () => {
  const part: Accrual = { ...accrual, base: 3n, openedSlot: 20, entry: 9n, netPnl: 8_000_000n };
  const short: Accrual = { ...part, realised: { ...close, position: 'short' } };

  test('has its own base, entry and profit, in place of the profit of the whole', () => {
    expect(valuesOf(part).slice(5)).toEqual([
      ['openingFee', '300000'],
      ['partBase', '3'],
      ['partEntry', '9'],
      ['partPnl', '8000000'],
      ...OWED,
    ]);
    expect(formulaOf(part, 'partBase')).toContain('from slot 20 on');
    expect(formulaOf(part, 'partPnl')).toMatch(/^proceeds × partBase \/ baseClosed − partEntry −/);
    expect(formulaOf(short, 'partPnl')).toMatch(/^partEntry − proceeds × partBase/);
  });
  test('of a profit that only state shows is no part of a record', () => {
    const names = explain({ ...part, realised: reckoning }).steps.map(({ name }) => name);
    expect(names).not.toContain('partBase');
  });
  test('names the slot of its opening beside its terms; without one, the slot of the close', () => {
    expect(formulaOf(part, 'shareBps')).toBe(
      'terms that began at slot 10, in force when it was opened, in slot 20',
    );
    expect(formulaOf(accrual, 'shareBps')).toMatch(/in force at slot 50$/);
  });
});

test('a high-water mark says how much had to be made good first', () => {
  const given: Accrual = {
    ...accrual,
    basis: 'high_water_mark',
    before: { carry: 9n, deficit: 1_500_000n },
    charged: 10_000_000n,
  };
  expect(valuesOf(given).slice(7, 9)).toEqual([
    ['deficitBefore', '1500000'],
    ['charged', '10000000'],
  ]);
  expect(formulaOf(given, 'charged')).toBe('max(0, 11500000 − deficitBefore)');
  expect(formulaOf(given, 'amount')).toBe('floor((10000000 × shareBps + carryBefore) / 10,000)');
  expect(explain(given).sentence).toMatch(/10\.5 % of 10\.000000 USDC, the part .* is 1\.207500/);
});

test('a basis that is not known is refused', () =>
  expect(() => explain({ ...accrual, basis: 'yearly' as never })).toThrow(/unreachable/));

test('transfers of others that paid a part of the debt come last', () => {
  const credits = [{ signature: 'other' as Signature, slot: 70, amount: 12n }];
  const { steps } = explain({ ...accrual, credits });
  expect(steps.at(-1)).toMatchObject({ name: 'credited', value: '12' });
  expect(steps.at(-1)?.formula).toContain('transfer other, slot 70');
});

test('the sentence has the profit, all fees, and what the share comes to', () => {
  expect(explain(accrual).sentence).toBe(
    'A long position closed in transaction sig (slot 50) with 12.000000 USDC of realised profit, less 0.500000 USDC of fees for opening and closing it: 11.500000 USDC. 10.5 % of that is 1.207500 USDC.',
  );
});
