// Reckon: records the profit that two states of an account prove, and keeps it apart from the
// readings of transactions between the two: a reading is on record before the sum is computed, or
// is recorded beside the reckoning, by core/late-facts.ts.
import type { AccountCheck, Checks, ToldStretch } from '../core/check-ports.ts';
import type { Fact, Notice } from '../core/fact.ts';
import { isSameStretch, type Reckoned } from '../core/late-facts.ts';
import { LAST_ORDINAL } from '../core/transaction.ts';
import { askTold } from './check-steps.ts';
import { type Sql, type Transaction, toJson } from './database.ts';
import { among } from './groups.ts';
import { endUnread, putUnread, stillUnread } from './unread.ts';

/** A reckoning waits this long for readings that are being recorded. Milliseconds. */
const PATIENCE_MS = 2_000;
/** SQLSTATE for a lock that was not available within `lock_timeout`. */
const NOT_AVAILABLE = '55P03';
const LOCK = 'bailiff.reckoning';

/**
 * Keeps reckonings from being recorded until the commit; readings do not wait for each other. It is
 * the first lock of its transaction, so that a reckoning that waits for it holds none yet.
 */
export const noReckoning = (tx: Transaction) =>
  tx`select pg_advisory_xact_lock_shared(hashtextextended(${LOCK}, 0))`;

type Row = { subscriber_id: string; account: Fact['account'] } & Record<
  'slot' | 'after_slot' | 'upto_slot',
  bigint
>;

/**
 * The reckonings of the accounts of these facts whose states were compared in the slot of a fact or
 * later. Of most readings no account was checked so far, and no fact is looked at.
 */
export async function reckoningsOf(
  tx: Transaction,
  facts: readonly Fact[],
): Promise<readonly Reckoned[]> {
  if (facts.length === 0) return [];
  const accounts = [...new Set(facts.map((each) => each.account))];
  const first = Math.min(...facts.map((each) => each.position.slot));
  const rows = await tx<Row[]>`
    select f.subscriber_id, f.account, f.slot, (f.body ->> 'afterSlot')::bigint as after_slot, (f.body ->> 'uptoSlot')::bigint as upto_slot
    from (select address from account_check where address = ${among(tx, accounts)}
      and (baseline ->> 'slot')::bigint >= ${first} offset 0) c
    cross join lateral (
      select * from fact where account = c.address and kind = 'reckoning' and kind in ('tally', 'unknown', 'reckoning') offset 0) f
    where (f.body ->> 'uptoSlot')::bigint >= ${first}`;
  return rows.map((row) => ({
    subscriberId: row.subscriber_id,
    account: row.account,
    slot: Number(row.slot),
    afterSlot: Number(row.after_slot),
    uptoSlot: Number(row.upto_slot),
  }));
}

/** Records a reckoning; false when another daemon changed what it was computed from. */
async function record(
  tx: Transaction,
  { address, subscriberId, baseline, candidate }: AccountCheck,
  netPnl: bigint,
  found: ToldStretch,
  nowMs: number,
  lost: Notice | null,
): Promise<boolean> {
  if (baseline === null || candidate === null) return false;
  await tx`select set_config('lock_timeout', ${`${PATIENCE_MS}ms`}, true)`;
  await tx`select pg_advisory_xact_lock(hashtextextended(${LOCK}, 0))`;
  const unread = found.unreadable;
  if (!(await stillUnread(tx, unread))) return false;
  const stretch = { address, afterSlot: baseline.slot, uptoSlot: candidate.slot, nowMs };
  const [now] = await askTold(tx, [stretch]);
  if (now === undefined || !isSameStretch(found, now)) return false;
  const advanced = await tx`
    update account_check set baseline = candidate, candidate = null, difference = null, unexplained_since = null,
      checked_at = now()
    where address = ${address} and (candidate->>'slot')::bigint = ${candidate.slot}
      and (baseline->>'slot')::bigint = ${baseline.slot} returning 1`;
  // A reckoning of 0 is recorded as well: its positions show what was opened or closed without a
  // record.
  if (advanced.length === 0) return false;
  const body = toJson({
    netPnl,
    afterSlot: baseline.slot,
    uptoSlot: candidate.slot,
    held: candidate.positions,
    heldBefore: baseline.positions,
  });
  await putUnread(tx, { address, subscriberId }, unread, baseline.slot);
  await endUnread(tx, address, unread, 'state');
  const { kind: _, ...notice } = lost ?? { kind: null };
  await tx`
    insert into fact (subscriber_id, account, signature, slot, ordinal, block_index, kind, finality, body)
    select subscriber_id, account, signature, slot, own.ordinal, block_index, own.kind, 'finalized', own.body
    from (select * from fact where subscriber_id = ${subscriberId} and account = ${address} and kind = 'unknown'
      and finality = 'finalized' and slot > ${baseline.slot} and slot <= ${candidate.slot}
    order by body->>'tradedAt' is null, slot desc, block_index desc nulls last, signature limit 1) last
    cross join lateral (
      select coalesce((last.body->>'tradedAt')::int, ${LAST_ORDINAL + 1}) as ordinal, 'reckoning' as kind, ${tx.json(body)}::jsonb as body
      union all select ${LAST_ORDINAL + 2}, 'notice', ${lost === null ? null : tx.json(toJson(notice))}::jsonb) own
    where own.body is not null`;
  return true;
}

/** Creates the function that records reckonings. */
export const createReckon =
  (sql: Sql): Checks['reckon'] =>
  async (account, netPnl, found, nowMs = 0, lost = null) => {
    try {
      return await sql.begin((tx) => record(tx, account, netPnl, found, nowMs, lost));
    } catch (thrown) {
      // The readings that hold the lock may be of this stretch, so the account is judged again.
      if ((thrown as { code?: unknown }).code === NOT_AVAILABLE) return false;
      throw thrown;
    }
  };
