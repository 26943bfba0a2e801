// Finality: what waits for a slot goes on as soon as the chain says that the slot is final, however
// long that takes, and the chain is asked no more often than it can change.
import { expect, test } from 'vitest';
import { createFinality } from '../../src/flows/finality.ts';
import { createLooking } from '../../src/flows/look-schedule.ts';
import { signatureOf } from '../support/ledger.ts';

function open(msPerSlot: number | null = 400) {
  const world = { nowMs: 1_000, finalized: 100, asked: 0 };
  const done: string[] = [];
  const clock = { nowMs: () => world.nowMs } as never;
  const finality = createFinality({
    chain: {
      slot: async () => {
        world.asked++;
        return world.finalized;
      },
    },
    ledger: { sightings: { becameFinal: async (slot) => void done.push(`due up to ${slot}`) } },
    pace: { msPerSlot: () => msPerSlot },
    clock,
    latestSlot: () => 110,
    onFinal: (slot) => done.push(`final ${slot}`),
  });
  return { world, done, clock, finality };
}

test('while nothing waits, the chain is not asked', async () => {
  const { world, done, finality } = open();
  await finality.look();
  expect([world.asked, done]).toEqual([0, []]);
});

test('the chain is asked again when the slots in between can have passed, not before', async () => {
  const { world, done, finality } = open();
  finality.expect(103);
  await finality.look();
  expect([world.asked, done]).toEqual([1, []]);
  // Three slots of 400 ms are missing.
  world.nowMs += 1_199;
  await finality.look();
  expect(world.asked).toBe(1);
  world.nowMs += 1;
  world.finalized = 103;
  await finality.look();
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

test('however many slots are missing, the chain is asked at least every 2 s', async () => {
  const { world, finality } = open(null);
  finality.expect(140);
  for (let ask = 1; ask <= 3; ask++) {
    await finality.look();
    expect(world.asked).toBe(ask);
    world.nowMs += 2_000;
  }
});

test('a payment that was heard of in a slot is looked at when the slot is final, once', () => {
  const { world, clock } = open();
  const looking = createLooking(clock, { pollMs: 50, rebroadcastMs: 2_000, finalityMs: 14_000 });
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
