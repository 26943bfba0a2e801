// Nonce given up: a daemon under the guard `blockhash` on a ledger that lost a payment under a
// nonce. That payment lands late or can never land, and its debt is paid once.
import { Keypair, type VersionedTransaction } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { nonceAddress } from '../../src/chain/nonce.ts';
import type { Address } from '../../src/core/ids.ts';
import type { Settings } from '../../src/system/settings.ts';
import { loseNonces, losePayments, reopenDebts } from '../support/damage.ts';
import { paymentsIn } from '../support/rows.ts';
import { openStreet, profitableClose } from '../support/street.ts';

/**
 * A subscriber who was paid for once under a nonce, and whose next payment is on its way: `held`,
 * which the leaders hold back. The daemon is stopped, and starts again under a blockhash.
 */
async function openLate() {
  const sponsor = Keypair.generate();
  const account = nonceAddress(sponsor.publicKey.toBase58() as Address, 'ana');
  const guard = { replayGuard: 'nonce' as Settings['payments']['replayGuard'] };
  const street = await openStreet({
    sponsor,
    settings: (given) => ({
      ...given,
      payments: {
        ...given.payments,
        get replayGuard() {
          return guard.replayGuard;
        },
      },
    }),
  });
  const { people, world } = street;
  street.sendSol(sponsor.publicKey, 1_000_000_000n);
  const creator = Keypair.generate().publicKey;
  const trader = people.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n });
  await street.subscribe('ana', trader, creator);
  const paid = (count: number) =>
    expect
      .poll(
        async () => (await street.shares('ana')).filter(({ status }) => status === 'paid').length,
      )
      .toBe(count);
  profitableClose(people, trader);
  await paid(1);
  let held: VersionedTransaction | null = null;
  world.mischief.drops = (sent) => {
    held ??= sent;
    return true;
  };
  profitableClose(people, trader);
  await expect.poll(() => held).not.toBeNull();
  await street.stop();
  world.mischief.drops = null;
  guard.replayGuard = 'blockhash';
  return {
    street,
    paid,
    exists: () => world.cluster.account(account, 'processed') !== null,
    /** Sends the held payment past the daemon. Returns the landed transaction, or an error. */
    arrive() {
      if (held === null) throw new Error('no payment was held back');
      return world.cluster.submit(held, held.serialize());
    },
    got: () => people.quoteOf(creator),
    owed: async () =>
      (await street.shares('ana')).reduce((sum, each) => sum + BigInt(each.amount), 0n),
    [Symbol.asyncDispose]: () => street[Symbol.asyncDispose](),
  };
}

test('a lost payment that lands just before its nonce account is closed is not made again', async () => {
  await using late = await openLate();
  const { street, paid, arrive, got, owed } = late;
  const { cluster, mischief } = street.world;
  await losePayments(street.database);
  await reopenDebts(street.database);
  // The first transaction of the daemon closes the account.
  const landed: unknown[] = [];
  mischief.drops = () => {
    if (landed.length > 0) return false;
    landed.push(arrive());
    cluster.advance();
    return false;
  };
  await street.restart();
  await paid(2);
  expect(landed).toMatchObject([{ execution: { error: null } }]);
  expect(late.exists()).toBe(false);
  expect(got()).toBe(await owed());
  expect((await paymentsIn(street.database)).map(({ state }) => state)).toEqual([
    'landed',
    'landed',
  ]);
});

test('a payment that the ledger lost together with its nonce account can never land beside another one', async () => {
  await using late = await openLate();
  const { street, paid, arrive, got, owed } = late;
  await loseNonces(street.database);
  await street.restart();
  await paid(2);
  expect(arrive()).toBe('BlockhashNotFound');
  expect(late.exists()).toBe(false);
  expect(got()).toBe(await owed());
  const rows = await paymentsIn(street.database);
  expect(rows.map(({ nonceValue }) => nonceValue)).toContain(null);
});
