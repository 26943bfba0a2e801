// Cancel: `bailiff payments cancel` ends a payment under a nonce, or tells why it does not.
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import type { Settings } from '../../src/system/settings.ts';
import { runCommand } from '../support/command.ts';
import { dropPayments } from '../support/dropped-payments.ts';
import { paymentsIn } from '../support/rows.ts';
import { openStreet, profitableClose } from '../support/street.ts';

test('payments cancel: a payment on its way under a nonce; not one that has ended, nor under a blockhash', async () => {
  const sponsor = Keypair.generate();
  const guard = { replayGuard: 'nonce' as Settings['payments']['replayGuard'] };
  await using street = await openStreet({
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
  const { driver, world, database } = street;
  driver.giveSol(sponsor.publicKey, 1_000_000_000n);
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n });
  await street.subscribe('ana', trader, Keypair.generate().publicKey);
  const last = async () => (await paymentsIn(database)).at(-1);
  const cancel = async (id: string | undefined) => {
    const args = ['--json', 'payments', 'cancel', id ?? '', '--reason', 'a drill'];
    const { code, out } = await runCommand(street, args);
    return { code, out };
  };
  const underWay = async (state: string) => {
    profitableClose(driver, trader);
    await expect.poll(async () => (await last())?.state).toBe(state);
    return (await last())?.paymentId;
  };

  expect(await cancel('p404')).toEqual({
    code: 1,
    out: expect.stringContaining('There is no payment p404.'),
  });
  const landed = await underWay('landed');
  expect(await cancel(landed)).toEqual({
    code: 1,
    out: expect.stringMatching(/"over".*"landed"/s),
  });

  const drops = dropPayments(world);
  const waiting = await underWay('sent');
  expect(await cancel(waiting)).toEqual({ code: 0, out: expect.stringMatching(/"asked"/) });
  await expect.poll(async () => (await last())?.state).toBe('dead');
  drops.stop();
  expect(await cancel(waiting)).toEqual({ code: 1, out: expect.stringMatching(/"over".*"dead"/s) });

  guard.replayGuard = 'blockhash';
  await street.restart();
  await underWay('landed');
  world.mischief.swallowSends = 1_000_000;
  const expiring = await underWay('sent');
  const refused = await runCommand(street, [
    'payments',
    'cancel',
    expiring ?? '',
    '--reason',
    'a test',
  ]);
  expect(refused).toEqual({ code: 1, out: expect.stringMatching(/under a blockhash/) });
  expect((await last())?.state).toBe('sent');
});
