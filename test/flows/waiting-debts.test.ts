// Waiting debts: the more often an account changes, the more seldom its changes wake its owner's
// debts.
import { expect, test } from 'vitest';
import type { Chain } from '../../src/core/chain-ports.ts';
import type { Ledger } from '../../src/core/ports.ts';
import type { Trouble } from '../../src/core/trouble.ts';
import { type Venue, venuesOf } from '../../src/core/venue.ts';
import type { Watched } from '../../src/core/watch-ports.ts';
import { accrueCloses } from '../../src/flows/accrue.ts';
import { createWake } from '../../src/flows/waiting-debts.ts';
import { silentLog } from '../../src/system/log.ts';
import { DRIFT_PROFILE } from '../../src/venue/drift-v2/profile.ts';
import { classify } from '../../src/venue/errors.ts';
import { createManualClock } from '../support/clock.ts';
import { closeFact, createTestLedger, recordFact } from '../support/ledger.ts';
import { eventsIn } from '../support/rows.ts';

function waking() {
  const clock = createManualClock();
  const startMs = clock.nowMs();
  const atS: number[] = [];
  const ledger = {
    shares: {
      wake: async (waiting: { subscriberId: string }[]) => waiting.map((each) => each.subscriberId),
      waitingFor: async () => ({ driftUser: null, subscribers: [] }),
    },
  } as unknown as Ledger;
  const wake = createWake({
    ledger,
    chain: {} as Chain,
    venues: venuesOf([{} as Venue]),
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

const paused = { class: 'venue_paused', code: 'withdrawals_paused', detail: '' } as const;

/**
 * A debt that rests with a trouble, and the loop that wakes debts over a venue whose state the test
 * gives.
 */
async function resting(trouble: Trouble, state: { blocked: Trouble | null }) {
  const held = await createTestLedger();
  const { ledger } = held;
  await recordFact(ledger, closeFact(1, 1_000_000n, { account: held.driftAccount }), 'finalized');
  await accrueCloses(ledger, silentLog);
  const rest = async () => {
    const ids = (await ledger.shares.due('ana')).map((each) => each.shareId);
    if (ids.length > 0) await ledger.shares.rest('ana', ids, trouble, 3_600_000, false);
  };
  await rest();
  const clock = createManualClock();
  const nudged: string[] = [];
  const wake = createWake({
    ledger,
    chain: { accounts: async () => ({ slot: 1, accounts: [] }) } as unknown as Chain,
    venues: venuesOf([
      {
        name: 'drift-v2',
        preflightAccounts: async () => [],
        read: () => ({ funds: state }),
      } as unknown as Venue,
    ]),
    clock,
    log: silentLog,
    nudge: (id) => nudged.push(id),
    venueEveryMs: 60_000,
  });
  const told = async () =>
    (await eventsIn(held)).map(({ kind }) => kind).filter((kind) => kind.startsWith('venue.'));
  return { ...held, clock, nudged, wake, told, rest };
}

test.each([
  ['the state tells', paused],
  [
    'a program error tells',
    classify(
      DRIFT_PROFILE,
      { InstructionError: [0, { Custom: 6149 }] },
      [DRIFT_PROFILE.programId],
      [],
      () => 'MarketWithdrawPaused',
    ),
  ],
])('debts that wait for a pause that %s are woken once the venue is open', async (_, trouble) => {
  const state: { blocked: Trouble | null } = { blocked: paused };
  await using held = await resting(trouble, state);
  await held.wake.run();
  expect(held.nudged).toEqual([]);
  state.blocked = null;
  held.clock.advance(60_000);
  await held.wake.run();
  expect(held.nudged).toEqual(['ana']);
  expect(await held.told()).toEqual(['venue.paused', 'venue.resumed']);
  expect(await held.ledger.shares.due('ana')).toHaveLength(1);
});

test('where the program refuses what the state shows as open, debts are woken after 1, 2, 4 and then every 5 minutes', async () => {
  await using held = await resting(paused, { blocked: null });
  const atMinutes: number[] = [];
  for (let minute = 0; minute < 20; minute++) {
    const before = held.nudged.length;
    await held.wake.run();
    if (held.nudged.length > before) atMinutes.push(minute);
    await held.rest();
    held.clock.advance(60_000);
  }
  expect(atMinutes).toEqual([0, 1, 3, 7, 12, 17]);
});

test('when one venue opens, debts at another venue go on waiting', async () => {
  await using held = await resting(paused, { blocked: paused });
  const { shares } = held.ledger;
  const waiting = { subscriberId: 'ana', class: 'venue_paused' } as const;
  expect(await shares.wake([{ ...waiting, venue: 'velocity' }])).toEqual([]);
  expect(await shares.due('ana')).toEqual([]);
  expect(await shares.wake([{ ...waiting, venue: 'drift-v2' }])).toEqual(['ana']);
  expect(await shares.due('ana')).toHaveLength(1);
});
