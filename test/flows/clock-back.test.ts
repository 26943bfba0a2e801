// Clock back: waits that a daemon keeps in memory count the time that passed. The clock of
// Postgres, from which a daemon has its time (ADR 40), may be set back by an hour. No wait gets
// longer by that.
import { expect, test } from 'vitest';
import { createBurst } from '../../src/core/burst.ts';
import { setByLedger } from '../../src/core/ledger-clock.ts';
import { createPace } from '../../src/core/pace.ts';
import { createFinality } from '../../src/flows/finality.ts';
import { createHindrance } from '../../src/flows/hindrance.ts';
import { createLaneShare } from '../../src/flows/lane-share.ts';
import { createLooking } from '../../src/flows/look-schedule.ts';
import { createLoops } from '../../src/flows/loops.ts';
import { createRightOfWay } from '../../src/flows/right-of-way.ts';
import { createSampling } from '../../src/flows/rpc-budget.ts';
import { silentLog } from '../../src/system/log.ts';
import { createManualClock } from '../support/clock.ts';
import { signatureOf } from '../support/ledger.ts';

const HOUR_MS = 3_600_000;

/** A daemon's clock, and Postgres, whose clock is set back. */
async function daemon() {
  const machine = createManualClock();
  const clock = setByLedger(machine, machine.elapsedMs);
  await clock.set(async () => clock.nowMs());
  const back = () => clock.set(async () => clock.nowMs() - HOUR_MS);
  return { clock, back, advance: machine.advance };
}

test('a payment that was sent is looked for after the same time', async () => {
  const { clock, back, advance } = await daemon();
  const options = { pollMs: 2_000, rebroadcastMs: 10_000, finalityMs: 15_000 };
  const looking = createLooking(clock, options, createPace());
  const signed = { signature: signatureOf(1) } as Parameters<typeof looking.sent>[1];
  looking.sent('ana', signed);
  await back();
  expect(looking.waitMs('ana', signed)).toBe(10_000);
  advance(10_000);
  expect(looking.waitMs('ana', signed)).toBe(0);
  expect(looking.absent('ana')).toBe(true);
});

test('the chain is asked for its finalized slot as soon', async () => {
  const { clock, back, advance } = await daemon();
  const chain = { finalized: 100 };
  const due: number[] = [];
  const pace = createPace();
  const finality = createFinality({
    chain: { slot: async () => chain.finalized },
    pace,
    clock,
    latestSlot: () => 110,
    ledger: { sightings: { becameFinal: async () => {} } },
    onFinal: (slot) => void due.push(slot),
  });
  finality.expect(103);
  await finality.look();
  chain.finalized = 103;
  await back();
  advance(2_000);
  await finality.look();
  expect(due).toEqual([103]);
  // The time until finality that is measured is the one that passed: 2 s, 25 % and 200 ms.
  expect(pace.finalByMs()).toBe(2_700);
});

test('the pace of slots is measured on', async () => {
  const { clock, back, advance } = await daemon();
  const pace = createPace();
  const note = (slot: number) => pace.note(slot, clock.elapsedMs());
  note(100);
  await back();
  advance(4_000);
  note(110);
  expect(pace.msPerSlot()).toBe(400);
});

test('other work pauses for no longer, and the next pause can begin', async () => {
  const { clock, back, advance } = await daemon();
  const way = createRightOfWay(clock);
  way.hold();
  await back();
  const beganMs = clock.elapsedMs();
  await way.clear();
  expect(clock.elapsedMs() - beganMs).toBe(300);
  advance(300);
  way.hold();
  const againMs = clock.elapsedMs();
  await way.clear();
  expect(clock.elapsedMs() - againMs).toBe(300);
});

test('a burst ends after the same time', async () => {
  const { clock, back, advance } = await daemon();
  const burst = createBurst(clock.elapsedMs);
  burst.named(33);
  await back();
  expect(burst.on()).toBe(true);
  advance(5_000);
  expect(burst.on()).toBe(false);
});

test('work that another daemon leaves is taken over as soon', async () => {
  const { clock, back, advance } = await daemon();
  const taken: string[] = [];
  const lanes = createLaneShare({
    share: { isMine: () => false },
    nudge: (id) => void taken.push(id),
    pass: async () => {},
    clock,
  });
  lanes.due(['ana']);
  await back();
  advance(600_000);
  lanes.due(['ana']);
  expect(taken).toEqual(['ana']);
});

test('gauges that cost calls are read once a minute while calls are given up', async () => {
  const { clock, back, advance } = await daemon();
  let read = 0;
  const sample = createSampling(async () => void read++, { isGivenUp: () => true }, clock);
  await sample();
  await back();
  advance(59_999);
  await sample();
  expect(read).toBe(1);
  advance(1);
  await sample();
  expect(read).toBe(2);
});

test('a loop that hangs is told', async () => {
  const { clock, back, advance } = await daemon();
  const work = Promise.withResolvers<void>();
  const loops = createLoops({ clock, log: silentLog });
  loops.add('inspect', 1_000, () => work.promise);
  loops.begin();
  await back();
  advance(HOUR_MS / 2);
  const stuck = loops.stuck();
  const stopping = loops.stop();
  work.resolve();
  await stopping;
  expect(stuck).toContain('inspect');
});

test('the bytes of a payment that does not land are simulated as soon', async () => {
  const { clock, back, advance } = await daemon();
  let simulated = 0;
  const simulateBytes = async () => {
    simulated++;
    return { error: null, programs: [], logs: [] };
  };
  const ports = {
    chain: { simulateBytes },
    ledger: { payments: { hindered: async () => true } },
    venues: {},
    clock,
    log: silentLog,
  };
  const hindrance = createHindrance(ports as never, 40_000);
  const ask = () => hindrance.of({ id: 'p1' } as never, { bytes: '' } as never);
  await ask();
  await back();
  advance(40_000);
  await ask();
  expect(simulated).toBe(1);
});
