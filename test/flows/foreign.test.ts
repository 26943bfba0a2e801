// Foreign: URLs of another chain. At start each ends the daemon, and nothing in the ledger moves;
// later such a node is not asked any more: nothing is signed, the gate says that it cannot know,
// and all goes on by itself once the node is ours again.
import { Keypair } from '@solana/web3.js';
import { expect, onTestFinished, test } from 'vitest';
import { startApp } from '../../src/app.ts';
import { keptGenesis } from '../../src/ledger/genesis.ts';
import { serveWorld } from '../../src/local/world.ts';
import { systemClock } from '../../src/system/clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { createDatabase } from '../support/database.ts';
import { accountsIn } from '../support/heard-rows.ts';
import { LONG } from '../support/long.ts';
import { paymentsIn } from '../support/rows.ts';
import { openStreet, profitableClose } from '../support/street.ts';

test('a payment that landed survives a start with the URLs of another chain: it is not dead, and not paid again', async () => {
  await using street = await openStreet({
    slotMs: 8,
    // The payment lands, and the daemon is stopped before it asks for the payment's status.
    settings: (given) => ({
      ...given,
      payments: { ...given.payments, rebroadcastMs: 3_600_000, finalityMs: 3_600_000 },
    }),
  });
  const { driver, world, database, settings } = street;
  const creator = Keypair.generate().publicKey;
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 1_000_000_000n });
  await street.subscribe('ana', trader, creator);
  // The node does not tell the payment's status before the daemon is stopped.
  world.mischief.failing.set('getSignatureStatuses', 1_000_000);
  profitableClose(driver, trader);
  await expect.poll(() => driver.usdcOf(creator)).not.toBeNull();
  const held = driver.usdcOf(creator);
  await street.stop();
  world.mischief.failing.clear();
  const books = async () => ({
    payments: await paymentsIn(database),
    cursors: (await accountsIn(database)).map(({ address, cursorSlot }) => [address, cursorSlot]),
  });
  const before = await books();
  expect(before.payments).toMatchObject([{ state: 'sent' }]);

  const other = await serveWorld({
    programFile: null,
    clock: systemClock,
    heliusApiKey: 'key',
    cluster: { slotMs: 8 },
  });
  onTestFinished(() => other.close());
  other.cluster.advance(20_000);
  const ours = settings.rpc;
  const start = (rpc: Partial<typeof ours>, network = settings.network) =>
    startApp({ ...settings, network, rpc: { ...ours, ...rpc } }, systemClock, silentLog);
  const foreign = { url: other.chain.rpcUrl, wsUrl: other.chain.wsUrl };
  const refused = (what: string) => ({
    code: 'chain_foreign',
    message: expect.stringContaining(
      `The ${what} URL ${new URL(other.chain.rpcUrl).origin} belongs to another chain: its genesis hash is ${other.cluster.genesisHash}`,
    ),
  });
  await expect(start(foreign)).rejects.toMatchObject(refused('rpc'));
  await expect(start({ ...foreign, secondUrl: ours.url })).rejects.toMatchObject(refused('rpc'));
  await expect(start({ secondUrl: other.chain.rpcUrl })).rejects.toMatchObject(
    refused('second rpc'),
  );
  expect(await books()).toEqual(before);

  await street.restart();
  await street.share('ana', (each) => each.status === 'paid');
  expect(driver.usdcOf(creator)).toBe(held);
  expect(await paymentsIn(database)).toHaveLength(1);
  // Mainnet is held to its known hash from the very first start.
  await using fresh = await createDatabase();
  const secrets = { ...settings.secrets, databaseUrl: fresh.url };
  await expect(
    startApp({ ...settings, network: 'mainnet', secrets }, systemClock, silentLog),
  ).rejects.toMatchObject({ code: 'chain_foreign' });
  expect(await keptGenesis(fresh.sql)).toBeNull();
});

test.runIf(LONG)(
  'a node that turns foreign is dropped: nothing is signed, the gate is unknown and says why, and both recover',
  async () => {
    await using street = await openStreet({ slotMs: 8 });
    const { driver, world, database } = street;
    const creator = Keypair.generate().publicKey;
    const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 1_000_000_000n });
    await street.subscribe('ana', trader, creator);
    await street.verdict('ana', 'allow');
    world.mischief.genesisHash = Keypair.generate().publicKey.toBase58();
    await expect
      .poll(() => street.gate('ana'))
      .toMatchObject({
        verdict: 'unknown',
        reason: expect.stringMatching(/belongs? to another chain/),
      });
    profitableClose(driver, trader);
    const slot = world.cluster.slot('finalized');
    await expect.poll(() => world.cluster.slot('finalized')).toBeGreaterThan(slot + 100);
    expect(await paymentsIn(database)).toEqual([]);
    expect(driver.usdcOf(creator)).toBeNull();

    world.mischief.genesisHash = null;
    const share = await street.share('ana', (each) => each.status === 'paid');
    expect(driver.usdcOf(creator)).toBe(BigInt(share.amount));
    await street.verdict('ana', 'allow');
  },
);
