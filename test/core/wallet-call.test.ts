// Wallet call: what each instruction of the token programs and of the system program does, from
// bytes that are put together here by hand.
import { describe, expect, test } from 'vitest';
import { type Address, base58Text } from '../../src/core/ids.ts';
import { SYSTEM_PROGRAM, TOKEN_2022_PROGRAM, TOKEN_PROGRAM } from '../../src/core/programs.ts';
import { batched, walletCalls } from '../../src/core/wallet-call.ts';

const ACCOUNTS = ['a', 'b', 'c', 'd'] as Address[];
const KEY = new Uint8Array(32).fill(7);
const OWNER = base58Text(KEY);
const u64 = (value: bigint) => [...new Uint8Array(new BigUint64Array([value]).buffer)];
const u32 = (value: number) => [...new Uint8Array(new Uint32Array([value]).buffer)];
const call = (program: string, accounts: Address[], data: number[]) =>
  walletCalls({ program: program as Address, accounts, data: Uint8Array.from(data) });
const token = (...data: number[]) => call(TOKEN_PROGRAM, ACCOUNTS, data);
const system = (instruction: number, ...data: number[]) =>
  call(SYSTEM_PROGRAM, ACCOUNTS, [...u32(instruction), ...data]);

describe('token programs', () => {
  const transfer = (destination: string, amount = 300n) => [
    { does: 'token_transfer', source: 'a', destination, amount },
  ];
  test('the three transfers, and no other fee instruction', () => {
    expect(token(3, ...u64(300n))).toEqual(transfer('b'));
    expect(token(12, ...u64(300n), 6)).toEqual(transfer('c'));
    expect(token(26, 1, ...u64(300n), 6)).toEqual(transfer('c'));
    expect(token(26, 0, ...u64(300n), 6)).toEqual([]);
    expect(call(TOKEN_2022_PROGRAM, ACCOUNTS, [3, ...u64(300n)])).toEqual(transfer('b'));
  });
  test('an amount that is cut short is none', () => {
    expect(token(3, ...u64(300n).slice(1))).toEqual(transfer('b', 0n));
    expect(token(3, ...u64(2n ** 63n))).toEqual(transfer('b', 2n ** 63n));
  });
  test('both approvals', () => {
    const approve = (delegate: string) => [
      { does: 'token_approve', source: 'a', delegate, amount: 5n },
    ];
    expect(token(4, ...u64(5n))).toEqual(approve('b'));
    expect(token(13, ...u64(5n), 6)).toEqual(approve('c'));
  });
  test('an authority that is set, and one that is removed', () => {
    const set = { does: 'token_set_authority', account: 'a' };
    expect(token(6, 2, 1, ...KEY)).toEqual([{ ...set, type: 2, authority: OWNER }]);
    expect(token(6, 3, 0, ...KEY)).toEqual([{ ...set, type: 3, authority: null }]);
    expect(token(6, 2, 1, ...KEY.slice(1))).toEqual([{ ...set, type: 2, authority: null }]);
    expect(token(6)).toEqual([{ ...set, type: 0, authority: null }]);
  });
  test('burning, closing, unwrapping and taking excess lamports', () => {
    for (const burn of [8, 15]) expect(token(burn)).toEqual([{ does: 'token_burn', account: 'a' }]);
    for (const out of [9, 38, 45])
      expect(token(out)).toEqual([{ does: 'token_lamports', account: 'a', destination: 'b' }]);
  });
  test('a batch is the calls in it, each with its own accounts and data', () => {
    const batch = [255, 2, 9, 3, ...u64(300n), 1, 1, 8];
    expect(token(...batch)).toEqual([...transfer('b'), { does: 'token_burn', account: 'c' }]);
    const inner = batched({ accounts: ACCOUNTS, data: Uint8Array.from(batch) });
    expect(inner.map(({ accounts }) => accounts)).toEqual([['a', 'b'], ['c']]);
    expect(token(255)).toEqual([]);
    expect(token(255, 1)).toEqual([]);
  });
  test('every other instruction, an empty one, and other programs', () => {
    expect(token(0)).toEqual([]);
    expect(token(1)).toEqual([]);
    expect(token()).toEqual([]);
    expect(call('other', ACCOUNTS, [3, ...u64(300n)])).toEqual([]);
    expect(call(TOKEN_PROGRAM, [], [8])).toEqual([{ does: 'token_burn', account: '' }]);
  });
});

describe('the system program', () => {
  const SEED = [...KEY, ...u64(3n), 120, 121, 122];
  const sent = (source: string, destination: string) => ({
    does: 'sol_transfer',
    source,
    destination,
    lamports: 9n,
  });
  const made = (account: string, space: bigint | null, owner: string | null) => ({
    does: 'account_made',
    account,
    space,
    owner,
  });
  test.each([
    [
      'CreateAccount',
      0,
      [...u64(9n), ...u64(165n), ...KEY],
      [sent('a', 'b'), made('b', 165n, OWNER)],
    ],
    ['Assign', 1, [...KEY], [made('a', null, OWNER)]],
    ['Transfer', 2, u64(9n), [sent('a', 'b')]],
    [
      'CreateAccountWithSeed',
      3,
      [...SEED, ...u64(9n), ...u64(165n), ...KEY],
      [sent('a', 'b'), made('b', 165n, OWNER)],
    ],
    ['WithdrawNonceAccount', 5, u64(9n), [sent('a', 'b')]],
    ['Allocate', 8, u64(165n), [made('a', 165n, null)]],
    ['AllocateWithSeed', 9, [...SEED, ...u64(165n), ...KEY], [made('a', 165n, OWNER)]],
    ['AssignWithSeed', 10, [...SEED, ...KEY], [made('a', null, OWNER)]],
    ['TransferWithSeed', 11, u64(9n), [sent('a', 'c')]],
    [
      'CreateAccountAllowPrefund',
      13,
      [...u64(9n), ...u64(165n), ...KEY],
      [sent('b', 'a'), made('a', 165n, OWNER)],
    ],
    ['AdvanceNonceAccount', 4, [], []],
  ])('%s', (_, instruction, data, acts) => expect(system(instruction, ...data)).toEqual(acts));

  test('fewer than four bytes, and accounts that are missing', () => {
    expect(call(SYSTEM_PROGRAM, ACCOUNTS, [2, 0, 0])).toEqual([]);
    expect(call(SYSTEM_PROGRAM, [], [...u32(2), ...u64(9n)])).toEqual([sent('', '')]);
  });
});
