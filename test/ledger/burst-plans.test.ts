// Burst plans: the steps from a close to its landed payment, which Postgres planned in a quiet
// hour, read no more pages after a burst in which many took the same steps in one slot, before
// Postgres has analysed the tables again.
import { expect, test } from 'vitest';
import { accrualOf } from '../../src/core/accrual.ts';
import type { Address, Signature } from '../../src/core/ids.ts';
import { judge } from '../../src/core/standing.ts';
import { USDC } from '../../src/core/token.ts';
import type { Sql } from '../../src/ledger/database.ts';
import { array } from '../../src/ledger/groups.ts';
import { createLedger } from '../../src/ledger/ledger.ts';
import { addCloses, addSubscribers } from '../bench/books.ts';
import { LONG } from '../support/long.ts';
import { ownPostgres } from '../support/own-postgres.ts';
import { pagesOf, type Questions } from '../support/pages.ts';
import { paymentOfDebts } from '../support/payment.ts';

/** Subscribers that close and pay one after another in the quiet hour, and in the burst. */
const [SINGLE, BURST] = [8, 900];
/** Pages that a step may read more of one table. */
const A_FEW = 15;
/** These ask for all closes or debts that wait, and may read all of them. */
const READ_WHOLE = ['a close is booked', 'debts that wait for a reason are listed'];
/** The slot in which all close in the burst. */
const SLOT = 5_000;
/**
 * How many pages a step may read after the burst: a quarter more and a few. Where the indexes were
 * one page each before, every row that is looked up takes a page more.
 */
const pagesMost = (before: number, paid: number): number => before * 1.25 + (paid < 100 ? 75 : 25);

const createDatabase = ownPostgres();

/** Each subscriber of books.ts from one number up to another. */
const from = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, nth) => first + nth);
const paidBy = (n: number): Signature => `y${n}_`.padEnd(88, 'z') as Signature;

/** The steps of these subscribers, in order; each takes what the one before it has left. */
function stepsOf(sql: Sql, numbers: readonly number[]) {
  const { shares, payments, costs, credits, standings, owing, subscribers } = createLedger(sql);
  const each = (step: (n: number) => Promise<unknown>) => () => Promise.all(numbers.map(step));
  return {
    'a close is booked': async () => {
      const closes = await shares.unaccrued(numbers.length);
      const booked = closes.map((close) => {
        const { fact, subscription, history } = close;
        return shares.book(close, accrualOf(fact.body, fact.position.slot, subscription, history));
      });
      expect(await Promise.all(booked)).toEqual(numbers.map(() => true));
    },
    'a subscriber who owes is judged': each((n) => standings.update(`s${n}`, judge)),
    'a lane asks whom it pays': each(async (n) => {
      expect((await subscribers.find(`s${n}`))?.id).toBe(`s${n}`);
      expect(await payments.live(`s${n}`)).toBeNull();
      expect(await credits.unmatched(`s${n}`, USDC.mint)).toBeNull();
      expect(await shares.oldestOpenSlot(`s${n}`, 'open')).not.toBeNull();
    }),
    'a payment is opened': each(async (n) => {
      const debts = await shares.due(`s${n}`);
      const given = { id: `p${n}`, subscriberId: `s${n}`, subscriptionId: `sub${n}` };
      expect(await payments.open(paymentOfDebts(debts, given))).toBe(true);
    }),
    'a payment is signed': each(async (n) => {
      const bytes = { signature: paidBy(n), bytes: Uint8Array.of(n % 256) };
      const signed = { ...bytes, lastValidBlockHeight: 1, blockhashSlot: SLOT };
      expect(await payments.signed(`p${n}`, signed)).toBe(true);
    }),
    'a payment is sent': each((n) => payments.sent(`p${n}`, paidBy(n), 0)),
    'a payment has landed': each(async (n) => {
      expect(await payments.landed(`p${n}`, SLOT, paidBy(n))).toBe(true);
    }),
    'a cost is stored': each((n) => {
      const payment = { paymentId: `p${n}`, subscriberId: `s${n}`, signature: paidBy(n) };
      return costs.record(payment, { payer: 'agent', failed: false, fee: 5_000n, opened: [] });
    }),
    'a subscriber who has paid is judged': async () => {
      await sql`
        insert into fact (subscriber_id, account, signature, slot, ordinal, kind, finality, body)
        select 's' || n, 'd' || n || repeat('x', 36), rpad('y' || n || '_', 88, 'z'), ${SLOT}, 30, 'outflow', 'finalized',
          jsonb_build_object('paymentId', 'p' || n, 'internal', false, 'amount', '1000000', 'mint', ${USDC.mint}::text, 'owner', null, 'destination', null, 'venueAccount', null, 'authority', null) from unnest(${array(sql, numbers.map(String))}) n`;
      await each((n) => standings.update(`s${n}`, judge))();
    },
    'debts that wait for a reason are listed': () => owing.waiting(),
  };
}

/** Lets these subscribers close with a profit: in one slot, or each in a slot of its own. */
async function close(sql: Sql, numbers: readonly number[], together: boolean): Promise<void> {
  const body = {
    market: 0,
    side: 'taker',
    position: 'long',
    cause: 'trade',
    baseFilled: '1',
    baseClosed: '1',
    proceeds: '11000000',
    entry: '1000000',
    grossPnl: '10000000',
    fee: '0',
    netPnl: '10000000',
    oraclePrice: '1',
    counterparty: null,
  };
  await sql`
    insert into fact (subscriber_id, account, signature, slot, ordinal, block_index, kind, finality, body)
    select 's' || n, 'd' || n || repeat('x', 36), 'x' || n || repeat('z', 80), ${together ? sql`${SLOT}` : sql`1000 + n::int`}, 20, n::int, 'close', 'finalized',
      ${sql.json(body)}::jsonb || jsonb_build_object('fillRecordId', n) from unnest(${array(sql, numbers.map(String))}) n`;
}

test.each<[number, string]>([
  [300, 'force_generic_plan'],
  ...(LONG
    ? ([
        [10, 'force_generic_plan'],
        [300, 'auto'],
      ] as [number, string][])
    : []),
])(
  'no step of a payment reads more pages after a burst, planned when %i had paid, with plan_cache_mode %s',
  async (paid, plans) => {
    await using database = await createDatabase();
    const { sql } = database;
    const take = async (numbers: readonly number[], together = true) => {
      await close(sql, numbers, together);
      return pagesOf(sql, stepsOf(sql, numbers));
    };
    await addSubscribers(sql, 1, paid + SINGLE + BURST);
    await sql`update standing set outstanding = 0`;
    await take(from(1, paid), false);
    await sql`vacuum analyze`;
    // A quiet hour: Postgres plans for good what follows a single close.
    await sql`select set_config('plan_cache_mode', ${plans}, false)`;
    for (const n of from(paid + 1, paid + SINGLE - 1)) await take([n], false);
    const few = await take([paid + SINGLE], false);
    // The burst: one takes each step while all others wait for it, then these take it together,
    // then one that meets the index entries of dead rows and marks them, then one more.
    const closing = from(paid + SINGLE + 1, paid + SINGLE + BURST);
    await close(sql, closing, true);
    const turns = [
      closing.slice(0, 1),
      closing.slice(1, -2),
      closing.slice(-2, -1),
      closing.slice(-1),
    ];
    const [ahead, together, marking, after] = turns.map((each) => stepsOf(sql, each) as Questions);
    const grown: unknown[] = [];
    for (const [name, before] of few)
      for (const steps of [ahead, together, marking, after]) {
        const step = steps?.[name];
        if (step === undefined) throw new RangeError(`no step: ${name}`);
        const pages = (await pagesOf(sql, { [name]: step })).get(name) ?? Number.NaN;
        const isMeasured = steps === after || (steps === ahead && !READ_WHOLE.includes(name));
        if (isMeasured && !(pages <= pagesMost(before, paid)))
          grown.push([name, steps === ahead ? 'ahead' : 'after', before, pages]);
      }
    expect(grown).toEqual([]);
  },
  60_000,
);

test.runIf(LONG)(
  'a booked close is compared with the debts of its own transaction, where the index of slots is the smaller one',
  async () => {
    await using database = await createDatabase();
    const { sql } = database;
    await addSubscribers(sql, 1, 2_000);
    await sql`update standing set outstanding = 0`;
    const take = async (numbers: readonly number[], together = true) => {
      await close(sql, numbers, together);
      const { 'a close is booked': booked, 'a subscriber who owes is judged': judged } = stepsOf(
        sql,
        numbers,
      );
      return pagesOf(sql, { booked, judged }, 'profit_share');
    };
    // An index keeps the size that it had, also when what was written was never committed.
    const undone = sql.begin(async (tx) => {
      await addCloses(tx, 1_500, 2_000, 40);
      throw new RangeError('undone');
    });
    await expect(undone).rejects.toThrow('undone');
    for (const n of from(1, 10)) await take([n], false);
    await sql`vacuum analyze`;
    for (const n of from(11, 20)) await take([n], false);
    const few = await take([21], false);
    await take(from(22, BURST));
    await take([BURST + 1]);
    const many = await take([BURST + 2]);
    for (const [name, pages] of many)
      expect(pages).toBeLessThanOrEqual((few.get(name) ?? 0) + A_FEW);
  },
);

test('a transfer to the creator is compared with payments by its signature, and not with the transfers of others', async () => {
  await using database = await createDatabase();
  const { sql } = database;
  await addSubscribers(sql, 1, BURST);
  await addCloses(sql, 1, BURST, 4);
  await sql`vacuum analyze`;
  const { credits } = createLedger(sql);
  const transfer = (first: number, last: number) => sql`
    insert into fact (subscriber_id, account, signature, slot, ordinal, kind, finality, body)
    select 's' || n, 't' || n || repeat('x', 36), rpad('t' || n || '_', 88, 'z'), ${SLOT}, 30, 'outflow', 'confirmed',
      jsonb_build_object('paymentId', null, 'internal', false, 'amount', '1000000', 'mint', ${USDC.mint}::text, 'owner', 'creator', 'destination', null, 'venueAccount', null, 'authority', null) from generate_series(${first}::int, ${last}::int) n`;
  const ask = (n: number) =>
    pagesOf(sql, { [n]: () => credits.unmatched(`s${n}`, 'creator' as Address) });
  await transfer(1, SINGLE);
  for (const n of from(1, SINGLE)) await ask(n);
  await transfer(SINGLE + 1, BURST);
  expect(await credits.unmatched(`s${BURST}`, 'creator' as Address)).toMatch(/^t900_/);
  expect((await ask(BURST)).get(String(BURST))).toBeLessThanOrEqual(2 * A_FEW);
});

test('a statement is planned once for a connection; a list each time, for its values', async () => {
  await using database = await createDatabase();
  const { sql } = database;
  await addSubscribers(sql, 1, 300);
  await sql`vacuum analyze`;
  const { payments, subscribers } = createLedger(sql);
  for (const n of from(1, 20)) {
    await Promise.all(from(1, n).map((each) => payments.live(`s${each}`)));
    await subscribers.list({ limit: n, after: `s${n}` });
  }
  const planned = await sql<{ of: string; anew: number; once: number }[]>`
    select substring(statement from 'from (payment|subscriber)') as of, custom_plans::int as anew, generic_plans::int as once
    from pg_prepared_statements
    where generic_plans + custom_plans >= 20 and statement ~ 'from (payment|subscriber)' order by 1`;
  expect(planned).toEqual([
    { of: 'payment', anew: 0, once: 20 },
    { of: 'subscriber', anew: 20, once: 0 },
  ]);
});
