// Differences: a payment on chain that the debts explain in part is booked in part. What `payments
// rebuild` tells of the rest is right to the unit, the same in a dry run, and the same in every
// run, until the missing debt is heard or a person accepts it.
import { expect, test } from 'vitest';
import { judge } from '../../src/core/standing.ts';
import { USDC } from '../../src/core/token.ts';
import { accrueCloses } from '../../src/flows/accrue.ts';
import { createBooks } from '../../src/flows/books-comparison.ts';
import { rebuildPayments } from '../../src/flows/rebuild.ts';
import { silentLog as log } from '../../src/system/log.ts';
import { loseExcesses } from '../support/damage.ts';
import { ANA, chainWith, excesses, owing, tokensWith, VENUE, WHY } from '../support/excess-play.ts';
import {
  CREATOR,
  closeFact,
  createTestLedger,
  recordFact,
  signatureOf,
  type TestLedger,
} from '../support/ledger.ts';
import { paymentOfDebts } from '../support/payment.ts';
import { eventsIn } from '../support/rows.ts';

const told = async ({ ledger }: TestLedger, amounts: readonly bigint[], dryRun: boolean) => {
  const [chain, tokens] = [chainWith(amounts), tokensWith(amounts)];
  const ports = { ledger, chain, tokens, venues: { all: [VENUE] }, log };
  const { restored, differences } = await rebuildPayments(ports, { dryRun });
  return {
    restored: restored.map((each) => each.explained),
    differences: differences.map((each) => each.excess),
  };
};
test('a dry run tells what the run then does: two payments do not share one debt', async () => {
  await using held = await createTestLedger();
  await owing(held, 60n);
  const expected = { restored: [60n], differences: [60n] };
  expect(await told(held, [60n, 60n], true)).toEqual(expected);
  expect(await told(held, [60n, 60n], false)).toEqual(expected);
  expect(await told(held, [60n, 60n], false)).toEqual({ restored: [], differences: [60n] });
});

test('a payment that debts explain in part is booked in part, and the rest with the debt that was missing', async () => {
  await using held = await createTestLedger();
  await owing(held, 60n);
  const expected = { restored: [60n], differences: [40n, 60n] };
  for (const dryRun of [true, false])
    expect(await told(held, [100n, 60n], dryRun)).toEqual(expected);
  // Every later run tells the same excess, and books nothing again.
  for (const dryRun of [true, false])
    expect(await told(held, [100n, 60n], dryRun)).toEqual({
      restored: [],
      differences: [40n, 60n],
    });
  expect(await excesses(held)).toEqual([40n, 60n]);
  expect((await held.ledger.shares.list({ limit: 9 })).map((each) => each.status)).toEqual([
    'paid',
  ]);
  expect(await held.ledger.standings.update('ana', judge)).toMatchObject({ outstanding: 0n });
  // Once the missing debt is heard, both are explained.
  await recordFact(
    held.ledger,
    closeFact(9, 1_000n, { slot: 55, account: held.driftAccount }),
    'finalized',
  );
  await accrueCloses(held.ledger, log);
  const whole = { restored: [40n, 60n], differences: [] };
  for (const dryRun of [true, false]) expect(await told(held, [100n, 60n], dryRun)).toEqual(whole);
  expect(await excesses(held)).toEqual([]);
  expect((await held.ledger.shares.list({ limit: 9 })).map((each) => each.paid).sort()).toEqual([
    100n,
    60n,
  ]);
});

test('what a subscriber paid beyond its debts pays later ones to that creator, until a person accepts it', async () => {
  await using held = await createTestLedger();
  const { ledger } = held;
  await owing(held, 60n, 30n);
  const amounts = [60n, 130n];
  const [chain, tokens] = [chainWith(amounts), tokensWith(amounts)];
  const ports = { ledger, chain, tokens, venues: { all: [VENUE] }, log };
  const books = createBooks(ports);
  const obstacle = async (of = createBooks(ports)) =>
    (await of.disagreement(ANA)) ?? of.excessTo('ana', CREATOR, USDC.mint, 50);
  for (let run = 0; run < 2; run++)
    expect(await obstacle()).toMatchObject({ code: 'payments_unknown' });
  expect(await obstacle(books)).toMatchObject({ code: 'payments_unknown' });
  // The part that debts explain is booked, once.
  expect((await ledger.shares.list({ limit: 9 })).map((each) => each.status)).toEqual([
    'paid',
    'paid',
  ]);
  expect(await excesses(held)).toEqual([100n]);
  // A debt that is booked meanwhile is covered by the payment.
  await recordFact(
    ledger,
    closeFact(8, 100n, { slot: 70, account: held.driftAccount }),
    'finalized',
  );
  await accrueCloses(ledger, log);
  // A process that has compared the debts of that time does so without reading the chain again.
  expect(await obstacle(books)).toMatchObject({ code: 'payments_unknown' });
  expect(await excesses(held)).toEqual([90n]);
  expect(await obstacle()).toMatchObject({ code: 'payments_unknown' });
  expect(await excesses(held)).toEqual([90n]);

  expect(await ledger.payments.accept(signatureOf(100), WHY)).toBeNull();
  const accepted = await ledger.payments.accept(signatureOf(101), WHY);
  expect(accepted).toMatchObject({ amount: 130n, excess: 90n, accepted: WHY });
  expect(await ledger.payments.accept(signatureOf(101), WHY)).toBeNull();
  expect(await obstacle()).toBeNull();
  const event = (await eventsIn(held)).find(({ kind }) => kind === 'payment.accepted');
  expect(event?.body).toMatchObject({ excess: '90', reason: 'a tip', person: 'bo' });
  // An accepted excess pays no debt any more: not in the books, and not for the standing.
  await recordFact(
    ledger,
    closeFact(9, 500n, { slot: 80, account: held.driftAccount }),
    'finalized',
  );
  await accrueCloses(ledger, log);
  expect(await told(held, [60n, 130n], false)).toEqual({ restored: [], differences: [] });
  expect(await obstacle()).toBeNull();
  expect(await ledger.standings.update('ana', judge)).toMatchObject({ outstanding: 50n });
  await expect(loseExcesses(held)).rejects.toThrow(/accepted excess/);
});

test('a payment beyond every debt that the ledger has ever known is booked as an excess alone', async () => {
  await using held = await createTestLedger();
  expect(await told(held, [70n], false)).toEqual({ restored: [], differences: [70n] });
  expect(await excesses(held)).toEqual([70n]);
  await owing(held, 60n);
  expect(await told(held, [70n], false)).toEqual({ restored: [60n], differences: [10n] });
});

test('of two payments with one id each is booked, and accepted by its signature', async () => {
  await using held = await createTestLedger();
  await owing(held, 60n);
  const own = tokensWith([60n, 5n]);
  const tokens: typeof own = {
    ...own,
    effectsOf: (transaction) =>
      own
        .effectsOf(transaction)
        .map((act) => (act.effect === 'memo' ? { ...act, text: 'bailiff:p1' } : act)),
  };
  const ports = {
    ledger: held.ledger,
    chain: chainWith([60n, 5n]),
    tokens,
    venues: { all: [VENUE] },
    log,
  };
  const { differences } = await rebuildPayments(ports, { dryRun: false });
  expect(differences.map((each) => each.excess)).toEqual([5n]);
  expect(await held.ledger.payments.accept(signatureOf(101), WHY)).toMatchObject({ excess: 5n });
  expect(await rebuildPayments(ports, { dryRun: false })).toMatchObject({ differences: [] });
});

test('a row of the payment itself is no difference in a dry run', async () => {
  await using held = await createTestLedger();
  await owing(held, 60n);
  await held.ledger.payments.open(paymentOfDebts(await held.ledger.shares.due('ana')));
  for (const dryRun of [true, false])
    expect(await told(held, [60n], dryRun)).toEqual({ restored: [60n], differences: [] });
});
