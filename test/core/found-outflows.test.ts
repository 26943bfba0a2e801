// Found outflows: what a payment that was found on chain explains of what left by it.
import { expect, test } from 'vitest';
import type { Outflow } from '../../src/core/fact.ts';
import { type FoundPayment, unexplainedByPayments } from '../../src/core/found-outflows.ts';
import type { Address, Signature } from '../../src/core/ids.ts';
import type { HeardOutflow } from '../../src/core/outflow.ts';
import { quotesOf, USDC } from '../../src/core/token.ts';
import { classifyOutflows } from '../support/classes.ts';

const QUOTES = quotesOf([USDC]);
const CREATOR = 'creator' as Address;
const paying = (amount: bigint, more: Partial<FoundPayment> = {}): FoundPayment => ({
  mint: USDC.mint,
  maybeLost: false,
  recipients: [{ wallet: CREATOR, amount }],
  ...more,
});
const found = paying(20_000_000n);
const heard = (key: string, body: Partial<Outflow>, own = false): HeardOutflow => ({
  key,
  signature: 'payment' as Signature,
  slot: 5,
  ours: true,
  found: own ? null : found,
  body: {
    kind: 'outflow',
    route: 'token_transfer',
    amount: 1n,
    mint: USDC.mint,
    decimals: 6,
    destination: null,
    owner: null,
    internal: false,
    ofValue: true,
    consent: 'agent',
    signers: [],
    usd: null,
    ...body,
  },
});
const toCreator = heard('creator', { amount: 20_000_000n, owner: CREATOR });
const classesOf = (...rest: HeardOutflow[]) =>
  Object.fromEntries(classifyOutflows([toCreator, ...rest], [], QUOTES));

test('a reimbursement beside a found payment is ours up to what the payment paid', () => {
  const to = (amount: bigint) => heard('sponsor', { amount, owner: 'sponsor' as Address });
  expect(classesOf(to(20_000_000n))).toEqual({ creator: 'ours', sponsor: 'ours' });
  expect(classesOf(to(20_000_001n))).toEqual({ creator: 'ours', sponsor: 'outflow' });
  // Parts add up, and none of them is ours when the sum is too much.
  expect(classesOf(to(15_000_000n), { ...to(6_000_000n), key: 'friend' })).toEqual({
    creator: 'ours',
    sponsor: 'outflow',
    friend: 'outflow',
  });
});

test('a transaction with a memo, one base unit for the creator and the rest for others counts as an outflow', () => {
  const tiny = paying(1n);
  const unit = { ...heard('creator', { amount: 1n, owner: CREATOR }), found: tiny };
  const rest = { ...heard('rest', { amount: 999_000_000n }), found: tiny };
  const withdrawal = { ...heard('venue', { route: 'withdraw', amount: 5_000_000n }), found: tiny };
  expect(Object.fromEntries(classifyOutflows([unit, rest, withdrawal], [], QUOTES))).toEqual({
    creator: 'ours',
    rest: 'outflow',
    venue: 'outflow',
  });
});

test('SOL and other tokens beside a found payment are classified as in any other transaction', () => {
  const sol = { route: 'sol_transfer', mint: null, decimals: 9 } as const;
  const other = 'another mint of the venue' as Address;
  expect(
    classesOf(
      heard('rent', { ...sol, amount: 2_039_280n, owner: CREATOR }),
      heard('tip', { ...sol, amount: 7_960_720n }),
      heard('token', { mint: other, amount: 5n }),
    ),
  ).toEqual({ creator: 'ours', rent: 'small', tip: 'small', token: 'outflow' });
  // The creator of a second subscription may be a wallet of the subscriber, so SOL that it gets is
  // SOL that left.
  for (const owner of [null, CREATOR])
    expect(classesOf(heard('sol', { ...sol, amount: 10_000_001n, owner }))).toMatchObject({
      sol: 'outflow',
    });
});

test('a withdrawal through a token account of one transaction is ours, and an own payment whole', () => {
  const shown = { mint: null, decimals: null, owner: null, route: 'withdraw' } as const;
  const passing = heard('venue', { ...shown, amount: 21_000_000n, usd: 21_000_000n });
  expect(Object.fromEntries(classifyOutflows([passing], [], QUOTES))).toEqual({ venue: 'ours' });
  const signed = heard('rest', { amount: 999_000_000n }, true);
  expect(Object.fromEntries(classifyOutflows([signed], [], QUOTES))).toEqual({ rest: 'ours' });
  // A whole bitcoin is 10^8 base units, and no 100 USDC.
  const bitcoin = heard('venue', { ...shown, amount: 100_000_000n, usd: 60_000_000_000n });
  const unpriced = heard('venue', { ...shown, amount: 1n, usd: null });
  for (const each of [bitcoin, unpriced])
    expect(Object.fromEntries(classifyOutflows([each], [], QUOTES))).toEqual({ venue: 'outflow' });
});

test('a tiny payment whose sponsor got more than the creator is small, also over a day', () => {
  const tiny = paying(1_179n);
  const passing = (n: number): HeardOutflow => ({
    ...heard(`${n}`, { route: 'withdraw', mint: null, decimals: null, amount: 500_000n }),
    signature: `payment ${n}` as Signature,
    found: tiny,
  });
  const priced = (each: HeardOutflow) => ({ ...each, body: { ...each.body, usd: 500_000n } });
  const day = Array.from({ length: 6 }, (_, n) => priced(passing(n)));
  const classes = [...classifyOutflows(day, [], QUOTES).values()];
  expect(classes).toEqual(['small', 'small', 'small', 'small', 'small', 'outflow']);
});

test('of a payment with an excess the explained part alone bounds what else may have left', () => {
  const beyond = paying(0n);
  const unit = { ...heard('creator', { amount: 500n, owner: CREATOR }), found: beyond };
  const rest = { ...heard('rest', { amount: 500n * 1_000_000n }), found: beyond };
  // The part of the recipient is held against the debts to it, by `creditEvents`.
  expect([...unexplainedByPayments([unit, rest])]).toEqual(['rest']);
});

test('what a recipient got is explained by its owner or by its account, in any token, of a payment that may be lost', () => {
  const sol = { route: 'sol_transfer', mint: null, decimals: 9, amount: 5n } as const;
  const keys = [
    heard('by owner', { ...sol, owner: CREATOR }),
    heard('by account', { ...sol, destination: CREATOR }),
    heard('stranger', { ...sol, owner: 'friend' as Address }),
    // Only a withdrawal shows no mint and counts at its price.
    heard('priced', { ...sol, usd: 5n }),
    heard('withdrawn', { mint: 'mint' as Address, route: 'withdraw', usd: 5n }),
  ];
  const lost = { ...found, maybeLost: true };
  const inLost = keys.map((each) => ({ ...each, found: lost }));
  expect([...unexplainedByPayments(inLost)]).toEqual(['stranger', 'priced', 'withdrawn']);
  // No loss: the holder of the agent's key may have written it.
  expect(unexplainedByPayments(keys).size).toBe(5);
  // Any of several recipients may have got it.
  const ref = { wallet: 'ref' as Address, amount: 1n };
  const several = { ...lost, recipients: [ref, ...found.recipients] };
  const got = { ...heard('got', { ...sol, owner: CREATOR }), found: several };
  expect(unexplainedByPayments([got])).toEqual(new Set());
});

test('what moves between accounts of the subscriber takes nothing of what a payment explains', () => {
  const own = heard('own', { amount: 900_000_000n, internal: true });
  expect(unexplainedByPayments([toCreator, own])).toEqual(new Set());
});

test('each found payment explains its own transaction alone', () => {
  const other = { ...heard('other', { amount: 30_000_000n }), signature: 'second' as Signature };
  const rest = heard('rest', { amount: 20_000_000n });
  expect(unexplainedByPayments([toCreator, rest, other])).toEqual(new Set());
  const more = { ...heard('more', { amount: 10_000_001n }), signature: 'second' as Signature };
  expect(unexplainedByPayments([toCreator, rest, other, more])).toEqual(new Set(['other', 'more']));
});
