// Gate: the whole daemon's answers about subscribers whom it cannot vouch for: without an account,
// suspected, or owing for too long.
import {
  AuthorityType,
  createSetAuthorityInstruction,
  getAssociatedTokenAddressSync,
} from '@solana/spl-token';
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { base58Text } from '../../src/core/ids.ts';
import type { Clock } from '../../src/core/ports.ts';
import { USDC } from '../../src/local/drift/addresses.ts';
import { systemClock } from '../../src/system/clock.ts';
import { oweForDays } from '../support/haste.ts';
import { openStreet, profitableClose, unscheduled } from '../support/street.ts';

/** How often the daemon of the first test looks for doubts: no other wait has this length. */
const DOUBTS_EVERY_MS = 14_999;

/** A clock on which no wait of `ms` ends by time before `release`; afterwards each ends soon. */
function createHeldClock(ms: number) {
  const released = new AbortController();
  const sleep: Clock['sleep'] = (given, signal) => {
    if (given !== ms) return systemClock.sleep(given, signal);
    if (released.signal.aborted) return systemClock.sleep(100, signal);
    return systemClock.sleep(3_600_000, AbortSignal.any([signal, released.signal]));
  };
  return { clock: { ...systemClock, sleep }, release: () => released.abort() };
}

test('without a Drift account there is no standing and no clearance, until there is one', async () => {
  // The gate is up to date right after the registration: the loop that looks for doubts is held
  // until the test has asked.
  const held = createHeldClock(DOUBTS_EVERY_MS);
  await using street = await openStreet({
    clock: held.clock,
    settings: (given) => ({
      ...given,
      watch: { ...given.watch, checkEveryMs: DOUBTS_EVERY_MS },
      clearances: { ...given.clearances, patienceMs: 0 },
    }),
  });
  const { driver } = street;
  const agent = Keypair.generate();
  await street.post('/v1/subscribers', {
    id: 'ana',
    agentWallet: agent.publicKey.toBase58(),
    agentSecretKey: base58Text(agent.secretKey),
    subAccountIds: [0],
  });
  await expect
    .poll(() => street.gate('ana'))
    .toMatchObject({
      verdict: 'unknown',
      allow: false,
      standing: null,
      reason: expect.stringContaining('No Drift account'),
    });
  const { body } = await street.post('/v1/subscribers/ana/clearances', {
    purpose: 'withdraw',
    amount: '500000000',
  });
  expect(body).toMatchObject({ status: 'blocked', code: 'no_account', outstanding: '0' });
  held.release();
  driver.createTrader({ agent, deposit: 1_000_000_000n });
  await street.standing('ana', 'good');
  await street.verdict('ana', 'allow');
});

test('a subscriber who owes for longer than allowed, in time that counts, may open nothing; the answer has both times', async () => {
  await using street = await openStreet({ settings: unscheduled() });
  const { driver, database } = street;
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 0n });
  await street.subscribe('ana', trader, Keypair.generate().publicKey);
  profitableClose(driver, trader);
  await street.share('ana', (each) => each.reason?.code === 'agent_needs_sol');
  const owed = async () => (await street.gate('ana')) as unknown as Record<string, number | null>;
  await expect.poll(async () => (await owed()).owedForMs).not.toBeNull();
  expect((await owed()).owedForMsMost).toBe(7 * 24 * 3_600_000);
  await street.verdict('ana', 'allow');
  await oweForDays(database, 8);
  expect((await street.verdict('ana', 'deny')).reason).toContain('longer than');
  street.sendSol(trader.agent.publicKey, 50_000_000n);
  await street.share('ana', (each) => each.status === 'paid');
  await street.verdict('ana', 'allow');
});

test('where a platform chose so, the gate does not vouch for a suspected subscriber until a review', async () => {
  await using street = await openStreet({
    settings: (given) => ({
      ...given,
      gate: { ...given.gate, suspicions: { leadTo: 'unknown', amountMost: '0' } },
    }),
  });
  const { driver } = street;
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 1_000_000_000n });
  const { agent } = trader;
  await street.subscribe('ana', trader, Keypair.generate().publicKey);
  const own = getAssociatedTokenAddressSync(USDC, agent.publicKey);
  const stranger = Keypair.generate().publicKey;
  driver.send(
    [createSetAuthorityInstruction(own, agent.publicKey, AuthorityType.AccountOwner, stranger)],
    [driver.faucet, agent],
  );
  // Before its Drift account was first checked the gate says `unknown` for that reason.
  await expect
    .poll(() => street.gate('ana'))
    .toMatchObject({ verdict: 'unknown', reason: expect.stringContaining('given away') });
  const review = { subscriber: 'ana', reason: 'asked, and explained' };
  expect((await street.post('/v1/hearing/reviews', review)).status).toBe(204);
  await street.verdict('ana', 'allow');
});
