// Rpc usage: the sums of a month are those of all daemons, and a month begins with nothing.
import { expect, test } from 'vitest';
import { createRpcUsageBook } from '../../src/ledger/rpc-usage.ts';
import { ofRpcUsage } from '../../src/probes/rpc-usage.ts';
import { createManualClock } from '../support/clock.ts';
import { createTestLedger } from '../support/ledger.ts';

const NODE = 'rpc.example';

test('usage of two daemons adds up by month, node, method and source, and the doctor tells it', async () => {
  await using t = await createTestLedger();
  const [one, other] = [createRpcUsageBook(t.sql), createRpcUsageBook(t.sql)];
  const reads = { method: 'getTransaction', node: NODE, source: 'inspect', calls: 2, credits: 20 };
  const slots = { method: 'getSlot', node: NODE, source: 'heartbeat', calls: 5, credits: 5 };
  const added = await Promise.all([
    one.add('2026-11-01', [reads, slots]),
    other.add('2026-11-01', [slots, reads]),
  ]);
  expect(Math.max(...added)).toBe(50);
  expect(await one.add('2026-12-01', [slots])).toBe(5);
  expect(await one.add('2026-11-01', [])).toBe(50);
  expect(await other.read('2026-11-01')).toEqual([
    { ...reads, calls: 4, credits: 40 },
    { ...slots, calls: 10, credits: 10 },
  ]);
  const budget = { creditsAMonthMost: 60, creditsAMinuteMost: null, monthBeginsOn: 1 };
  const clock = createManualClock(Date.UTC(2026, 10, 10));
  expect(
    (await ofRpcUsage(budget, t.sql, clock)).map(
      ({ what, state, says }) => `${state} ${what}: ${says}`,
    ),
  ).toEqual([
    expect.stringMatching(
      /^ok rpc usage: since 2026-11-01, calls: 14, credits: 50, 50 a subscriber/,
    ),
    'ok rpc usage by source: inspect 40, heartbeat 10',
    'ok rpc usage by method: getTransaction 40, getSlot 10',
    `ok rpc usage by node: ${NODE} 50`,
    'warning rpc budget: 50 of 60 credits of the month are spent, 18 would be even',
  ]);
});
