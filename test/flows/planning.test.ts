// Planning: which of a subscriber's accounts pays, what keeps debts from being planned, and what is
// told when none can be paid.

import { describe, expect, test } from 'vitest';
import { Fault } from '../../src/core/fault.ts';
import type { Address } from '../../src/core/ids.ts';
import { counts } from '../../src/core/owing.ts';
import type { Trouble } from '../../src/core/trouble.ts';
import { type Account, planningWith, refusing, type Verdict } from '../support/planning.ts';

test('RPC that is silent while a payment is planned is the reason that its debts give; nothing else is decided', async () => {
  const silent = new Fault('rpc_unavailable', 'getMultipleAccounts: HTTP 503');
  const { intend, noted } = planningWith({ accounts: [{ deposit: 10n ** 9n }], silent });
  await expect(intend(50_000_000n, 7n)).rejects.toBe(silent);
  const trouble = { class: 'retry_soon', code: 'rpc_unavailable', detail: silent.message };
  expect(noted).toEqual([['ana', ['s50000000', 's7'], trouble]]);
  // While Postgres is away there is nowhere to write it.
  const away = new Fault('ledger_unavailable', 'gone');
  const lost = planningWith({ accounts: [{ deposit: 1n }], silent: away });
  await expect(lost.intend(50n)).rejects.toBe(away);
  expect(lost.noted).toEqual([]);
});

test('a creator without a token account is paid small debts once all subscribers together owe what its rent is worth', async () => {
  // At 200 USDC a SOL the rent and the fee are 0.409 USDC, worth it from 4.09 USDC on.
  const options = { cost: { bpsMost: 1_000, perSol: 200_000_000n } };
  const accounts = [{ deposit: 10n ** 9n }];
  const few = planningWith({ accounts, options, owedToAbsent: 4_000_000n });
  expect(await few.intend(50_000n)).toMatchObject({
    code: 'below_cost',
    detail: expect.stringContaining('it is 4.000000 USDC now'),
  });
  const many = planningWith({ accounts, options, owedToAbsent: 4_100_000n });
  expect(await many.intend(50_000n)).toMatchObject({ amount: 50_000n, createCreatorAccount: true });
});

test('where the money is in another account and SOL is missing, SOL is what the debt waits for', async () => {
  const accounts = [{ deposit: 0n }, { deposit: 1_000_000_000n }];
  const poor = planningWith({ accounts, lamports: 2_500_000n, tokens: 3_000_000n });
  expect(await poor.intend(50_000_000n)).toMatchObject({ code: 'agent_needs_sol' });
  const options = { topUp: 2_000_000n };
  const swapping = planningWith({ accounts, lamports: 2_500_000n, tokens: 3_000_000n, options });
  expect(await swapping.intend(50_000_000n)).toMatchObject({ purpose: 'top_up' });
});

test('an account in a form that this release does not know is a pause with its reason, and another one pays', async () => {
  const unreadable: Account = {
    get deposit(): bigint {
      throw new Fault('account_unreadable', 'An account of 4380 bytes is no User.');
    },
  };
  const alone = planningWith({ accounts: [unreadable] });
  expect(await alone.intend(50n)).toMatchObject({
    class: 'venue_limited',
    code: 'account_unreadable',
    detail: expect.stringContaining('4380 bytes'),
  });
  const beside = planningWith({ accounts: [unreadable, { deposit: 1_000n }] });
  expect(await beside.intend(50n)).toMatchObject({ from: 'u1', withdraw: 50n });
});

test('accounts that do not exist are not read, and one that is made again is', async () => {
  const accounts = [{}, ...Array.from({ length: 40 }, () => ({})), { deposit: 1_000n }];
  const missing = accounts.map((_, at) => `u${at}`).slice(0, -1);
  const found = planningWith({ accounts, missing });
  expect(await found.intend(50n)).toMatchObject({ from: 'u41' });
  // The account that made the debt is asked first in any case.
  expect(found.read).toEqual(['u0', 'u41']);
  const again = planningWith({ accounts, missing: missing.filter((each) => each !== 'u7') });
  await again.intend(50n);
  expect(again.read).toEqual(['u0', 'u7', 'u41']);
});

test('an account that the venue cannot pay from does not hide one that can', async () => {
  const verdict: Verdict = (_, withdraw) =>
    withdraw === 101n ? refusing(1, 6128) : { arrives: withdraw };
  const exposed = true;
  const found = planningWith({
    accounts: [
      { deposit: 500n, exposed },
      { deposit: 300n, exposed },
    ],
    verdict: (settle, withdraw) => verdict(settle, withdraw),
  });
  expect(await found.intend(100n)).toMatchObject({ from: 'u0', amount: 100n });
  expect(await found.intend(101n)).toMatchObject({ code: 'venue_6128', class: 'venue_limited' });
});

const CLAIMABLE = [
  { market: 0, amount: 10n, held: false },
  { market: 1, amount: 30n, held: false },
  { market: 2, amount: 20n, held: true },
];

test('a market that the venue does not settle is left out, whatever it says, and another is settled', async () => {
  const verdict: Verdict = (settle, withdraw) => {
    const at = settle.indexOf(1);
    return at < 0 ? { arrives: withdraw } : refusing(1 + at, 6260);
  };
  const found = planningWith({ accounts: [{ deposit: 5n, claimable: CLAIMABLE }], verdict });
  expect(await found.intend(34n)).toMatchObject({ settleMarkets: [0, 2], withdraw: 34n });
  expect(found.asked.map((each) => each.settle)).toEqual([[1], [0, 2]]);
  // Without that market's profit the payment is too small, and the debt shows the venue's reason.
  expect(await found.intend(40n)).toMatchObject({ code: 'venue_6260', class: 'venue_limited' });
});

test.each([6010, 6023, 6024, 6146, 6158, 6259, 6260])(
  'settling that is refused with %i is dropped and the payment planned anew, where the deposit falls short and where collateral does',
  async (number) => {
    const refusesFirst: Verdict = (settle, withdraw) => {
      const at = settle.indexOf(1);
      if (at >= 0) return refusing(1 + at, number);
      const room = settle.length === 2 ? 60n : 10n;
      return withdraw <= room ? { arrives: withdraw } : refusing(1 + settle.length, 6003);
    };
    const short = planningWith({
      accounts: [{ deposit: 5n, claimable: CLAIMABLE }],
      verdict: refusesFirst,
    });
    expect(await short.intend(34n)).toMatchObject({ settleMarkets: [0, 2], withdraw: 34n });
    expect(short.asked.map((each) => each.settle)).toEqual([[1], [0, 2]]);
    const exposed = planningWith({
      accounts: [{ deposit: 100n, exposed: true, claimable: CLAIMABLE }],
      verdict: refusesFirst,
    });
    expect(await exposed.intend(50n)).toMatchObject({ settleMarkets: [0, 2], withdraw: 50n });
    expect(exposed.asked.map((each) => each.settle)).toEqual([[], [1, 0, 2], [0, 2]]);
  },
);

const PROFIT = [{ market: 1, amount: 30n, held: false }];
/** Refuses each settlement with this error. */
const settlesNothing =
  (number: number): Verdict =>
  (settle, withdraw) =>
    settle.length === 0 ? { arrives: withdraw } : refusing(1, number);

test.each([6024, 6158])(
  'where the profit of one account is not settled because of %i, another account pays at once',
  async (number) => {
    const verdict = settlesNothing(number);
    const accounts = [{ claimable: PROFIT }, { deposit: 1_000n }];
    const found = planningWith({ accounts, verdict });
    expect(await found.intend(20n)).toMatchObject({ from: 'u1', withdraw: 20n });
    // Where no account has enough, the venue is the reason, and the time does not count.
    const poor = planningWith({ accounts: [{ claimable: PROFIT }, { deposit: 5n }], verdict });
    const pause = { class: 'venue_paused', code: `venue_${number}` } as const;
    expect(await poor.intend(20n)).toMatchObject(pause);
    expect(counts({ status: 'pending', reason: pause, attempts: 20 })).toBe(false);
  },
);

test('money that an own position holds in another account ends the protection of a paused market', async () => {
  const verdict: Verdict = (settle, withdraw) =>
    settle.length > 0 ? refusing(1, 6158) : refusing(withdraw > 0n ? 1 : 0, 6003);
  const accounts = [{ claimable: PROFIT }, { deposit: 1_000n, exposed: true }];
  const found = await planningWith({ accounts, verdict }).intend(20n);
  expect(found).toMatchObject({ class: 'retry_when_healthier', code: 'margin_floor' });
  const reason = { class: 'retry_when_healthier', code: 'margin_floor' } as const;
  expect(counts({ status: 'pending', reason, attempts: 0 })).toBe(true);
});

test('withdrawals that are paused hold for all accounts, and no other one is read', async () => {
  const blocked: Trouble = { class: 'venue_paused', code: 'withdrawals_paused', detail: '' };
  const found = planningWith({ accounts: [{ blocked }, { deposit: 1_000n }] });
  expect(await found.intend(20n)).toMatchObject({ code: 'withdrawals_paused' });
  expect(found.read).toEqual(['u0']);
});

test('a market with nothing to settle does not become the reason of a debt', async () => {
  const verdict: Verdict = (settle, withdraw) =>
    settle.length === 0 ? { arrives: withdraw } : refusing(1, 6259);
  const found = planningWith({ accounts: [{ deposit: 5n, claimable: CLAIMABLE }], verdict });
  expect(await found.intend(34n)).toMatchObject({ code: 'insufficient_funds' });
  expect(await found.intend(5n)).toMatchObject({ settleMarkets: [], withdraw: 5n });
});

test('where collateral is short, everything is settled first; then less is asked for, with the same markets', async () => {
  // Settling both brings room for 60 of the 100 owed.
  const verdict: Verdict = (settle, withdraw) =>
    withdraw <= (settle.length === 3 ? 60n : 10n)
      ? { arrives: withdraw }
      : refusing(1 + settle.length, 6003);
  const accounts = [{ deposit: 100n, exposed: true, claimable: CLAIMABLE }];
  const options = { partialLeast: 1n };
  const found = planningWith({ accounts, verdict, options });
  const plan = await found.intend(100n);
  expect(plan).toMatchObject({ settleMarkets: [1, 0, 2] });
  const { amount, withdraw } = plan as unknown as { amount: bigint; withdraw: bigint };
  expect(amount).toBe(withdraw);
  expect(withdraw).toBeGreaterThan(55n);
  expect(withdraw).toBeLessThanOrEqual(60n);
  // The venue has granted exactly what is going to be signed.
  expect(found.asked).toContainEqual({ settle: [1, 0, 2], withdraw });
  expect(found.asked.length).toBeLessThanOrEqual(10);
  // Whole debts only: one question about the least of use tells that there is no room.
  const whole = planningWith({ accounts, verdict });
  expect(await whole.intend(100n)).toMatchObject({ code: 'margin_floor' });
  expect(whole.asked).toHaveLength(2);
});

test('an oracle that the venue moved costs one question more, and nobody is told', async () => {
  let moved = true;
  const found = planningWith({
    accounts: [{ deposit: 100n, exposed: true }],
    verdict: (_, withdraw) => {
      if (!moved) return { arrives: withdraw };
      moved = false;
      return refusing(1, 6036);
    },
  });
  expect(await found.intend(50n)).toMatchObject({ amount: 50n });
  expect(found.asked).toHaveLength(2);
});

test('a payment that cannot be built leaves the debt with the reason', async () => {
  const broken = planningWith({
    accounts: [{ deposit: 100n, exposed: true }],
    verdict: () => {
      throw new RangeError('the venue has no perp market 7');
    },
  });
  expect(await broken.intend(50n)).toMatchObject({ class: 'unexpected', code: 'not_built' });
});

test('a trouble of the subscriber with one creator holds younger debts to others as well', async () => {
  const lane = planningWith({ accounts: [{ deposit: 5n }] });
  expect(await lane.resting(10n, 1n, 2n)).toEqual([10n, 1n, 2n]);
});

test('nothing is planned with a key that does not open, with books behind the chain, or beyond the limit of a day', async () => {
  const accounts = [{ deposit: 1_000n }];
  const all = ['a', 'b', 'a'];
  const closed: Trouble = { class: 'needs_authorisation', code: 'master_key_wrong', detail: '' };
  const behind: Trouble = { class: 'books_behind', code: 'payments_unknown', detail: '' };
  const locked = planningWith({ accounts, closed, behind });
  expect(await locked.intendTo(...all)).toEqual({ rest: all, code: 'master_key_wrong' });
  const old = planningWith({ accounts, behind, transferTo: 'a' as Address });
  expect(await old.intendTo(...all)).toEqual({ rest: all, code: 'payments_unknown' });
  // An excess that one recipient got holds the debts to that recipient only.
  const given = planningWith({ accounts, excessTo: 'a' as Address });
  expect(await given.intendTo(...all)).toEqual({ rest: ['a', 'a'], code: 'payments_unknown' });
  const options = { limits: { paymentMost: null, subscriberADayMost: 100n } };
  const spent = planningWith({ accounts, options, signedToday: 100n });
  expect(await spent.intendTo(...all)).toEqual({ rest: all, code: 'day_limit' });
  for (const lane of [locked, old, spent]) expect(lane.asked).toEqual([]);
});

test('while a transfer to a creator is not matched its debts rest, whichever recipient it is, and no other’s', async () => {
  const accounts = [{ deposit: 1_000n }];
  for (const transferTo of ['a', 'b'] as Address[]) {
    const lane = planningWith({ accounts, transferTo });
    const rest = transferTo === 'a' ? ['a', 'a'] : ['b'];
    expect(await lane.intendTo('a', 'b', 'a')).toEqual({ rest, code: 'transfer_unmatched' });
  }
  const other = planningWith({ accounts, transferTo: 'c' as Address });
  expect(await other.intendTo('a', 'b', 'a')).toBe('open');
});

test('where the sponsor’s budget for one creator is spent its debts rest, whichever recipient it is, and the others are paid', async () => {
  const limits = { lamportsADayMost: null, subscriberADayMost: null, failuresADayMost: null };
  const options = { sponsorLimits: { ...limits, creatorADayMost: 10n ** 8n } };
  const given = { accounts: [{ deposit: 1_000n }], lamports: 0n, options };
  const code = 'sponsor_creator_spent';
  const oldest = planningWith({ ...given, spentOn: 'a' as Address });
  expect(await oldest.intendTo('a', 'b', 'a')).toEqual({ rest: ['a', 'a'], code });
  expect(await oldest.intendTo('b')).toBe('open');
  const younger = planningWith({ ...given, spentOn: 'b' as Address });
  expect(await younger.intendTo('a', 'b', 'a')).toBe('open');
  expect(await younger.intendTo('b')).toEqual({ rest: ['b'], code });
});

describe('a tip for the sender endpoint', () => {
  const tip = { lamports: 5_000n, accounts: ['tips' as Address] };
  const given = { lamports: 5_000n, account: 'tips' };
  const accounts = [{ deposit: 1_000n }];

  test('stands in the plan, and a payment that does not fit with it goes without', async () => {
    expect(await planningWith({ accounts, tip }).intend(100n)).toMatchObject({ tip: given });
    const tight = planningWith({ accounts, tip, fits: (tipped) => !tipped });
    const found = await tight.intend(100n);
    expect(found).toMatchObject({ amount: 100n, withdraw: 100n });
    expect(found).not.toHaveProperty('tip');
  });
  test('is left out before a recipient is', async () => {
    const roomy = await planningWith({ accounts, tip }).openTo('c', 'd');
    expect(roomy).toMatchObject({ tip: given, recipients: [{ wallet: 'c' }, { wallet: 'd' }] });
    const tight = planningWith({ accounts, tip, fits: (tipped) => !tipped });
    const found = await tight.openTo('c', 'd');
    expect(found).toMatchObject({ recipients: [{ wallet: 'c' }, { wallet: 'd' }] });
    expect(found).not.toHaveProperty('tip');
  });
  test('is not paid by a sponsor whose budget has room for the fee alone', async () => {
    const limits = { lamportsADayMost: null, subscriberADayMost: null, failuresADayMost: null };
    const withBudget = (creatorADayMost: bigint) =>
      planningWith({
        accounts,
        tip,
        lamports: 0n,
        spentOn: 'c' as Address,
        options: { sponsorLimits: { ...limits, creatorADayMost } },
      }).intend(100n);
    // The stub's sponsor has spent 100,000,000 lamports on this creator; the fee is 10,000.
    expect(await withBudget(100_015_000n)).toMatchObject({ feePayer: 'sponsor', tip: given });
    const spent = await withBudget(100_014_999n);
    expect(spent).toMatchObject({ feePayer: 'sponsor' });
    expect(spent).not.toHaveProperty('tip');
    expect(await withBudget(100_009_999n)).toMatchObject({ code: 'sponsor_creator_spent' });
  });
});
