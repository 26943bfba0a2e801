// Skewed clock: a daemon whose machine is two days ahead or behind. It writes and compares times of
// the database, so its leases hold, nothing lapses or ages early, and other daemons agree with it.
import { expect, test } from 'vitest';
import { setByLedger } from '../../src/core/ledger-clock.ts';
import { createLedger } from '../../src/ledger/ledger.ts';
import { elapsedMs, systemClock } from '../../src/system/clock.ts';
import { createTestLedger, signatureOf } from '../support/ledger.ts';

const DAYS_MS = 172_800_000;
const AT_MOST = 5_000;

test.each([DAYS_MS, -DAYS_MS])('a machine that is %d ms ahead', async (aheadMs) => {
  await using held = await createTestLedger();
  const { sql, driftAccount } = held;
  const ledger = createLedger(sql);
  const clock = setByLedger(
    { ...systemClock, nowMs: () => systemClock.nowMs() + aheadMs },
    elapsedMs,
  );
  const off = await clock.set(ledger.probe.write);
  expect(Math.abs(off - aheadMs)).toBeLessThan(AT_MOST);
  /** How far a time in the ledger is from the database's own. */
  const fromNow = async (select: ReturnType<typeof sql>): Promise<number> => {
    const [row] = await sql<{ ms: number }[]>`
      select (extract(epoch from (${select}) - now()) * 1000)::float8 as ms`;
    return row?.ms ?? Number.NaN;
  };

  // A sighting that this daemon names is due for every daemon, and leased for as long as it says.
  const naming = { source: 'replay', by: 'confirmed', nowMs: clock.nowMs() } as const;
  await ledger.sightings.note(
    [{ signature: signatureOf(1), blockIndex: 0, accounts: [driftAccount], urgent: true }],
    naming,
  );
  const claimed = await ledger.sightings.claim(systemClock.nowMs() + AT_MOST, 60_000, 10);
  expect(claimed).toHaveLength(1);
  expect(await ledger.sightings.claim(clock.nowMs(), 60_000, 10)).toEqual([]);
  expect(
    Math.abs((await fromNow(sql`select due_at from sighting`)) - 60_000 - AT_MOST),
  ).toBeLessThan(2 * AT_MOST);

  // A clearance ends when it says, by the database.
  const clearance = {
    id: 'c1',
    purpose: 'withdraw',
    amount: 1n,
    grantedSlot: 1,
    untilSlot: 9,
  } as const;
  const nowMs = clock.nowMs();
  await ledger.clearances.grant('ana', { ...clearance, trades: [] }, nowMs, nowMs + 600_000, null);
  const until = await fromNow(sql`select until_at from clearance`);
  expect(Math.abs(until - 600_000)).toBeLessThan(AT_MOST);

  // An endpoint fails since now.
  await sql`insert into endpoint (endpoint_id, url, secrets) values ('e1', 'https://example.test', '["aa"]')`;
  await ledger.endpoints.refused('e1', 'no-event', 'HTTP 503', clock.nowMs(), clock.nowMs());
  const since = await fromNow(sql`select failing_since from endpoint`);
  expect(Math.abs(since)).toBeLessThan(AT_MOST);
});

test('a clearance is stored only in the database that was compared with the chain', async () => {
  await using held = await createTestLedger();
  const { clearances } = held.ledger;
  const given = { id: 'c1', purpose: 'close', amount: null, grantedSlot: 1 } as const;
  const clearance = { ...given, untilSlot: 9, trades: [] };
  await expect(clearances.grant('ana', clearance, 0, 1, 'another database')).rejects.toMatchObject({
    code: 'books_behind',
  });
  expect(await clearances.find('ana', 'c1')).toBeNull();
});
