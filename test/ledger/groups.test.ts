// Groups: work for many subscribers of a burst shares transactions, and a bad row fails
// for its own subscriber only. Each test asks for many at the same moment, with one bad among them.
import { expect, test } from 'vitest';
import { accrualOf } from '../../src/core/accrual.ts';
import type { Fact } from '../../src/core/fact.ts';
import type { Payment } from '../../src/core/payment.ts';
import type { Ledger } from '../../src/core/ports.ts';
import { accrueCloses } from '../../src/flows/accrue.ts';
import { among, together } from '../../src/ledger/groups.ts';
import { createLedger } from '../../src/ledger/ledger.ts';
import { silentLog } from '../../src/system/log.ts';
import {
  addressOf,
  CREATOR,
  closeFact,
  createTestLedger,
  signatureOf,
  type TestLedger,
} from '../support/ledger.ts';
import { paymentOfDebts } from '../support/payment.ts';
import { NOTHING_HELD, termsOf } from '../support/terms.ts';

const MANY = 40;
const BAD = 7;
const others = Array.from({ length: MANY }, (_, n) => n).filter((n) => n !== BAD);
const driftOf = (n: number) => addressOf(100 + n);
const idOf = (n: number): string => `s${n}`;

async function settled(ledger: Ledger): Promise<void> {
  for (let n = 0; n < MANY; n++) {
    await ledger.subscribers.register({
      id: idOf(n),
      agentWallet: addressOf(300 + n),
      agentTokenAccount: addressOf(400 + n),
      driftAccounts: [{ address: driftOf(n), subAccountId: 0 }],
      sealedKey: Uint8Array.of(n),
      fromSlot: 1,
    });
    await ledger.subscriptions.put({
      id: `${idOf(n)}-sub`,
      subscriberId: idOf(n),
      driftAccount: driftOf(n),
      terms: termsOf(1, CREATOR, 1_000),
      held: NOTHING_HELD,
    });
  }
}

const closeOf = (n: number): Fact =>
  closeFact(n, 10_000n + BigInt(n), { account: driftOf(n), subscriberId: idOf(n), slot: 20 });

/** Records the closes of all at the same moment, each as final. */
async function hear(ledger: Ledger, factsOf: (n: number) => readonly Fact[]) {
  const rumours = Array.from({ length: MANY }, (_, n) => ({
    signature: signatureOf(n),
    blockIndex: 0,
    accounts: [driftOf(n)],
  }));
  await ledger.sightings.note(rumours, { source: 'replay', by: 'confirmed', nowMs: 0 });
  return Promise.allSettled(
    rumours.map(({ signature }, n) =>
      ledger.sightings.record({
        signature,
        slot: 20,
        finality: 'finalized',
        facts: factsOf(n),
        dueMs: 0,
        nowMs: 0,
      }),
    ),
  );
}

const paymentFor = async ({ ledger }: TestLedger, n: number, id = `p${n}`): Promise<Payment> =>
  paymentOfDebts(await ledger.shares.due(idOf(n)), { id, subscriberId: idOf(n) });
const bytesOf = (n: number) => ({
  signature: signatureOf(600 + n),
  bytes: Uint8Array.of(n, 1, 2),
  lastValidBlockHeight: 100,
  blockhashSlot: 20,
});

type Written = 'fact' | 'profit_share' | 'payment';

/** Does work that writes a row of each of many, and expects that few transactions wrote them. */
async function inFewCommits<T>(
  { sql }: TestLedger,
  table: Written,
  work: () => Promise<T>,
): Promise<T> {
  const done = await work();
  const [row] = await sql<{ n: number }[]>`
    select count(distinct xmin::text)::int as n from ${sql(table)}`;
  expect(row?.n).toBeLessThan(MANY / 2);
  return done;
}

test('readings share transactions; one that cannot be recorded fails alone', async () => {
  await using held = await createTestLedger();
  const { ledger, sql } = held;
  await settled(ledger);
  const stranger = { ...closeOf(BAD), subscriberId: 'nobody' };
  const outcomes = await hear(ledger, (n) => [n === BAD ? stranger : closeOf(n)]);
  expect(outcomes.map((each) => each.status === 'rejected')).toEqual(
    outcomes.map((_, n) => n === BAD),
  );
  const rows = await sql<{ subscriber_id: string }[]>`select subscriber_id from fact`;
  expect(rows.map((row) => row.subscriber_id).sort()).toEqual(others.map(idOf).sort());
});

test('a fill that another transaction has told is a contradiction of its own reading alone', async () => {
  await using held = await createTestLedger();
  const { ledger } = held;
  await settled(ledger);
  const first = closeOf(1);
  const outcomes = await hear(ledger, (n) => {
    // The same fill of the same account, told by another transaction.
    if (n !== BAD) return [closeOf(n)];
    return [{ ...first, signature: signatureOf(BAD) }];
  });
  const told = outcomes.map((each) =>
    each.status === 'fulfilled' ? each.value.outcome : 'failed',
  );
  expect(told.filter((each) => each === 'contradicted')).toHaveLength(1);
  expect(told.filter((each) => each === 'recorded')).toHaveLength(MANY - 1);
});

test('closes are booked in few transactions, each with its own share', async () => {
  await using held = await createTestLedger();
  const { ledger } = held;
  await settled(ledger);
  await inFewCommits(held, 'fact', () => hear(ledger, (n) => [closeOf(n)]));
  const owing = await inFewCommits(held, 'profit_share', () => accrueCloses(ledger, silentLog));
  expect(owing.length).toBe(MANY);
  for (let n = 0; n < MANY; n++)
    expect((await ledger.shares.due(idOf(n))).map((each) => each.owed)).toEqual([
      (10_000n + BigInt(n)) / 10n,
    ]);
  expect(await accrueCloses(ledger, silentLog)).toEqual([]);
});

test('a close whose tab another daemon has changed is not booked; the others are', async () => {
  await using held = await createTestLedger();
  const { ledger, sql } = held;
  await settled(ledger);
  await hear(ledger, (n) => [closeOf(n)]);
  const closes = await ledger.shares.unaccrued(100);
  await sql`
    insert into tab (subscriber_id, subscription_id, mark_slot, carry, deficit)
    values (${idOf(BAD)}, ${`${idOf(BAD)}-sub`}, 1, 1, 1)`;
  const booked = await Promise.all(
    closes.map((close) => {
      const { fact, subscription, history } = close;
      return ledger.shares.book(close, accrualOf(fact.body, 20, subscription, history));
    }),
  );
  expect(closes.filter((_, n) => booked[n] === false).map(({ fact }) => fact.subscriberId)).toEqual(
    [idOf(BAD)],
  );
  // The close waits, and is booked by the tab as it is now.
  expect(await accrueCloses(ledger, silentLog)).toEqual([idOf(BAD)]);
});

test('payments take their steps in few transactions; one that lost its debts takes none', async () => {
  await using held = await createTestLedger();
  const { ledger, sql } = held;
  await settled(ledger);
  await hear(ledger, (n) => [closeOf(n)]);
  await accrueCloses(ledger, silentLog);
  const payments = await Promise.all(Array.from({ length: MANY }, (_, n) => paymentFor(held, n)));
  // A debt is voided between the plan of its payment and the claim.
  const [lost] = payments[BAD]?.plan.covers ?? [];
  const voiding = { reason: 'as agreed', actor: 'command', person: 'bo' };
  await ledger.shares.void(lost?.shareId ?? '', voiding, 0, null);
  const opened = await Promise.all(payments.map((each) => ledger.payments.open(each)));
  expect(opened).toEqual(payments.map((_, n) => n !== BAD));
  expect(await ledger.payments.live(idOf(BAD))).toBeNull();
  // A lane goes on from the payment that it wrote, without reading it.
  const plain = (payment: Payment | null) => ({
    ...payment,
    signed: payment?.signed && { ...payment.signed, bytes: [...payment.signed.bytes] },
  });
  const areAsLeft = async (left: (payment: Payment, n: number) => Payment): Promise<void> => {
    for (const n of others.slice(0, 3))
      expect(plain(await ledger.payments.live(idOf(n)))).toEqual(
        plain(left(payments[n] as Payment, n)),
      );
  };
  await areAsLeft((payment) => payment);
  const signed = await inFewCommits(held, 'payment', () =>
    Promise.all(payments.map(({ id }, n) => ledger.payments.signed(id, bytesOf(n), null))),
  );
  expect(signed).toEqual(opened);
  const under = await Promise.all(
    others.map((n) => ledger.payments.signed(`p${n}`, bytesOf(n), 'another database')),
  );
  expect(under.some(Boolean)).toBe(false);
  await areAsLeft((payment, n) => ({ ...payment, state: 'signed', signed: bytesOf(n) }));
  const sent = await inFewCommits(held, 'payment', () =>
    Promise.all(payments.map(({ id }, n) => ledger.payments.sent(id, bytesOf(n).signature, 5))),
  );
  expect(sent).toEqual(opened);
  await areAsLeft((payment, n) => ({ ...payment, state: 'sent', signed: bytesOf(n) }));
  const landed = await inFewCommits(held, 'payment', () =>
    Promise.all(
      payments.map(({ id }, n) => ledger.payments.landed(id, 30 + n, bytesOf(n).signature)),
    ),
  );
  expect(landed).toEqual(opened);
  expect(
    await Promise.all(
      payments.map(({ id }, n) => ledger.payments.landed(id, 30, bytesOf(n).signature)),
    ),
  ).toEqual(payments.map(() => false));
  const rows = await sql<{ subscriber_id: string; executed_slot: bigint; paid: bigint }[]>`
    select p.subscriber_id, p.executed_slot, s.paid from payment p
    join payment_share ps using (subscriber_id, payment_id) join profit_share s using (subscriber_id, share_id)
    where p.state = 'landed' and s.status = 'paid' and s.paid = ps.amount`;
  expect(new Map(rows.map((row) => [row.subscriber_id, Number(row.executed_slot)]))).toEqual(
    new Map(others.map((n) => [idOf(n), 30 + n])),
  );
});

test('of two daemons that open payments for the same debts at once, one opens each', async () => {
  await using held = await createTestLedger();
  const { ledger } = held;
  await settled(ledger);
  await hear(ledger, (n) => [closeOf(n)]);
  await accrueCloses(ledger, silentLog);
  const second = createLedger(held.sql);
  const all = Array.from({ length: MANY }, (_, n) => n);
  const mine = await Promise.all(all.map((n) => paymentFor(held, n, `a${n}`)));
  const theirs = await Promise.all(all.map((n) => paymentFor(held, n, `b${n}`)));
  const [first, other] = await Promise.all([
    Promise.all(mine.map((each) => ledger.payments.open(each))),
    Promise.all(theirs.toReversed().map((each) => second.payments.open(each))),
  ]);
  expect(first.map((each, n) => [each, other.toReversed()[n]].filter(Boolean).length)).toEqual(
    all.map(() => 1),
  );
});

test('texts with quotes, backslashes, braces and commas are found among others', async () => {
  await using held = await createTestLedger();
  const texts = ['a"b', 'a\\b', '{a,b}', 'NULL', '', ' a ', 'é', "a'b", 'a\nb'];
  for (const asked of [texts, texts.slice(0, 1), []]) {
    const rows = await held.sql<{ each: string }[]>`
      select value as each from jsonb_array_elements_text(${held.sql.json(texts)}) where value = ${among(held.sql, asked)}`;
    expect(rows.map((row) => row.each)).toEqual(asked);
  }
});

test.each([
  ['40P01', true],
  ['40001', true],
  ['55P03', true],
  ['57P01', false],
])('items whose transaction Postgres ended with %s are tried alone: %s', async (code, alone) => {
  const asked: number[] = [];
  const double = together<number, number>(
    async (given) => {
      asked.push(given.length);
      if (given.length > 1) throw Object.assign(new Error('ended'), { code });
      return given.map((each) => 2 * each);
    },
    { count: (waiting) => waiting.length },
  );
  const answers = await Promise.allSettled([double(1), double(2)]);
  expect(answers.map((each) => each.status === 'fulfilled')).toEqual([alone, alone]);
  expect(asked).toEqual(alone ? [2, 1, 1] : [2]);
});
