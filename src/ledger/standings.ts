// Standings: stores the verdict on every subscriber, and the series of changes, whose revisions
// have no gap. A verdict is computed and saved in one transaction that holds the subscriber's row,
// so that an older view never overwrites a newer one. Verdicts that are asked for at the same time
// share a transaction; where that fails, each is computed in one of its own, so that a bad row
// fails the verdict on its own subscriber only.
import { upTo } from '../core/gather.ts';
import type { TopUpRule } from '../core/outflow.ts';
import type { RosterChange, RosterEntry } from '../core/roster-entry.ts';
import type { Standing } from '../core/standing.ts';
import { standingEvents, type Verdict, verdictOn } from '../core/standing-change.ts';
import type { Standings } from '../core/standing-ports.ts';
import { ONLY_USDC, type Quotes } from '../core/token.ts';
import { type Sql, type Transaction, toJson } from './database.ts';
import { among, together } from './groups.ts';
import { tellAll } from './outbox.ts';
import { readStandingHistories } from './standing-history.ts';
import { entryOf, owedColumn, type StandingRow } from './standing-rows.ts';
import { readQuotes } from './tokens.ts';

/** Rows of the roster that are held in memory at once. */
const ROWS_A_TURN = 5_000;
/** Postgres notifies this channel when a standing changes. */
export const STANDING_CHANNEL = 'bailiff_standing';

/**
 * Takes the next revisions, one for each of `count` changes, and returns the first of them. The row
 * is locked until the transaction ends and blocks every other change of a standing, so this should
 * be the last step of a transaction.
 */
export async function nextRevision(tx: Transaction, count = 1): Promise<bigint> {
  const [next] = await tx<{ last: bigint }[]>`
    update revision set last = last + ${count} returning last`;
  return (next?.last ?? 0n) - BigInt(count - 1);
}

/** Adds a subscriber to the roster in good standing, or marks the subscriber as retired. */
export async function joinStandings(
  tx: Transaction,
  subscriberId: string,
  standing: 'good' | 'retired' = 'good',
): Promise<void> {
  const revision = await nextRevision(tx);
  await tx`
    insert into standing (subscriber_id, standing, outstanding, revision) values (${subscriberId}, ${standing}, 0, ${revision})
    on conflict (subscriber_id) do update set standing = excluded.standing, outstanding = 0, owed = '[]', reason = null, evidence = null,
      owed_since = null, revision = excluded.revision`;
  await tx`
    insert into standing_change (revision, subscriber_id, standing, outstanding) values (${revision}, ${subscriberId}, ${standing}, 0)`;
  await tx`select pg_notify(${STANDING_CHANNEL}, ${subscriberId})`;
}

/** Adds new subscribers to the roster in good standing, in the order of the list. */
export async function joinAllStandings(tx: Transaction, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const first = await nextRevision(tx, ids.length);
  await tx`
    with given as (
        select id, ${first}::bigint + place - 1 as revision
        from jsonb_array_elements_text(${tx.json([...ids])}) with ordinality as t(id, place)),
      joined as (
        insert into standing (subscriber_id, standing, outstanding, revision) select id, 'good', 0, revision from given
        returning subscriber_id, revision)
    insert into standing_change (revision, subscriber_id, standing, outstanding)
    select revision, subscriber_id, 'good', 0 from joined order by revision
    returning pg_notify(${STANDING_CHANNEL}, subscriber_id)`;
}

/** The most subscribers whose standings are judged in one transaction. */
const JUDGED_TOGETHER = 32;

type Judge = Parameters<Standings['update']>[1];
type Asked = { readonly id: string; readonly judge: Judge; readonly ahead: boolean };
type Change = {
  readonly before: RosterEntry;
  readonly verdict: Standing;
  readonly changed: Verdict;
};

/**
 * Saves verdicts and their changes under the next revisions, and tells of them. Returns the saved
 * entries by subscriber.
 */
async function keep(
  tx: Transaction,
  changes: readonly Change[],
): Promise<ReadonlyMap<string, RosterEntry>> {
  const first = await nextRevision(tx, changes.length);
  const rows = changes.map(({ before, changed }, index) => ({
    revision: first + BigInt(index),
    subscriber_id: before.subscriberId,
    standing: changed.standing,
    outstanding: changed.outstanding,
    owed: owedColumn(changed.owed ?? []),
    reason: changed.reason,
    evidence: changed.evidence,
    owes: changed.owedSinceMs !== null,
  }));
  // `owed_since` is kept as it stands in the row, because a time that went through JavaScript would
  // lose its microseconds. ledger/owing.ts sets it when a debt begins to count.
  const saving = tx<Omit<StandingRow, 'agent_wallet'>[]>`
    with given as (
        select * from jsonb_to_recordset(${tx.json(toJson(rows))}) as g(revision bigint, subscriber_id text, standing text,
          outstanding bigint, owed jsonb, reason text, evidence jsonb, owes boolean)),
      changed as (
        update standing s set standing = g.standing, outstanding = g.outstanding, owed = g.owed, reason = g.reason, evidence = g.evidence,
          owed_since = case when g.owes then s.owed_since end, revision = g.revision
        from given g where s.subscriber_id = g.subscriber_id
        returning s.revision, s.subscriber_id, s.standing, s.outstanding, s.owed, s.reason, s.evidence, s.owed_since)
    insert into standing_change (revision, subscriber_id, standing, outstanding, owed, reason, evidence, owed_since)
    select revision, subscriber_id, standing, outstanding, owed, reason, evidence, owed_since from changed order by revision
    returning subscriber_id, standing, outstanding, owed, reason, evidence, owed_since, revision,
      pg_notify(${STANDING_CHANNEL}, subscriber_id)`.execute();
  const telling = tellAll(
    tx,
    changes.flatMap(({ before, verdict }, nth) =>
      standingEvents(before, verdict, first + BigInt(nth)),
    ),
  );
  const [saved] = await Promise.all([saving, telling]);
  const walletOf = new Map(changes.map(({ before }) => [before.subscriberId, before.agentWallet]));
  return new Map(
    saved.map((row) => [
      row.subscriber_id,
      entryOf({ ...row, agent_wallet: walletOf.get(row.subscriber_id) ?? '' }),
    ]),
  );
}

/**
 * Creates the store of standings. With `observing`, observed debts count. `topUp` is the rule that
 * recognises the daemon's own swaps for SOL.
 */
export function createStandings(
  sql: Sql,
  observing: boolean = false,
  topUp: TopUpRule | null = null,
): Standings {
  // Tokens are added at the start of a daemon only, and never changed.
  let known: Quotes = ONLY_USDC;
  const quotesFor = async (tx: Transaction, mints: readonly string[]): Promise<Quotes> => {
    if (mints.some((each) => !known.has(each))) known = await readQuotes(tx);
    return known;
  };
  const select = (tx: Sql | Transaction, ids: readonly string[] | null) => tx<StandingRow[]>`
    select s.subscriber_id, b.agent_wallet, s.standing, s.outstanding, s.owed, s.reason, s.evidence, s.owed_since, s.revision
    from standing s join subscriber b using (subscriber_id)
    ${ids === null ? tx`` : tx`where s.subscriber_id = ${among(tx, ids)}`}`;

  /**
   * Judges subscribers, each id once, in one transaction that holds their rows. Their histories are
   * asked for before the rows are held; Postgres answers in the order of sending, so that it reads
   * them afterwards.
   */
  const judgeTogether = (asked: readonly Asked[]): Promise<RosterEntry[]> =>
    sql.begin(async (tx) => {
      const ids = asked.map((each) => each.id);
      const quotes = (mints: readonly string[]) => quotesFor(tx, mints);
      // All daemons lock the rows in the same order, so that two of them cannot deadlock.
      const holding = tx<StandingRow[]>`
        ${select(tx, ids)} order by s.subscriber_id for update of s`.execute();
      const reading = readStandingHistories(tx, ids, { observing, topUp, quotesFor: quotes });
      const [held, histories] = await Promise.all([holding, reading]);
      const known = new Map(held.map((row) => [row.subscriber_id, entryOf(row)]));
      const unknown = ids.find((id) => !known.has(id));
      if (unknown !== undefined) throw new Error(`subscriber ${unknown} has no standing`);
      const changes = asked.flatMap(({ id, judge }): Change[] => {
        const before = known.get(id) as RosterEntry;
        const history = histories.get(id);
        if (history === undefined || before.standing === 'retired') return [];
        const verdict = judge([...history.events], history.quotes);
        const changed = verdictOn(before, verdict);
        return changed === null ? [] : [{ before, verdict, changed }];
      });
      const saved = changes.length === 0 ? known : await keep(tx, changes);
      return ids.map((id) => (saved.get(id) ?? known.get(id)) as RosterEntry);
    });
  const judged = together<Asked, RosterEntry>(
    async (asked) => {
      // A subscriber that is asked for twice is judged again after the first verdict is saved.
      const first = asked.filter(({ id }, at) => asked.findIndex((each) => each.id === id) === at);
      const entries = await judgeTogether(first);
      const found = new Map(first.map((each, index) => [each, entries[index] as RosterEntry]));
      const answers: RosterEntry[] = [];
      for (const each of asked)
        answers.push(found.get(each) ?? ((await judgeTogether([each]))[0] as RosterEntry));
      return answers;
    },
    { count: upTo(JUDGED_TOGETHER), ahead: (each) => each.ahead },
  );
  return {
    update: (id, judge, ahead = false) => judged({ id, judge, ahead }),
    roster: (take) =>
      // One snapshot: the entries are exactly those of the returned revision.
      sql.begin('isolation level repeatable read', async (tx) => {
        const [row] = await tx<{ last: bigint; nonce: string | null }[]>`
          select r.last, c.nonce from revision r left join standing_change c on c.revision = r.last`;
        await select(tx, null).cursor(ROWS_A_TURN, (rows) => take(rows.map(entryOf)));
        return { revision: row?.last ?? 0n, nonce: row?.nonce ?? null };
      }),
    async changesSince({ revision, nonce }, limit) {
      // The change at the mark itself is read too, so that one statement sees mark and changes in
      // one state of the ledger.
      const rows = await sql<(StandingRow & { nonce: string })[]>`
        select c.subscriber_id, b.agent_wallet, c.standing, c.outstanding, c.owed, c.reason, c.evidence, c.owed_since, c.revision,
               c.nonce
        from standing_change c join subscriber b using (subscriber_id)
        where c.revision >= ${nonce === null ? revision + 1n : revision} order by c.revision
        limit ${nonce === null ? limit : limit + 1}`;
      const changes = rows.map((row): RosterChange => ({ ...entryOf(row), nonce: row.nonce }));
      if (nonce === null) return changes;
      const [known, ...after] = changes;
      return known?.revision === revision && known.nonce === nonce ? after : null;
    },
    async owing() {
      const rows = await sql<{ subscriber_id: string }[]>`
        select subscriber_id from standing where outstanding > 0
        union
        select subscriber_id from profit_share where status in ('pending', 'processing', 'failed')`;
      return rows.map((row) => row.subscriber_id);
    },
    async entry(named) {
      const [owner] = await sql<{ subscriber_id: string }[]>`
        select subscriber_id from subscriber where agent_wallet = ${named}`;
      const [row] = await select(sql, [owner?.subscriber_id ?? named]);
      return row === undefined ? null : entryOf(row);
    },
  };
}
