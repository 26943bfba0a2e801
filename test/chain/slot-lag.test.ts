// Slot lag: a node that is too many slots behind the others gets no reads until it has caught up,
// and an answer for a slot that its node has not reached is no answer.
import { expect, test } from 'vitest';
import { createPool } from '../../src/chain/pool.ts';
import { createSlotLag, slotToldBy } from '../../src/chain/slot-lag.ts';
import { createManualClock } from '../support/clock.ts';

const question = (method: string, commitment = 'confirmed'): string =>
  JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: ['x', { commitment }] });
const withContext = (slot: number): string =>
  JSON.stringify({ jsonrpc: '2.0', result: { context: { apiVersion: '3.0.1', slot }, value: [] } });
const notReached = (contextSlot: number): string =>
  JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    error: {
      code: -32016,
      message: 'Minimum context slot has not been reached',
      data: { contextSlot },
    },
  });

test.each([
  ['the context of an answer', question('getMultipleAccounts'), withContext(77), 77, false],
  ['a plain slot', question('getSlot'), '{"jsonrpc":"2.0","result":78,"id":1}', 78, false],
  ['a refusal that names the slot', question('getTransaction'), notReached(70), 70, true],
  [
    'finalized slots do not compare',
    question('getSlot', 'finalized'),
    '{"result":79}',
    null,
    false,
  ],
  ['another number', question('getBlockHeight'), '{"jsonrpc":"2.0","result":5}', null, false],
  ['a batch', `[${question('getSlot')}]`, '[{"result":80}]', null, false],
  ['another error', question('getSlot'), '{"error":{"code":-32601,"message":"x"}}', null, false],
])('the slot of an answer: %s', (_, asked, answer, slot, behind) => {
  expect(slotToldBy(asked, answer)).toEqual({ slot, notReached: behind, troubled: false });
});

test.each([
  ['it is unhealthy', -32005],
  ['an internal error', -32603],
  ['its long-term storage fails', -32019],
])('a node tells of its own trouble: %s', (_, code) => {
  const error = { code, message: 'Trouble', data: { numSlotsBehind: 9 } };
  const one = JSON.stringify({ jsonrpc: '2.0', error, id: 1 });
  expect(slotToldBy(question('getSlot'), one).troubled).toBe(true);
  const { code: _code, ...rest } = error;
  const turned = JSON.stringify({
    jsonrpc: '2.0',
    error: { message: rest.message, code },
    id: 1,
  });
  expect(slotToldBy(question('getSlot'), turned).troubled).toBe(true);
  expect(slotToldBy(`[${question('getSlot')}]`, `[{"result":80},${one}]`).troubled).toBe(true);
  // A log line that quotes such an error is no error.
  const quoted = JSON.stringify({ result: { logs: [one] } });
  expect(slotToldBy(question('getTransaction'), quoted).troubled).toBe(false);
});

test('an old slot of one node is no reason against a newer one of another', () => {
  const clock = createManualClock();
  const lag = createSlotLag({ slotsMost: 25, canBe: () => true, elapsedMs: clock.elapsedMs });
  expect([lag.of('a'), lag.isBehind('a')]).toEqual([null, false]);
  lag.told('a', 1_000);
  clock.advance(60_000);
  lag.told('b', 1_150);
  // Node a was abreast when it told its slot; it is behind once it tells an old one again.
  expect([lag.of('a'), lag.isBehind('a')]).toEqual([0, false]);
  lag.told('a', 1_125);
  expect([lag.of('a'), lag.isBehind('a')]).toEqual([25, false]);
  lag.told('a', 1_124);
  expect([lag.of('a'), lag.isBehind('a')]).toEqual([26, true]);
  lag.told('a', 1_151);
  expect([lag.of('b'), lag.isBehind('a'), lag.isBehind('b')]).toEqual([0, false, false]);
  expect([lag.silentMs('a'), lag.silentMs('c')]).toEqual([0, Number.POSITIVE_INFINITY]);
});

test('a slot that the chain cannot have makes no node look behind, also when that shows later', () => {
  let most = 10_000;
  const lag = createSlotLag({ slotsMost: 25, canBe: (slot) => slot <= most, elapsedMs: () => 0 });
  lag.told('liar', 50_000);
  lag.told('a', 1_000);
  expect(lag.isBehind('a')).toBe(false);
  lag.told('liar', 9_000);
  lag.told('a', 1_001);
  expect(lag.isBehind('a')).toBe(true);
  most = 2_000;
  lag.told('a', 1_002);
  expect(lag.isBehind('a')).toBe(false);
});

/** A pool of two nodes that tell slots which the test sets. */
function poolOfTwo(weights: readonly number[] = []) {
  const slots: Record<string, number> = { first: 1_000, second: 1_000 };
  const asked: string[] = [];
  const clock = createManualClock();
  const answerOf = (name: string, body: string): string => {
    const least = Number(/"minContextSlot":(\d+)/.exec(body)?.[1] ?? 0);
    const slot = slots[name] ?? 0;
    return slot < least ? notReached(slot) : withContext(slot);
  };
  const nodes = ['first', 'second'].map((name, index) => ({
    name,
    ...(weights[index] === undefined ? {} : { weight: weights[index] }),
    send: async (_url: unknown, init?: RequestInit) => {
      asked.push(name);
      return new Response(answerOf(name, String(init?.body)));
    },
  }));
  const pool = createPool(nodes, clock);
  const ask = async (least = 0): Promise<string> => {
    const body = JSON.stringify({
      method: 'getMultipleAccounts',
      params: [[], { commitment: 'confirmed', minContextSlot: least }],
    });
    await (await pool.send('http://node', { method: 'POST', body })).text();
    return asked.at(-1) ?? 'none';
  };
  const tell = (name: string): Promise<void> =>
    pool.told(name, question('getSlot'), new Response(`{"result":${slots[name]}}`));
  return { pool, slots, asked, ask, tell, clock };
}

test('a node that is behind gets no reads until it is back, and is asked for its slot meanwhile', async () => {
  const { pool, slots, ask, tell } = poolOfTwo();
  expect(await ask()).toBe('first');
  expect(pool.untold()).toEqual(['second']);
  slots.second = 1_040;
  await tell('second');
  // The first node is found to be behind by its own next answer, and not by the clock.
  expect(await ask()).toBe('first');
  expect(pool.status()[0]).toMatchObject({ name: 'first', lagSlots: 40 });
  expect([await ask(), await ask()]).toEqual(['second', 'second']);
  expect(pool.untold()).toEqual(['first']);
  slots.first = 1_041;
  await tell('first');
  expect(await ask()).toBe('first');
  expect(pool.untold()).toEqual([]);
});

test('with weights as well, a node that is behind has no share', async () => {
  const { slots, asked, ask, tell } = poolOfTwo([1, 1]);
  slots.first = 1_100;
  await tell('first');
  await tell('second');
  for (let n = 0; n < 6; n++) await ask();
  expect(new Set(asked)).toEqual(new Set(['first']));
});

test('a read that its node has not reached goes to another one; without one the refusal is the answer', async () => {
  const { slots, asked, ask } = poolOfTwo();
  slots.second = 1_002;
  expect(await ask(1_002)).toBe('second');
  expect(asked).toEqual(['first', 'second']);
  // One slot behind is not too far: the next read goes to the first node again.
  expect(await ask()).toBe('first');
  asked.length = 0;
  await ask(2_000);
  expect(asked).toEqual(['first', 'second']);
});

test('one node alone is never behind, and its answers are handed on unread', async () => {
  const clock = createManualClock();
  const body = new Response(withContext(5));
  const pool = createPool([{ name: 'only', send: async () => body }], clock);
  await pool.send('http://node', { method: 'POST', body: question('getSlot') });
  expect(body.bodyUsed).toBe(false);
  expect([pool.untold(), pool.status()[0]?.lagSlots]).toEqual([[], null]);
});
