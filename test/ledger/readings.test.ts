// Readings: readings of one transaction may differ: nodes with and without its log, forks, slow
// daemons, releases with another decoder. In every case its profit is owed once.
import { expect, test } from 'vitest';
import type { Fact } from '../../src/core/fact.ts';
import { type AccountState, checkState, NO_COUNTERS } from '../../src/core/reckoning.ts';
import { judge } from '../../src/core/standing.ts';
import { LAST_ORDINAL } from '../../src/core/transaction.ts';
import { accrueCloses } from '../../src/flows/accrue.ts';
import { silentLog } from '../../src/system/log.ts';
import { closeFact, createTestLedger, recordFact, type TestLedger } from '../support/ledger.ts';

const PROFIT = 100_000_000n;
/** The share of it: 10 %. */
const OWED = 10_000_000n;

const state = (slot: number, realised: bigint): AccountState => ({
  slot,
  counters: { ...NO_COUNTERS, realised },
  hints: { exists: true, delegate: '', quoteFlow: 0n, isolated: 0n },
  positions: [],
  pulse: '',
});

/** The facts of one close from a node with the log, and from a node without it. */
function readingsOf({ driftAccount: account }: TestLedger) {
  const close = closeFact(1, PROFIT, { slot: 50, account });
  const last = { ...close, position: { ...close.position, ordinal: LAST_ORDINAL } };
  const tally: Fact = { ...last, body: { ...NO_COUNTERS, kind: 'tally', realised: PROFIT } };
  const unknown: Fact = {
    ...last,
    body: { kind: 'unknown', why: 'log_truncated', tradedAt: 1_023 },
  };
  return { close, whole: [close, tally], cut: [unknown] };
}

async function settle(
  { ledger }: TestLedger,
  facts: readonly Fact[],
  finality: 'confirmed' | 'finalized',
  given: { slot?: number; insist?: boolean } = {},
) {
  const [first] = facts;
  if (first === undefined) throw new Error('nothing to settle');
  const { slot = 50, insist = false } = given;
  const rumour = { signature: first.signature, blockIndex: 0, accounts: [first.account] };
  await ledger.sightings.note([rumour], { source: 'replay', by: 'confirmed', nowMs: 0 });
  return ledger.sightings.record({
    signature: first.signature,
    slot,
    finality,
    facts,
    dueMs: 0,
    nowMs: 0,
    insist,
  });
}

/** Account state shows the profit: the check is judged, and everything that is final is booked. */
async function owed({ ledger, sql, driftAccount }: TestLedger): Promise<bigint[]> {
  const [own] = await ledger.checks.find([driftAccount]);
  if (own === undefined) throw new Error('no account');
  await ledger.checks.begin(own, state(40, 0n));
  await ledger.checks.propose(driftAccount, state(60, PROFIT));
  const [check] = await ledger.checks.find([driftAccount]);
  if (!check?.baseline || !check.candidate) throw new Error('no check');
  const heard = await ledger.checks.told(driftAccount, 40, 60);
  const { told, unknowns } = heard;
  const verdict = checkState(check.baseline, told, unknowns, check.candidate);
  expect(verdict.verdict).not.toBe('gap');
  if (verdict.verdict === 'reckoned') await ledger.checks.reckon(check, verdict.netPnl, heard);
  else await ledger.checks.advance(check);
  await accrueCloses(ledger, silentLog);
  const rows = await sql<{ amount: bigint }[]>`select amount from profit_share`;
  return rows.map((row) => row.amount);
}

test('a log that is missing at confirmed and whole at finalized owes once, and is not reckoned as well', async () => {
  await using held = await createTestLedger();
  const { whole, cut } = readingsOf(held);
  await settle(held, cut, 'confirmed');
  await settle(held, whole, 'finalized');
  expect(await owed(held)).toEqual([OWED]);
  expect(await held.sql`select 1 from fact where kind in ('unknown', 'reckoning')`).toEqual([]);
  const replaced = await held.sql<{ kind: string }[]>`select kind, finality from fact_replaced`;
  expect([...replaced]).toEqual([{ kind: 'unknown', finality: 'confirmed' }]);
});

test('a log that is whole at confirmed and missing at finalized is asked for again, and then the debt is that of the whole one', async () => {
  await using held = await createTestLedger();
  const { whole, cut } = readingsOf(held);
  await settle(held, whole, 'confirmed');
  expect(await settle(held, cut, 'finalized')).toEqual({ outcome: 'poorer', changed: [] });
  await settle(held, whole, 'finalized');
  expect(await owed(held)).toEqual([OWED]);
});

test('where no node has the log any more, the account’s own state tells the debt', async () => {
  await using held = await createTestLedger();
  const { whole, cut } = readingsOf(held);
  await settle(held, whole, 'confirmed');
  await settle(held, cut, 'finalized', { insist: true });
  const rows = await held.sql<
    { kind: string; finality: string }[]
  >`select kind, finality from fact order by kind`;
  expect(rows.map((row) => `${row.kind} ${row.finality}`)).toEqual([
    'close withdrawn',
    'unknown finalized',
  ]);
  expect(await owed(held)).toEqual([OWED]);
});

test('a confirmed reading that comes after the finalized one changes nothing', async () => {
  await using held = await createTestLedger();
  const { ledger, sql, driftAccount: account } = held;
  await recordFact(ledger, closeFact(1, PROFIT, { slot: 55, account }), 'finalized');
  const forked = closeFact(1, PROFIT, { slot: 50, account });
  expect(await settle(held, [forked], 'confirmed')).toEqual({
    outcome: 'superseded',
    changed: [],
  });
  expect((await ledger.standings.update('ana', judge)).outstanding).toBe(OWED);
  expect([...(await sql`select slot::int, finality from fact`)]).toEqual([
    { slot: 55, finality: 'finalized' },
  ]);
});

test('a finalized reading in another slot than the first one is refused', async () => {
  await using held = await createTestLedger();
  const { ledger, driftAccount: account } = held;
  await recordFact(ledger, closeFact(1, PROFIT, { slot: 55, account }), 'finalized');
  const elsewhere = closeFact(1, PROFIT, { slot: 50, account });
  expect((await settle(held, [elsewhere], 'finalized')).outcome).toBe('contradicted');
  await accrueCloses(ledger, silentLog);
  expect(await ledger.shares.list({ limit: 10 })).toHaveLength(1);
});

test('a release that counts events otherwise charges no fill again, and adds no opening, outflow or notice twice', async () => {
  await using held = await createTestLedger();
  const { ledger, sql } = held;
  const { close, whole } = readingsOf(held);
  const moved = (facts: readonly Fact[], by: number): Fact[] =>
    facts.map((fact) => ({
      ...fact,
      position: { ...fact.position, ordinal: fact.position.ordinal + by },
    }));
  const beside: Fact[] = [
    {
      kind: 'open',
      market: 0,
      position: 'short',
      base: 5n,
      quote: 500n,
      fee: 0n,
      fillRecordId: 1n,
    } as const,
    {
      kind: 'outflow',
      route: 'withdraw',
      amount: 7n,
      mint: null,
      decimals: null,
      destination: null,
      internal: false,
      owner: null,
      ofValue: true,
      consent: 'agent',
      signers: [],
      usd: null,
    } as const,
    { kind: 'notice', what: 'builder_fee', who: null, amount: 3n, detail: 'before' } as const,
  ].map((body, index) => ({
    ...close,
    position: { ...close.position, ordinal: 20 + 4 * index },
    body,
  }));
  await settle(held, [...whole, ...beside], 'finalized');
  await accrueCloses(ledger, silentLog);
  // With the opening the database would refuse the reading by itself; without it only the decision
  // does.
  for (const again of [beside, beside.slice(1)])
    await settle(held, moved([...whole, ...again], 8), 'finalized');
  await accrueCloses(ledger, silentLog);
  const facts = await sql<{ kind: string }[]>`select kind from fact order by kind`;
  expect(facts.map((each) => each.kind)).toEqual(['close', 'notice', 'open', 'outflow', 'tally']);
  expect(await ledger.shares.list({ limit: 10 })).toHaveLength(1);
});

test('a later finalized reading adds the accounts that the first one did not look for', async () => {
  await using held = await createTestLedger();
  const { whole } = readingsOf(held);
  await settle(held, whole, 'finalized');
  const other = whole.map((fact) => ({ ...fact, account: 'another account' as never }));
  expect((await settle(held, [...whole, ...other], 'finalized')).changed).toEqual(['ana']);
  const rows = await held.sql<{ account: string }[]>`select distinct account from fact`;
  expect(rows).toHaveLength(2);
});

test('the database refuses a fill that is told by two transactions, and the reading that tells it is set aside', async () => {
  await using held = await createTestLedger();
  const { ledger, sql, driftAccount: account } = held;
  const first = closeFact(1, PROFIT, { slot: 50, account });
  await recordFact(ledger, first, 'finalized');
  const other = closeFact(2, PROFIT, { slot: 51, account });
  const twice = { ...other, body: { ...other.body, fillRecordId: first.body.fillRecordId } };
  expect(await settle(held, [twice], 'finalized', { slot: 51 })).toEqual({
    outcome: 'contradicted',
    changed: [],
  });
  await expect(sql`
    insert into fact (subscriber_id, account, signature, slot, ordinal, kind, finality, body)
    select subscriber_id, account, 'another', slot, ordinal, kind, finality, body from fact`).rejects.toThrow(
    /fact_fill_once/,
  );
});

test('a fact that is not final is replaced on record, a final one is never edited', async () => {
  await using held = await createTestLedger();
  const { ledger, sql, driftAccount: account } = held;
  await recordFact(ledger, closeFact(1, 5n, { slot: 50, account }), 'confirmed');
  await recordFact(ledger, closeFact(1, 7n, { slot: 50, account }), 'finalized');
  const [fact] = await sql<{ body: { netPnl: string } }[]>`select body from fact`;
  expect(fact?.body.netPnl).toBe('7');
  const [before] = await sql<{ body: { netPnl: string } }[]>`select body from fact_replaced`;
  expect(before?.body.netPnl).toBe('5');
  await expect(sql`update fact set body = '{}'`).rejects.toThrow(/never edited/);
});

test.each(['confirmed', 'finalized'] as const)(
  'a %s reading of a transaction that the ledger has lost since is not recorded',
  async (finality) => {
    await using held = await createTestLedger();
    const fact = closeFact(1, 10_000_000n, { account: held.driftAccount });
    const read = {
      signature: fact.signature,
      slot: 50,
      finality,
      facts: [fact],
      dueMs: 0,
      nowMs: 0,
    };
    expect(await held.ledger.sightings.record(read)).toEqual({ outcome: 'unnoted', changed: [] });
    expect([...(await held.sql`select 1 from fact`)]).toEqual([]);
  },
);

test('a transaction that a finalized history named while its absence was proven is not dropped', async () => {
  await using held = await createTestLedger();
  const { ledger } = held;
  const fact = closeFact(1, 10_000_000n, { account: held.driftAccount });
  await recordFact(ledger, fact, 'confirmed');
  const named = { signature: fact.signature, blockIndex: 0, accounts: [held.driftAccount] };
  await ledger.sightings.note([named], { source: 'backfill', by: 'finalized', nowMs: 0 });
  expect(await ledger.sightings.drop(fact.signature)).toEqual([]);
  expect([...(await held.sql`select finality from fact`)]).toEqual([{ finality: 'confirmed' }]);
  const [{ status } = {}] = await held.sql`select status from sighting`;
  expect(status).toBe('confirmed');
});
