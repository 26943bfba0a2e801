// Clocks: one that is wrong is told of, in words that say which and by how much.
import { expect, test } from 'vitest';
import type { Log } from '../../src/core/ports.ts';
import { createClockWatch } from '../../src/flows/clocks.ts';
import { createManualClock } from '../support/clock.ts';

const NOW_MS = 1_800_000_000_000;

function setUp() {
  const clock = createManualClock(NOW_MS);
  const events: string[] = [];
  const note = (event: string) => void events.push(event);
  const log: Log = { debug: note, info: note, warn: note, error: note };
  const given = { chainAheadMs: 0 as number | null, skewMs: 0 as number | null };
  const accounts = async () => {
    const data = new Uint8Array(40);
    if (given.chainAheadMs === null) return { slot: 1, accounts: [null] };
    const seconds = BigInt(Math.round((clock.nowMs() + given.chainAheadMs) / 1_000));
    new DataView(data.buffer).setBigInt64(32, seconds, true);
    return { slot: 1, accounts: [{ lamports: 1n, owner: 'Sysvar' as never, data }] };
  };
  const watch = createClockWatch({ chain: { accounts }, clock, log }, () => given.skewMs);
  return { given, watch, events, said: () => watch.findings().map((each) => each.says) };
}

test('clocks that agree are no finding, and neither are those that nobody has read yet', async () => {
  const { given, watch, events, said } = setUp();
  given.skewMs = null;
  given.chainAheadMs = null;
  await watch.look();
  expect(said()).toEqual([]);
  expect(watch.chainAheadMs()).toBeNull();
  given.skewMs = -5_000;
  given.chainAheadMs = -60_000;
  await watch.look();
  expect(said()).toEqual([]);
  expect(watch.chainAheadMs()).toBe(-60_000);
  expect(events).toEqual([]);
});

test('the clock of the machine is told as harmless, that of the chain as wrong, each way', async () => {
  const { given, watch, events, said } = setUp();
  given.skewMs = 3_600_000;
  given.chainAheadMs = -61_000;
  await watch.look();
  expect(watch.findings().map((each) => [each.what, each.state])).toEqual([
    ['clock', 'warning'],
    ['clock', 'wrong'],
  ]);
  expect(said()).toEqual([
    'the clock of this machine is 3600 s ahead of that of Postgres, by which the daemon goes',
    'the clock of the chain is 61 s behind that of Postgres',
  ]);
  given.skewMs = -600_000;
  given.chainAheadMs = 90_000;
  await watch.look();
  expect(said()).toEqual([
    'the clock of this machine is 600 s behind that of Postgres, by which the daemon goes',
    'the clock of the chain is 90 s ahead of that of Postgres',
  ]);
  given.chainAheadMs = 0;
  await watch.look();
  expect(events).toEqual(['clock.chain_apart', 'clock.chain_agrees']);
});
