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
import { openParts } from '../../src/daemon-parts.ts';
import { USDC } from '../../src/local/drift/addresses.ts';
import { systemClock } from '../../src/system/clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { openStreet, profitableClose, type Street } from '../support/street.ts';

const memo = (text: string): TransactionInstruction =>
  new TransactionInstruction({
    programId: new PublicKey('MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr'),
    keys: [],
    data: Buffer.from(text),
  });

/** Keeps a copy of the debts and payments as they are now. */
async function backUp({ sql }: Street['database']): Promise<void> {
  for (const each of ['payment', 'payment_share', 'profit_share'])
    await sql.unsafe(`create table backup_${each} as table ${each}`);
}
/** Puts the copy back, as a restored backup or a replica without the last commits would. */
async function restore({ sql }: Street['database']): Promise<void> {
  await sql.begin(async (tx) => {
    await tx.unsafe(`set local session_replication_role = replica`);
    await tx.unsafe(`truncate payment_share, payment cascade`);
    await tx.unsafe(`delete from profit_share`);
    for (const each of ['profit_share', 'payment', 'payment_share'])
      await tx.unsafe(`insert into ${each} select * from backup_${each}`);
  });
}
async function runRebuild(street: Street): Promise<number> {
  const parts = await openParts(street.settings, systemClock, silentLog);
  const output = createOutput({ json: true, say: () => {}, terminal: null });
  const code = await rebuild(parts, { clock: systemClock, log: silentLog, output, dryRun: false });
  await parts.sql.end();
  return code;
}

test.each([false, true])(
  'a restored copy in which the payment is only planned pays nothing again (payments rebuild: %s)',
  async (withRebuild) => {
    await using street = await openStreet({ slotMs: 8 });
    const { driver, database, world } = street;
    const creator = Keypair.generate().publicKey;
    const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 1_000_000_000n });
    await street.subscribe('ana', trader, creator);
    // The payment is planned, and the call that sizes it does not come back yet.
    world.mischief.failing.set('simulateTransaction', 1_000_000);
    profitableClose(driver, trader);
    await expect
      .poll(async () => (await database.sql`select 1 from payment where state = 'planned'`).length)
      .toBe(1);
    await backUp(database);
    world.mischief.failing.clear();
    const share = await street.share('ana', (each) => each.status === 'paid');
    expect(driver.usdcOf(creator)).toBe(BigInt(share.amount));
    await street.stop();
    await restore(database);
    if (withRebuild) {
      expect(await runRebuild(street)).toBe(0);
      expect((await database.sql`select status from profit_share`)[0]?.status).toBe('paid');
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
  const [sealed] = await database.sql`select * from agent_key`;
  await database.sql`delete from agent_key`;
  profitableClose(driver, trader);
  const second = await street.share('ana', (each) => each.reason?.code === 'no_agent_key');
  await backUp(database);
  await database.sql`insert into agent_key ${database.sql({ ...sealed })}`;
  await street.share('ana', (each) => each.id === second.id && each.status === 'paid');
  const held = driver.usdcOf(creator);
  // The primary dies: every connection is cut, and what answers next is without the last commits.
  await restore(database);
  await database.sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()`.catch(() => {});
  await database.sql`update profit_share set retry_at = null where status = 'pending'`;
  await expect
    .poll(async () => (await street.shares('ana')).map((each) => each.status))
    .toEqual(['paid', 'paid']);
  expect(driver.usdcOf(creator)).toBe(held);
  const rows = await database.sql`select state, restored from payment order by planned_at`;
  expect(rows).toMatchObject([
    { state: 'landed', restored: false },
    { state: 'landed', restored: true },
  ]);
});

test('strangers’ memos and dust neither hold payments up nor count as payments, and the subscriber’s own is credited', async () => {
  await using street = await openStreet({ slotMs: 8 });
  const { driver, database } = street;
  const creator = Keypair.generate().publicKey;
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 1_000_000_000n });
  await street.subscribe('ana', trader, creator);
  await database.sql`create table kept as table agent_key`;
  await database.sql`delete from agent_key`;
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
  await database.sql`insert into agent_key select * from kept`;
  await street.restart();
  await street.share('ana', (each) => each.status === 'paid');
  expect(driver.usdcOf(creator)).toBe(amount);
});
