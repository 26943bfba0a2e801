// Sender: payments with a tip, by the whole daemon on the local chain. The node drops every
// transaction, so that only what the sender takes is executed.
import { Keypair, PublicKey, SystemProgram, TransactionInstruction } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { MEMO_PROGRAM } from '../../src/core/programs.ts';
import { openNode, verifyReceipts } from '../../src/verify/verify.ts';
import { loseAgentKeys, losePayments, reopenDebts } from '../support/damage.ts';
import { factsOf } from '../support/heard-rows.ts';
import { receiptFrom } from '../support/receipt-from.ts';
import { costsIn, paymentsIn } from '../support/rows.ts';
import { openSenderServer, sendingTo } from '../support/sender-server.ts';
import { openStreet, profitableClose } from '../support/street.ts';

const SOL = 1_000_000_000n;
const TIP = 5_000n;

test('the agent and the sponsor give a tip inside the payment, once, on record, and as no withdrawal', async () => {
  const sponsor = Keypair.generate();
  const tips = [Keypair.generate(), Keypair.generate()].map(({ publicKey }) => publicKey);
  const accounts = tips.map((each) => each.toBase58());
  using sender = await openSenderServer(accounts);
  await using street = await openStreet({ sponsor, settings: sendingTo(sender, accounts) });
  const { driver, world, database } = street;
  const lamportsOf = (key: PublicKey) =>
    world.cluster.account(key.toBase58(), 'confirmed')?.lamports ?? 0n;
  for (const each of tips) driver.giveSol(each, SOL);
  driver.giveSol(sponsor.publicKey, SOL);
  world.mischief.drops = () => true;
  sender.submit = (transaction, bytes) => void world.cluster.submit(transaction, bytes);
  const creator = Keypair.generate().publicKey;
  driver.giveUsdc(creator, 1n);
  const ana = driver.createTrader({ deposit: 1_000_000_000n, lamports: SOL });
  const bo = driver.createTrader({ deposit: 1_000_000_000n });
  await street.subscribe('ana', ana, creator);
  await street.subscribe('bo', bo, creator);
  const before = { ana: lamportsOf(ana.agent.publicKey), sponsor: lamportsOf(sponsor.publicKey) };
  profitableClose(driver, ana);
  profitableClose(driver, bo);
  const shares = [
    await street.share('ana', (each) => each.status === 'paid'),
    await street.share('bo', (each) => each.status === 'paid'),
  ];
  expect(driver.usdcOf(creator)).toBe(
    1n + shares.reduce((sum, { amount }) => sum + BigInt(amount), 0n),
  );

  // The record, the API and the transaction tell the same tip, and the accounts got it.
  const rows = await paymentsIn(database);
  expect(
    rows.map(({ subscriberId, feePayer, tip }) => [subscriberId, feePayer, tip]).sort(),
  ).toEqual([
    ['ana', 'agent', TIP],
    ['bo', 'sponsor', TIP],
  ]);
  for (const { paymentId, tipAccount, bytes } of rows) {
    const answer = await fetch(`${street.app().url}/v1/payments/${paymentId}`);
    expect(await answer.json()).toMatchObject({ tip: { lamports: '5000', account: tipAccount } });
    const own = sender.took.filter((each) =>
      Buffer.from(each.bytes).equals(Buffer.from(bytes ?? [])),
    );
    expect(own.length).toBeGreaterThan(0);
    expect(own[0]).toMatchObject({ tip: TIP, account: tipAccount });
  }
  expect(sender.refused).toEqual([]);
  expect(tips.reduce((sum, each) => sum + lamportsOf(each), 0n)).toBe(2n * SOL + 2n * TIP);

  // To the lamport: fee and tip left the wallets, and nothing else.
  await expect.poll(async () => (await costsIn(database)).length).toBe(2);
  const costs = await costsIn(database);
  const costOf = (payer: PublicKey) => {
    const found = costs.find((each) => each.payer === payer.toBase58());
    return (found?.fee ?? 0n) + (found?.tip ?? 0n);
  };
  expect(costs.map(({ tip, rent }) => [tip, rent])).toEqual([
    [TIP, 0n],
    [TIP, 0n],
  ]);
  expect(before.ana - lamportsOf(ana.agent.publicKey)).toBe(costOf(ana.agent.publicKey));
  expect(before.sponsor - lamportsOf(sponsor.publicKey)).toBe(costOf(sponsor.publicKey));
  expect(lamportsOf(bo.agent.publicKey)).toBe(0n);

  // The tip of the agent is heard as a part of that payment; the standing stays good.
  const payment = rows.find(({ subscriberId }) => subscriberId === 'ana');
  await expect
    .poll(async () =>
      (await factsOf(database, 'outflow'))
        .filter(({ body }) => body.route === 'sol_transfer')
        .map(({ body }) => [body.amount, body.destination, body.paymentId]),
    )
    .toEqual([[TIP, payment?.tipAccount, payment?.paymentId]]);
  await street.standing('ana', 'good');

  // A receipt is checked by the transaction, and the tip in it is nothing odd.
  const receipts = await Promise.all(
    shares.map(async ({ id }) => {
      const answer = await fetch(`${street.app().url}/v1/shares/${id}/receipt`);
      return receiptFrom(await answer.json());
    }),
  );
  const node = openNode(world.chain.rpcUrl, () => Promise.resolve());
  expect((await verifyReceipts(receipts, node)).verdict).toBe('ok');

  // After a loss of all payments the daemon books them from the chain, tips or not, and pays once.
  await street.stop();
  await losePayments(database);
  await reopenDebts(database);
  await street.restart();
  profitableClose(driver, ana);
  await expect
    .poll(async () => (await street.shares('ana')).map(({ status }) => status))
    .toEqual(['paid', 'paid']);
  const owed = [...(await street.shares('ana')), ...(await street.shares('bo'))];
  expect(driver.usdcOf(creator)).toBe(
    1n + owed.reduce((sum, { amount }) => sum + BigInt(amount), 0n),
  );
  const again = await paymentsIn(database);
  expect(again.map(({ restored, tip }) => [restored, tip]).sort()).toEqual([
    [false, TIP],
    [true, null],
    [true, null],
  ]);
  await street.standing('ana', 'good');

  // The same transfer by the agent itself, with a memo that names a payment, is a withdrawal.
  await loseAgentKeys(database);
  profitableClose(driver, ana);
  await street.share('ana', (each) => each.reason?.code === 'no_agent_key');
  const to = tips[0] as PublicKey;
  driver.send(
    [
      SystemProgram.transfer({
        fromPubkey: ana.agent.publicKey,
        toPubkey: to,
        lamports: 500_000_000,
      }),
      new TransactionInstruction({
        programId: new PublicKey(MEMO_PROGRAM),
        keys: [],
        data: Buffer.from(`bailiff:${payment?.paymentId}`),
      }),
    ],
    [driver.faucet, ana.agent],
  );
  expect((await street.standing('ana', 'delinquent')).evidence).not.toBeNull();
});
