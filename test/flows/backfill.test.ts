// Backfill: a scan that was cut short anywhere is scanned again: the cursor says that everything up
// to it is noted.
import { expect, test } from 'vitest';
import type { Ledger } from '../../src/core/ports.ts';
import { createAside } from '../../src/flows/aside.ts';
import { backfill } from '../../src/flows/backfill.ts';
import { silentLog } from '../../src/system/log.ts';
import { createMemoryLedger } from '../sim/memory/ledger.ts';
import { createManualClock } from '../support/clock.ts';
import { addressOf, signatureOf } from '../support/ledger.ts';

test('the cursor moves only once everything that the scan told is noted', async () => {
  const clock = createManualClock();
  const { ledger: whole } = createMemoryLedger(clock.nowMs);
  await whole.subscribers.register({
    id: 'ana',
    agentWallet: addressOf(1),
    agentTokenAccount: addressOf(2),
    driftAccounts: [{ address: addressOf(3), subAccountId: 0 }],
    sealedKey: null,
    fromSlot: 10,
  });
  const chain = {
    slot: async () => 100,
    witnessed: <T>(read: () => Promise<T>) => read(),
    signatures: async () => [
      { signature: signatureOf(1), slot: 50, blockIndex: 0, memo: null, failed: false },
    ],
  };
  const cursors = async () =>
    new Set((await whole.watchList.cursors()).map((each) => each.slot as number));
  const scan = (ledger: Ledger) => {
    const ports = { ledger, chain: chain as never, clock, log: silentLog };
    const aside = createAside({ ...ports, ledger: whole });
    return backfill({ ...ports, aside }, new AbortController().signal);
  };
  // Postgres stops answering in the middle of the scan.
  const broken: Ledger = {
    ...whole,
    watchList: { ...whole.watchList, scanned: () => Promise.reject(new Error('gone')) },
  };
  await scan(broken);
  expect(await cursors()).toEqual(new Set([10]));
  // A history that could not be read is tried again later.
  clock.advance(24 * 3_600_000);
  expect(await scan(whole)).toEqual({ tip: 100, noted: 3 });
  expect(await cursors()).toEqual(new Set([100]));
});
