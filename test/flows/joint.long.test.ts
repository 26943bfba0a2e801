// Joint: a payment to three recipients fails on chain because the account of one of them is frozen
// after it was planned. The others are paid, each once; the debt to that one stands with its own
// trouble, holds nothing else of the lane, and is paid after a thaw. On the compiled program where
// it is present, and on the real token program always.
import {
  createAssociatedTokenAccountInstruction,
  createFreezeAccountInstruction,
  createThawAccountInstruction,
  getAssociatedTokenAddressSync,
} from '@solana/spl-token';
import { Keypair, type PublicKey } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { USDC } from '../../src/local/drift/addresses.ts';
import { paymentsIn } from '../support/rows.ts';
import { openStreet, profitableClose } from '../support/street.ts';

type Wallets = [PublicKey, PublicKey, PublicKey];

test('a recipient whose frozen account makes a joint payment fail keeps none of the others from theirs', async () => {
  await using street = await openStreet();
  const { driver, database } = street;
  const { mischief } = street.world;
  const [creator, referrer, platform] = [0, 1, 2].map(
    () => Keypair.generate().publicKey,
  ) as Wallets;
  const account = getAssociatedTokenAddressSync(USDC, referrer);
  const issuer = driver.faucet.publicKey;
  const open = createAssociatedTokenAccountInstruction(issuer, account, referrer, USDC);
  driver.send([open], [driver.faucet]);
  // The account is frozen when the payment is planned and signed, and before it is executed.
  mischief.onSend = {
    when: 'before',
    act() {
      mischief.onSend = null;
      driver.send([createFreezeAccountInstruction(account, USDC, issuer)], [driver.faucet]);
    },
  };
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 1_000_000_000n });
  await street.subscribe('ana', trader, creator, 1_000, {
    splits: [referrer, platform].map((each) => ({ wallet: each.toBase58(), shareBps: 200 })),
  });
  /** The shares of a recipient; a share names it by its place in the terms. */
  const owedTo = async (wallet: PublicKey) => {
    const nth = [creator, referrer, platform].indexOf(wallet);
    return (await street.shares('ana')).filter((each) => each.recipient === nth);
  };
  const statusesOf = async (wallet: PublicKey) => (await owedTo(wallet)).map((each) => each.status);
  const received = async (wallet: PublicKey) => [
    driver.usdcOf(wallet) ?? 0n,
    (await owedTo(wallet)).reduce((sum, each) => sum + BigInt(each.amount), 0n),
  ];

  profitableClose(driver, trader);
  await expect.poll(() => statusesOf(creator)).toEqual(['paid']);
  await expect.poll(() => statusesOf(platform)).toEqual(['paid']);
  await expect.poll(() => statusesOf(referrer)).toEqual(['failed']);
  const [parked] = await owedTo(referrer);
  expect(parked?.reason).toMatchObject({ code: 'creator_account_frozen', class: 'permanent' });
  const first = await paymentsIn(database);
  expect(first.map(({ state }) => state).sort()).toEqual(['failed', 'landed', 'landed']);
  for (const wallet of [creator, platform]) {
    const [got, owed] = await received(wallet);
    expect(got).toBe(owed);
  }
  expect(driver.usdcOf(referrer)).toBe(0n);

  // The lane goes on: the next close pays the two by one payment, and the third waits.
  profitableClose(driver, trader);
  await expect.poll(() => statusesOf(creator)).toEqual(['paid', 'paid']);
  await expect.poll(() => statusesOf(platform)).toEqual(['paid', 'paid']);
  expect((await paymentsIn(database)).filter(({ state }) => state === 'landed')).toHaveLength(3);
  expect(driver.usdcOf(referrer)).toBe(0n);

  driver.send([createThawAccountInstruction(account, USDC, issuer)], [driver.faucet]);
  await expect
    .poll(async () => {
      for (const { id, status } of await owedTo(referrer))
        if (status === 'failed') await street.post(`/v1/shares/${id}/retry`, {});
      return statusesOf(referrer);
    })
    .toEqual(['paid', 'paid']);
  for (const wallet of [creator, referrer, platform]) {
    const [got, owed] = await received(wallet);
    expect(got).toBe(owed);
  }
});
