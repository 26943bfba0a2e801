// Readings: records the facts of readings of transactions. core/reading.ts decides which facts
// change; this file applies that in a transaction that holds the sightings' rows. Readings that
// come at the same time share a transaction; where that fails, each is recorded in one of its own,
// so that a bad reading fails alone and the others are recorded.
import type { Fact, Finality } from '../core/fact.ts';
import { upToDistinct } from '../core/gather.ts';
import type { ReadingOutcome, ReadWith, Sightings } from '../core/hearing-ports.ts';
import type { Address, Signature } from '../core/ids.ts';
import { type RecordedFact, type Taking, takeReading } from '../core/reading.ts';
import { at, type Sql, type Transaction, toJson, violates } from './database.ts';
import { factOf } from './facts.ts';
import { among, array, grouped, together } from './groups.ts';
import { noReckoning, reckoningsOf } from './reckon.ts';

type Read = Parameters<Sightings['record']>[0];
type Recorded = Extract<Taking, { outcome: 'recorded' }>;

type FactRow = {
  subscriber_id: string;
  account: Address;
  signature: Signature;
  slot: bigint;
  ordinal: number;
  block_index: number | null;
  kind: Fact['body']['kind'];
  finality: Finality;
  body: unknown;
};

/** The most readings that are recorded in one transaction. */
const RECORDED_TOGETHER = 32;

/** The facts on record of these transactions, by signature. */
async function recorded(
  tx: Transaction,
  signatures: readonly Signature[],
): Promise<ReadonlyMap<string, readonly RecordedFact[]>> {
  const rows = await tx<FactRow[]>`
    select subscriber_id, account, signature, slot, ordinal, block_index, kind, finality, body from fact
    where signature = ${among(tx, signatures)}`;
  const known = rows.map((row) => ({
    finality: row.finality,
    fact: factOf(row),
  }));
  return grouped(known, ({ fact }) => fact.signature);
}

type Put = { readonly fact: Fact; readonly read: Read };

const placeOf = ({ subscriberId, signature, account, position: { ordinal } }: Fact): string =>
  `${subscriberId} ${signature} ${account} ${ordinal}`;

/** One statement cannot write a place twice: facts of one place go into statements of their own. */
const statementsOf = (puts: readonly Put[]): readonly (readonly Put[])[] =>
  new Set(puts.map(({ fact }) => placeOf(fact))).size === puts.length
    ? [puts]
    : puts.map((each) => [each]);

/**
 * Inserts the facts of readings, each of another place, or updates the facts at their places.
 * Returns the signature and subscriber of each that changed.
 */
async function putFacts(
  tx: Transaction,
  puts: readonly Put[],
): Promise<{ signature: string; subscriber_id: string }[]> {
  if (puts.length === 0) return [];
  const rows = puts.map(({ fact: { body: given, position, ...fact }, read }) => {
    const { kind, ...body } = given;
    return {
      subscriber_id: fact.subscriberId,
      account: fact.account,
      signature: fact.signature,
      slot: position.slot,
      ordinal: position.ordinal,
      block_index: position.blockIndex,
      kind,
      body,
      finality: read.finality,
      block_at: read.blockTimeMs == null ? null : at(read.blockTimeMs).toISOString(),
    };
  });
  return tx<{ signature: string; subscriber_id: string }[]>`
    insert into fact (subscriber_id, account, signature, slot, ordinal, block_index, kind, finality, body, block_at)
    select subscriber_id, account, signature, slot, ordinal, block_index, kind, finality, body, block_at
    from jsonb_to_recordset(${tx.json(toJson(rows))}) as f(subscriber_id text, account text, signature text, slot bigint,
      ordinal int, block_index int, kind text, body jsonb, finality text, block_at timestamptz)
    on conflict (subscriber_id, signature, slot, ordinal, account) do update
      set finality = excluded.finality, block_at = coalesce(excluded.block_at, fact.block_at),
        kind = case when fact.finality = 'finalized' then fact.kind else excluded.kind end,
        body = case when fact.finality = 'finalized' then fact.body else excluded.body end,
        block_index = case when fact.finality = 'finalized' then coalesce(fact.block_index, excluded.block_index)
          else coalesce(excluded.block_index, fact.block_index) end
      where (fact.finality <> 'finalized'
          and (fact.finality, fact.kind, fact.body) is distinct from (excluded.finality, excluded.kind, excluded.body))
         or (fact.block_index is null and excluded.block_index is not null)
    returning signature, subscriber_id`;
}

async function withdraw(tx: Transaction, fact: Fact): Promise<void> {
  await tx`
    update fact set finality = 'withdrawn'
    where subscriber_id = ${fact.subscriberId} and signature = ${fact.signature} and slot = ${fact.position.slot}
      and ordinal = ${fact.position.ordinal} and account = ${fact.account} and finality = 'confirmed'`;
}

/**
 * Whether the transaction touches an account that joined the watch-list after the revision with
 * which it was read.
 */
async function isStale(
  tx: Transaction,
  { listRevision, touching }: ReadWith,
  revision: number,
): Promise<boolean> {
  if (listRevision >= revision) return false;
  const joined = await tx`
    select 1 from account where listed_revision > ${listRevision}
      and address in (select jsonb_array_elements_text(${tx.json([...touching])})) limit 1`;
  return joined.length > 0;
}

/** Moves sightings to what their readings found. */
async function moveSightings(
  tx: Transaction,
  taken: readonly { readonly read: Read; readonly taking: Taking }[],
  revision: number,
): Promise<void> {
  const rows = taken.flatMap(({ read, taking: { outcome } }) =>
    outcome !== 'recorded' && outcome !== 'superseded'
      ? []
      : [
          {
            signature: read.signature,
            recorded: outcome === 'recorded',
            slot: read.slot,
            finality: read.finality,
            due_at: at(read.dueMs).toISOString(),
            now_at: at(read.nowMs).toISOString(),
            revision: read.readWith?.listRevision ?? revision,
          },
        ],
  );
  if (rows.length === 0) return;
  const final = rows.filter((row) => row.recorded && row.finality === 'finalized');
  const signatures = final.map((row) => row.signature);
  const ending = tx`
    delete from sighting_account where signature = any(${array(tx, signatures)})`.execute();
  // `superseded` says that a finalized reading is on record; only its time may be missing. The list
  // of signatures tells Postgres how few rows there are: without it, tables of some thousand
  // sightings are read whole.
  const moving = tx`
    with r as (
      select * from jsonb_to_recordset(${tx.json(rows)}) as r(signature text, recorded boolean, slot bigint, finality text,
        due_at timestamptz, now_at timestamptz, revision bigint))
    update sighting s set
      status = case when r.recorded then r.finality else s.status end,
      slot = case when r.recorded then r.slot else s.slot end,
      due_at = case when r.recorded then r.due_at else s.due_at end,
      read_at = case when r.recorded then r.now_at else s.read_at end,
      read_revision = case when r.recorded then r.revision else s.read_revision end,
      attempts = case when r.recorded then 0 else s.attempts end,
      absent_at = case when r.recorded then null else s.absent_at end,
      finalized_at = case when not r.recorded or r.finality = 'finalized' then coalesce(s.finalized_at, r.now_at) else s.finalized_at end
    from r where s.signature = r.signature and (not r.recorded or s.status <> 'finalized')
      and s.signature = ${among(
        tx,
        rows.map((row) => row.signature),
      )}`.execute();
  await Promise.all([ending, moving]);
}

/**
 * Violated when another final transaction has recorded the same fill: one of the two is not on our
 * chain.
 */
const FILL_ONCE = 'fact_fill_once';

/** Records readings of different transactions in one transaction of the database. */
const recordTogether = (sql: Sql, reads: readonly Read[]): Promise<ReadingOutcome[]> =>
  sql.begin(async (tx) => {
    const signatures = reads.map((each) => each.signature);
    // All daemons lock the rows in the same order, so that two of them cannot deadlock. The other
    // statements are sent behind this one: Postgres answers them once it holds the rows. No
    // reckoning is recorded meanwhile, so each is either looked up here or sums these readings.
    const excluding = noReckoning(tx).execute();
    const locking = tx<{ signature: string; final: boolean }[]>`
      select signature, status = 'finalized' or finalized_at is not null as final from sighting
      where signature = ${among(tx, signatures)} order by signature for update`.execute();
    const [, rows, [list], known, reckonings] = await Promise.all([
      excluding,
      locking,
      tx<{ revision: bigint }[]>`select revision from watch_list`,
      recorded(tx, signatures),
      reckoningsOf(
        tx,
        reads.flatMap((each) => each.facts),
      ),
    ]);
    const final = new Map(rows.map((row) => [row.signature, row.final]));
    const revision = Number(list?.revision ?? 0n);
    const taken: { read: Read; taking: Taking }[] = [];
    for (const read of reads) {
      if (!final.has(read.signature)) continue;
      if (read.readWith !== undefined && (await isStale(tx, read.readWith, revision))) continue;
      const { signature, slot, finality, facts, insist = false } = read;
      const isFinal = final.get(signature) ?? false;
      const reading = { slot, finality, facts };
      const taking = takeReading(known.get(signature) ?? [], reading, {
        isFinal,
        insist,
        reckonings,
      });
      taken.push({ read, taking });
    }
    const changed = new Map(signatures.map((each) => [String(each), new Set<string>()]));
    const found = taken.flatMap(({ read, taking }): { read: Read; taking: Recorded }[] =>
      taking.outcome === 'recorded' ? [{ read, taking }] : [],
    );
    for (const { taking } of found)
      for (const fact of taking.withdraw) {
        await withdraw(tx, fact);
        changed.get(fact.signature)?.add(fact.subscriberId);
      }
    const puts = found.flatMap(({ read, taking }) => taking.put.map((fact) => ({ fact, read })));
    const statements = statementsOf(puts);
    const put = [];
    for (const each of statements.slice(0, -1)) put.push(...(await putFacts(tx, each)));
    const [last] = await Promise.all([
      putFacts(tx, statements.at(-1) ?? []),
      moveSightings(tx, taken, revision),
    ]);
    for (const row of [...put, ...last]) changed.get(row.signature)?.add(row.subscriber_id);
    const takings = new Map(taken.map(({ read, taking }) => [read, taking]));
    return reads.map((read): ReadingOutcome => {
      const taking = takings.get(read);
      if (taking === undefined)
        return { outcome: final.has(read.signature) ? 'stale' : 'unnoted', changed: [] };
      if (taking.outcome !== 'recorded') return { outcome: taking.outcome, changed: [] };
      return {
        outcome: taking.outcome,
        changed: [...(changed.get(read.signature) ?? [])],
        ...(taking.late === undefined ? {} : { late: taking.late }),
      };
    });
  });

/**
 * Creates the functions that record readings, and withdraw the facts of a transaction that a fork
 * dropped.
 */
export function createReadings(sql: Sql): Pick<Sightings, 'record' | 'drop'> {
  const record = together<Read, ReadingOutcome>(
    async (reads) => {
      try {
        return await recordTogether(sql, reads);
      } catch (thrown) {
        // When one of several readings contradicts a fact on record, each is recorded alone, so
        // that only that one fails.
        if (reads.length > 1 || !violates(thrown, FILL_ONCE)) throw thrown;
        return [{ outcome: 'contradicted', changed: [] }];
      }
    },
    {
      count: upToDistinct(RECORDED_TOGETHER, (each) => each.signature),
      ahead: (each) => each.ahead === true,
    },
  );
  return {
    record: (read) => record(read),
    drop: (signature) =>
      sql.begin(async (tx) => {
        // A finalized history may have named the transaction while its absence was proven: the
        // transaction landed again after a fork.
        const [known] = await tx<{ final: boolean }[]>`
          select named_final or finalized_at is not null or status = 'finalized' as final
          from sighting where signature = ${signature} for update`;
        if (known?.final === true) return [];
        const rows = await tx<{ subscriber_id: string }[]>`
          update fact set finality = 'withdrawn' where signature = ${signature} and finality = 'confirmed'
          returning subscriber_id`;
        await tx`delete from sighting_account where signature = ${signature}`;
        await tx`update sighting set status = 'dropped' where signature = ${signature} and status <> 'finalized'`;
        return [...new Set(rows.map((row) => row.subscriber_id))];
      }),
  };
}
