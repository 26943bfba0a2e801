// Frozen: a debt to a token account that its issuer has frozen is parked, is not tried again by
// itself, and is paid once a person asks.
import {
  createAssociatedTokenAccountInstruction,
  createFreezeAccountInstruction,
  createThawAccountInstruction,
  getAssociatedTokenAddressSync,
} from '@solana/spl-token';
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { USDC } from '../../src/local/drift/addresses.ts';
import { paymentsIn } from '../support/rows.ts';
import { openStreet, profitableClose } from '../support/street.ts';

test("a creator's frozen account parks the debt before anything is signed; thawed and retried, it is paid", async () => {
  await using street = await openStreet();
  const { driver, database } = street;
  const creator = Keypair.generate().publicKey;
  const account = getAssociatedTokenAddressSync(USDC, creator);
  const issuer = driver.faucet.publicKey;
  driver.send(
    [
      createAssociatedTokenAccountInstruction(issuer, account, creator, USDC),
      createFreezeAccountInstruction(account, USDC, issuer),
    ],
    [driver.faucet],
  );
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 1_000_000_000n });
  await street.subscribe('ana', trader, creator);
  profitableClose(driver, trader);
  const parked = await street.share('ana', (each) => each.status === 'failed');
  expect(parked.reason).toMatchObject({ code: 'creator_account_frozen', class: 'permanent' });
  expect(await paymentsIn(database)).toEqual([]);
  driver.send([createThawAccountInstruction(account, USDC, issuer)], [driver.faucet]);
  await expect
    .poll(async () => {
      await street.post(`/v1/shares/${parked.id}/retry`, {});
      return (await street.shares('ana'))[0]?.status;
    })
    .toBe('paid');
  expect(driver.usdcOf(creator)).toBe(BigInt(parked.amount));
});
