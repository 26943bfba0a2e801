// Rebuild: the payment tables are lost. The daemon notices on chain that something was paid,
// refuses to pay, and the command makes the books whole from the chain alone. No creator is paid
// twice.
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { createOutput } from '../../src/cli/output.ts';
import { rebuild } from '../../src/cli/rebuild.ts';
import { createBooks } from '../../src/flows/books-comparison.ts';
import { systemClock } from '../../src/system/clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { loseAgentKeys, loseDebts, losePayments, reopenDebts } from '../support/damage.ts';
import { partsOf } from '../support/parts.ts';
import { paymentsIn, recipientsIn } from '../support/rows.ts';
import { openStreet, profitableClose, type Street } from '../support/street.ts';

/** The payments are gone, and the debts stand as before them: a lost disk, or an old backup. */
async function loseWhatWasPaid(database: Street['database']): Promise<void> {
  await losePayments(database);
  await reopenDebts(database);
}

async function rebuilt(street: Street, dryRun: boolean) {
  await using parts = await partsOf(street, systemClock);
  const said: string[] = [];
  const output = createOutput({ json: true, say: (text) => said.push(text), terminal: null });
  const code = await rebuild(parts, { clock: systemClock, log: silentLog, output, dryRun });
  return {
    code,
    document: JSON.parse(said.join('\n')) as {
      restored: { id: string; explained: string }[];
      differences: unknown[];
    },
  };
}

test('after total loss of the payments nothing is paid twice, and the chain makes the books whole', async () => {
  await using street = await openStreet({ slotMs: 8 });
  const { driver, database } = street;
  const creators = [Keypair.generate().publicKey, Keypair.generate().publicKey];
  // Bo's share is split: the house is paid by the same transactions.
  const house = Keypair.generate().publicKey;
  const traders = creators.map(() =>
    driver.createTrader({ deposit: 1_000_000_000n, lamports: 1_000_000_000n }),
  );
  for (const [index, id] of ['ana', 'bo'].entries())
    await street.subscribe(id, traders[index] as never, creators[index] as never, 2_000, {
      splits: id === 'bo' ? [{ wallet: house.toBase58(), shareBps: 1_000 }] : [],
    });
  const paidTo = (id: string) =>
    (id === 'bo' ? [creators[1], house] : [creators[0]]).reduce(
      (sum, each) => sum + (driver.usdcOf(each as never) ?? 0n),
      0n,
    );
  const owed = async (id: string) =>
    (await street.shares(id)).reduce((sum, each) => sum + BigInt(each.amount), 0n);
  const allPaid = (id: string, count: number) =>
    expect
      .poll(
        async () =>
          (await street.shares(id)).filter((each) => each.status === 'paid').length === count,
      )
      .toBe(true);
  for (let n = 1; n <= 2; n++) {
    for (const trader of traders) profitableClose(driver, trader);
    await allPaid('ana', n);
    await allPaid('bo', 2 * n);
  }
  // A stranger's memo on the agent's account is not taken for a payment, and stops nothing.
  const received = async () =>
    (await recipientsIn(database))
      .filter(({ subscriberId }) => subscriberId === 'bo')
      .map(({ paymentId, creatorWallet, amount }) => ({ paymentId, creatorWallet, amount }));
  const paid = await received();
  const both = [creators[1]?.toBase58(), house.toBase58()];
  expect(paid.map((each) => each.creatorWallet)).toEqual([...both, ...both]);
  expect(new Set(paid.map((each) => each.paymentId)).size).toBe(2);
  const known = (await paymentsIn(database)).map(({ paymentId }) => paymentId);
  await street.stop();
  await loseWhatWasPaid(database);
  const dry = await rebuilt(street, true);
  expect(dry.code).toBe(0);
  expect(await paymentsIn(database)).toEqual([]);
  const { code, document } = await rebuilt(street, false);
  expect(code).toBe(0);
  expect(document.restored.map((each) => each.id).sort()).toEqual([...known].sort());
  expect((await rebuilt(street, false)).document.restored).toEqual([]);
  // Lost once more: without the command the daemon itself books what the chain shows, before it
  // pays anything.
  await loseWhatWasPaid(database);
  await street.restart();
  profitableClose(driver, traders[0] as never);
  await allPaid('ana', 3);
  await allPaid('bo', 4);
  for (const id of ['ana', 'bo']) expect(paidTo(id), id).toBe(await owed(id));
  const own = (await street.shares('bo')).filter((each) => each.recipient === 1);
  expect(driver.usdcOf(house)).toBe(own.reduce((sum, each) => sum + BigInt(each.amount), 0n));
  // Each recipient is known again, with its part.
  expect(await received()).toEqual(paid);
  await street.standing('ana', 'good');
});

test('payments beyond every known debt are a difference, which the command tells', async () => {
  await using street = await openStreet({ slotMs: 8 });
  const { driver, database } = street;
  const creator = Keypair.generate().publicKey;
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 1_000_000_000n });
  await street.subscribe('ana', trader, creator);
  profitableClose(driver, trader);
  await street.share('ana', (each) => each.status === 'paid');
  await street.stop();
  await loseWhatWasPaid(database);
  await loseDebts(database);
  const { code, document } = await rebuilt(street, false);
  expect(code).toBe(3);
  expect(document.differences).toHaveLength(1);
  expect(document.restored).toHaveLength(0);
  const restored = await paymentsIn(database);
  expect(restored).toHaveLength(1);
  expect(restored[0]?.excess).toBe(restored[0]?.amount);
});

test('an older debt that is heard of later has the chain asked again', async () => {
  await using street = await openStreet({ slotMs: 8 });
  const { driver, database } = street;
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 1_000_000_000n });
  await street.subscribe('ana', trader, Keypair.generate().publicKey);
  profitableClose(driver, trader);
  const first = await street.share('ana', (each) => each.status === 'paid');
  await loseAgentKeys(database);
  profitableClose(driver, trader);
  await street.share('ana', (each) => each.reason?.code === 'no_agent_key');
  await street.stop();
  await losePayments(database);
  await using parts = await partsOf(street, systemClock);
  const { ledger, venues, tokens } = parts;
  const booksOf = (chain: typeof parts.chain) =>
    createBooks({ ledger, venues, chain, tokens, log: silentLog });
  const books = booksOf(parts.chain);
  const ana = await ledger.subscribers.find('ana');
  if (ana === null) throw new Error('ana is gone');
  // Only the younger debt is open, and nothing was paid since its close.
  expect(await books.disagreement(ana)).toBeNull();
  expect(await paymentsIn(database)).toEqual([]);
  await reopenDebts(database, first.id);
  // A node that names the transaction and cannot show it has not said that it is no payment.
  const blind = { ...parts.chain, transaction: async () => null };
  await expect(booksOf(blind).disagreement(ana)).rejects.toMatchObject({
    code: 'rpc_unavailable',
  });
  // A payment that is not final yet is not booked, and nothing is signed meanwhile.
  const early = {
    ...parts.chain,
    signatures: async (...given: Parameters<typeof parts.chain.signatures>) =>
      given[3] === 'finalized' ? [] : parts.chain.signatures(...given),
  };
  expect(await booksOf(early).disagreement(ana)).toMatchObject({ code: 'payments_not_final' });
  expect(await books.disagreement(ana)).toBeNull();
  expect((await ledger.shares.find(first.id))?.status).toBe('paid');
});
