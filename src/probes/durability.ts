// Durability: finds whether a commit that Postgres has acknowledged survives a crash or the loss of
// its machine. After such a loss the daemon restores payments and facts from the chain; acts of
// people are lost (docs/adr/0039-acknowledged-acts-are-compared.md).
import { type Finding, fine, odd, wrong } from '../core/doctor-finding.ts';
import type { Sql } from '../ledger/database.ts';
import { createDatabaseStates } from '../ledger/database-state.ts';

/** The settings of Postgres on commits, and the standbys that follow it. */
export type Durability = {
  readonly synchronousCommit: string;
  readonly fsync: string;
  /** `synchronous_standby_names`; empty when commits wait for no standby. */
  readonly waitedFor: string;
  readonly standbys: number;
  /**
   * The number of standbys that commits wait for; null when the role of the connection may not see
   * it.
   */
  readonly synchronous: number | null;
  readonly tellsTimeline: boolean;
};

/** Reads the settings and the replication state of the server. */
export async function readDurability(sql: Sql): Promise<Durability> {
  const [row] = await sql<
    {
      commit: string;
      fsync: string;
      names: string;
      standbys: number;
      synchronous: number;
      unseen: number;
    }[]
  >`
    select current_setting('synchronous_commit') as commit, current_setting('fsync') as fsync,
      current_setting('synchronous_standby_names') as names, count(r.pid)::int as standbys,
      count(*) filter (where r.sync_state in ('sync', 'quorum'))::int as synchronous,
      count(*) filter (where r.pid is not null and r.sync_state is null)::int as unseen
    from (select 1) one left join pg_stat_replication r on true`;
  if (row === undefined) throw new Error('Postgres answered nothing');
  return {
    synchronousCommit: row.commit,
    fsync: row.fsync,
    waitedFor: row.names,
    standbys: row.standbys,
    synchronous: row.unseen > 0 ? null : row.synchronous,
    tellsTimeline: (await createDatabaseStates(sql, () => 0).read()).told,
  };
}

const LOSES: Readonly<Record<string, string>> = {
  off: 'a crash of Postgres loses the last commits',
  local: 'commits wait for no standby, also where one is synchronous',
  remote_write: 'a crash of the standby’s machine in a failover loses the last commits',
};

function ofCommit({ synchronousCommit, fsync }: Durability): Finding {
  if (fsync !== 'on')
    return odd(
      'commits',
      'fsync is off: a crash of the machine may lose the whole database',
      'Set fsync to on.',
    );
  const loses = LOSES[synchronousCommit];
  return loses === undefined
    ? fine('commits', `synchronous_commit is ${synchronousCommit}`)
    : odd(
        'commits',
        `synchronous_commit is ${synchronousCommit}: ${loses}`,
        'Set synchronous_commit to on for the role and the database of the daemon.',
      );
}

/** Values of `synchronous_commit` under which a commit waits for no standby. */
const WAITS_FOR_NONE: readonly string[] = ['off', 'local'];
/**
 * The number of standbys that a commit waits for by `synchronous_standby_names`: `2 (a, b)`,
 * `FIRST 2 (a, b)` and `ANY 2 (a, b)` name it, and a list of names alone stands for one.
 */
const wantedIn = (names: string): number =>
  names === '' ? 0 : Number(/^\s*(?:(?:first|any)\s+)?(\d+)\s*\(/i.exec(names)?.[1] ?? 1);

function ofStandbys(told: Durability): Finding {
  const { waitedFor, standbys, synchronous, synchronousCommit } = told;
  const wanted = wantedIn(waitedFor);
  if (synchronous !== null && synchronous < wanted)
    return WAITS_FOR_NONE.includes(synchronousCommit)
      ? odd(
          'standbys',
          `commits of others wait for ${wanted} of ${waitedFor}, and ${synchronous} are connected`,
          'Start the standby, or take it out of synchronous_standby_names.',
        )
      : wrong(
          'standbys',
          `no commit ends: each waits for ${wanted} of ${waitedFor}, and ${synchronous} are connected`,
          'Start the standby, or take it out of synchronous_standby_names and reload the settings. Until then no daemon is ready, and what a command or a request changes takes minutes.',
        );
  if (standbys === 0) return fine('standbys', 'none follows, so none can be promoted');
  if (synchronous === null)
    return odd(
      'standbys',
      `standbys that follow: ${standbys}; this role may not see whether commits wait for one`,
      'Grant pg_monitor to the role of DATABASE_URL.',
    );
  if (synchronous > 0)
    return fine('standbys', `standbys that follow: ${standbys}; commits wait for ${synchronous}`);
  return odd(
    'standbys',
    `standbys that follow: ${standbys}; commits wait for none, so a failover loses the last ones, and acts of people with them`,
    'Name one in synchronous_standby_names, and promote no other.',
  );
}

/**
 * The findings on durability. One is `wrong`: a standby that commits wait for in vain. The daemon
 * runs with every other one of these settings.
 */
export function ofDurability(told: Durability): Finding[] {
  const found = [ofCommit(told), ofStandbys(told)];
  if (!told.tellsTimeline)
    found.push(
      odd(
        'timeline',
        'this database does not tell its timeline: each connection that ends makes the daemon wait 182 blocks before it signs',
        'Use PostgreSQL itself, and grant pg_monitor to the role of DATABASE_URL.',
      ),
    );
  return found;
}
