// Database: checks that Postgres answers, is the primary, takes writes, passes notifications on and
// has the settings of a session; that the database has every migration of this release; and that
// the daemon's role has every right on the tables.
import { type Finding, fine, odd, wrong } from '../core/doctor-finding.ts';
import { messageOf } from '../core/fault.ts';
import { ledgerFault } from '../core/ledger-fault.ts';
import type { Clock } from '../core/ports.ts';
import type { Sql } from '../ledger/database.ts';
import { hasLedger, pendingMigrations } from '../ledger/migrate.ts';
import { passesNotifications } from '../ledger/notifications.ts';
import { type Pools, requireSame } from '../ledger/pools.ts';
import { lackingRights, rightsText } from '../ledger/rights.ts';
import { skewOf } from './clock.ts';

const SKEW_MS_MOST = 10_000;

type Row = {
  readonly version: string;
  readonly now: Date;
  readonly replica: boolean;
  readonly refuses: boolean;
  readonly encoding: string;
  readonly patience: string;
  readonly joins: string;
};
const asLedgerFault = (thrown: unknown): never => {
  throw ledgerFault(thrown);
};

/** The findings on the connections that need a session of Postgres. Never rejects. */
async function ofSessions({ sql, direct }: Pick<Pools, 'sql' | 'direct'>): Promise<Finding[]> {
  try {
    await requireSame({ sql, direct });
    if (await passesNotifications(direct)) return [];
  } catch (thrown) {
    return [
      wrong(
        'postgres',
        messageOf(ledgerFault(thrown)),
        'Check BAILIFF_DIRECT_DATABASE_URL, or DATABASE_URL where that is not set.',
      ),
    ];
  }
  return [
    wrong(
      'postgres',
      'a notification did not come back: there is a pooler in transaction mode in between',
      'Let BAILIFF_DIRECT_DATABASE_URL reach Postgres itself, or a pooler in session mode.',
    ),
  ];
}

/** The findings on the server. Throws a Fault when Postgres does not answer at DATABASE_URL. */
export async function ofDatabase(
  { sql, direct }: Pick<Pools, 'sql' | 'direct'>,
  clock: Clock,
): Promise<Finding[]> {
  const [row] = await sql<Row[]>`
    select current_setting('server_version') as version, now(), pg_is_in_recovery() as replica,
      current_setting('transaction_read_only') = 'on' as refuses,
      current_setting('server_encoding') as encoding,
      current_setting('statement_timeout') as patience, current_setting('enable_hashjoin') as joins`.catch(
    asLedgerFault,
  );
  if (row === undefined) throw new Error('Postgres answered nothing');
  const found: Finding[] = [fine('postgres', `Postgres ${row.version} answers`)];
  if (row.replica)
    found.push(wrong('postgres', 'this is a read replica', 'Let DATABASE_URL name the primary.'));
  else if (row.refuses)
    found.push(
      wrong(
        'postgres',
        'it takes no writes: default_transaction_read_only is on for this server, database or role',
        'Look whether its disk is full: a managed Postgres sets this then, and takes it back once there is room. Else: alter database … (or: alter role …) reset default_transaction_read_only, and alter system likewise.',
      ),
    );
  if (row.encoding !== 'UTF8')
    found.push(
      wrong('postgres', `the database is ${row.encoding}`, 'Make it anew with encoding UTF8.'),
    );
  found.push(...(await ofSessions({ sql, direct })));
  if (row.patience === '0')
    found.push(
      odd(
        'postgres',
        'no statement_timeout is in force, because a pooler takes none from a daemon',
        "Set it for the role: alter role … set statement_timeout = '120s', and idle_in_transaction_session_timeout alike.",
      ),
    );
  if (row.joins === 'on')
    found.push(
      odd(
        'postgres',
        'Postgres may read whole tables for single rows, because a pooler takes no settings from a daemon',
        'Set them for the role: alter role … set enable_hashjoin = off, and the others that docs/operating.md lists.',
      ),
    );
  return [...found, ...skewOf('Postgres', row.now.getTime(), clock.nowMs(), SKEW_MS_MOST)];
}

/**
 * The finding on migrations: `ok` when the database has every one of this release. Throws
 * `database_newer` and `migration_changed`.
 */
export async function ofMigrations(sql: Sql): Promise<Finding> {
  const pending = await pendingMigrations(sql);
  if (pending.length === 0) return fine('migrations', 'the database is of this release');
  return (await hasLedger(sql))
    ? odd(
        'migrations',
        `${pending.join(', ')} not applied yet`,
        'Stop all daemons, take a backup, and run: bailiff migrate. A daemon that starts does it, too; no other command does.',
      )
    : odd(
        'migrations',
        'this database has no ledger',
        'Look whether DATABASE_URL names the right database. A daemon that starts makes a ledger, and so does: bailiff migrate.',
      );
}

/** Whether the role of DATABASE_URL has the rights on the tables without which no daemon starts. */
export async function ofRights(sql: Sql): Promise<Finding[]> {
  const lacking = await lackingRights(sql);
  return [
    lacking.length === 0
      ? fine('rights', 'the user of DATABASE_URL has every right on the tables that is needed')
      : wrong(
          'rights',
          `the user of DATABASE_URL lacks ${rightsText(lacking)}`,
          'Grant them, or let that user own the database.',
        ),
  ];
}
