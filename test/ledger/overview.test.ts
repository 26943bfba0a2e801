// Overview: the sums that an operator sees first are those of one moment.
import { expect, test } from 'vitest';
import { createOverview } from '../../src/ledger/overview.ts';
import { createTestLedger } from '../support/ledger.ts';

test('every sum is of the moment of the first one, also when the ledger changes meanwhile', async () => {
  await using t = await createTestLedger();
  const locked = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  // The last statement of the overview waits for this lock.
  const holding = t.sql.begin(async (tx) => {
    await tx`lock table endpoint`;
    locked.resolve();
    await goOn.promise;
  });
  await locked.promise;
  const read = createOverview(t.sql).read();
  await expect
    .poll(
      () =>
        t.sql`select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%lost_act%'`,
    )
    .toHaveLength(1);
  await t.sql`
    insert into lost_act (nonce, at, actor, what, asked, status, kept)
    values (gen_random_uuid(), now(), 'key', 'share.void', '{}', 200, 'nothing')`;
  goOn.resolve();
  await holding;
  expect((await read).waiting.lostActs).toBe(0);
  expect((await createOverview(t.sql).read()).waiting.lostActs).toBe(1);
});
