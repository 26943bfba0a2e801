// Roster: a million subscribers: the time to read all standings from Postgres, and the memory that
// each takes.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createRoster } from '../../src/core/roster.ts';
import { createPublisher } from '../../src/flows/publish.ts';
import { openDatabase } from '../../src/ledger/database.ts';
import { createLedger } from '../../src/ledger/ledger.ts';
import { migrate } from '../../src/ledger/migrate.ts';
import { openPostgres } from '../../src/local/postgres.ts';
import { systemClock as clock } from '../../src/system/clock.ts';
import { silentLog as log } from '../../src/system/log.ts';

const SUBSCRIBERS = 1_000_000;
const START_MS_MOST = 5_000;
const BYTES_MOST = 110;
const say = (text: string): boolean => process.stdout.write(`${text}\n`);

/** The bytes that this process has taken, typed arrays included. */
const bytesTaken = (): number => {
  for (let n = 0; n < 3; n++) global.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

export async function benchRoster(): Promise<boolean> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bailiff-bench-'));
  const server = await openPostgres({ folder, clock, log, settings: { fsync: 'off' } });
  const sql = openDatabase(server.url, log, 2);
  try {
    await migrate(sql, log);
    // Wallets of the length of real ones; one in fifty owes, one in a thousand has run away.
    await sql`
      insert into subscriber (subscriber_id, agent_wallet, agent_token_account)
      select 'subscriber-' || n, md5(n::text) || substr(md5('w' || n), 1, 12), 't' || n from generate_series(1, ${SUBSCRIBERS}::int) n`;
    await sql`
      insert into standing (subscriber_id, standing, outstanding, revision, owed_since, reason, evidence)
      select 'subscriber-' || n, case when n % 1000 = 0 then 'delinquent' else 'good' end, case when n % 50 = 0 then n else 0 end, n,
        case when n % 50 = 0 then now() end, case when n % 1000 = 0 then 'Withdrew 5.000000 USDC on chain.' end,
        case when n % 1000 = 0 then '{"signature":"s","slot":1,"amount":"1","what":"w","owedThen":"1"}'::jsonb end
      from generate_series(1, ${SUBSCRIBERS}::int) n`;
    await sql`update revision set last = ${SUBSCRIBERS}`;
    await sql`vacuum analyze standing`;
    await sql`vacuum analyze subscriber`;
    const ledger = createLedger(sql);
    const options = {
      staleAfterMs: 1e12,
      failOpen: false,
      outstandingMost: null,
      owedForMsMost: null,
    };
    const roster = createRoster(options);
    const publisher = createPublisher({ ledger, roster, log });
    const before = bytesTaken();
    const startedMs = performance.now();
    await publisher.hydrate();
    const tookMs = performance.now() - startedMs;
    // Memory of the driver's reading does not count for the roster.
    await sql.end({ timeout: 5 });
    const each = (bytesTaken() - before) / SUBSCRIBERS;
    if (roster.size !== SUBSCRIBERS) throw new Error(`${roster.size} subscribers`);
    const inTime = tookMs <= START_MS_MOST;
    const small = each <= BYTES_MOST;
    say(`\nRoster of ${SUBSCRIBERS} from Postgres`);
    say(
      `  hydrated in ${(tookMs / 1_000).toFixed(2)} s, stated ${START_MS_MOST / 1_000} s: ${inTime ? 'met' : 'MISSED'}`,
    );
    say(
      `  ${each.toFixed(1)} bytes a subscriber, stated ${BYTES_MOST}: ${small ? 'met' : 'MISSED'}`,
    );
    return inTime && small;
  } finally {
    await sql.end({ timeout: 5 });
    await server.close();
    for (const gone of [folder, server.home]) rmSync(gone, { recursive: true, force: true });
  }
}
