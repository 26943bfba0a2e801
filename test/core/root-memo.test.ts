// Root memo: its text is that of no payment, its one rule holds every part of the transaction, and
// only a finalized block or an expiry ends it.
import { describe, expect, test } from 'vitest';
import type { Address } from '../../src/core/ids.ts';
import type { Effect } from '../../src/core/mandate.ts';
import type { Look } from '../../src/core/payment.ts';
import { paymentIdIn } from '../../src/core/rebuild.ts';
import {
  ROOT_MEMO_PRICE_MOST,
  ROOT_MEMO_UNITS,
  type RootMemoWhole,
  rootMemoIn,
  rootMemoObjections,
  rootMemoStep,
  rootMemoText,
} from '../../src/core/root-memo.ts';

const [sponsor, thief] = ['sponsor', 'thief'] as Address[] as [Address, Address];
const memo = { day: '2026-11-26', commitment: 'ab'.repeat(32) };
const text = rootMemoText(memo);

describe('the text', () => {
  test('is read back as RPC gives it and as it was written, and in no other place', () => {
    for (const given of [text, `[${text.length}] ${text}`]) {
      expect(rootMemoIn(given)).toEqual(memo);
      expect(paymentIdIn(given)).toBeNull();
    }
    const others = [`${text} x`, `x${text}`, text.toUpperCase(), `bailiff:${text}`, 'bailiff:p1'];
    for (const given of [...others, '', null]) expect(rootMemoIn(given), String(given)).toBeNull();
  });
});

describe('the rule', () => {
  const limit: Effect = { effect: 'compute_limit', units: ROOT_MEMO_UNITS };
  const price: Effect = { effect: 'compute_price', microLamports: ROOT_MEMO_PRICE_MOST };
  const said: Effect = { effect: 'memo', text };
  const whole: RootMemoWhole = {
    feePayer: sponsor,
    required: [sponsor],
    effects: [limit, price, said],
  };
  const mandate = { ...memo, sponsor };
  const objections = (change: Partial<RootMemoWhole>, given = mandate) =>
    rootMemoObjections({ ...whole, ...change }, given).join('; ');

  test('lets the memo pass, with a price and without one', () => {
    expect(objections({})).toBe('');
    expect(objections({ effects: [limit, said] })).toBe('');
  });
  const transfer = { effect: 'transfer', source: sponsor, mint: sponsor, amount: 1n } as const;
  const strange: Effect[] = [
    { effect: 'unknown', program: thief },
    { ...transfer, destination: thief, authority: sponsor },
    { effect: 'advance_nonce', account: thief, authority: sponsor },
    said,
    limit,
  ];
  test.each([0, 1, 2, 3])('refuses any other effect at place %i', (place) => {
    for (const each of strange)
      expect(objections({ effects: whole.effects.toSpliced(place, 0, each) })).toMatch(/holds /);
  });
  test.each<[string, Partial<RootMemoWhole>, RegExp]>([
    ['another fee payer', { feePayer: thief }, /is signed by/],
    ['a second signer', { required: [sponsor, thief] }, /sponsor and thief/],
    ['another signer', { required: [thief] }, /is signed by thief/],
    ['no memo', { effects: [limit, price] }, /holds/],
    ['no compute limit', { effects: [said] }, /holds/],
    ['another order', { effects: [said, limit, price] }, /holds/],
    [
      'the memo of another day',
      { effects: [limit, { effect: 'memo', text: text.replace('26:', '25:') }] },
      /another memo/,
    ],
    [
      'the memo of a payment',
      { effects: [limit, { effect: 'memo', text: 'bailiff:p1' }] },
      /another memo/,
    ],
    [
      'more compute units',
      { effects: [{ effect: 'compute_limit', units: ROOT_MEMO_UNITS + 1 }, said] },
      /compute units/,
    ],
    [
      'a higher price',
      {
        effects: [
          limit,
          { effect: 'compute_price', microLamports: ROOT_MEMO_PRICE_MOST + 1n },
          said,
        ],
      },
      /50000 lamports/,
    ],
  ])('refuses %s', (_, change, why) => expect(objections(change)).toMatch(why));
  test.each([
    { day: '2026-11-26 bailiff', commitment: memo.commitment },
    { day: memo.day, commitment: 'AB'.repeat(32) },
    { day: memo.day, commitment: `${memo.commitment} bailiff:p1` },
    { day: `x\n${memo.day}`, commitment: memo.commitment },
  ])('refuses a day and commitment of another shape: %j', (given) => {
    const effects = [limit, { effect: 'memo', text: rootMemoText(given) } as const];
    expect(objections({ effects }, { ...given, sponsor })).toMatch(/no day and commitment/);
  });
});

describe('a memo under way', () => {
  const step = (look: Look) => rootMemoStep({ lastValidBlockHeight: 100 }, look);
  const executed = { seen: 'executed', slot: 7, error: null } as const;
  test.each<[string, Look, unknown]>([
    [
      'is sent again while no node shows it',
      { seen: 'absent', finalizedSlot: 200, finalizedBlockHeight: 132 },
      { do: 'send' },
    ],
    [
      'has expired 32 finalized blocks past its last block',
      { seen: 'absent', finalizedSlot: 200, finalizedBlockHeight: 133 },
      { do: 'end', outcome: 'expired', slot: null },
    ],
    ['waits while no node answers', { seen: 'nothing', why: '' }, { do: 'wait' }],
    ['waits for finality', { ...executed, finality: 'confirmed' }, { do: 'wait' }],
    [
      'has landed in a finalized block',
      { ...executed, finality: 'finalized' },
      { do: 'end', outcome: 'landed', slot: 7 },
    ],
    [
      'has failed with an error',
      { ...executed, finality: 'finalized', error: 'x' },
      { do: 'end', outcome: 'failed', slot: 7 },
    ],
  ])('%s', (_, look, wanted) => expect(step(look)).toEqual(wanted));
});
