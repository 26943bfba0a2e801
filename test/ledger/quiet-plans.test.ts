// Quiet plans: statements that Postgres planned while no transaction waited to be read stay cheap
// in a burst, before Postgres has analysed the tables again.
import { expect, test } from 'vitest';
import type { Address } from '../../src/core/ids.ts';
import { createLedger } from '../../src/ledger/ledger.ts';
import { createDatabase } from '../support/database.ts';
import { addressOf, signatureOf } from '../support/ledger.ts';

const SUBSCRIBERS = 40;
/** Transactions that were read, and those that wait to be read, before and after. */
const [READ, FEW, MANY] = [2_000, 100, 1_500];
/** How many pages a question may read where so many more transactions wait. */
const pagesMost = (before: number): number => before * 1.5 + 40;
const accountOf = (n: number): Address => addressOf(1_000 + n);

test('what is asked of single transactions and accounts reads no more pages while many wait', async () => {
  await using database = await createDatabase({ connections: 1 });
  const { sql } = database;
  const { sightings, subscribers, checks } = createLedger(sql);
  for (let n = 0; n < SUBSCRIBERS; n++)
    await subscribers.register({
      id: `s${n}`,
      agentWallet: addressOf(2_000 + n),
      agentTokenAccount: addressOf(3_000 + n),
      driftAccounts: [{ address: accountOf(n), subAccountId: 0 }],
      sealedKey: Uint8Array.of(n),
      fromSlot: 1,
    });
  let [noted, nowMs, reads] = [0, 0, 0];
  const note = async (count: number): Promise<void> => {
    const rumours = Array.from({ length: count }, () => {
      const nth = noted++;
      // The first account is the one that is asked about; few transactions name it.
      const account = count === 1 ? 0 : 1 + (nth % (SUBSCRIBERS - 1));
      return { signature: signatureOf(nth), blockIndex: 0, accounts: [accountOf(account)] };
    });
    await sightings.note(rumours, { source: 'webhook', by: 'confirmed', nowMs });
  };
  const record = (signature = signatureOf(reads++)) =>
    sightings.record({ signature, slot: 20, finality: 'finalized', facts: [], dueMs: 0, nowMs });
  const questions: Record<string, () => Promise<unknown>> = {
    'a new transaction is noted': () => note(1),
    'ten are claimed': () => {
      nowMs += 20_000;
      return sightings.claim(nowMs, 1, 10);
    },
    'one is recorded': () => record(),
    'an account is compared with its facts': () => checks.told(accountOf(0), 1, 30, nowMs),
  };
  const pagesRead = async (): Promise<number> => {
    await sql`select pg_stat_force_next_flush()`;
    const [row] = await sql<{ pages: number }[]>`
      select sum(coalesce(heap_blks_read, 0) + coalesce(heap_blks_hit, 0) + coalesce(idx_blks_read, 0)
        + coalesce(idx_blks_hit, 0))::int as pages from pg_statio_user_tables`;
    return row?.pages ?? Number.NaN;
  };
  const ask = async (): Promise<Map<string, number>> => {
    const read = new Map<string, number>();
    for (const [name, question] of Object.entries(questions)) {
      const before = await pagesRead();
      await question();
      read.set(name, (await pagesRead()) - before);
    }
    return read;
  };
  // A quiet hour: everything is read, Postgres has analysed the tables, and has planned for good.
  await note(READ);
  for (let n = 0; n < READ; n++) await record();
  await sql`vacuum analyze`;
  for (let times = 0; times < 8; times++) await ask();
  await note(FEW);
  const few = await ask();
  await note(MANY);
  const many = await ask();
  const grown = [...many].filter(([name, pages]) => !(pages <= pagesMost(few.get(name) ?? 0)));
  expect(grown).toEqual([]);
});
