// Quiet plans: statements that Postgres planned in a quiet hour, while no transaction waited to be
// read, or while hardly anything was closed and paid, stay cheap in a burst, before Postgres has
// analysed the tables again.
import { expect, test } from 'vitest';
import type { Address } from '../../src/core/ids.ts';
import type { Sql } from '../../src/ledger/database.ts';
import { createLedger } from '../../src/ledger/ledger.ts';
import { addCloses, addSubscribers } from '../bench/books.ts';
import { createDatabase } from '../support/database.ts';
import { addressOf, signatureOf } from '../support/ledger.ts';
import { LONG } from '../support/long.ts';
import { pagesOf, type Questions } from '../support/pages.ts';
import { questions as questionsOn } from '../support/questions.ts';

const SUBSCRIBERS = 40;
/** Transactions that were read, and those that wait to be read, before and after. */
const [READ, FEW, MANY] = [2_000, 100, 1_500];
/** How many pages a question may read where so many more transactions wait. */
const pagesMost = (before: number): number => before * 1.5 + 40;
/** The subscriber that is asked about, and the last one of those that close after it. */
const [ASKED, CLOSING] = [20, 1_020];
/** The questions that a lane, or a verdict, asks for each close. */
const OFTEN = [
  'a verdict',
  'what was signed within a day',
  'since when a subscriber owes',
  'the payment on its way',
];
const NONE = (): never => expect.fail('no such question');
const accountOf = (n: number): Address => addressOf(1_000 + n);

/** The pages of a recording: three indexes, and the rows of its transaction and its account. */
const RECORD_PAGES_MOST = 60;

/** The questions that read many more pages than before, with the pages before and after. */
const grownFrom = (
  few: ReadonlyMap<string, number>,
  many: ReadonlyMap<string, number>,
): readonly (readonly [string, number, number])[] =>
  [...many].flatMap(([name, pages]) => {
    const before = few.get(name) ?? 0;
    return pages <= pagesMost(before) ? [] : [[name, before, pages] as const];
  });

/** A ledger with subscribers, in which transactions are noted and recorded in one order. */
async function openQueue(sql: Sql) {
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
  const questions: Questions = {
    'a new transaction is noted': () => note(1),
    'ten are claimed': () => {
      nowMs += 20_000;
      return sightings.claim(nowMs, 1, 10);
    },
    'one is recorded': () => record(),
    'an account is compared with its facts': () => checks.told(accountOf(0), 1, 30, nowMs),
  };
  return { note, record, questions };
}

test.runIf(LONG)(
  'what is asked of single transactions and accounts reads no more pages while many wait',
  async () => {
    await using database = await createDatabase({ connections: 1 });
    const { sql } = database;
    const { note, record, questions } = await openQueue(sql);
    const ask = () => pagesOf(sql, questions);
    // A quiet hour: everything is read, Postgres has analysed the tables, and has planned for good.
    await note(READ);
    for (let n = 0; n < READ; n++) await record();
    await sql`vacuum analyze`;
    for (let times = 0; times < 8; times++) await ask();
    await note(FEW);
    const few = await ask();
    await note(MANY);
    expect(grownFrom(few, await ask())).toEqual([]);
  },
);

test.runIf(LONG)(
  'the accounts of a transaction are found by its signature after Postgres saw none',
  async () => {
    await using database = await createDatabase({ connections: 1 });
    const { sql } = database;
    const { note, record, questions } = await openQueue(sql);
    await note(READ);
    for (let n = 0; n < READ; n++) await record();
    // Everything is read and its accounts are deleted, but nothing has cleared their pages: for
    // Postgres each index of them is large and holds no row.
    await sql`analyze`;
    await sql`set plan_cache_mode = force_generic_plan`;
    await note(MANY);
    expect((await pagesOf(sql, questions)).get('one is recorded')).toBeLessThan(RECORD_PAGES_MOST);
  },
);

/** In npm test the last one; in `npm run test:long` each. */
const PLANNED = [
  ['nine were paid', 9, 'auto'],
  ['nothing was paid, with plans for any values', 0, 'force_generic_plan'],
  ['nothing was paid', 0, 'auto'],
] as const;
test.each(LONG ? PLANNED : PLANNED.slice(-1))(
  'what is asked of one subscriber reads no more pages while many others close, planned when %s',
  async (_, paid, plans) => {
    await using database = await createDatabase({ connections: 1 });
    const { sql } = database;
    const all = questionsOn(createLedger(sql));
    const ask = () =>
      pagesOf(sql, Object.fromEntries(OFTEN.map((name) => [name, all[name] ?? NONE])));
    await addSubscribers(sql, 1, CLOSING);
    // A quiet hour: few have closed. Postgres has analysed the tables that hold rows, and has
    // planned for good.
    await addCloses(sql, ASKED - paid, ASKED, 1);
    await sql`vacuum analyze subscriber, account, standing, fact, accrual, profit_share`;
    if (paid > 0) await sql`vacuum analyze payment, payment_recipient, payment_share`;
    await sql`select set_config('plan_cache_mode', ${plans}, false)`;
    for (let times = 0; times < 8; times++) await ask();
    const few = await ask();
    await addCloses(sql, ASKED + 1, CLOSING, 1);
    // Each of their payments took tokens out of their wallets.
    await sql`
    insert into fact (subscriber_id, account, signature, slot, ordinal, kind, finality, body)
    select f.subscriber_id, f.account, f.signature, f.slot, 1000, 'outflow', 'finalized', '{"paymentId":"p","internal":false}'
    from fact f where f.subscriber_id <> 's20' and f.kind = 'close'`;
    expect(grownFrom(few, await ask())).toEqual([]);
  },
);
