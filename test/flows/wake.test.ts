// Wake: an account that changes again and again wakes its owner's debts ever more seldom.
import { expect, test } from 'vitest';
import type { Watched } from '../../src/core/hearing-ports.ts';
import type { Chain, Venue } from '../../src/core/outside.ts';
import type { Ledger } from '../../src/core/ports.ts';
import { createWake } from '../../src/flows/wake.ts';
import { silentLog } from '../../src/system/log.ts';
import { createManualClock } from '../support/clock.ts';

function waking() {
  const clock = createManualClock();
  const startMs = clock.nowMs();
  const atS: number[] = [];
  const ledger = {
    shares: {
      wake: async (waiting: { subscriberId: string }[]) => waiting.map((each) => each.subscriberId),
      waitingWith: async () => ({ driftUser: null, subscribers: [] }),
    },
  } as unknown as Ledger;
  const wake = createWake({
    ledger,
    chain: {} as Chain,
    venue: {} as Venue,
    clock,
    log: silentLog,
    nudge: () => atS.push((clock.nowMs() - startMs) / 1_000),
    venueEveryMs: 1_000,
  });
  const changed = { subscriberId: 'ana', role: 'drift_user' } as Watched;
  /** The account changes every second for so many seconds. */
  const busy = async (seconds: number): Promise<number[]> => {
    atS.length = 0;
    for (let second = 0; second < seconds; second++) {
      wake.changed(changed);
      await wake.run();
      clock.advance(1_000);
    }
    return [...atS];
  };
  return { clock, busy };
}

test('an account that changes every second wakes its debts after 5, 10, 20, 40 and then every 60 seconds', async () => {
  const { busy } = waking();
  expect(await busy(260)).toEqual([0, 5, 15, 35, 75, 135, 195, 255]);
});

test('after two quiet minutes the next change counts as the first again', async () => {
  const { busy, clock } = waking();
  await busy(80);
  clock.advance(121_000);
  expect((await busy(6)).length).toBe(2);
});
