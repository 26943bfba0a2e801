// Recorded plans: payments that the product planned and that the compiled program of 2024-06
// executed (npm run record-fixtures), planned again from the accounts that were read: the same
// funds and instructions, byte by byte. What the plan counted on is what the program then did.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Chain } from '../../src/core/chain-ports.ts';
import type { PaymentParts } from '../../src/core/signing-ports.ts';
import { createDriftVenue } from '../../src/venue/drift-v2/venue.ts';
import { PLANNED, planPayment, type RecordedPlan } from '../support/plan-recording.ts';
import { readRecording } from '../support/recording.ts';

const { histories } = readRecording<RecordedPlan>(
  readFileSync(path.join(import.meta.dirname, '../fixtures/venue-plans.json'), 'utf8'),
);
const venue = createDriftVenue();

const readerOf =
  ({ reads }: RecordedPlan): Chain['accounts'] =>
  async (addresses) => ({
    slot: 1,
    accounts: addresses.map((address) => {
      const read = reads.find((each) => each.address === address);
      if (read === undefined) throw new Error(`${address} was not read when this was recorded`);
      return read.account;
    }),
  });

test('every shape of account is recorded, with positions that are open and that are closed', () => {
  expect(Object.keys(histories)).toEqual(Object.keys(PLANNED));
  const claimable = Object.values(histories).flatMap((all) =>
    all.flatMap(({ funds }) => funds.claimable.map(({ held }) => held)),
  );
  expect(new Set(claimable)).toEqual(new Set([true, false]));
});

/** What a payment that the program refused is told as. */
const TROUBLES: Record<string, string> = {
  'withdrawals are paused': 'venue_6149',
  'more than the margin of an open position lets go': 'venue_6003',
};

describe.each(Object.entries(histories))('%s', (name, [recorded]) => {
  let planned: Awaited<ReturnType<typeof planPayment>>;
  const known = recorded ?? expect.fail('nothing was recorded');
  beforeAll(async () => {
    planned = await planPayment(venue, known, readerOf(known));
  });

  test('is planned and built as it was when the program executed it', () => {
    const { funds, settleMarkets, withdraw, instructions } = known;
    expect(planned).toEqual({ funds, settleMarkets, withdraw, instructions });
  });

  test('the program settled what the plan counted on, and paid it, or refused by the error that is told', () => {
    const trouble = TROUBLES[name];
    if (trouble !== undefined) {
      expect(venue.trouble(known.error, known.programs, []).code).toBe(trouble);
      expect(known.paid).toBe(0n);
      return;
    }
    expect(known.error).toBeNull();
    expect(known.settled.map(({ market }) => market)).toEqual(planned.settleMarkets);
    for (const { market, amount, held } of planned.funds.claimable) {
      const pnl = known.settled.find((each) => each.market === market)?.pnl ?? 0n;
      // Of a position that is open the program settles more when its market's pool has a surplus.
      if (held) expect(pnl).toBeGreaterThanOrEqual(amount);
      else expect(pnl).toBe(amount);
    }
    expect(known.paid).toBe(planned.withdraw);
  });
});

test('the instructions of a plan out of one reading are built once, and anew for another plan or reading', async () => {
  const known = Object.values(histories)[0]?.[0] ?? expect.fail('nothing was recorded');
  const { driftUser, agent, source, settleMarkets, withdraw } = known;
  const read = readerOf(known);
  const { accounts } = await read(await venue.preflightAccounts(driftUser));
  const readings = [0, 1].map(() => venue.read(driftUser, accounts)?.account);
  const [account, other] = readings.map((each) => each ?? expect.fail('the account is gone'));
  const plan = { settleMarkets, withdraw };
  const built = (given: object, from = account) => {
    const payment = { driftUser, plan };
    const parts = { payment, agent, source, ...given } as unknown as PaymentParts;
    return venue.instructions(parts, from ?? expect.fail('no account'), read);
  };
  const first = await built({});
  expect(await built({})).toBe(first);
  expect(await built({}, other)).not.toBe(first);
  expect(await built({}, other)).toEqual(first);
  const otherPlans = [
    { source: agent },
    { agent: source },
    { payment: { driftUser: agent, plan } },
    { payment: { driftUser, plan: { settleMarkets, withdraw: withdraw - 1n } } },
    { payment: { driftUser, plan: { settleMarkets: [], withdraw } } },
  ];
  for (const each of otherPlans) {
    await built({});
    expect(await built(each)).not.toEqual(first);
  }
  const second = await built({});
  expect(second).toEqual(first);
  venue.forgetOracles();
  expect(await built({})).not.toBe(second);
});
