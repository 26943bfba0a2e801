// Pages read: the ledger answers what the daemon asks all the time without reading more of its
// tables and indexes the more rows they have.
import { expect, test } from 'vitest';
import type { Address, Signature } from '../../src/core/ids.ts';
import { createLedger } from '../../src/ledger/ledger.ts';
import { createSideBooks } from '../../src/ledger/side-books.ts';
import { addCloses, addSubscribers, fillBooks } from '../bench/books.ts';
import { ownPostgres } from '../support/own-postgres.ts';
import { pagesOf } from '../support/pages.ts';
import { questions } from '../support/questions.ts';

/** Subscribers with 25 closes, 75 facts and 25 payments each, before and after. */
const [FEW, MANY] = [20, 120];
/** How many pages a question may read of six times the rows. */
const pagesMost = (before: number): number => before * 1.2 + 15;

const createDatabase = ownPostgres();

/** Opens books that tell how many pages each question reads. */
async function openBooks() {
  const database = await createDatabase();
  const { sql } = database;
  // A question marks the index entries of rows that have died since the last one, and reads these
  // rows for it; the second one is counted.
  const ask = async () => {
    await pagesOf(sql, questions(createLedger(sql)));
    return pagesOf(sql, questions(createLedger(sql)));
  };
  return { sql, ask, [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() };
}

test('no question of the daemon reads more pages of larger books', async () => {
  await using books = await openBooks();
  const { sql, ask } = books;
  await fillBooks(sql, 1, FEW);
  const few = await ask();
  await fillBooks(sql, FEW + 1, MANY);
  const many = await ask();
  const grown = [...many].filter(([name, pages]) => !(pages <= pagesMost(few.get(name) ?? 0)));
  expect(grown).toEqual([]);
});

test('what other daemons know of a change, and which transactions are payments, read no more pages of larger books', async () => {
  await using books = await openBooks();
  const { sql } = books;
  const { heardElsewhere, paymentsAmong } = createSideBooks(sql, false);
  const [address, subscriberId] = [`d20${'x'.repeat(36)}` as Address, 's20'];
  const [slots, signature] = [[180, 999], `x20_3${'z'.repeat(60)}` as Signature];
  const asked = {
    'what other daemons know': () => heardElsewhere([{ address, subscriberId, slots }]),
    'which are payments': () => paymentsAmong([signature]),
  };
  const ask = async () => {
    await pagesOf(sql, asked);
    return pagesOf(sql, asked);
  };
  await fillBooks(sql, 1, FEW);
  await sql`vacuum analyze`;
  const few = await ask();
  await fillBooks(sql, FEW + 1, MANY);
  const many = await ask();
  const grown = [...many].filter(([name, pages]) => !(pages <= pagesMost(few.get(name) ?? 0)));
  expect(grown).toEqual([]);
});

test('no open debt is read for those that lapse before the shortest time has passed, and no paid one for a creator', async () => {
  await using books = await openBooks();
  const { sql, ask } = books;
  await fillBooks(sql, 1, FEW);
  const before = await ask();
  // A hundred open debts that lapse after 30 days, and 2,000 paid shares of the creator.
  await addSubscribers(sql, 2_001, 4_000, 30 * 86_400_000);
  await addCloses(sql, 2_001, 4_000, 1);
  await addSubscribers(sql, 207, 207);
  await addCloses(sql, 207, 207, 2_000);
  await sql`vacuum analyze`;
  const after = await ask();
  for (const name of ['debts that lapse', 'what is owed to a creator'])
    expect(after.get(name), name).toBeLessThanOrEqual(pagesMost(before.get(name) ?? 0));
});

test('a verdict reads no more pages for a subscriber with many facts beside its closes', async () => {
  await using books = await openBooks();
  const { sql, ask } = books;
  await fillBooks(sql, 1, FEW);
  const before = (await ask()).get('a verdict') ?? Number.NaN;
  await sql`
    insert into fact (subscriber_id, account, signature, slot, ordinal, kind, finality, body)
    select f.subscriber_id, f.account, f.signature, f.slot, 1000 + n, f.kind, f.finality, f.body
    from fact f, generate_series(1, 200) n where f.subscriber_id = 's20' and f.kind = 'tally'`;
  await sql`vacuum analyze`;
  expect((await ask()).get('a verdict')).toBeLessThanOrEqual(pagesMost(before));
});
