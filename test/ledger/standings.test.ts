// Standings: verdicts that are asked for at the same time share a transaction, and are the same as
// those of each subscriber by itself.
import { expect, test } from 'vitest';
import type { Ledger } from '../../src/core/ports.ts';
import { judge } from '../../src/core/standing.ts';
import { accrueCloses } from '../../src/flows/accrue.ts';
import { judgeSubscribers } from '../../src/flows/standing.ts';
import { silentLog } from '../../src/system/log.ts';
import { addressOf, CREATOR, closeFact, createTestLedger, recordFact } from '../support/ledger.ts';
import { NOTHING_HELD, termsOf } from '../support/terms.ts';

const MANY = 40;
/** Each subscriber of a burst with the profit of its only close. */
const people = Array.from({ length: MANY }, (_, n) => ({
  id: `s${n}`,
  netPnl: 10_000n + BigInt(n),
}));

async function closedTogether(ledger: Ledger): Promise<void> {
  for (const [n, { id, netPnl }] of people.entries()) {
    const account = addressOf(100 + n);
    await ledger.subscribers.register({
      id,
      agentWallet: addressOf(300 + n),
      agentTokenAccount: addressOf(400 + n),
      driftAccounts: [{ address: account, subAccountId: 0 }],
      sealedKey: null,
      fromSlot: 1,
    });
    await ledger.subscriptions.put({
      id: `${id}-sub`,
      subscriberId: id,
      driftAccount: account,
      terms: termsOf(1, CREATOR, 1_000),
      held: NOTHING_HELD,
    });
    await recordFact(
      ledger,
      closeFact(n, netPnl, { account, subscriberId: id, slot: 20 }),
      n % 2 === 0 ? 'finalized' : 'confirmed',
    );
  }
  // The final closes are booked; the others count as the shares that they will make.
  await accrueCloses(ledger, silentLog);
}

test('standings that are judged together are those of each subscriber alone', async () => {
  await using held = await createTestLedger();
  const { ledger, sql } = held;
  await closedTogether(ledger);
  const before = (await ledger.standings.changesSince({ revision: 0n, nonce: null }, 1_000)) ?? [];
  const entries = await Promise.all(
    [...people, ...people].map(({ id }) => ledger.standings.update(id, judge)),
  );
  for (const [n, entry] of entries.entries()) {
    const { id, netPnl } = people[n % MANY]!;
    expect(entry).toMatchObject({ subscriberId: id, outstanding: netPnl / 10n, standing: 'good' });
    expect(await ledger.standings.entry(id)).toEqual(entry);
  }
  const changes = (await ledger.standings.changesSince({ revision: 0n, nonce: null }, 1_000)) ?? [];
  const made = changes.slice(before.length);
  // One change a subscriber, although each was asked for twice; no revision is left out.
  expect(new Set(made.map((each) => each.subscriberId)).size).toBe(MANY);
  expect(changes.map((each) => each.revision)).toEqual(changes.map((_, n) => BigInt(n + 1)));
  const [last] = await sql<{ last: bigint }[]>`select last from revision`;
  expect(last?.last).toBe(BigInt(changes.length));
});

/** The most subscribers that are judged in one transaction. */
const GROUP = 32;

test('a subscriber who goes ahead is judged before those who wait already', async () => {
  await using held = await createTestLedger();
  const { ledger } = held;
  await closedTogether(ledger);
  const judged: string[] = [];
  const noting =
    (id: string): typeof judge =>
    (...given) => {
      judged.push(id);
      return judge(...given);
    };
  // One group is full before the last subscriber is asked for.
  const [runaway, ...others] = people.map(({ id }) => id).reverse();
  await Promise.all([
    ...others.map((id) => ledger.standings.update(id, noting(id))),
    ledger.standings.update(runaway!, noting(runaway!), true),
  ]);
  // The runaway begins the first group. Both groups are read side by side, so that the second one,
  // which is smaller, may be judged first.
  const at = judged.indexOf(runaway ?? '');
  expect([0, MANY - GROUP]).toContain(at);
  expect([...judged.slice(at), ...judged.slice(0, at)]).toEqual([runaway, ...others]);
});

test('forty standings take a few transactions, not forty', async () => {
  await using held = await createTestLedger();
  const { ledger, sql } = held;
  await closedTogether(ledger);
  await Promise.all(people.map(({ id }) => ledger.standings.update(id, judge)));
  const [row] = await sql<{ n: number }[]>`
    select count(distinct xmin::text)::int as n from standing where subscriber_id like 's%'`;
  expect(row?.n).toBeLessThan(6);
});

test('a row that cannot be judged fails the verdict on its own subscriber only', async () => {
  await using held = await createTestLedger();
  const { ledger, sql } = held;
  await closedTogether(ledger);
  await sql`update fact set body = '{"netPnl": "no number"}' where subscriber_id = 's7'`;
  const roster = { find: () => null, apply() {} };
  const ids = people.map(({ id }) => id);
  await expect(judgeSubscribers(ledger, roster as never, silentLog, ids)).rejects.toThrow();
  const judged = await sql<{ id: string }[]>`
    select subscriber_id as id from standing where outstanding > 0 order by 1`;
  expect(judged.map((each) => each.id)).toEqual(ids.filter((id) => id !== 's7').sort());
});

test('a verdict reads what happened once it holds the row, not what happened before', async () => {
  await using held = await createTestLedger();
  const { ledger, sql } = held;
  await closedTogether(ledger);
  const { id, netPnl } = people[1]!;
  const [holding, heard] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const other = sql.begin(async (tx) => {
    await tx`select 1 from standing where subscriber_id = ${id} for update`;
    holding.resolve();
    await heard.promise;
  });
  await holding.promise;
  const verdict = ledger.standings.update(id, judge);
  const waiting = () => sql`
    select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
  await expect.poll(async () => (await waiting()).length).toBe(1);
  const second = { account: addressOf(101), subscriberId: id, slot: 21 };
  await recordFact(ledger, closeFact(900, netPnl, second), 'confirmed');
  heard.resolve();
  await other;
  expect(await verdict).toMatchObject({ subscriberId: id, outstanding: (netPnl * 2n) / 10n });
});
