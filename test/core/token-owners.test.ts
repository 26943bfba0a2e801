// Token owners: who owned a token account at each call of a transaction, by every instruction of
// the token programs that gives an account an owner.
import { describe, expect, test } from 'vitest';
import { type Address, base58Bytes } from '../../src/core/ids.ts';
import { TOKEN_2022_PROGRAM, TOKEN_PROGRAM } from '../../src/core/programs.ts';
import { subscriberAt, tokenOwners } from '../../src/core/token-owners.ts';
import type { ChainTransaction } from '../../src/core/transaction.ts';
import {
  agent,
  agentTokens,
  type Made,
  type MadeCall,
  made,
  mine,
  OTHER,
  openTokens,
  setOwner,
  someone,
  stranger,
  tokenCall,
  tokens,
  watched,
} from '../support/made-transaction.ts';

const [account, mint, rent] = [someone(), someone(), someone()];
const bytes = (address: Address) => [...(base58Bytes(address) ?? [])];
const close = tokenCall([account, agent, agent], Uint8Array.of(9));
/** The owners of the account before each of the calls, and after the last one. */
const of = (...calls: Made[]) => {
  const owners = tokenOwners(made(calls));
  return Array.from({ length: calls.length + 1 }, (_, place) => owners.at(account, place));
};
const last = (...calls: Made[]) => of(...calls).at(-1);
const batch = (...calls: MadeCall[]) =>
  tokenCall(
    calls.flatMap((each) => each.accounts),
    Uint8Array.from([
      255,
      ...calls.flatMap(({ accounts, data }) => [accounts.length, data.length, ...data]),
    ]),
  );

test('each of the three instructions that make a token account names its owner', () => {
  expect(of(tokenCall([account, mint, agent, rent], Uint8Array.of(1)))).toEqual([[], [agent]]);
  expect(last(tokenCall([account, mint, rent], Uint8Array.of(16, ...bytes(agent))))).toEqual([
    agent,
  ]);
  expect(last(openTokens(account, mint, agent))).toEqual([agent]);
});

test('inside a batch, in a call of another program, and of either token program', () => {
  expect(
    last(batch(openTokens(someone(), mint, stranger), openTokens(account, mint, agent))),
  ).toEqual([agent]);
  const call = { program: OTHER, accounts: [], data: Uint8Array.of(1) };
  const within = tokenOwners(made([{ ...call, inner: [openTokens(account, mint, agent)] }]));
  expect([within.at(account, 1), within.at(account, 2)]).toEqual([[], [agent]]);
  const by = (program: string) =>
    last({ ...openTokens(account, mint, agent), program: program as Address });
  expect([by(TOKEN_PROGRAM), by(TOKEN_2022_PROGRAM), by(OTHER)]).toEqual([[agent], [agent], []]);
});

test('an account has each of its owners in turn, and none while it is closed', () => {
  const open = openTokens(account, mint, agent);
  expect(of(open, setOwner(account, stranger), setOwner(account, agent))).toEqual([
    [],
    [agent],
    [stranger],
    [agent],
  ]);
  expect(of(open, close, openTokens(account, mint, stranger))).toEqual([
    [],
    [agent],
    [],
    [stranger],
  ]);
  // The authority that may close the account is no owner, and nothing tells of an old account.
  const closing = tokenCall([account, agent], Uint8Array.from([6, 3, 1, ...bytes(stranger)]));
  expect(last(open, closing)).toEqual([agent]);
  expect(last(setOwner(account, agent))).toEqual([]);
});

test('one call may make an account and give it away', () => {
  const whole = made([batch(openTokens(account, mint, agent), setOwner(account, stranger))]);
  expect(tokenOwners(whole).during(account, 0)).toEqual([agent, stranger]);
  expect([tokenOwners(whole).at(account, 0), tokenOwners(whole).at(account, 1)]).toEqual([
    [],
    [stranger],
  ]);
});

test('data or accounts that are too short name no owner', () => {
  expect(last(tokenCall([account, mint], Uint8Array.of(18, 1, 2)))).toEqual([]);
  expect(last(tokenCall([account], Uint8Array.of(1)))).toEqual([]);
  expect(last(tokenCall([], Uint8Array.of(18, ...bytes(agent))))).toEqual([]);
});

describe('with the balances of the transaction', () => {
  const given = tokens(account, 5n, 5n, { owner: agent, ownerAfter: stranger });
  test('an old account has its owner before until the call that gives it away', () => {
    const owners = tokenOwners(made([close, setOwner(account, stranger)], [given]));
    // The account was closed first: these calls cannot lead to the balances' owner of its mint.
    expect(owners.at(account, 0)).toEqual([agent, stranger]);
    const told = tokenOwners(made([setOwner(account, stranger)], [given]));
    expect([told.at(account, 0), told.at(account, 1)]).toEqual([[agent], [stranger]]);
    expect(told.ever(agent)).toEqual([{ account, mint: given.mint }]);
    const owns = (wallet: Address, place: number) => told.owns(wallet, account, given.mint, place);
    expect([owns(agent, 0), owns(agent, 1), owns(stranger, 1)]).toEqual([true, false, true]);
    expect(told.owns(agent, account, mint, 0)).toBe(false);
  });
  test('calls that do not lead to the owner after the transaction leave the two ends', () => {
    const owners = tokenOwners(made([], [given]));
    expect(owners.at(account, 0)).toEqual([agent, stranger]);
    expect(owners.at(account, 0, mint)).toEqual([]);
    expect(owners.owns(agent, account, given.mint, 0)).toBeNull();
    expect(owners.ever(stranger)).toEqual([{ account, mint: given.mint }]);
  });
});

describe('the subscriber that owned a token account', () => {
  const ownerIn = (transaction: ChainTransaction, place = 9) =>
    subscriberAt(
      { transaction, watched, owners: tokenOwners(transaction) },
      ...([agentTokens, place] as const),
    );
  const owner = (...rows: ReturnType<typeof tokens>[]) => ownerIn(made([], rows));

  test('is told by the balances of that account, before or after, where the calls do not', () => {
    const row = (how: object) => tokens(agentTokens, 1n, 1n, how);
    expect(owner(row({ owner: agent, ownerAfter: stranger }))).toBe('ana');
    expect(owner(row({ owner: stranger, ownerAfter: agent }))).toBe('ana');
    expect(owner(row({ owner: null, ownerAfter: agent }))).toBe('ana');
    expect(owner(row({ owner: agent, ownerAfter: null }))).toBe('ana');
    // It was given away earlier, and is watched still.
    expect(owner(row({}))).toBeUndefined();
    // The first row is another account's.
    expect(owner(tokens(someone(), 1n, 1n), row(mine))).toBe('ana');
    expect(owner(tokens(someone(), 1n, 1n, mine), row({}))).toBeUndefined();
  });
  test('is the subscriber of the watch-list where its balances name none', () => {
    const none = { owner: null, ownerAfter: null };
    expect(owner(tokens(agentTokens, 1n, 1n, none))).toBe('ana');
    const other = someone();
    const transaction = made([], [tokens(other, 1n, 1n, none)]);
    expect(
      subscriberAt({ transaction, watched, owners: tokenOwners(transaction) }, other, 0),
    ).toBeUndefined();
  });
  test('is told by the calls alone where no balance names the account', () => {
    const open = (wallet: Address) => openTokens(agentTokens, mint, wallet);
    // The account is watched, and was closed before.
    expect(ownerIn(made([]))).toBeUndefined();
    expect(ownerIn(made([open(stranger)]))).toBeUndefined();
    expect(ownerIn(made([open(agent)]))).toBe('ana');
    const passed = made([open(agent), setOwner(agentTokens, stranger)]);
    expect([ownerIn(passed, 1), ownerIn(passed, 2)]).toEqual(['ana', undefined]);
  });
});
