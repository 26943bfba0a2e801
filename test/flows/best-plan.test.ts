// Best plan: which account of a subscriber pays, which of two troubles is told, and how many
// accounts are read for that.
import { expect, test } from 'vitest';
import { counts } from '../../src/core/owing.ts';
import { type OwnTroubleCode, type Trouble, troubled } from '../../src/core/trouble.ts';
import { type Account, planningWith, refusing, type Verdict } from '../support/planning.ts';

const options = { partialLeast: 1n };
const deposits = (...amounts: bigint[]): Account[] => amounts.map((deposit) => ({ deposit }));

test.each([
  ['the one that pays more', [30n, 40n], 'u1', 40n, 2],
  ['whichever comes first', [40n, 30n], 'u0', 40n, 2],
  ['of two that pay the same the first', [30n, 30n], 'u0', 30n, 2],
  ['one of three', [10n, 40n, 20n], 'u1', 40n, 3],
  ['one that pays a part rather than one that pays nothing', [0n, 5n], 'u1', 5n, 2],
  ['one that pays a part, before one that pays nothing', [5n, 0n], 'u0', 5n, 2],
  ['the first that pays all, and none is read after it', [10n, 50n, 60n], 'u1', 50n, 2],
])('of several accounts that may pay 50, it is %s', async (_, amounts, from, amount, read) => {
  const found = planningWith({ accounts: deposits(...amounts), options });
  expect(await found.intend(50n)).toMatchObject({ from, amount });
  expect(found.read).toHaveLength(read);
});

test('an account at another venue pays no debt of this one, and the account that made the debt is read once', async () => {
  const accounts = deposits(0n, 1_000n, 1_000n);
  const found = planningWith({ accounts, elsewhere: ['u1'] });
  expect(await found.intend(50n)).toMatchObject({ from: 'u2' });
  expect(found.read).toEqual(['u0', 'u2']);
  const alone = planningWith({ accounts, elsewhere: ['u1', 'u2'] });
  expect(await alone.intend(50n)).toMatchObject({ code: 'insufficient_funds' });
  expect(alone.read).toEqual(['u0']);
});

test('a trouble of the creator is that of each account, and no other one is read', async () => {
  const accounts = deposits(1_000_000_000n, 1_000_000_000n);
  const cost = { bpsMost: 1_000, perSol: 200_000_000n };
  const found = planningWith({ accounts, options: { cost }, owedToAbsent: 4_000_000n });
  expect(await found.intend(50_000n)).toMatchObject({ code: 'below_cost' });
  expect(found.read).toEqual(['u0']);
});

test('a trouble of the wallet is that of each account, and no other one is read', async () => {
  const found = planningWith({ accounts: deposits(1_000n, 1_000n), lamports: 0n });
  expect(await found.intend(50n)).toMatchObject({ code: 'agent_needs_sol' });
  expect(found.read).toEqual(['u0']);
});

test.each([
  ['margin_floor', { InstructionError: [1, { Custom: 6003 }] }],
  ['venue_6128', refusing(1, 6128).error],
  ['AccountInUse', 'AccountInUse'],
  ['of another program', { InstructionError: [1, { Custom: 4_000_000 }] }],
  ['token_17', { InstructionError: [1, { Custom: 17 }] }],
])('an account whose withdrawal ends in %s does not hide one that can pay', async (_, error) => {
  const exposed = true;
  const found = planningWith({
    accounts: [
      { deposit: 1_000n, exposed },
      { deposit: 500n, exposed },
    ],
    verdict: (_settle, withdraw) => (found.read.length < 2 ? { error } : { arrives: withdraw }),
  });
  expect(await found.intend(50n)).toMatchObject({ from: 'u1', amount: 50n });
  expect(found.asked.length).toBeGreaterThan(1);
});

test.each<OwnTroubleCode>(['user_bankrupt', 'account_unreadable', 'equity_breaker_tripped'])(
  'an account from which nothing is withdrawn because of %s does not hide one that can pay',
  async (code) => {
    const blocked = troubled(code, '');
    const found = planningWith({ accounts: [{ deposit: 1_000n, blocked }, { deposit: 500n }] });
    expect(await found.intend(50n)).toMatchObject({ from: 'u1', amount: 50n });
  },
);

test('a creator whose token account is frozen is paid out of no account, and the others are not read', async () => {
  const found = planningWith({ accounts: deposits(1_000n, 1_000n), frozen: true });
  expect(await found.intend(50n)).toMatchObject({ code: 'creator_account_frozen' });
  expect(found.read).toEqual(['u0']);
});

test('after a payment has expired the agent must have SOL for the higher fee, and before that for the plain one', async () => {
  const accounts = deposits(1_000n);
  const lamports = 3_100_000n;
  expect(await planningWith({ accounts, lamports }).intend(50n)).toMatchObject({ from: 'u0' });
  expect(await planningWith({ accounts, lamports, expiries: 1 }).intend(50n)).toMatchObject({
    code: 'agent_needs_sol',
  });
});

const HELD = { market: 0, amount: 30n, held: true };
const CLOSED = { market: 1, amount: 10n, held: false };
test.each([
  ['is covered by the deposit', 40n, [HELD], 40n, []],
  ['is covered by deposit and closed profit', 50n, [HELD, CLOSED], 40n, []],
  ['is one base unit more than both', 51n, [HELD, CLOSED], 40n, ['u0']],
  ['is more, without an own position', 51n, [CLOSED], 40n, []],
  ['is covered with what the wallet holds', 53n, [HELD, CLOSED], 40n, [], 3n],
])('positions are valued only where that can help: the debt %s', async (...row) => {
  const [, owed, claimable, deposit, valued, tokens = 0n] = row as never as [
    string,
    bigint,
    Account['claimable'],
    bigint,
    string[],
    bigint | undefined,
  ];
  const found = planningWith({ accounts: [{ deposit, claimable: claimable ?? [] }], tokens });
  await found.intend(owed);
  expect(found.valued).toEqual(valued);
});

test('the value of an own position is what a plan reckons with', async () => {
  const found = planningWith({
    accounts: [{ deposit: 40n, claimable: [HELD] }],
    valued: (funds) => ({ ...funds, claimable: [{ ...HELD, amount: 5n }] }),
  });
  expect(await found.intend(60n)).toMatchObject({ code: 'insufficient_funds' });
  expect(await found.intend(45n)).toMatchObject({ settleMarkets: [0], withdraw: 45n });
});

const PROFIT = [{ market: 1, amount: 30n, held: false }];
/** Markets settle nothing, or their pool holds three base units. */
const WITHHOLDS: readonly (readonly [string, Verdict])[] = [
  ['venue_6158', (settle, withdraw) => settled(settle, withdraw, refusing(1, 6158))],
  ['venue_6260', (settle, withdraw) => settled(settle, withdraw, refusing(1, 6260))],
  ['settled_short', (settle, withdraw) => settled(settle, withdraw, { arrives: 8n })],
];
/** An exposed account, which is asked without settlements, lets nothing out. */
const settled = (settle: readonly number[], withdraw: bigint, answer: ReturnType<Verdict>) =>
  settle.length > 0 ? answer : withdraw > 5n ? refusing(1, 6003) : { arrives: withdraw };

test.each(WITHHOLDS)(
  'profit that is withheld (%s) excuses a debt that it would pay, and no larger one',
  async (code, verdict) => {
    const accounts = [{ deposit: 5n, claimable: PROFIT }];
    const found = planningWith({ accounts, verdict, options: { partialLeast: 10n } });
    const excused = (await found.intend(35n)) as Trouble;
    expect(excused.code).toBe(code);
    expect(counts({ status: 'pending', reason: excused, attempts: 20 })).toBe(false);
    // The account would lack one base unit with that profit, too. So it would for two debts.
    for (const owed of [[36n], [10n, 26n]]) {
      const short = (await found.intend(...owed)) as Trouble;
      expect(short.code).toBe('insufficient_funds');
      expect(counts({ status: 'pending', reason: short, attempts: 0 })).toBe(true);
    }
    expect(found.asked.length).toBeGreaterThanOrEqual(3);
    // Debts that are planned apart rest with the oldest one, so that profit must pay them, too.
    expect(await found.besides(25n, 10n)).toBe(code);
    expect(await found.besides(25n, 11n)).toBe('insufficient_funds');
  },
);

test.each(WITHHOLDS)(
  'where profit is withheld (%s) and another account has the money behind positions, these are the reason',
  async (_, verdict) => {
    const accounts = [{ claimable: PROFIT }, { deposit: 1_000n, exposed: true }];
    const found = (await planningWith({ accounts, verdict }).intend(20n)) as Trouble;
    expect(found.code).toBe('margin_floor');
    expect(counts({ status: 'pending', reason: found, attempts: 0 })).toBe(true);
  },
);
