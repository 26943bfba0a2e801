// Planning limits: planning keeps debts, reimbursements and swaps within the limits that the pen
// enforces, by the same two sums of a day: that of the ledger and that of the pen.
import { expect, test } from 'vitest';
import { planningWith } from '../support/planning.ts';

const limitsOf = (paymentMost: bigint | null, subscriberADayMost: bigint | null) => ({
  limits: { paymentMost, subscriberADayMost },
});
const accounts = [{ deposit: 1_000n }];

test('the larger sum of ledger and pen leaves the rest of the day', async () => {
  const options = limitsOf(null, 100n);
  const code = 'day_limit';
  for (const [signedToday, signedByPen] of [
    [60n, 50n],
    [50n, 60n],
  ] as const) {
    const lane = planningWith({ accounts, options, signedToday, signedByPen });
    expect(await lane.intend(40n)).toMatchObject({ amount: 40n });
    expect(await lane.intend(30n, 20n)).toMatchObject({ amount: 30n });
    expect(await lane.intend(41n)).toMatchObject({ code, class: 'needs_authorisation' });
    expect(await lane.resting(41n, 1n)).toEqual([41n, 1n]);
  }
});

test('a debt above a limit by itself rests alone, and the others are paid', async () => {
  for (const options of [limitsOf(2n, null), limitsOf(null, 2n)]) {
    const lane = planningWith({ accounts, options });
    // The third creator is owed three base units.
    expect(await lane.intendTo('a', 'b', 'c')).toEqual({ rest: ['c'], code: 'above_limit' });
    expect(await lane.resting(3n, 1n)).toEqual([3n]);
    expect(await lane.intend(1n)).toMatchObject({ amount: 1n });
  }
});

test('the reimbursement of the sponsor takes what the limits leave beside the debt', async () => {
  const reimbursement = { perSol: 10n ** 9n, most: 10_000n };
  const rich = { accounts: [{ deposit: 1_000_000n }], lamports: 0n, spentOn: 'z' as never };
  const reimburse = async (paymentMost: bigint | null, adayMost: bigint | null, signed = 0n) => {
    const options = { reimbursement, ...limitsOf(paymentMost, adayMost) };
    const found = await planningWith({ ...rich, options, signedByPen: signed }).intend(100n);
    return 'reimburse' in found ? [found.amount, found.reimburse, found.withdraw] : found;
  };
  expect(await reimburse(null, null)).toEqual([100n, 10_000n, 10_100n]);
  expect(await reimburse(107n, null)).toEqual([100n, 7n, 107n]);
  expect(await reimburse(100n, null)).toEqual([100n, 0n, 100n]);
  expect(await reimburse(5_000n, 209n, 100n)).toEqual([100n, 9n, 109n]);
  expect(await reimburse(99n, null)).toMatchObject({ code: 'above_limit' });
});

test('a swap for SOL that the pen would not sign is not planned: the debt shows that SOL is missing', async () => {
  const poor = { accounts, lamports: 2_500_000n, tokens: 2_000n };
  const kind = async (limits: ReturnType<typeof limitsOf>, signedByPen = 0n) => {
    const options = { topUp: 200n, ...limits };
    const found = await planningWith({ ...poor, options, signedByPen }).intend(50n);
    return 'purpose' in found ? found.purpose : found.code;
  };
  expect(await kind(limitsOf(200n, null))).toBe('top_up');
  expect(await kind(limitsOf(199n, null))).toBe('agent_needs_sol');
  expect(await kind(limitsOf(null, 300n), 100n)).toBe('top_up');
  expect(await kind(limitsOf(null, 300n), 101n)).toBe('agent_needs_sol');
});
