// Lineage: a ledger that lost its last changes gives their revisions out again. An engine that
// comes back with the id of a lost change, and one whose daemon keeps running, must not keep a
// wrong `allow`. test/flows/publish.test.ts loses changes for real.
import { Keypair } from '@solana/web3.js';
import { expect, onTestFinished, test } from 'vitest';
import { createGateClient, type GateSnapshot } from '../../src/gate-client/client.ts';
import { changeNonces } from '../support/damage.ts';
import { openStreet, profitableClose } from '../support/street.ts';

test('an engine whose last revision was lost and given out again denies whom the ledger denies', async () => {
  await using street = await openStreet();
  const { driver, database } = street;
  const { url } = street.app();
  const bo = driver.createTrader({ deposit: 1_000_000_000n, lamports: 0n });
  await street.subscribe('bo', bo, Keypair.generate().publicKey);
  const states: string[] = [];
  const gate = createGateClient({
    url,
    onState: (state, why) => void states.push(`${state}: ${why}`),
  });
  onTestFinished(() => gate.close());
  await gate.ready({ timeoutMs: 45_000 });
  await expect.poll(() => gate.decide('bo', 'open').verdict).toBe('allow');
  const left = gate.snapshot() as GateSnapshot;
  profitableClose(driver, bo);
  await street.share('bo', (each) => each.reason?.code === 'agent_needs_sol');
  driver.withdrawTo(bo, Keypair.generate().publicKey, 10_000_000n);
  await expect.poll(() => gate.decide('bo', 'open').verdict).toBe('deny');

  // Engines that hold bo as good, and have seen a change with the revision of bo's delinquency:
  // another one, which the ledger lost; and one whose id is of a release that knew no nonce.
  const { revision } = await street.standing('bo', 'delinquent');
  for (const nonce of [`:${crypto.randomUUID()}`, '']) {
    const fromSnapshot = { ...left, eventId: `${revision}${nonce}` };
    const late = createGateClient({ url, fromSnapshot });
    onTestFinished(() => late.close());
    await late.ready({ timeoutMs: 45_000 });
    expect(late.decide('bo', 'open').verdict).toBe('deny');
  }

  // The daemon finds by itself that the change it read last is another one now, and sends its
  // readers everything anew.
  await changeNonces(database);
  await expect.poll(() => states).toContainEqual(expect.stringMatching(/^reconnecting: /));
  await expect.poll(() => gate.state).toBe('live');
  expect(gate.decide('bo', 'open').verdict).toBe('deny');
  expect(await (await fetch(`${url}/metrics`)).text()).toContain(
    'bailiff_events_total{event="roster.lineage_broken",level="error"} 1',
  );
});
