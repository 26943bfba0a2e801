// Outflow: the name of each outflow, the routes that have an allowance, and the text for people.

import { expect, test } from 'vitest';
import type { Outflow } from '../../src/core/fact.ts';
import type { Address, Signature } from '../../src/core/ids.ts';
import { type HeardOutflow, leftEvents, SMALL, whatLeft } from '../../src/core/outflow.ts';
import { classifyOutflows, QUOTES, WITHDRAWAL } from '../support/classes.ts';

const WRAPPED = 'So11111111111111111111111111111111111111112' as Address;
const heard = (key: string, given: Partial<Outflow> = {}, slot = 10): HeardOutflow => ({
  key,
  signature: `signature of ${key}` as Signature,
  slot,
  ours: false,
  body: { ...WITHDRAWAL, ...given },
});
const NOBODY = { creators: new Set<string>(), appointed: new Set<string>() };
const classOf = (given: Partial<Outflow>, context = NOBODY) =>
  classifyOutflows([heard('it', given)], [], QUOTES, context).get('it');

test('SOL and USDC have an allowance by every route, and what the venue paid out has none', () => {
  const sol = { mint: null, decimals: 9, amount: SMALL.sol.transaction } as const;
  for (const route of ['sol_transfer', 'sol_handover', 'network_fee', 'token_transfer'] as const)
    expect(classOf({ ...sol, route }), route).toBe('small');
  // An account that is given away with dust of a stranger in it loses its owner no more than dust.
  for (const route of ['token_transfer', 'token_handover'] as const) {
    expect(classOf({ route, amount: SMALL.quote.transaction }), route).toBe('small');
    expect(classOf({ route, amount: SMALL.quote.transaction + 1n }), route).toBe('outflow');
  }
  for (const route of ['withdraw', 'isolated_withdraw', 'transfer'] as const)
    expect(classOf({ ...sol, route, amount: 1n }), route).toBe('outflow');
  // Rent of an account that the venue makes, and a tip to a wallet that a call of the venue names.
  const named = { ...sol, route: 'foreign_deposit' } as const;
  expect(classOf(named)).toBe('small');
  expect(classOf({ ...named, amount: SMALL.sol.transaction + 1n })).toBe('outflow');
  expect(classOf({ route: 'foreign_deposit', amount: 1n })).toBe('outflow');
  // Wrapped SOL is SOL; a token whose mint is not told is SOL only by its nine decimals.
  const wrapped = { route: 'token_transfer', mint: WRAPPED, decimals: null } as const;
  expect(classOf({ ...wrapped, amount: SMALL.sol.transaction })).toBe('small');
  expect(classOf({ route: 'token_transfer', mint: null, decimals: 6, amount: 1n })).toBe('outflow');
  expect(classOf({ route: 'token_transfer', mint: null, decimals: null, amount: 1n })).toBe(
    'outflow',
  );
});

test('each class has its name', () => {
  const creator = 'creator' as Address;
  const stranger = 'stranger' as Address;
  const known = { creators: new Set<string>([creator]), appointed: new Set<string>([stranger]) };
  expect(classOf({ owner: creator }, known)).toBe('creator');
  expect(classOf({ destination: creator }, known)).toBe('creator');
  expect(classOf({ destination: stranger, owner: stranger }, known)).toBe('outflow');
  expect(classOf({ ofValue: false, mint: 'x' as never, route: 'token_transfer' })).toBe(
    'worthless',
  );
  expect(classOf({ consent: 'none', signers: [creator] }, known)).toBe('unsigned');
  // One appointed signer among others is enough.
  expect(classOf({ consent: 'none', signers: [creator, stranger] }, known)).toBe('outflow');
});

test('a mint that the venue paid out by an isolated withdrawal is of value, too', () => {
  const mint = 'a newer market' as never;
  const sent = heard('sent', { route: 'token_transfer', mint, ofValue: false });
  const out = heard('out', { route: 'isolated_withdraw', mint, internal: true });
  expect(classifyOutflows([sent, out], [], QUOTES).get('sent')).toBe('outflow');
  const transfer = heard('out', { route: 'transfer', mint, internal: true });
  expect(classifyOutflows([sent, transfer], [], QUOTES).get('sent')).toBe('worthless');
});

test('an amount is told in the units of its token, or in base units where they are not known', () => {
  expect(whatLeft(WITHDRAWAL, QUOTES)).toBe('0.000100 USDC');
  expect(whatLeft({ ...WITHDRAWAL, mint: WRAPPED, decimals: 9 }, QUOTES)).toBe('0.000000100 SOL');
  expect(whatLeft({ ...WITHDRAWAL, mint: 'jup' as never }, QUOTES)).toBe('0.000100 jup');
  for (const unknown of [
    { ...WITHDRAWAL, mint: null },
    { ...WITHDRAWAL, mint: 'jup' as never, decimals: null },
  ])
    expect(whatLeft(unknown, QUOTES)).toBe('100 base units of an unknown token');
});

test('the amount beyond a clearance is told as its rest, and no amount as no event', () => {
  const clearance = {
    id: 'c',
    purpose: 'withdraw',
    amount: 60n,
    grantedSlot: 5,
    untilSlot: 20,
    trades: [],
  } as const;
  const at = (key: string, amount: bigint) => ({
    ...heard(key, { amount }),
    at: { slot: 10, blockIndex: 3, ordinal: 0 },
  });
  expect(leftEvents([at('a', 100n)], [clearance], QUOTES, NOBODY)).toEqual([
    {
      kind: 'left',
      at: { slot: 10, blockIndex: 3, ordinal: 0, signature: 'signature of a' },
      amount: 40n,
      what: '0.000040 USDC',
      signature: 'signature of a',
    },
  ]);
  expect(leftEvents([at('a', 60n)], [clearance], QUOTES, NOBODY)).toEqual([]);
  expect(leftEvents([at('a', 0n)], [], QUOTES, NOBODY)).toEqual([]);
});
