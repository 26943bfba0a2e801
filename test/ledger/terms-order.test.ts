// Terms order: a close that is booked stays under the terms that it was booked under, and a close
// whose terms change while it is booked is read again.
import { expect, test } from 'vitest';
import { accrualOf } from '../../src/core/accrual.ts';
import { partsFollow } from '../../src/core/receipt-close.ts';
import { accrueCloses } from '../../src/flows/accrue.ts';
import { createAccruals } from '../../src/ledger/accruals.ts';
import { createGenesis } from '../../src/ledger/genesis.ts';
import { createLedger } from '../../src/ledger/ledger.ts';
import { createReceiptBook } from '../../src/ledger/receipts.ts';
import { silentLog } from '../../src/system/log.ts';
import { trading } from '../support/hidden-trading.ts';
import { addressOf, CREATOR, createTestLedger, type TestLedger } from '../support/ledger.ts';
import { beside, meanwhile } from '../support/meanwhile.ts';
import { NOTHING_HELD, termsOf } from '../support/terms.ts';

const agree = ({ ledger, driftAccount }: TestLedger, fromSlot: number, shareBps: number) =>
  ledger.subscriptions.put({
    id: 'ana-sub',
    subscriberId: 'ana',
    driftAccount,
    held: NOTHING_HELD,
    terms: termsOf(fromSlot, CREATOR, shareBps),
  });

/** A close in slot 40 of what was opened in slot 30, as it waits to be booked. */
async function waiting(held: TestLedger) {
  const ana = trading(held.ledger);
  await ana.begin(5);
  await ana.trade(30, 1n, 1_000n, 0n).hear();
  await ana.trade(40, -1n, 1_100n, 0n).hear();
  const [close] = await held.ledger.shares.unaccrued(1);
  if (close === undefined) throw new Error('no close');
  return { ana, close };
}

const receiptsFollow = async ({ ledger, sql }: TestLedger): Promise<boolean[]> => {
  await createGenesis(sql, 'local')(addressOf(77));
  const shares = await ledger.shares.list({ limit: 9 });
  const figures = await Promise.all(shares.map(({ id }) => createReceiptBook(sql).figures(id)));
  return figures.map((each) => each !== null && partsFollow(each));
};

test('terms that were read before a close was booked begin after that close', async () => {
  await using held = await createTestLedger();
  const { ana } = await waiting(held);
  await ana.book();
  const { terms } = await agree(held, 20, 5_000).then((saved) => saved ?? { terms: [] });
  expect(terms.map((each) => [each.fromSlot, each.shareBps])).toEqual([
    [1, 1_000],
    [41, 5_000],
  ]);
  expect(await held.ledger.shares.list({ limit: 9 })).toMatchObject([{ amount: 10n }]);
  expect(await receiptsFollow(held)).toEqual([true]);
});

test('a close whose terms were changed since it was read is booked under the changed ones', async () => {
  await using held = await createTestLedger();
  const { ana, close } = await waiting(held);
  const { fact, subscription, history } = close;
  const accrued = accrualOf(fact.body, fact.position.slot, subscription, history);
  await agree(held, 20, 5_000);
  expect(await held.ledger.shares.book(close, accrued)).toBe(false);
  await ana.check(50);
  await accrueCloses(held.ledger, silentLog);
  expect(await held.ledger.shares.list({ limit: 9 })).toMatchObject([{ amount: 50n }]);
  expect(await receiptsFollow(held)).toEqual([true]);
});

test('a subscription of a subscriber that leaves ends after its last booked close', async () => {
  await using held = await createTestLedger();
  const { ana } = await waiting(held);
  await ana.book();
  const { ledger, sql } = held;
  await sql`update profit_share set status = 'paid', paid = amount`;
  expect(await ledger.subscribers.retire('ana', 20, 0)).toBe(true);
  const ended = (await ledger.subscriptions.find('ana-sub'))?.terms.at(-1);
  expect(ended).toMatchObject({ fromSlot: 41, ended: true });
});

test('of a booking and a change of its terms at once, the change begins after the close', async () => {
  await using held = await createTestLedger();
  const { close } = await waiting(held);
  const { fact, subscription, history } = close;
  const accrued = accrualOf(fact.body, fact.position.slot, subscription, history);
  // The terms were compared; the booking is not committed yet.
  const changing = beside(held.sql, () => agree(held, 20, 5_000));
  const { book } = createAccruals(
    meanwhile(held.sql, 'insert into profit_share', changing.begin),
    held.sql`now()`,
    false,
  );
  expect(await book(close, accrued)).toBe(true);
  expect(await changing.ended()).toMatchObject([{ terms: [{ fromSlot: 1 }, { fromSlot: 41 }] }]);
  expect(await receiptsFollow(held)).toEqual([true]);
});

test('of a change of terms and a booking under them at once, the close is read again', async () => {
  await using held = await createTestLedger();
  const { ana, close } = await waiting(held);
  const { fact, subscription, history } = close;
  const accrued = accrualOf(fact.body, fact.position.slot, subscription, history);
  // The change has seen no booked close; it is not committed yet.
  const booking = beside(held.sql, () => held.ledger.shares.book(close, accrued));
  const changing = meanwhile(held.sql, 'insert into subscription_terms', booking.begin);
  const saved = await agree({ ...held, ledger: createLedger(changing) }, 20, 5_000);
  expect(saved?.terms.map((each) => each.fromSlot)).toEqual([1, 20]);
  expect(await booking.ended()).toEqual([false]);
  await ana.check(50);
  await accrueCloses(held.ledger, silentLog);
  expect(await held.ledger.shares.list({ limit: 9 })).toMatchObject([{ amount: 50n }]);
});
