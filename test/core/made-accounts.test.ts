// Made accounts: the owner of a token account that a transaction makes, by every
// instruction of the token programs that gives an account an owner.
import { expect, test } from 'vitest';
import { type Address, base58Bytes } from '../../src/core/ids.ts';
import { madeAccounts, passingOwner } from '../../src/core/made-accounts.ts';
import { TOKEN_2022_PROGRAM, TOKEN_PROGRAM } from '../../src/core/programs.ts';
import { callsOf } from '../../src/core/transaction.ts';
import {
  agent,
  type MadeCall,
  made,
  OTHER,
  openTokens,
  setOwner,
  someone,
  stranger,
  tokenCall,
} from '../support/made-transaction.ts';

const [account, mint, rent] = [someone(), someone(), someone()];
const bytes = (address: Address) => [...(base58Bytes(address) ?? [])];
const of = (...calls: MadeCall[]) => [...madeAccounts(callsOf(made(calls)))];
const own = [account, { owner: agent }];
const batch = (...calls: MadeCall[]) =>
  tokenCall(
    calls.flatMap((each) => each.accounts),
    Uint8Array.from([
      255,
      ...calls.flatMap(({ accounts, data }) => [accounts.length, data.length, ...data]),
    ]),
  );

test('each of the three instructions that make a token account names its owner', () => {
  expect(of(tokenCall([account, mint, agent, rent], Uint8Array.of(1)))).toEqual([own]);
  expect(of(tokenCall([account, mint, rent], Uint8Array.of(16, ...bytes(agent))))).toEqual([own]);
  expect(of(openTokens(account, mint, agent))).toEqual([own]);
});

test('inside a batch, in a call of another program, and of either token program', () => {
  expect(
    of(batch(openTokens(someone(), mint, stranger), openTokens(account, mint, agent))),
  ).toEqual([expect.anything(), own]);
  const call = { program: OTHER, accounts: [], data: Uint8Array.of(1) };
  const within = made([{ ...call, inner: [openTokens(account, mint, agent)] }]);
  expect([...madeAccounts(callsOf(within))]).toEqual([own]);
  const by = (program: string) =>
    of({ ...openTokens(account, mint, agent), program: program as Address });
  expect([by(TOKEN_PROGRAM), by(TOKEN_2022_PROGRAM), by(OTHER)]).toEqual([[own], [own], []]);
});

test('an account that has several owners in one transaction has none', () => {
  const none = [account, { owner: null }];
  const open = openTokens(account, mint, agent);
  expect(of(open, open)).toEqual([own]);
  expect(of(open, openTokens(account, mint, stranger))).toEqual([none]);
  expect(of(openTokens(account, mint, stranger), open, open)).toEqual([none]);
  expect(of(open, setOwner(account, stranger))).toEqual([none]);
  expect(of(open, setOwner(account, stranger), setOwner(account, agent))).toEqual([none]);
  // The authority that may close the account is no owner, and an old account is not made.
  const close = tokenCall([account, agent], Uint8Array.from([6, 3, 1, ...bytes(stranger)]));
  expect(of(open, close)).toEqual([own]);
  expect(of(setOwner(account, agent))).toEqual([]);
});

test('data or accounts that are too short name no owner', () => {
  expect(of(tokenCall([account, mint], Uint8Array.of(18, 1, 2)))).toEqual([
    [account, { owner: null }],
  ]);
  expect(of(tokenCall([account], Uint8Array.of(1)))).toEqual([[account, { owner: null }]]);
  expect(of(tokenCall([], Uint8Array.of(18, ...bytes(agent))))).toEqual([]);
});

test('the owner in a transaction', () => {
  const open = made([openTokens(account, mint, agent)]);
  expect(passingOwner(open, account)).toBe(agent);
  expect(passingOwner(open, someone())).toBeNull();
});
