// Standing snapshot: a close that is booked while the standing of its subscriber is judged counts
// once in that verdict, by the tab from before its booking.
import { expect, test } from 'vitest';
import { accrualOf } from '../../src/core/accrual.ts';
import { judge } from '../../src/core/standing.ts';
import type { Terms } from '../../src/core/terms.ts';
import { trading } from '../support/hidden-trading.ts';
import { CREATOR, createTestLedger } from '../support/ledger.ts';
import { NOTHING_HELD, termsOf } from '../support/terms.ts';

type Case = readonly [why: string, terms: Partial<Terms>, profits: readonly bigint[], owed: bigint];
const CASES: readonly Case[] = [
  ['the fraction that it leaves', {}, [15n], 1n],
  ['the loss that it brings', { basis: 'high_water_mark' }, [-100n, 150n], 5n],
  ['its part of the most that is owed', { capPerPeriod: 10n, periodSlots: 1_000 }, [100n], 10n],
];

test.each(CASES)('%s counts once', async (_, more, profits, owed) => {
  await using held = await createTestLedger();
  const { ledger, sql, driftAccount } = held;
  await ledger.subscriptions.put({
    id: 'ana-sub',
    subscriberId: 'ana',
    driftAccount,
    held: NOTHING_HELD,
    terms: termsOf(2, CREATOR, 1_000, { ...more, markSlot: 2 }),
  });
  const ana = trading(ledger);
  await ana.begin(5);
  for (const [nth, profit] of profits.entries()) {
    await ana.trade(20 + 2 * nth, 1n, 1_000n, 0n).hear();
    await ana.trade(21 + 2 * nth, -1n, 1_000n + profit, 0n).hear();
  }
  await ana.check(50);
  const [close] = await ledger.shares.unaccrued(1);
  if (close === undefined) throw new Error('no close');
  const { fact, subscription, history } = close;
  const accrued = accrualOf(fact.body, fact.position.slot, subscription, history);
  const waiting = async () =>
    (await sql`select 1 from pg_locks where not granted and relation = 'terms_split'::regclass`)
      .length;
  const judging: Promise<unknown>[] = [];
  await sql.begin(async (tx) => {
    // The verdict waits here: which closes are booked was read, and the terms were not.
    await tx`lock table terms_split in access exclusive mode`;
    judging.push(ledger.standings.update('ana', judge));
    await expect.poll(waiting).toBe(1);
    expect(await ledger.shares.book(close, accrued)).toBe(true);
  });
  expect((await Promise.all(judging))[0]).toMatchObject({ outstanding: owed });
  await ana.book();
  expect(await ledger.standings.update('ana', judge)).toMatchObject({ outstanding: owed });
});
