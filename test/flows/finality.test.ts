// Finality: what waits for a slot goes on as soon as the chain says that the slot is final, however
// long that takes, and the chain is asked no more often than it can change.
import { expect, test } from 'vitest';
import { createPace } from '../../src/core/pace.ts';
import { createFinality } from '../../src/flows/finality.ts';
import { createLooking } from '../../src/flows/look-schedule.ts';
import { signatureOf } from '../support/ledger.ts';

function open(msPerSlot: number | null = 400) {
  const world = { nowMs: 1_000, finalized: 100, asked: 0 };
  const done: string[] = [];
  const clock = { nowMs: () => world.nowMs, elapsedMs: () => world.nowMs } as never;
  const pace = createPace();
  const finality = createFinality({
    chain: {
      slot: async (commitment) => {
        world.asked++;
        // Confirmed blocks are ahead, and may be dropped yet.
        return commitment === 'finalized' ? world.finalized : world.finalized + 30;
      },
    },
    ledger: { sightings: { becameFinal: async (slot) => void done.push(`due up to ${slot}`) } },
    pace: { ...pace, msPerSlot: () => msPerSlot },
    clock,
    latestSlot: () => 110,
    onFinal: (slot) => done.push(`final ${slot}`),
  });
  return { world, done, clock, finality, pace };
}

test('while nothing waits, the chain is not asked', async () => {
  const { world, done, finality } = open();
  await finality.look();
  expect([world.asked, done]).toEqual([0, []]);
});

test('the chain is asked again after half of the time that was waited, 150 ms at least', async () => {
  const { world, done, finality, pace } = open();
  finality.expect(103);
  await finality.look();
  expect([world.asked, done, pace.finalByMs()]).toEqual([1, [], null]);
  world.nowMs += 149;
  await finality.look();
  expect(world.asked).toBe(1);
  world.nowMs += 1;
  world.finalized = 103;
  await finality.look();
  // It took 150 ms; 25 % and 200 ms are the margin.
  expect(pace.finalByMs()).toBe(388);
  expect([world.asked, done]).toEqual([2, ['due up to 103', 'final 103']]);
  // Nothing waits any more.
  world.nowMs += 60_000;
  await finality.look();
  expect(world.asked).toBe(2);
});

test('a slot that is already final when it is expected goes on without another question', async () => {
  const { world, done, finality } = open();
  finality.expect(100);
  await finality.look();
  finality.expect(99);
  await finality.look();
  expect([world.asked, done]).toEqual([
    1,
    ['due up to 100', 'final 100', 'due up to 100', 'final 100'],
  ]);
});

test('a slot that the chain cannot have reached is not waited for', async () => {
  const { world, finality } = open();
  finality.expect(900_000_000_000);
  await finality.look();
  expect(world.asked).toBe(0);
});

test('a chain that takes 13 s is asked some ten times for a slot', async () => {
  const { world, done, finality } = open();
  finality.expect(132);
  for (; done.length === 0; world.nowMs += 100) {
    world.finalized = world.nowMs < 14_000 ? 100 : 132;
    await finality.look();
  }
  expect(world.asked).toBeLessThanOrEqual(15);
  expect(world.nowMs).toBeLessThan(16_200);
});

test('however many slots are missing, the chain is asked at least every 2 s', async () => {
  const { world, finality } = open(null);
  finality.expect(140);
  world.nowMs += 60_000;
  for (let ask = 1; ask <= 3; ask++) {
    await finality.look();
    expect(world.asked).toBe(ask);
    world.nowMs += 2_000;
  }
});

test('a payment that was heard of in a slot is looked at when the slot is final, once', () => {
  const { world, clock, pace } = open();
  const given = { pollMs: 50, rebroadcastMs: 2_000, finalityMs: 14_000 };
  const looking = createLooking(clock, given, pace);
  const signed = { signature: signatureOf(1) } as never;
  looking.sent('ana', signed);
  looking.sent('bo', signed);
  looking.heard('ana', 105);
  looking.heard('bo', 106);
  expect(looking.final(104)).toEqual([]);
  expect(looking.waitMs('ana', signed)).toBe(14_000);
  expect(looking.final(105)).toEqual(['ana']);
  expect(looking.waitMs('ana', signed)).toBe(0);
  expect(looking.final(105)).toEqual([]);
  // A node that is behind had it as confirmed only: the next look waits for its own reason.
  looking.executed('ana', 105);
  world.nowMs += 10;
  expect(looking.waitMs('ana', signed)).toBe(40);
  expect(looking.final(106)).toEqual(['ana', 'bo']);
});

test('without the word of the chain, a payment is looked at after the time that slots take now', () => {
  const { clock, pace } = open();
  const given = { pollMs: 50, rebroadcastMs: 2_000, finalityMs: 14_000 };
  const looking = createLooking(clock, given, pace);
  const signed = { signature: signatureOf(1) } as never;
  pace.noteFinal(160);
  looking.sent('ana', signed);
  looking.heard('ana', 105);
  expect(looking.waitMs('ana', signed)).toBe(400);
});
