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

test('a walk is kept with the pulse of its account once the end is reached, and with none of a later slot', async () => {
  const clock = createManualClock();
  const { ledger } = createMemoryLedger(clock.nowMs);
  await ledger.subscribers.register({
    id: 'ana',
    agentWallet: addressOf(1),
    agentTokenAccount: addressOf(2),
    driftAccounts: [],
    sealedKey: null,
    fromSlot: 10,
  });
  const pages = { failing: true };
  const row = { signature: signatureOf(1), slot: 50, blockIndex: 0, memo: null, failed: false };
  const chain = {
    slot: async () => 100,
    witnessed: <T>(read: () => Promise<T>) => read(),
    async signatures(_: string, after: number) {
      if (after < 20) return [{ ...row, goesOn: true }];
      if (pages.failing) throw new Error('the node is away');
      return [];
    },
  };
  const ports = { ledger, chain: chain as never, clock, log: silentLog };
  const walked = new Set<string>();
  const run = {
    beganMs: 7,
    isDue: () => true,
    walked: (address: string) => void walked.add(address),
    // The pulse of the token account is of a slot that the walk does not reach.
    pulses: async () =>
      new Map(
        [99, 101].map((slot, n) => {
          const address = addressOf(n + 1);
          return [address, { address, slot, pulse: 'p' }];
        }),
      ),
  };
  const walk = () =>
    backfill({ ...ports, run, aside: createAside(ports) }, new AbortController().signal);
  await walk();
  const slots = async () => (await ledger.watchList.cursors()).map((each) => each.slot);
  expect([await slots(), await ledger.watchList.walked(), walked.size]).toEqual([[49, 49], [], 0]);
  pages.failing = false;
  clock.advance(24 * 3_600_000);
  await walk();
  expect(await slots()).toEqual([100, 100]);
  expect(await ledger.watchList.walked()).toEqual([
    { address: addressOf(1), slot: 99, pulse: 'p', atMs: 7 },
  ]);
  expect(walked.size).toBe(2);
});
