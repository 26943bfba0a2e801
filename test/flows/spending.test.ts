// Spending: small debts wait for their cost, and the sponsor stops giving to whom it has given
// enough, on the whole daemon.
import { createCloseAccountInstruction, getAssociatedTokenAddressSync } from '@solana/spl-token';
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { USDC } from '../../src/local/drift/addresses.ts';
import { transferUsdc } from '../../src/local/driver.ts';
import { costsIn, recipientsIn } from '../support/rows.ts';
import { openStreet, profitableClose, unscheduled } from '../support/street.ts';

const SOL = 1_000_000_000n;

test('a debt of some base units waits, and is paid when a withdrawal is asked for', async () => {
  await using street = await openStreet({ settings: unscheduled() });
  const { driver } = street;
  const creator = Keypair.generate().publicKey;
  driver.giveUsdc(creator, 1n);
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: SOL });
  await street.subscribe('ana', trader, creator, 1);
  profitableClose(driver, trader, 10_000_000n);
  const small = await street.share('ana', (each) => each.reason?.code === 'below_cost');
  expect(small.reason?.class).toBe('accumulating');
  const { body } = await street.post('/v1/subscribers/ana/clearances', {
    purpose: 'withdraw',
    amount: '1000000',
  });
  expect(body.status).toBe('cleared');
  expect(driver.usdcOf(creator)).toBe(1n + BigInt(small.amount));
});

test('the sponsor stops at the budget of a subscriber; the others are paid, and SOL of its own pays the first', async () => {
  const sponsor = Keypair.generate();
  await using street = await openStreet({
    sponsor,
    settings: (given) => ({
      ...unscheduled()(given),
      sponsor: { ...given.sponsor, lamportsPerSubscriberADayMost: '25000' },
    }),
  });
  const { driver, database } = street;
  driver.giveSol(sponsor.publicKey, SOL);
  const creator = Keypair.generate().publicKey;
  driver.giveUsdc(creator, 1n);
  const [ana, bo] = [1, 2].map(() => driver.createTrader({ deposit: 1_000_000_000n }));
  if (ana === undefined || bo === undefined) throw new Error('unreachable');
  await street.subscribe('ana', ana, creator);
  await street.subscribe('bo', bo, creator);
  const paid = async (n: number) =>
    expect
      .poll(
        async () => (await street.shares('ana')).filter((each) => each.status === 'paid').length,
      )
      .toBe(n);
  for (const n of [1, 2]) {
    profitableClose(driver, ana);
    await paid(n);
  }
  await expect.poll(async () => (await costsIn(database)).length).toBe(2);
  profitableClose(driver, ana);
  const refused = await street.share('ana', (each) => each.reason !== null);
  expect(refused.reason).toMatchObject({ class: 'needs_sol', code: 'sponsor_subscriber_spent' });
  profitableClose(driver, bo);
  await street.share('bo', (each) => each.status === 'paid');
  street.sendSol(ana.agent.publicKey, BigInt(refused.reason?.lamports ?? '0'));
  await paid(3);
});

test('an account that the creator closes between simulation and block counts as opened: by what landed, not by the plan', async () => {
  await using street = await openStreet({
    settings: unscheduled({ creationsMost: 1 }),
  });
  const { driver, database, world } = street;
  const { mischief } = world;
  const creator = Keypair.generate();
  driver.giveUsdc(creator.publicKey, 1n);
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: SOL });
  await street.subscribe('ana', trader, creator.publicKey);
  const own = getAssociatedTokenAddressSync(USDC, creator.publicKey);
  // The first send is lost, and the account is closed before the second one.
  mischief.onSend = {
    when: 'before',
    act() {
      mischief.onSend = null;
      transferUsdc(driver, creator, driver.faucet.publicKey, 1n);
      driver.send(
        [createCloseAccountInstruction(own, creator.publicKey, creator.publicKey)],
        [driver.faucet, creator],
      );
    },
  };
  profitableClose(driver, trader);
  await street.share('ana', (each) => each.status === 'paid');
  expect(await recipientsIn(database)).toMatchObject([{ createAccount: false }]);
  await expect
    .poll(async () => (await recipientsIn(database)).map(({ rent }) => (rent ?? 0n) > 0n))
    .toEqual([true]);
});
