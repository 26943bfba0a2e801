// Velocity plans: payments that the product planned and that Velocity's compiled program executed
// or refused (npm run record-fixtures), planned again from the accounts that were read: the same
// funds and instructions, byte by byte, and each refusal by its own name. Where the program is
// present, it does the same again.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Chain } from '../../src/core/chain-ports.ts';
import { createVelocityVenue } from '../../src/venue/velocity/venue.ts';
import { planPayment } from '../support/plan-recording.ts';
import { velocityProgram } from '../support/programs.ts';
import { readRecording, writeRecording } from '../support/recording.ts';
import {
  recordVelocityPlans,
  VELOCITY_PLANNED,
  type VelocityPlan,
} from '../support/velocity-plans.ts';

const text = readFileSync(
  path.join(import.meta.dirname, '../fixtures/velocity-plans.json'),
  'utf8',
);
const { histories } = readRecording<VelocityPlan>(text);
const venue = createVelocityVenue();

const readerOf =
  ({ reads }: VelocityPlan): Chain['accounts'] =>
  async (addresses) => ({
    slot: 1,
    accounts: addresses.map((address) => {
      const read = reads.find((each) => each.address === address);
      if (read === undefined) throw new Error(`${address} was not read when this was recorded`);
      return read.account;
    }),
  });

test('every shape of account and state of the venue is recorded', () => {
  expect(Object.keys(histories)).toEqual(Object.keys(VELOCITY_PLANNED));
});

test.skipIf(velocityProgram === null)('the compiled program does what was recorded', async () => {
  expect(writeRecording(await recordVelocityPlans(velocityProgram ?? ''))).toBe(text);
});

/** What the product tells of a refused payment, by the code of its trouble. */
const CLASSES: Record<string, string> = {
  venue_6024: 'venue_paused',
  venue_6125: 'permanent',
  venue_6149: 'venue_paused',
  venue_6173: 'venue_limited',
  venue_6260: 'venue_limited',
  venue_6358: 'retry_when_healthier',
  token_17: 'permanent',
};

describe.each(Object.entries(VELOCITY_PLANNED))('%s', (name, { ends }) => {
  const known = histories[name]?.[0] ?? expect.fail('nothing was recorded');
  let planned: Awaited<ReturnType<typeof planPayment>>;
  beforeAll(async () => {
    planned = await planPayment(venue, known, readerOf(known));
  });

  test('is planned and built as it was when the program executed it', () => {
    const { funds, settleMarkets, withdraw, instructions } = known;
    expect(planned).toEqual({ funds, settleMarkets, withdraw, instructions });
  });

  const paid = () => {
    expect(known.error).toBeNull();
    expect(known.settled).toEqual(
      planned.funds.claimable.map(({ market, amount }) => ({ market, pnl: amount })),
    );
  };
  if (ends === null)
    test('the program settled what the plan counted on, and paid it', () => {
      paid();
      expect(known.paid).toBe(planned.withdraw);
    });
  else if (ends === 'clamped')
    test('the program paid less than was asked for, which a simulation shows beforehand', () => {
      paid();
      expect(planned.funds.exposed).toBe(true);
      expect(known.paid).toBeGreaterThan(0n);
      expect(known.paid).toBeLessThan(planned.withdraw);
    });
  else
    test(`is refused with ${ends}, and nothing moves`, () => {
      expect(venue.trouble(known.error, known.programs, known.logs)).toMatchObject({
        code: ends,
        class: CLASSES[ends],
      });
      expect(known.settled.every(({ pnl }) => pnl === 0n)).toBe(true);
      expect(known.paid).toBe(0n);
    });
});
