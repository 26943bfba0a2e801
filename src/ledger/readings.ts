// Readings: records the facts of one reading of a transaction. core/reading.ts decides which facts
// change; this file applies that in one transaction that holds the sighting's row.
import type { Fact, Finality } from '../core/fact.ts';
import type { ReadWith, Settled, Sightings } from '../core/hearing-ports.ts';
import type { Address, Signature } from '../core/ids.ts';
import { type RecordedFact, takeReading } from '../core/reading.ts';
import { at, type Sql, type Transaction, toJson, violates } from './database.ts';
import { readBody } from './facts.ts';

type FactRow = {
  subscriber_id: string;
  account: Address;
  slot: bigint;
  ordinal: number;
  block_index: number | null;
  kind: Fact['body']['kind'];
  finality: Finality;
  body: unknown;
};

async function recorded(tx: Transaction, signature: Signature): Promise<RecordedFact[]> {
  const rows = await tx<FactRow[]>`
    select subscriber_id, account, slot, ordinal, block_index, kind, finality, body from fact
    where signature = ${signature}`;
  return rows.map((row) => ({
    finality: row.finality,
    fact: {
      subscriberId: row.subscriber_id,
      account: row.account,
      signature,
      position: { slot: Number(row.slot), blockIndex: row.block_index, ordinal: row.ordinal },
      body: readBody(row.kind, row.body),
    },
  }));
}

const placeOf = ({ subscriberId, account, position: { ordinal } }: Fact): string =>
  `${subscriberId} ${account} ${ordinal}`;

/**
 * Inserts the facts of a reading, or updates the facts at their places. Returns the subscribers of
 * those that changed.
 */
async function putFacts(
  tx: Transaction,
  facts: readonly Fact[],
  finality: string,
  blockAt: Date | null,
): Promise<string[]> {
  if (facts.length === 0) return [];
  // One statement cannot write a place twice, so facts of one place are written one after another.
  if (new Set(facts.map(placeOf)).size < facts.length) {
    const changed: string[] = [];
    for (const fact of facts) changed.push(...(await putFacts(tx, [fact], finality, blockAt)));
    return changed;
  }
  const rows = facts.map(({ body: { kind, ...body }, position, ...fact }) => ({
    subscriber_id: fact.subscriberId,
    account: fact.account,
    signature: fact.signature,
    slot: position.slot,
    ordinal: position.ordinal,
    block_index: position.blockIndex,
    kind,
    body,
  }));
  const changed = await tx<{ subscriber_id: string }[]>`
    insert into fact (subscriber_id, account, signature, slot, ordinal, block_index, kind, finality, body, block_at)
    select subscriber_id, account, signature, slot, ordinal, block_index, kind, ${finality}, body, ${blockAt}::timestamptz
    from jsonb_to_recordset(${tx.json(toJson(rows))}) as f(subscriber_id text, account text, signature text, slot bigint,
      ordinal int, block_index int, kind text, body jsonb)
    on conflict (subscriber_id, signature, slot, ordinal, account) do update
      set finality = excluded.finality, block_at = coalesce(excluded.block_at, fact.block_at),
        kind = case when fact.finality = 'finalized' then fact.kind else excluded.kind end,
        body = case when fact.finality = 'finalized' then fact.body else excluded.body end,
        block_index = case when fact.finality = 'finalized' then coalesce(fact.block_index, excluded.block_index)
          else coalesce(excluded.block_index, fact.block_index) end
      where (fact.finality <> 'finalized'
          and (fact.finality, fact.kind, fact.body) is distinct from (excluded.finality, excluded.kind, excluded.body))
         or (fact.block_index is null and excluded.block_index is not null)
    returning subscriber_id`;
  return changed.map((row) => row.subscriber_id);
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

/**
 * Violated when another final transaction has recorded the same fill: one of the two is not on our
 * chain.
 */
const FILL_ONCE = 'fact_fill_once';

/**
 * Creates the functions that record readings, and withdraw the facts of a transaction that a fork
 * dropped.
 */
export function createReadings(sql: Sql): Pick<Sightings, 'record' | 'drop'> {
  return {
    async record({
      signature,
      slot,
      finality,
      facts,
      dueMs,
      nowMs,
      insist,
      readWith,
      blockTimeMs,
    }) {
      const blockAt = blockTimeMs == null ? null : at(blockTimeMs);
      try {
        return await sql.begin(async (tx): Promise<Settled> => {
          const [row] = await tx<{ final: boolean }[]>`
            select status = 'finalized' or finalized_at is not null as final from sighting
            where signature = ${signature} for update`;
          const [list] = await tx<{ revision: bigint }[]>`select revision from watch_list`;
          const revision = Number(list?.revision ?? 0n);
          if (readWith !== undefined && (await isStale(tx, readWith, revision)))
            return { outcome: 'stale', changed: [] };
          const known = await recorded(tx, signature);
          const isFinal = row?.final ?? false;
          const taking = takeReading(
            known,
            { slot, finality, facts },
            { isFinal, insist: insist ?? false },
          );
          if (taking.outcome === 'superseded')
            await tx`
              update sighting set finalized_at = coalesce(finalized_at, ${at(nowMs)}) where signature = ${signature}`;
          if (taking.outcome !== 'recorded') return { outcome: taking.outcome, changed: [] };
          const changed = new Set<string>();
          for (const fact of taking.withdraw) {
            await withdraw(tx, fact);
            changed.add(fact.subscriberId);
          }
          for (const id of await putFacts(tx, taking.put, finality, blockAt)) changed.add(id);
          await tx`
            update sighting set status = ${finality}, slot = ${slot}, due_at = ${at(dueMs)}, settled_at = ${at(nowMs)},
              settled_revision = ${readWith?.listRevision ?? revision}, attempts = 0, absent_at = null,
              finalized_at = case when ${finality === 'finalized'} then coalesce(finalized_at, ${at(nowMs)}) else finalized_at end
            where signature = ${signature} and status <> 'finalized'`;
          if (finality === 'finalized')
            await tx`delete from sighting_account where signature = ${signature}`;
          return { outcome: 'recorded', changed: [...changed] };
        });
      } catch (thrown) {
        if (violates(thrown, FILL_ONCE)) return { outcome: 'contradicted', changed: [] };
        throw thrown;
      }
    },
    drop: (signature) =>
      sql.begin(async (tx) => {
        const rows = await tx<{ subscriber_id: string }[]>`
          update fact set finality = 'withdrawn' where signature = ${signature} and finality = 'confirmed'
          returning subscriber_id`;
        await tx`delete from sighting_account where signature = ${signature}`;
        await tx`update sighting set status = 'dropped' where signature = ${signature} and status <> 'finalized'`;
        return [...new Set(rows.map((row) => row.subscriber_id))];
      }),
  };
}
