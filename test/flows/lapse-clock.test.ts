// Lapse clock: a clock of Postgres that is wrong for a moment, as after a failover to a machine
// without NTP, lets no debt lapse.
import { expect, test } from 'vitest';
import { accrueCloses } from '../../src/flows/accrue.ts';
import { silentLog as log } from '../../src/system/log.ts';
import { createManualClock } from '../support/clock.ts';
import { endingsOf } from '../support/endings.ts';
import { ageDebts } from '../support/guards.ts';
import { agreeOnExpiry } from '../support/haste.ts';
import { closeFact, createTestLedger, recordFact } from '../support/ledger.ts';

test('while the clocks of Postgres and of the chain differ by more than a minute, nothing lapses', async () => {
  await using held = await createTestLedger();
  const { ledger } = held;
  const close = closeFact(1, 100_000_000n, { slot: 50, account: held.driftAccount });
  await recordFact(ledger, close, 'finalized');
  await accrueCloses(ledger, log);
  await agreeOnExpiry(held, 86_400_000);
  await ageDebts(held.sql, 25);
  const clock = createManualClock();
  const books = { doubt: async () => null, disagreement: async () => null, identity: () => null };
  let aheadMs = 0;
  const endings = endingsOf({ ledger, books, clock, log }, () => aheadMs);
  // Postgres is 30 days ahead of the chain, and then a little more than a minute behind.
  for (aheadMs of [-30 * 86_400_000, 62_000]) {
    expect(await endings.lapse()).toEqual([]);
    clock.advance(60_000);
  }
  aheadMs = 0;
  expect(await endings.lapse()).toEqual(['ana']);
});
