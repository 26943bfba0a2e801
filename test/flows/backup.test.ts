// Backup: the ledger goes back to an older copy of itself, under a running daemon and between two
// starts. Payments that the chain shows are booked, and no creator is paid twice.
import {
  createAssociatedTokenAccountIdempotentInstruction,
  createTransferCheckedInstruction,
  getAssociatedTokenAddressSync,
} from '@solana/spl-token';
import { Keypair, PublicKey, SystemProgram, TransactionInstruction } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { createOutput } from '../../src/cli/output.ts';
import { rebuild } from '../../src/cli/rebuild.ts';
import { USDC } from '../../src/local/drift/addresses.ts';
import { systemClock } from '../../src/system/clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { backUpBooks, cutConnections, loseAgentKeys } from '../support/damage.ts';
import { retryNow } from '../support/haste.ts';
import { LONG } from '../support/long.ts';
import { partsOf } from '../support/parts.ts';
import { debtsIn, paymentsIn } from '../support/rows.ts';
import { openStreet, profitableClose, type Street } from '../support/street.ts';

const memo = (text: string): TransactionInstruction =>
  new TransactionInstruction({
    programId: new PublicKey('MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr'),
    keys: [],
    data: Buffer.from(text),
  });

async function runRebuild(street: Street): Promise<number> {
  await using parts = await partsOf(street, systemClock);
  const output = createOutput({ json: true, say: () => {}, terminal: null });
  const code = await rebuild(parts, { clock: systemClock, log: silentLog, output, dryRun: false });
  return code;
}

test.runIf(LONG).each([false, true])(
  'a restored copy in which the payment is only planned pays nothing again (payments rebuild: %s)',
  async (withRebuild) => {
    await using street = await openStreet({ slotMs: 8 });
    const { driver, database, world } = street;
    const creator = Keypair.generate().publicKey;
    const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 1_000_000_000n });
    await street.subscribe('ana', trader, creator);
    // The payment is planned, and its simulation is not answered yet.
    world.mischief.failing.set('simulateTransaction', 1_000_000);
    profitableClose(driver, trader);
    await expect
      .poll(async () => (await paymentsIn(database)).map(({ state }) => state))
      .toEqual(['planned']);
    const restore = await backUpBooks(database);
    world.mischief.failing.clear();
    const share = await street.share('ana', (each) => each.status === 'paid');
    expect(driver.usdcOf(creator)).toBe(BigInt(share.amount));
    await street.stop();
    await restore();
    if (withRebuild) {
      expect(await runRebuild(street)).toBe(0);
      expect((await debtsIn(database))[0]?.status).toBe('paid');
    }
    await street.restart();
    await street.share('ana', (each) => each.status === 'paid');
    // Another close is paid as ever.
    profitableClose(driver, trader);
    await expect
      .poll(async () => (await street.shares('ana')).map((each) => each.status))
      .toEqual(['paid', 'paid']);
    const owed = (await street.shares('ana')).reduce((sum, each) => sum + BigInt(each.amount), 0n);
    expect(driver.usdcOf(creator)).toBe(owed);
  },
);

test('a running daemon whose database goes back waits, reads the chain, and pays nothing again', async () => {
  await using street = await openStreet({ slotMs: 8 });
  const { driver, database } = street;
  const creator = Keypair.generate().publicKey;
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 1_000_000_000n });
  await street.subscribe('ana', trader, creator);
  // One payment, so that the process has held its books against the chain once.
  profitableClose(driver, trader);
  await street.share('ana', (each) => each.status === 'paid');
  const giveKeyBack = await loseAgentKeys(database);
  profitableClose(driver, trader);
  const second = await street.share('ana', (each) => each.reason?.code === 'no_agent_key');
  const restore = await backUpBooks(database);
  await giveKeyBack();
  await street.share('ana', (each) => each.id === second.id && each.status === 'paid');
  const held = driver.usdcOf(creator);
  // The primary dies: every connection is cut, and the database that answers next lacks the last
  // commits.
  await restore();
  await cutConnections(database);
  await retryNow(database);
  await expect
    .poll(async () => (await street.shares('ana')).map((each) => each.status))
    .toEqual(['paid', 'paid']);
  expect(driver.usdcOf(creator)).toBe(held);
  expect(await paymentsIn(database)).toMatchObject([
    { state: 'landed', restored: false },
    { state: 'landed', restored: true },
  ]);
});

test('strangers’ memos and tiny transfers neither hold payments up nor count as payments, and a transfer by the subscriber is credited', async () => {
  await using street = await openStreet({ slotMs: 8 });
  const { driver, database } = street;
  const creator = Keypair.generate().publicKey;
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 1_000_000_000n });
  await street.subscribe('ana', trader, creator);
  const giveKeyBack = await loseAgentKeys(database);
  profitableClose(driver, trader);
  const share = await street.share('ana', (each) => each.reason?.code === 'no_agent_key');
  const amount = BigInt(share.amount);
  driver.giveUsdc(trader.agent.publicKey, 10n);
  const { faucet } = driver;
  const { agent } = trader;
  const from = getAssociatedTokenAddressSync(USDC, agent.publicKey);
  const to = getAssociatedTokenAddressSync(USDC, creator);
  for (let n = 0; n < 12; n++)
    driver.send(
      [
        SystemProgram.transfer({ fromPubkey: faucet.publicKey, toPubkey: from, lamports: 1 + n }),
        memo(`bailiff:forged${n}`),
      ],
      [faucet],
    );
  // The subscriber itself pays one unit, with a memo that looks like ours.
  driver.send(
    [
      createAssociatedTokenAccountIdempotentInstruction(faucet.publicKey, to, creator, USDC),
      createTransferCheckedInstruction(from, USDC, to, agent.publicKey, 1n, 6),
      memo('bailiff:mine'),
    ],
    [faucet, agent],
  );
  await street.stop();
  await giveKeyBack();
  await street.restart();
  await street.share('ana', (each) => each.status === 'paid');
  expect(driver.usdcOf(creator)).toBe(amount);
});
