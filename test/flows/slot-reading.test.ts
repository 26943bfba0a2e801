// Slot reading: the chain is asked for its slot seldom while notifications show that it moves, and
// with each heartbeat when they stop, when the node fails, and when its answer does not rise.
import { expect, test } from 'vitest';
import { createSlotReading } from '../../src/flows/slot-reading.ts';
import { createManualClock } from '../support/clock.ts';

const STALE_MS = 30_000;

/** A reading by a heartbeat each second, and a node and a socket that can be stopped. */
function setUp() {
  const clock = createManualClock();
  const state = { node: 100 as number | Error, socket: 102 };
  let asked = 0;
  const reading = createSlotReading(
    async () => {
      asked++;
      if (state.node instanceof Error) throw state.node;
      return state.node;
    },
    clock.nowMs,
    STALE_MS,
  );
  /**
   * The questions within so many heartbeats, between which what is `moving` moves by two slots. A
   * socket that does not move is silent, or `repeats` its slot.
   */
  const beats = async (count: number, moving: 'both' | 'node' | 'socket', repeats = false) => {
    const before = asked;
    const read: (number | string | null)[] = [];
    for (let n = 0; n < count; n++) {
      clock.advance(1_000);
      if (typeof state.node === 'number' && moving !== 'socket') state.node += 2;
      if (moving !== 'node') state.socket += 2;
      if (moving !== 'node' || repeats) reading.notified(state.socket);
      read.push(await reading.read().catch((thrown: Error) => thrown.message));
    }
    return { asked: asked - before, read };
  };
  return { clock, state, reading, beats };
}

test('while notifications come, a third of the age of the view passes between two questions', async () => {
  const { beats } = setUp();
  const { asked, read } = await beats(60, 'both');
  expect(asked).toBe(6);
  expect(read.slice(0, 11)).toEqual([102, ...Array(9).fill(null), 122]);
});

test('without notifications each heartbeat asks, from three seconds on', async () => {
  const { beats } = setUp();
  expect((await beats(5, 'node')).asked).toBe(5);
  await beats(10, 'both');
  expect((await beats(20, 'node')).asked).toBe(18);
});

test('notifications that repeat a slot are none', async () => {
  const { beats } = setUp();
  await beats(5, 'node');
  await beats(10, 'both');
  expect((await beats(20, 'node', true)).asked).toBe(18);
});

test('a node that stands still is asked with each heartbeat, and its slot is no higher', async () => {
  const { beats, state } = setUp();
  const [first] = (await beats(1, 'both')).read;
  const { asked, read } = await beats(20, 'socket');
  expect(read.filter((each) => each !== null && each !== first)).toEqual([]);
  expect(asked).toBe(11);
  // It moves again.
  expect((await beats(11, 'both')).asked).toBe(2);
  expect(state.node).toBe(124);
});

test('a node that fails is asked with each heartbeat until it answers', async () => {
  const { beats, state } = setUp();
  await beats(10, 'both');
  state.node = new Error('away');
  const { asked, read } = await beats(5, 'socket');
  expect([asked, ...read]).toEqual([5, ...Array(5).fill('away')]);
  state.node = 500;
  expect((await beats(5, 'both')).asked).toBe(1);
});

test('a clock that is set back asks', async () => {
  const { beats, clock, reading } = setUp();
  await beats(1, 'both');
  clock.advance(-60_000);
  expect(await reading.read()).toBe(102);
});
