// Account checks: account state against the facts in a running daemon. Profit of a transaction
// whose log was cut is paid to the unit, and a difference that no fact explains is shown as a gap
// until it is closed.
import { Keypair } from '@solana/web3.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { userAddress } from '../../src/local/drift/addresses.ts';
import type { Trader } from '../../src/local/drift/instructions.ts';
import { decodeAccount, encodeAccount } from '../../src/local/drift/layout.ts';
import { DRIFT_V2 } from '../../src/venue/drift-v2/venue.ts';
import { factsOf, sightingsIn } from '../support/heard-rows.ts';
import { noise } from '../support/noise.ts';
import { openStreet, type Street } from '../support/street.ts';

const { ofUser: readAccountState } = DRIFT_V2.states;

let street: Street;
const sponsor = Keypair.generate();
beforeAll(async () => {
  street = await openStreet({ sponsor });
  street.driver.giveSol(sponsor.publicKey, 10_000_000_000n);
});
afterAll(async () => street[Symbol.asyncDispose]());

const realisedOf = (trader: Trader): bigint => {
  const address = userAddress(trader.agent.publicKey, trader.subAccountId).toBase58();
  return readAccountState(street.world.cluster.bank.get(address)?.data ?? new Uint8Array()).counters
    .realised;
};
type Hearing = {
  sources: Record<string, { lastSlot: number | null }>;
  subscriptions: { accounts: number; subscribed: number } | null;
  gaps: { address: string; difference: Record<string, string> }[];
  coverage: { unknown: number; programs: { name: string; understood: number; unknown: number }[] };
  unexplained: unknown[];
};
const hearing = async (): Promise<Hearing> =>
  (await fetch(`${street.app().url}/v1/hearing`)).json() as Promise<Hearing>;

test('a profitable close behind a cut log is reckoned from the account and paid to the unit', async () => {
  const { driver } = street;
  const trader = driver.createTrader({ deposit: 1_000_000_000n });
  const creator = Keypair.generate().publicKey;
  await street.subscribe('ana', trader, creator);
  const { instructions } = driver;
  const close = (direction: 'long' | 'short', reduceOnly: boolean) =>
    instructions.trade(trader, {
      direction,
      base: 2_000_000_000n,
      market: 0,
      limit: direction === 'long' ? 10n ** 15n : 1n,
      reduceOnly,
    });
  driver.send([close('long', false)], [driver.faucet, trader.agent]);
  driver.movePrice(0, 165_000_000n);
  const landed = driver.send([...noise, close('short', true)], [driver.faucet, trader.agent]);
  expect(landed.execution.logs).toContain('Log truncated');
  // The fee of the visible opening is deducted from the profit, as for a close with a record.
  const profit = realisedOf(trader);
  expect(profit).toBeGreaterThan(20_000_000n);
  const share = await street.share('ana', (each) => each.status === 'paid');
  expect(BigInt(share.amount)).toBe(profit / 10n);
  expect(share.close).toMatchObject({ signature: landed.signature, netPnl: String(profit) });
  expect(driver.usdcOf(creator)).toBe(profit / 10n);
});

test('a withdrawal behind a cut log makes a runaway as any other', async () => {
  const { driver } = street;
  const trader = driver.createTrader({ deposit: 1_000_000_000n });
  await street.subscribe('bo', trader, Keypair.generate().publicKey);
  // The daemon is stopped, so the debt stays unpaid.
  await street.stop();
  driver.trade(trader, 'long', 2_000_000_000n);
  driver.movePrice(0, 180_000_000n);
  driver.trade(trader, 'short', 2_000_000_000n, { reduceOnly: true });
  const home = Keypair.generate().publicKey;
  driver.giveUsdc(home, 1n);
  const { getAssociatedTokenAddressSync } = await import('@solana/spl-token');
  const { USDC } = await import('../../src/local/drift/addresses.ts');
  const out = driver.instructions.withdraw(
    trader,
    getAssociatedTokenAddressSync(USDC, home),
    300_000_000n,
  );
  const landed = driver.send([...noise, out], [driver.faucet, trader.agent]);
  expect(landed.execution.logs).toContain('Log truncated');
  await street.restart();
  await expect
    .poll(async () =>
      (await factsOf(street.database, 'outflow'))
        .filter(({ signature }) => signature === landed.signature)
        .map(({ body }) => body.amount),
    )
    .toEqual([300_000_000n]);
});

test('a difference that no fact explains is a gap with its size, until account and facts agree again', async () => {
  const { driver, world } = street;
  const trader = driver.createTrader({ deposit: 500_000_000n });
  await street.subscribe('cy', trader, Keypair.generate().publicKey);
  const address = userAddress(trader.agent.publicKey, 0).toBase58();
  const shift = (by: bigint): void => {
    const account = world.cluster.bank.get(address);
    if (account === null) throw new Error('no account');
    const value = decodeAccount('User', account.data);
    value.totalWithdraws += by;
    world.cluster.put(address, { ...account, data: encodeAccount('User', value) });
  };
  await expect.poll(async () => (await hearing()).gaps).toEqual([]);
  shift(123_000_000n);
  await expect
    .poll(async () => (await hearing()).gaps)
    .toEqual([
      expect.objectContaining({
        address,
        difference: {
          realised: '0',
          funding: '0',
          deposits: '0',
          withdraws: '123000000',
          tokens: '0',
        },
      }),
    ]);
  shift(-123_000_000n);
  await expect.poll(async () => (await hearing()).gaps).toEqual([]);
  const accept = () =>
    street.post('/v1/hearing/acceptances', { address, reason: 'a referral reward' });
  expect((await accept()).status).toBe(409);
  shift(7n);
  await expect.poll(async () => (await hearing()).gaps.length).toBe(1);
  expect((await accept()).status).toBe(204);
  await expect.poll(async () => (await hearing()).gaps).toEqual([]);
  const { coverage, unexplained } = await hearing();
  // This release understands every call that was made in this test.
  expect(unexplained).toEqual([]);
  expect(coverage.unknown).toBe(0);
  for (const name of ['drift', 'token'])
    expect(coverage.programs.find((each) => each.name === name)?.understood, name).toBeGreaterThan(
      0,
    );
  const metrics = async () => (await fetch(`${street.app().url}/metrics`)).text();
  expect(await metrics()).toMatch(
    /bailiff_instructions_total\{program="drift",understanding="understood"\} [1-9]/,
  );
  await expect.poll(metrics).toContain('bailiff_unexplained_calls 0');
  // Each source runs by its own schedule.
  const silent = async () => {
    const { sources } = await hearing();
    const all = ['subscriptions', 'backfill', 'sweep'];
    return all.filter((source) => (sources[source]?.lastSlot ?? 0) === 0);
  };
  await expect.poll(silent).toEqual([]);
  const unsubscribed = async () => {
    const { subscriptions } = await hearing();
    return (subscriptions?.accounts ?? 1) - (subscriptions?.subscribed ?? 0);
  };
  await expect.poll(unsubscribed).toBe(0);
});

test('an operator can have an account’s history read again', async () => {
  const trader = street.driver.createTrader({ deposit: 500_000_000n });
  await street.subscribe('ed', trader, Keypair.generate().publicKey);
  const address = userAddress(trader.agent.publicKey, 0).toBase58();
  const { signature } = street.driver.trade(trader, 'long', 100_000_000n);
  const known = async () =>
    (await sightingsIn(street.database)).find((each) => each.signature === signature);
  await expect.poll(async () => (await known())?.status).toBe('finalized');
  const before = (await known())?.readAt;
  const again = await street.post('/v1/hearing/rescans', { address, fromSlot: 0 });
  expect(again).toMatchObject({ status: 202, body: { transactions: expect.any(Number) } });
  await expect.poll(async () => Number((await known())?.readAt ?? 0) > Number(before)).toBe(true);
  expect(
    (await street.post('/v1/hearing/rescans', { address: 'x'.repeat(40), fromSlot: 0 })).status,
  ).toBe(404);
  expect((await street.post('/v1/hearing/rescans', { address })).status).toBe(400);
});

test('a sub-account that the owner makes is watched from then on, and what it did at once is heard', async () => {
  const { driver } = street;
  const trader = driver.createTrader({ deposit: 500_000_000n });
  await street.subscribe('di', trader, Keypair.generate().publicKey);
  const { instructions } = driver;
  const landed = driver.send(
    [
      instructions.initializeUser(trader.agent.publicKey, driver.faucet.publicKey, 1),
      instructions.transferDeposit(trader, 1, 100_000_000n),
    ],
    [driver.faucet, trader.agent],
  );
  const second = userAddress(trader.agent.publicKey, 1).toBase58();
  await expect
    .poll(async () =>
      (await factsOf(street.database, 'tally'))
        .filter(({ account, signature }) => account === second && signature === landed.signature)
        .map(({ body }) => body.deposits),
    )
    .toEqual([100_000_000n]);
  await expect.poll(async () => (await hearing()).gaps).toEqual([]);
});
