// Writes sql/schema.sql from a database that the migrations of this checkout make.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openDatabase } from '../../src/ledger/database.ts';
import { migrate } from '../../src/ledger/migrate.ts';
import { openPostgres } from '../../src/local/postgres.ts';
import { systemClock } from '../../src/system/clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { dumpSchema } from './schema-dump.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'bailiff-schema-'));
const server = await openPostgres({ folder, clock: systemClock, log: silentLog });
const sql = openDatabase(server.url, silentLog, 1);
await migrate(sql, silentLog);
writeFileSync(new URL('../../sql/schema.sql', import.meta.url), await dumpSchema(sql));
await sql.end();
await server.close();
for (const each of [folder, server.home]) rmSync(each, { recursive: true, force: true });
