// Terms order: a close that is booked stays under the terms that it was booked under, and a close
// whose terms change while it is booked is read again.
import { expect, test } from 'vitest';
import { accrualOf } from '../../src/core/accrual.ts';
import { partsFollow } from '../../src/core/receipt-close.ts';
import { accrueCloses } from '../../src/flows/accrue.ts';
import { createGenesis } from '../../src/ledger/genesis.ts';
import { createReceiptBook } from '../../src/ledger/receipts.ts';
import { silentLog } from '../../src/system/log.ts';
import { trading } from '../support/hidden-trading.ts';
import { addressOf, CREATOR, createTestLedger, type TestLedger } from '../support/ledger.ts';
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
