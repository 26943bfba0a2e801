// Rebuild: payments recognised from the chain alone, and the shares that they covered.

import { expect, test } from 'vitest';
import type { Address, Signature } from '../../src/core/ids.ts';
import type { Effect } from '../../src/core/mandate.ts';
import { MEMO_PROGRAM } from '../../src/core/programs.ts';
import {
  allot,
  type PaidOnChain,
  paymentIdIn,
  paymentIdOf,
  recognise,
} from '../../src/core/rebuild.ts';
import { rootMemoText } from '../../src/core/root-memo.ts';
import { USDC } from '../../src/core/token.ts';

const [AGENT, TOKENS, CREATOR, THEIRS, STRANGER] = ['a', 'at', 'c', 'ct', 's'] as Address[] as [
  Address,
  Address,
  Address,
  Address,
  Address,
];
const PAYER = { wallet: AGENT, tokenAccount: TOKENS, mint: 'm' as Address };
const memo = (text: string): Effect => ({ effect: 'memo', text });
const transfer = (more: Partial<Extract<Effect, { effect: 'transfer' }>> = {}): Effect => ({
  effect: 'transfer',
  source: TOKENS,
  mint: 'm' as Address,
  destination: THEIRS,
  authority: AGENT,
  amount: 7n,
  ...more,
});
const read = (acts: Effect[]) => recognise(acts, PAYER, new Map([[THEIRS, CREATOR]]));

test('a memo gives its payment id, as it was written and as RPC tells it', () => {
  expect(paymentIdIn('bailiff:p-1')).toBe('p-1');
  expect(paymentIdIn('[11] bailiff:p-1')).toBe('p-1');
  for (const other of [null, '', 'bailiff:', 'xbailiff:p', 'bailiff:p q', '[3] abc'])
    expect(paymentIdIn(other)).toBeNull();
});

test('only the memo programs carry a payment id, and the first id counts', () => {
  const call = (program: string, text: string) => ({ program, data: Buffer.from(text) });
  const programs = [
    'MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr',
    'Memo1UhkJRfHyvLMcVucJwxXeuD728EqVDDwQDxFMNo',
  ];
  for (const program of programs) {
    expect(paymentIdOf([call(program, 'bailiff:p-1')])).toBe('p-1');
    const calls = [
      call(program, 'hello'),
      call(program, 'bailiff:p-2'),
      call(program, 'bailiff:q'),
    ];
    expect(paymentIdOf(calls)).toBe('p-2');
  }
  expect(paymentIdOf([call('AnotherProgram', 'bailiff:p-1')])).toBeNull();
  expect(paymentIdOf([])).toBeNull();
});

test('the memo of a daily root names no payment, and is none with a transfer beside it', () => {
  const root = rootMemoText({ day: '2026-11-26', commitment: '3f'.repeat(32) });
  const call = (text: string) => ({ program: MEMO_PROGRAM, data: Buffer.from(text) });
  expect(paymentIdIn(`[91] ${root}`)).toBeNull();
  expect(paymentIdOf([call(root)])).toBeNull();
  expect(read([memo(root), transfer()])).toBeNull();
  // A payment stays one where a stranger to the ledger writes a root beside it.
  expect(paymentIdOf([call(root), call('bailiff:p')])).toBe('p');
  expect(read([memo(root), memo('bailiff:p'), transfer()])).toMatchObject({ id: 'p' });
});

test('a token account that the agent opened for the transaction pays as its own does', () => {
  const seeded = (base: Address): Effect =>
    ({ effect: 'create_seeded_account', base, account: STRANGER }) as Effect;
  const paid = transfer({ source: STRANGER });
  expect(read([memo('bailiff:p'), seeded(AGENT), paid])).toMatchObject({ id: 'p', amount: 7n });
  expect(read([memo('bailiff:p'), seeded(CREATOR), paid])).toBeNull();
  // The agent's own account does not become a passing account because another act names it.
  const other = { effect: 'settle_pnl', base: AGENT, account: STRANGER } as unknown as Effect;
  expect(read([memo('bailiff:p'), other, paid])).toBeNull();
});

test('a payment is a memo with one transfer by the agent to a creator it has terms with', () => {
  expect(read([memo('bailiff:p'), transfer()])).toEqual({
    id: 'p',
    creatorWallet: CREATOR,
    amount: 7n,
  });
});

test("anybody can write a memo: a stranger's transfer is no payment of ours", () => {
  expect(read([memo('bailiff:p')])).toBeNull();
  expect(read([transfer()])).toBeNull();
  expect(read([memo('bailiff:p'), transfer({ destination: STRANGER })])).toBeNull();
  expect(read([memo('bailiff:p'), transfer({ source: STRANGER })])).toBeNull();
  expect(read([memo('bailiff:p'), transfer({ authority: STRANGER })])).toBeNull();
  expect(read([memo('bailiff:p'), memo('bailiff:q'), transfer()])).toBeNull();
  expect(read([memo('bailiff:p'), transfer(), transfer()])).toBeNull();
});

test('a transfer of nothing, of another token or by another authority beside it makes it no payment', () => {
  expect(read([memo('bailiff:p'), transfer({ amount: 0n })])).toBeNull();
  const [HERS, HERS_TOO] = ['ht', 'nt'] as [Address, Address];
  const created = (account: Address, owner: Address) =>
    ({ effect: 'create_token_account', account, owner }) as Effect;
  const opened = [created(THEIRS, CREATOR), created(HERS, STRANGER)];
  const second = transfer({ destination: HERS });
  expect(read([memo('bailiff:p'), ...opened, transfer(), second])).toMatchObject({ amount: 14n });
  // A token without value would cover a debt in full.
  const worthless = transfer({ destination: HERS, mint: 'n' as Address, amount: 10n ** 18n });
  expect(read([memo('bailiff:p'), ...opened, transfer(), worthless])).toBeNull();
  const others = transfer({ source: HERS_TOO, authority: STRANGER });
  expect(read([memo('bailiff:p'), transfer(), others])).toBeNull();
});

test('where several transfers go to known wallets, the recipients own the accounts that it creates', () => {
  const [HOUSE, HERS] = ['h', 'ht'] as [Address, Address];
  const created = (account: Address, owner: Address) =>
    ({ effect: 'create_token_account', account, owner }) as Effect;
  const known = new Map([
    [THEIRS, CREATOR],
    [HERS, HOUSE],
  ]);
  const of = (acts: Effect[], creatorOf = known) =>
    recognise([memo('bailiff:p'), ...acts], PAYER, creatorOf);
  const second = transfer({ destination: HERS, amount: 2n });
  const both = [created(THEIRS, CREATOR), created(HERS, HOUSE), transfer(), second];
  const recipients = [
    { wallet: CREATOR, amount: 7n },
    { wallet: HOUSE, amount: 2n },
  ];
  expect(of(both)).toEqual({ id: 'p', creatorWallet: CREATOR, amount: 9n, recipients });
  // The terms of a ledger that lost them do not name the second one; it was paid all the same.
  expect(of(both, new Map([[THEIRS, CREATOR]]))?.recipients).toEqual(recipients);
  expect(of(both, new Map())).toBeNull();
  // A sponsor that is reimbursed is no recipient, though other terms name it: its account is not
  // created.
  const one = { id: 'p', creatorWallet: CREATOR, amount: 7n };
  expect(of([created(THEIRS, CREATOR), transfer(), second])).toEqual(one);
  expect(of([...both, transfer({ amount: 1n })])).toBeNull();
});

test('what each recipient got covers debts to that recipient only', () => {
  const paid = {
    creatorWallet: CREATOR,
    token: USDC,
    amount: 10n,
    recipients: [
      { wallet: CREATOR, amount: 7n },
      { wallet: STRANGER, amount: 3n },
    ],
  };
  const share = (shareId: string, uncovered: bigint, creatorWallet: Address) => ({
    shareId,
    uncovered,
    creatorWallet,
    mint: USDC.mint,
  });
  const shares = [share('a', 9n, STRANGER), share('b', 5n, CREATOR)];
  const covers = [
    { shareId: 'b', amount: 5n },
    { shareId: 'a', amount: 3n },
  ];
  expect(allot(paid, shares)).toEqual({
    covers,
    rests: [{ wallet: CREATOR, amount: 2n }],
  });
  // A part that was booked before is not given out again.
  const before = new Map([[CREATOR, 5n]]);
  expect(allot(paid, [share('c', 9n, CREATOR)], before)).toEqual({
    covers: [{ shareId: 'c', amount: 2n }],
    rests: [{ wallet: STRANGER, amount: 3n }],
  });
});

test('a payment covers the oldest shares of its creator, and the amount beyond all of them is a difference', () => {
  const paid: PaidOnChain = {
    id: 'p',
    signature: 's' as Signature,
    slot: 1,
    creatorWallet: CREATOR,
    token: USDC,
    amount: 10n,
  };
  const share = (shareId: string, uncovered: bigint, creatorWallet = CREATOR) => ({
    shareId,
    uncovered,
    creatorWallet,
    mint: USDC.mint,
  });
  expect(
    allot(paid, [share('x', 5n, STRANGER), share('a', 0n), share('b', 4n), share('c', 9n)]),
  ).toEqual({
    covers: [
      { shareId: 'b', amount: 4n },
      { shareId: 'c', amount: 6n },
    ],
    rests: [],
  });
  expect(allot(paid, [share('a', 4n)]).rests).toEqual([{ wallet: CREATOR, amount: 6n }]);
  // When one share takes the rest of the payment, later shares get nothing.
  expect(allot(paid, [share('a', 10n), share('b', 4n)]).covers).toEqual([
    { shareId: 'a', amount: 10n },
  ]);
});
