// Keeping: webhook bodies and events are kept for a while, what is not read yet for as long as it
// takes.
import { expect, test } from 'vitest';
import { tell } from '../../src/ledger/outbox.ts';
import { createTestLedger } from '../support/ledger.ts';

test('bodies go once they were read and are old', async () => {
  await using held = await createTestLedger();
  const { deliveries } = held.ledger;
  const asked = { reader: 'r', limit: 5, bytesMost: 1_000, nowMs: 0 };
  for (const n of [1, 2, 3]) await deliveries.record([new Uint8Array([n])], 0);
  const [first, second] = await deliveries.begin(asked);
  const hour = 3_600_000;
  await deliveries.digested(first?.id ?? 0n, { entries: 1, refused: 0 }, [], Date.now() - 2 * hour);
  await deliveries.digested(second?.id ?? 0n, { entries: 1, refused: 0 }, [], Date.now());
  await deliveries.forget(hour);
  const left = await held.sql`select delivery_id from delivery order by delivery_id`;
  expect(left.map((row) => row.delivery_id)).toEqual([2n, 3n]);
  expect(await deliveries.begin(asked)).toHaveLength(1);
});

test('old events go, whatever became of them, in however many turns; newer ones can still be replayed', async () => {
  await using held = await createTestLedger();
  const { ledger, sql } = held;
  const { endpoints } = ledger;
  const secret = new Uint8Array([1]);
  await endpoints.create({ id: 'e1', url: 'https://example.com', kinds: null, secret });
  await sql`
    insert into event (kind, body, at) select 'share.paid', '{}', now() - interval '2 days' from generate_series(1, 12000)`;
  await endpoints.replay('e1', 0);
  await tell(sql, 'venue.resumed', null, { waiting: 1 });
  await endpoints.forget(86_400_000);
  expect(await sql`select count(*) from event where at < now() - interval '1 day'`).toEqual([
    { count: 0n },
  ]);
  expect((await endpoints.totals()).map((each) => [each.state, each.count])).toEqual([
    ['pending', Number((await sql`select count(*) from event`)[0]?.count)],
  ]);
  expect(await endpoints.replay('e1', 0)).toBeGreaterThan(0);
});
