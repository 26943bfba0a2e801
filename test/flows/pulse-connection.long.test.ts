// Pulse connection: the gate's view is renewed while the API's reads hold every connection to
// Postgres that the daemon may open for transactions.
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { lockTable } from '../support/damage.ts';
import { openStreet } from '../support/street.ts';

test('reads of the API that hold every connection do not keep the gate from knowing', async () => {
  await using street = await openStreet({
    settings: (given) => ({ ...given, postgres: { connections: 1 } }),
  });
  const trader = street.driver.createTrader({ deposit: 1_000_000_000n });
  await street.subscribe('ana', trader, Keypair.generate().publicKey);
  await street.verdict('ana', 'allow');
  const acts = await lockTable(street.database, 'act');
  const reads = [1, 2, 3].map(() => fetch(`${street.app().url}/v1/audit`));
  await expect.poll(acts.waiting).toBeGreaterThan(0);
  // A heartbeat that had asked the ledger before may still give one slot; a second one may not.
  for (const nth of [1, 2]) {
    const { asOfSlot } = await street.gate('ana');
    await expect
      .poll(async () => (await street.gate('ana')).asOfSlot, { message: `slot ${nth}` })
      .toBeGreaterThan(asOfSlot ?? 0);
  }
  expect((await street.gate('ana')).verdict).toBe('allow');
  await acts.release();
  expect((await Promise.all(reads)).map((each) => each.status)).toEqual([200, 200, 200]);
});
