// Owing: ways in which a subscriber who holds the key tried to owe nothing, against the whole
// daemon.
import { existsSync, readFileSync } from 'node:fs';
import { Keypair, PublicKey, TransactionInstruction } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { recognise } from '../../src/local/recognition.ts';
import { programFile } from '../support/programs.ts';
import { accrualsIn } from '../support/rows.ts';
import { aSlotLater, openStreet } from '../support/street.ts';

const MEMO = new PublicKey('MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr');
/** Sixty empty memos fill a transaction's log: the venue's records are cut off. */
const memos = Array.from(
  { length: 60 },
  () => new TransactionInstruction({ programId: MEMO, keys: [], data: Buffer.alloc(0) }),
);
const creatorWallet = () => Keypair.generate().publicKey;

/** Whether the program under test has no instruction that moves a position. */
const movesNothing =
  existsSync(programFile) &&
  recognise(readFileSync(programFile)).lacks.includes('transferPerpPosition');

test('a winner moved to another own sub-account just before its close owes as if it were closed there, and once', async ({
  skip,
}) => {
  if (movesNothing) return skip('The 2024 build has no transfer_perp_position.');
  await using street = await openStreet();
  const { driver } = street;
  const creator = creatorWallet();
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 1_000_000_000n });
  const { agent } = trader;
  driver.send(
    [driver.instructions.initializeUser(agent.publicKey, driver.faucet.publicKey, 1)],
    [driver.faucet, agent],
  );
  driver.giveUsdc(agent.publicKey, 1_000_000_000n);
  const other = { agent, subAccountId: 1 };
  driver.send([driver.instructions.deposit(other, 1_000_000_000n)], [driver.faucet, agent]);
  await street.subscribe('ana', trader, creator);
  driver.movePrice(0, 150_000_000n);
  driver.trade(trader, 'long', 2_000_000_000n);
  driver.movePrice(0, 165_000_000n);
  const moved = driver.send(
    [driver.instructions.transferPosition(trader, 1, 0, null)],
    [driver.faucet, agent],
  );
  driver.trade(other, 'short', 2_000_000_000n, { reduceOnly: true });
  const share = await street.share('ana', (each) => each.status === 'paid');
  expect(share.close.signature).toBe(moved.signature);
  // Two at 150, moved at 165, less the fee of opening: some 29.7 USDC, of which a tenth.
  expect(BigInt(share.amount)).toBeGreaterThan(2_900_000n);
  expect(await street.shares('ana')).toHaveLength(1);
  expect(driver.usdcOf(creator)).toBe(BigInt(share.amount));
});

test('a crumb from before the terms does not shield profit behind cut logs', async () => {
  await using street = await openStreet();
  const { driver } = street;
  const creator = creatorWallet();
  const trader = driver.createTrader({ deposit: 5_000_000_000n, lamports: 1_000_000_000n });
  driver.trade(trader, 'long', 10_000_000n, { market: 1 });
  aSlotLater(street);
  await street.subscribe('ana', trader, creator);
  aSlotLater(street);
  driver.movePrice(0, 150_000_000n);
  driver.trade(trader, 'long', 2_000_000_000n);
  driver.movePrice(0, 165_000_000n);
  const hidden = driver.send(
    [
      ...memos,
      driver.instructions.trade(trader, {
        direction: 'short',
        base: 2_000_000_000n,
        market: 0,
        limit: 1n,
        reduceOnly: true,
      }),
    ],
    [driver.faucet, trader.agent],
  );
  const share = await street.share('ana', (each) => each.status === 'paid');
  expect(share.close.signature).toBe(hidden.signature);
  expect(driver.usdcOf(creator)).toBe(BigInt(share.amount));
  // The same base as a told close: the fee of the visible opening is deducted, too.
  const told = await fetch(`${street.app().url}/v1/shares/${share.id}/explanation`);
  const { steps } = (await told.json()) as { steps: { name: string; value: string }[] };
  const amountOf = (name: string) => BigInt(steps.find((each) => each.name === name)?.value ?? '');
  expect(amountOf('openingFee')).toBeGreaterThan(0n);
  expect(amountOf('realised') - amountOf('openingFee')).toBe(amountOf('netPnl'));
});

test('a mark outlives a new wallet, and a change of the share alone changes nothing else', async () => {
  await using street = await openStreet();
  const { driver } = street;
  const trader = driver.createTrader({ deposit: 5_000_000_000n, lamports: 50_000_000n });
  const later = creatorWallet();
  await street.subscribe('ana', trader, creatorWallet(), 1_000, {
    basis: 'high_water_mark',
    minimumPayment: '5000000',
  });
  const change = async (body: Record<string, unknown>) =>
    street.post('/v1/subscribers/ana/subscriptions', { id: 'ana-sub', subAccountId: 0, ...body });
  const trip = (from: bigint, to: bigint) => {
    driver.movePrice(0, from);
    driver.trade(trader, 'long', 10_000_000_000n);
    driver.movePrice(0, to);
    return driver.trade(trader, 'short', 10_000_000_000n, { reduceOnly: true }).signature;
  };
  trip(150_000_000n, 140_000_000n);
  const changed = await change({ creatorWallet: later.toBase58() });
  expect(changed).toMatchObject({ status: 201 });
  const raised = await change({ shareBps: 1_500 });
  const { terms } = raised.body as unknown as { terms: Record<string, unknown>[] };
  expect(terms.at(-1)).toMatchObject({
    shareBps: 1_500,
    basis: 'high_water_mark',
    minimumPayment: '5000000',
    creatorWallet: later.toBase58(),
    markSlot: terms[0]?.fromSlot,
  });
  aSlotLater(street);
  const won = trip(140_000_000n, 148_000_000n);
  await expect
    .poll(async () =>
      (await accrualsIn(street.database))
        .filter(({ signature }) => signature === won)
        .map(({ charged }) => charged),
    )
    .toEqual([0n]);
  expect(await street.shares('ana')).toEqual([]);
  expect(await change({ basis: 'half_recovery' })).toMatchObject({ status: 400 });
});
