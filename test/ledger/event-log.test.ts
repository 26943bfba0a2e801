// Event log: a reader that goes on from the last event it has misses none, in every order in which
// transactions commit, and reads each event once.
import { expect, test } from 'vitest';
import { tell } from '../../src/ledger/outbox.ts';
import { createTestLedger } from '../support/ledger.ts';

const cleared = { outstanding: 0n, owed: [], revision: 1n };

test('an event whose transaction commits late is pulled behind those that were pulled before', async () => {
  await using held = await createTestLedger();
  const { sql, ledger } = held;
  const idsAfter = async (id: string | null) =>
    (await ledger.events.after(id, {}, 100))?.events.map((each) => each.body) ?? null;
  const written = Promise.withResolvers<void>();
  const commit = Promise.withResolvers<void>();
  const late = sql.begin(async (tx) => {
    await tell(tx, 'subscriber.cleared', 'late', cleared);
    written.resolve();
    await commit.promise;
  });
  await written.promise;
  await tell(sql, 'subscriber.cleared', 'early', cleared);
  const first = (await ledger.events.after(null, {}, 100))?.events ?? [];
  expect(first.map((each) => each.kind)).toEqual(['subscriber.registered', 'subscriber.cleared']);
  commit.resolve();
  await late;
  const last = first.at(-1)?.id ?? '';
  expect(await idsAfter(last)).toMatchObject([{ subscriber: 'late' }]);
  expect(await idsAfter(null)).toMatchObject([{}, { subscriber: 'early' }, { subscriber: 'late' }]);
});

test('readers that pull at once get the same order', async () => {
  await using held = await createTestLedger();
  const { sql, ledger } = held;
  await Promise.all(
    Array.from({ length: 40 }, (_, n) => tell(sql, 'subscriber.cleared', `s${n}`, cleared)),
  );
  const pulls = await Promise.all(
    Array.from({ length: 8 }, () => ledger.events.after(null, {}, 100)),
  );
  const [one] = pulls;
  expect(one?.events).toHaveLength(41);
  for (const each of pulls) expect(each).toEqual(one);
});

test('filters by kind and subscriber, in pages; an id that is not kept is told apart', async () => {
  await using held = await createTestLedger();
  const { sql, ledger } = held;
  for (let n = 0; n < 5; n++) await tell(sql, 'subscriber.cleared', n % 2 ? 'a' : 'b', cleared);
  const mine = { kind: 'subscriber.cleared', subscriberId: 'b' } as const;
  const page = (await ledger.events.after(null, mine, 2))?.events ?? [];
  expect(page).toHaveLength(2);
  const rest = await ledger.events.after(page[1]?.id ?? '', mine, 2);
  expect(rest?.events).toHaveLength(1);
  const none = await ledger.events.after(null, { kind: 'share.paid' }, 9);
  expect(none).toEqual({ events: [], upTo: rest?.events[0]?.id });
  expect(await ledger.events.after('evt_none', {}, 9)).toBeNull();
  await ledger.endpoints.forget(-60_000);
  expect(await ledger.events.after(page[1]?.id ?? '', {}, 9)).toBeNull();
  expect(await ledger.events.after(null, {}, 9)).toEqual({ events: [], upTo: null });
});
