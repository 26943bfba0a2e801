// Lane share: where daemons share the hearing, the daemon that hears a subscriber pays its debts,
// and a further daemon adds no RPC call to a payment. Whole daemons, counted by their own metrics.
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { startApp } from '../../src/app.ts';
import { systemClock } from '../../src/system/clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { leasesIn } from '../support/heard-rows.ts';
import { paymentsIn } from '../support/rows.ts';
import { openStreet, profitableClose } from '../support/street.ts';

/** Calls of a daemon by the part that asked and the method, as its metrics tell. */
async function callsOf(url: string): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const rows = text.matchAll(
    /^bailiff_rpc_source_calls_total\{method="(\w+)".*source="([\w-]+)"\} (\d+)/gm,
  );
  return new Map(
    [...rows].map(([, method, source, count]) => [`${source} ${method}`, Number(count)]),
  );
}

test('two daemons that share the hearing make as many calls for payments as one', async () => {
  await using street = await openStreet({
    settings: (given) => ({ ...given, watch: { ...given.watch, share: true } }),
  });
  const { settings, driver } = street;
  const second = await startApp(
    { ...settings, secrets: { ...settings.secrets, heliusApiKey: null } },
    systemClock,
    silentLog,
  );
  await using open = new AsyncDisposableStack();
  open.defer(() => second.close());
  const urls = [street.app().url, second.url];
  const creator = Keypair.generate().publicKey;
  driver.giveUsdc(creator, 1n);
  // Two of them belong to parts below 32, and two to parts above.
  const traders = ['ana', 'bo', 'ed', 'fay'].map((id) => ({
    id,
    trader: driver.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n }),
  }));
  for (const { id, trader } of traders) await street.subscribe(id, trader, creator);
  // Each daemon has half of the parts before anything is owed.
  const parts = async () =>
    [...Map.groupBy(await leasesIn(street.database), (each) => each.daemonId).values()].map(
      (each) => each.length,
    );
  await expect.poll(parts).toEqual([32, 32]);
  for (const { trader } of traders) profitableClose(driver, trader);
  for (const { id } of traders) await street.share(id, (each) => each.status === 'paid');
  const payments = await paymentsIn(street.database);
  expect(payments).toHaveLength(4);
  const calls = await Promise.all(urls.map(callsOf));
  const sum = (asked: string) => calls.reduce((all, each) => all + (each.get(asked) ?? 0), 0);
  expect(sum('payments simulateTransaction')).toBe(4);
  // Ledger and chain are compared once for each subscriber.
  expect(sum('payments getSignaturesForAddress')).toBe(4);
  // Both of them paid.
  expect(calls.map((each) => each.has('payments simulateTransaction'))).toEqual([true, true]);
});
