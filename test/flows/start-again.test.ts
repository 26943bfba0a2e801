// Start again: the whole daemon, started again on the same ledger, reads the histories of what
// changed and no others.
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import type { Source } from '../../src/core/source.ts';
import { createLedger } from '../../src/ledger/ledger.ts';
import { openStreet, profitableClose } from '../support/street.ts';

const HOUR_MS = 3_600_000;

test('a daemon that starts again reads no history of accounts that are as before, and hears of a close meanwhile', async () => {
  const watch = {
    sources: ['backfill', 'sweep'] as Source[],
    backfillEveryMs: HOUR_MS,
    unchangedEveryMs: 24 * HOUR_MS,
    sweepEveryMs: HOUR_MS,
  };
  await using street = await openStreet({
    webhooks: false,
    settings: (settings) => ({ ...settings, watch: { ...settings.watch, ...watch } }),
  });
  const { driver, database, world } = street;
  const { watchList } = createLedger(database.sql);
  const creator = Keypair.generate().publicKey;
  const [ana, bo] = ['ana', 'bo'].map(() => driver.createTrader({ deposit: 1_000_000_000n }));
  if (ana === undefined || bo === undefined) throw new Error('two traders');
  await street.subscribe('ana', ana, creator);
  await street.subscribe('bo', bo, creator);
  /** Starts the daemon again. Returns the histories that were read by the end of its first run. */
  const again = async (): Promise<number> => {
    const before = world.chain.calls.length;
    const ageMs = async (): Promise<number | null> => {
      const answer = await fetch(`${street.app().url}/v1/hearing`);
      const told = (await answer.json()) as { sources: { backfill: { ageMs: number | null } } };
      return told.sources.backfill.ageMs;
    };
    await street.restart();
    await expect.poll(ageMs).not.toBeNull();
    return world.chain.calls.slice(before).filter((each) => each === 'getSignaturesForAddress')
      .length;
  };
  // Accounts that join are walked once.
  await expect.poll(async () => (await watchList.walked()).length).toBe(6);
  expect(await again()).toBe(0);
  await street.stop();
  profitableClose(driver, bo);
  expect(await again()).toBeGreaterThanOrEqual(3);
  await street.share('bo', ({ amount }) => BigInt(amount) > 0n);
});
