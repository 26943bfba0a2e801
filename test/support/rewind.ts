// Rewind: puts a world back to an earlier moment, so that several cases play in one world. To make
// a world with a compiled program takes 0.3 s of CPU, most of it to load the program.
import type { World } from '../../src/local/world.ts';

/** The account of the chain's clock. */
export const CLOCK = 'SysvarC1ock11111111111111111111111111111111';

/** The slot and the time, in seconds, that the programs of a chain read. */
export const timeOf = ({ cluster }: World): { slot: bigint; unixTime: bigint } => {
  const clock = Buffer.from(cluster.bank.get(CLOCK)?.data ?? []);
  return { slot: clock.readBigUInt64LE(0), unixTime: clock.readBigInt64LE(32) };
};

/** Lets slots pass for the programs alone: no block is made, so that a rewind still works. */
export function letPass(world: World, slots: number): void {
  const { slot, unixTime } = timeOf(world);
  const passed = Math.floor((slots * world.cluster.slotMs) / 1000);
  world.cluster.bank.setTime(slot + BigInt(slots), unixTime + BigInt(passed));
}

/**
 * Marks this moment of a world. Returns what puts every account and the clock of its programs back
 * to it, as often as it is called, while fewer than eight blocks were made since.
 */
export function markWorld(world: World): () => void {
  const { cluster } = world;
  // What happens from here on stands in blocks of its own, which are dropped.
  cluster.advance();
  const first = cluster.slot('processed');
  const { slot, unixTime } = timeOf(world);
  return () => {
    cluster.forkOff(first);
    cluster.bank.setTime(slot, unixTime);
  };
}
