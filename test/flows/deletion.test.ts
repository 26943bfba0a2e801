// Deletion: Drift accounts that their owner deletes, in a running daemon: profit of a deleted
// account is owed and paid, in every kind of transaction in which the account can vanish, and a gap
// outlives the account.
import { Keypair, type TransactionInstruction } from '@solana/web3.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { userAddress } from '../../src/local/drift/addresses.ts';
import type { Trader } from '../../src/local/drift/instructions.ts';
import { checksIn, factsOf } from '../support/heard-rows.ts';
import { DEPOSIT, leave, rise, traderWithFinalDeposit } from '../support/leaving-trader.ts';
import { noise } from '../support/noise.ts';
import { openStreet, type Street } from '../support/street.ts';
import { bendAccount } from '../support/venue-world.ts';

let street: Street;
const sponsor = Keypair.generate();
beforeAll(async () => {
  street = await openStreet({ sponsor });
  street.driver.giveSol(sponsor.publicKey, 10_000_000_000n);
});
afterAll(async () => street[Symbol.asyncDispose]());

const addressOf = ({ agent, subAccountId }: Trader): string =>
  userAddress(agent.publicKey, subAccountId).toBase58();
const exists = (trader: Trader): boolean =>
  street.world.cluster.bank.get(addressOf(trader)) !== null;

/** As `leave`, and the account does not exist afterwards. */
function vanish(trader: Trader, before: readonly TransactionInstruction[] = []) {
  const landed = leave(street, trader, before);
  expect(exists(trader)).toBe(false);
  return landed;
}
const walletOf = ({ agent }: Trader): bigint => street.driver.usdcOf(agent.publicKey) ?? 0n;

test('an account that vanishes in the transaction of its close, behind a cut log, owes what it earned', async () => {
  const trader = traderWithFinalDeposit(street);
  const creator = Keypair.generate().publicKey;
  await street.subscribe('ana', trader, creator);
  await street.stop();
  rise(street, trader);
  const landed = vanish(trader, noise);
  expect(landed.execution.logs).toContain('Log truncated');
  const profit = walletOf(trader) - DEPOSIT;
  expect(profit).toBeGreaterThan(20_000_000n);
  await street.restart();
  const share = await street.share('ana', (each) => each.status === 'paid');
  expect(BigInt(share.amount)).toBe(profit / 10n);
  expect(street.driver.usdcOf(creator)).toBe(profit / 10n);
});

test('a sub-account that is deleted, and the next one that is made in its place, owe for themselves', async () => {
  const { driver } = street;
  const first = traderWithFinalDeposit(street);
  const { agent } = first;
  const creator = Keypair.generate().publicKey;
  await street.subscribe('bo', first, creator);
  let owed = 0n;
  for (const subAccountId of [1, 2]) {
    const trader = { agent, subAccountId };
    const { instructions } = driver;
    driver.send(
      [
        instructions.initializeUser(agent.publicKey, driver.faucet.publicKey, subAccountId),
        instructions.transferDeposit(first, subAccountId, 400_000_000n),
      ],
      [driver.faucet, agent],
    );
    const agree = () =>
      street.post('/v1/subscribers/bo/subscriptions', {
        id: `bo-${subAccountId}`,
        subAccountId,
        creatorWallet: creator.toBase58(),
        shareBps: 1_000,
      });
    await expect.poll(async () => (await agree()).status).toBe(201);
    rise(street, trader);
    const landed = vanish(trader);
    const share = await street.share('bo', (each) => each.close.signature === landed.signature);
    expect(BigInt(share.close.netPnl)).toBeGreaterThan(20_000_000n);
    expect(BigInt(share.amount)).toBe(BigInt(share.close.netPnl) / 10n);
    owed += BigInt(share.amount);
  }
  await expect.poll(() => driver.usdcOf(creator)).toBe(owed);
});

test('a gap that was open when the account was deleted stays, and so does the doubt of the gate', async () => {
  const trader = traderWithFinalDeposit(street);
  await street.subscribe('cy', trader, Keypair.generate().publicKey);
  bendAccount(street.world, 'User', addressOf(trader), (user) => {
    user.totalWithdraws += 123_000_000n;
  });
  const gaps = async () => {
    const read = await fetch(`${street.app().url}/v1/hearing`);
    const all = ((await read.json()) as { gaps: { address: string; difference: unknown }[] }).gaps;
    return all.filter((each) => each.address === addressOf(trader));
  };
  await expect.poll(async () => (await gaps()).length).toBe(1);
  rise(street, trader);
  const { signature } = vanish(trader);
  const deletion = async () =>
    (await factsOf(street.database, 'notice')).filter(
      (each) => each.signature === signature && each.finality === 'finalized',
    );
  await expect.poll(async () => (await deletion()).length).toBe(1);
  const judged = async () =>
    (await checksIn(street.database)).filter(
      ({ address, candidate, difference }) =>
        address === addressOf(trader) && candidate?.hints.exists === false && difference !== null,
    );
  await expect.poll(async () => (await judged()).length).toBe(1);
  expect(await gaps()).toMatchObject([{ difference: { withdraws: '123000000' } }]);
  await street.verdict('cy', 'unknown');
});
