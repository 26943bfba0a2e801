// Leaving: a debtor withdraws in a burst, and no webhook tells of it. The account subscription
// does, and the gate denies without the 8 s for which the scan of an account waits.
import { randomBytes } from 'node:crypto';
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { base58Text } from '../../src/core/ids.ts';
import { sightingsIn } from '../support/heard-rows.ts';
import { playedAt } from '../support/long.ts';
import { openStreet, profitableClose, type Street, unscheduled } from '../support/street.ts';

/** Below the 8 s for which a scan waits in a burst. */
const SOON_MS = 6_000;

/** Delivers a webhook that names so many transactions, which do not exist, of an account. */
async function forgeBurst(street: Street, account: string): Promise<void> {
  const entries = Array.from({ length: 40 }, () => ({
    transaction: {
      signatures: [base58Text(randomBytes(64))],
      message: { accountKeys: [account] },
    },
  }));
  const { status } = await fetch(`${street.app().url}/webhooks/helius`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: street.secret },
    body: JSON.stringify(entries),
  });
  expect(status).toBe(200);
  await expect
    .poll(async () => (await sightingsIn(street.database)).length)
    .toBeGreaterThan(entries.length);
}

test.each(playedAt('drift-v2'))(
  'at %s a withdrawal in a burst that no webhook names is denied at once',
  async (venue) => {
    await using street = await openStreet({
      venues: [venue],
      webhooks: false,
      settings: (given) =>
        unscheduled()({
          ...given,
          watch: { ...given.watch, sources: ['webhooks', 'subscriptions'], checkEveryMs: 60_000 },
        }),
    });
    const { people } = street;
    const trader = people.createTrader({ deposit: 1_000_000_000n, lamports: 0n });
    await street.subscribe('ana', trader, Keypair.generate().publicKey, 1_000, {}, venue);
    profitableClose(people, trader);
    await street.share('ana', (each) => each.reason?.code === 'agent_needs_sol');
    await forgeBurst(street, trader.agent.publicKey.toBase58());
    people.withdrawTo(trader, Keypair.generate().publicKey, 10_000_000n);
    await expect
      .poll(async () => (await street.gate('ana')).standing, { timeout: SOON_MS, interval: 25 })
      .toBe('delinquent');
  },
);
