// Nonce dusted: strangers send lamports to the address of a subscriber's nonce account, before the
// account is made and after it was closed. The debts are paid.
import { Keypair, PublicKey, SystemProgram } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { NONCE_BYTES, nonceAddress } from '../../src/chain/nonce.ts';
import type { Address } from '../../src/core/ids.ts';
import { paymentsIn } from '../support/rows.ts';
import { openStreet, profitableClose } from '../support/street.ts';

test('lamports of strangers at the address of a nonce account hold no debt', async () => {
  const sponsor = Keypair.generate();
  const account = nonceAddress(sponsor.publicKey.toBase58() as Address, 'ana');
  const noncePubkey = new PublicKey(account);
  await using street = await openStreet({
    sponsor,
    settings: (given) => ({
      ...given,
      payments: { ...given.payments, replayGuard: 'nonce' as const },
    }),
  });
  const { people, world } = street;
  const held = () => world.cluster.account(account, 'processed');
  const paid = (count: number) =>
    expect
      .poll(
        async () => (await street.shares('ana')).filter(({ status }) => status === 'paid').length,
      )
      .toBe(count);
  street.sendSol(sponsor.publicKey, 1_000_000_000n);
  street.sendSol(noncePubkey, 1_000_000n);
  expect(held()?.data.length).toBe(0);
  const trader = people.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n });
  const creator = Keypair.generate().publicKey;
  await street.subscribe('ana', trader, creator);
  profitableClose(people, trader);
  await paid(1);
  expect(held()?.data.length).toBe(NONCE_BYTES);

  await street.stop();
  const { publicKey: authorizedPubkey } = sponsor;
  const lamports = Number(held()?.lamports);
  people.send(
    [
      SystemProgram.nonceWithdraw({
        noncePubkey,
        authorizedPubkey,
        toPubkey: authorizedPubkey,
        lamports,
      }),
    ],
    [sponsor],
  );
  expect(held()).toBeNull();
  street.sendSol(noncePubkey, 1_000_000n);
  await street.restart();
  profitableClose(people, trader);
  await paid(2);
  expect(held()?.data.length).toBe(NONCE_BYTES);
  const rows = await paymentsIn(street.database);
  expect(rows.map(({ state }) => state)).toEqual(['landed', 'landed']);
  expect(rows.map(({ nonceValue }) => nonceValue)).not.toContain(null);
  const owed = (await street.shares('ana')).reduce((sum, each) => sum + BigInt(each.amount), 0n);
  expect(people.quoteOf(creator)).toBe(owed);
});
