// Account changes: notifications are snapshots. Older ones are dropped, equal ones mean nothing,
// many changes cost one scan, and a scan that fails is made again.
import { describe, expect, test } from 'vitest';
import { type Address, base58Text } from '../../src/core/ids.ts';
import { DRIFT_V2 } from '../../src/venue/drift-v2/venue.ts';
import { ACCOUNT, never, setUp } from '../support/account-changes.ts';

test('many changes in a row cost one scan, from the cursor on', async () => {
  const { watch, see, scans } = setUp();
  for (let slot = 20; slot < 30; slot++) see(slot, BigInt(slot));
  expect(await watch.scan(never)).toBe(1);
  expect(scans).toEqual([{ after: 8, seen: 29 }]);
  expect(await watch.scan(never)).toBe(0);
  expect([...watch.changed]).toEqual([[ACCOUNT, 29]]);
});

test('the same state is no change, told whole or by its slice alone', async () => {
  const { watch } = setUp(false, false, { offset: 2, length: 3 });
  const tell = (slot: number, ...bytes: number[]) => {
    watch.notified(ACCOUNT, slot, { lamports: 9n, owner: ACCOUNT, data: Uint8Array.from(bytes) });
    return watch.changed.get(ACCOUNT) === slot;
  };
  expect(watch.sliceOf(ACCOUNT)).toEqual({ offset: 2, length: 3 });
  expect(watch.sliceOf('another' as Address)).toBeNull();
  expect(tell(20, 1, 1, 5, 6, 7, 1)).toBe(true);
  // What changed lies beside the slice, or the node began to send the slice alone.
  expect([tell(21, 2, 2, 5, 6, 7, 2), tell(22, 5, 6, 7), tell(23, 3, 3, 5, 6, 7)]).toEqual([
    false,
    false,
    false,
  ]);
  expect([tell(24, 5, 6, 8), tell(25, 1, 1, 5, 6, 8, 1), tell(26, 1, 1, 4, 6, 8, 1)]).toEqual([
    true,
    false,
    true,
  ]);
});

test('an older snapshot is dropped, an equal one means nothing', async () => {
  const { watch, see, scans } = setUp();
  see(20, 5n);
  await watch.scan(never);
  see(19, 4n);
  see(21, 5n);
  expect(await watch.scan(never)).toBe(0);
  see(21, 6n);
  await watch.scan(never);
  expect(scans.map((each) => each.seen)).toEqual([20, 21]);
});

test('a transaction that was read causes no scan, and a scan that fails is repeated by itself', async () => {
  const { watch, see, noted, failed, trouble } = setUp();
  watch.told(ACCOUNT, 20);
  see(20, 5n);
  expect(await watch.scan(never)).toBe(0);
  trouble.failing = true;
  see(21, 6n);
  expect(await watch.scan(never)).toBe(0);
  expect(failed).toEqual([ACCOUNT]);
  trouble.failing = false;
  expect(await watch.scan(never)).toBe(1);
  expect(noted).toEqual(['s21']);
});

test('a change is looked for until the transaction of that very slot is read, whatever else is', async () => {
  const { watch, see, scans } = setUp();
  see(20, 5n);
  see(22, 6n);
  watch.told(ACCOUNT, 22);
  watch.told(ACCOUNT, 9e15);
  expect(await watch.scan(never)).toBe(1);
  see(23, 7n);
  watch.told(ACCOUNT, 23);
  expect(await watch.scan(never)).toBe(0);
  expect(scans).toHaveLength(1);
});

test('a slot in a webhook makes a scan wait a moment, and only for a change of that slot', async () => {
  const { watch, see, clock, scans } = setUp();
  watch.hinted(ACCOUNT, 20);
  see(20, 5n);
  expect(await watch.scan(never)).toBe(0);
  expect(watch.waiting).toBe(true);
  clock.advance(1_500);
  expect(await watch.scan(never)).toBe(1);
  watch.hinted(ACCOUNT, 9e15);
  see(30, 6n);
  expect(await watch.scan(never)).toBe(1);
  expect(scans.map((each) => each.seen)).toEqual([20, 30]);
});

test('a notification from a slot that cannot be silences nothing', async () => {
  const { watch, see, latest, scans } = setUp();
  latest.slot = 100;
  see(900_000_000_000, 4n);
  see(99, 5n);
  await watch.scan(never);
  expect(scans.map((each) => each.seen)).toEqual([99]);
});

test('a slot that was told too high hides no later state from the next read', async () => {
  const { watch, see, scans } = setUp();
  // Within what may be, and far above the slot that the sweep reads at.
  see(50 + 1_900, 4n);
  await watch.scan(never);
  await watch.sweep([{ address: ACCOUNT, subscriberId: 'ana', role: 'agent_wallet' }], never);
  await watch.scan(never);
  expect(scans.map((each) => each.seen)).toEqual([1_950, 50]);
});

test('a first notification is news, though a first read is none', async () => {
  const { watch, see, scans } = setUp(true);
  see(20, 5n);
  expect(await watch.scan(never)).toBe(1);
  const read = setUp(true);
  await read.watch.sweep([{ address: ACCOUNT, subscriberId: 'ana', role: 'agent_wallet' }], never);
  expect(await read.watch.scan(never)).toBe(0);
  expect([scans.length, read.scans.length]).toEqual([1, 0]);
});

test('after a subscription the account is read: what changed meanwhile is found', async () => {
  const { watch, scans } = setUp(true);
  watch.remember([{ address: ACCOUNT, slot: 5, pulse: '8' }]);
  watch.subscribed([ACCOUNT]);
  expect(await watch.scan(never)).toBe(1);
  expect(scans.map((each) => each.seen)).toEqual([50]);
});

test('an account that is subscribed to again while it is read, or whose read fails, is read once more', async () => {
  const { watch, scans, state, trouble } = setUp(true);
  watch.remember([{ address: ACCOUNT, slot: 5, pulse: '9' }]);
  watch.subscribed([ACCOUNT]);
  // The node has answered with 9 lamports. Then the connection breaks, the account changes, and the
  // account is subscribed to again.
  state.beforeAnswer = async () => {
    state.beforeAnswer = async () => {};
    state.lamports = 7n;
    watch.subscribed([ACCOUNT]);
  };
  await watch.scan(never);
  expect(scans).toEqual([]);
  trouble.failing = true;
  await expect(watch.scan(never)).rejects.toThrow('the node is away');
  trouble.failing = false;
  expect(await watch.scan(never)).toBe(1);
});

test('in a burst a scan waits for the webhook, and for the reading of what it names, but not for ever', async () => {
  const { watch, see, clock, scans, state } = setUp();
  state.burst = true;
  see(20, 5n);
  clock.advance(7_999);
  expect(await watch.scan(never)).toBe(0);
  clock.advance(1);
  expect(await watch.scan(never)).toBe(1);
  watch.hinted(ACCOUNT, 30);
  see(30, 6n);
  clock.advance(179_999);
  expect(await watch.scan(never)).toBe(0);
  clock.advance(1);
  expect(await watch.scan(never)).toBe(1);
  expect(scans.map((each) => each.seen)).toEqual([20, 30]);
});

test('in a burst the webhook of a change may come long before its notification', async () => {
  for (const burst of [true, false]) {
    const { watch, see, clock, state } = setUp();
    state.burst = burst;
    watch.hinted(ACCOUNT, 30);
    clock.advance(1_500);
    see(30, 6n);
    clock.advance(burst ? 8_000 : 0);
    expect(await watch.scan(never), `in a burst: ${burst}`).toBe(burst ? 0 : 1);
  }
});

test('while a payment of the subscriber is under way, a scan waits for its end', async () => {
  const { watch, see, clock, scans, state } = setUp();
  state.paying = true;
  see(20, 5n);
  clock.advance(5_000);
  expect(await watch.scan(never)).toBe(0);
  expect(watch.waiting).toBe(true);
  state.paying = false;
  expect(await watch.scan(never)).toBe(1);
  // A payment that does not end holds no scan back for longer than ten seconds.
  state.paying = true;
  see(30, 6n);
  clock.advance(10_000);
  expect(await watch.scan(never)).toBe(1);
  expect(scans.map((each) => each.seen)).toEqual([20, 30]);
});

test('a change that another daemon has read needs no scan; a scan waits 1.5 s for that daemon, and for its payment', async () => {
  const { watch, see, scans, clock, others } = setUp(false, true);
  see(20, 5n);
  // The webhook may have reached the other daemon.
  expect([await watch.scan(never), watch.waiting]).toEqual([0, true]);
  others?.told.push(20);
  expect([await watch.scan(never), watch.waiting]).toEqual([0, false]);
  see(21, 6n);
  clock.advance(1_500);
  others?.paying.push('ana');
  expect([await watch.scan(never), watch.waiting]).toEqual([0, true]);
  clock.advance(8_500);
  expect(await watch.scan(never)).toBe(1);
  expect(scans.map((each) => each.seen)).toEqual([21]);
});

test('a pulse of a release that compared other bytes makes no change appear', async () => {
  const changedAfter = async (pulse: string): Promise<Address[]> => {
    const { watch, watched } = setUp(true, false, { offset: 0, length: 3 });
    watch.remember([{ address: ACCOUNT, slot: 5, pulse }]);
    // A node tells no bytes of the account, so the pulse now is none.
    await watch.sweep([...watched.values()], never);
    return [...watch.changed.keys()];
  };
  expect(await changedAfter('ab')).toEqual([]);
  expect(await changedAfter('abc')).toEqual([ACCOUNT]);
});

describe('value that left the account of a debtor, in a burst', () => {
  const leave = (shared = false) => {
    const town = setUp(false, shared);
    town.see(20, 9n);
    town.watch.told(ACCOUNT, 20);
    town.state.burst = true;
    town.state.owing = true;
    town.see(21, 5n);
    return town;
  };

  test('is looked for at once, and the transaction goes ahead of others', async () => {
    const { watch, scans, state, ahead } = leave();
    expect([state.leaving, state.doubted]).toEqual([1, [[ACCOUNT, 21]]]);
    expect(await watch.scanHasty(never)).toBe(1);
    expect([scans, ahead]).toEqual([[{ after: 8, seen: 21 }], ['s21']]);
    expect([await watch.scanHasty(never), await watch.scan(never)]).toEqual([0, 0]);
  });

  test('is looked for at once where daemons share the hearing, too', async () => {
    expect(await leave(true).watch.scanHasty(never)).toBe(1);
  });

  test('is found by the scan of all changes as well, which reads a history once', async () => {
    const { watch, scans, ahead } = leave();
    const noted = await Promise.all([watch.scan(never), watch.scanHasty(never)]);
    expect(noted.toSorted()).toEqual([0, 1]);
    expect([scans.length, ahead]).toEqual([1, ['s21']]);
  });

  test.each([
    ['of one who owes nothing', { owing: false, paying: false }],
    ['that a payment of the daemon probably took', { owing: true, paying: true }],
  ])('%s is not, and casts no doubt', async (_, now) => {
    const { watch, state, clock, see } = leave();
    watch.told(ACCOUNT, 21);
    Object.assign(state, now);
    see(22, 4n);
    expect([await watch.scanHasty(never), await watch.scan(never)]).toEqual([0, 0]);
    expect([state.leaving, state.doubted.length, watch.isPending(ACCOUNT)]).toEqual([1, 1, true]);
    clock.advance(10_000);
    expect(await watch.scan(never)).toBe(1);
    // A payment that has not ended by then explains nothing, so the value casts doubt after all.
    expect([state.doubted.length, watch.isPending(ACCOUNT)]).toEqual([now.owing ? 2 : 1, false]);
  });

  test('waits 1.5 s for the transaction that a webhook names, and not for one that came', async () => {
    const { watch, see, clock } = leave();
    watch.told(ACCOUNT, 21);
    expect(await watch.scanHasty(never)).toBe(0);
    watch.hinted(ACCOUNT, 22);
    see(22, 4n);
    expect(await watch.scanHasty(never)).toBe(0);
    clock.advance(1_500);
    expect(await watch.scanHasty(never)).toBe(1);
  });

  test('is asked for again while the history lacks it, and stays pending after four times', async () => {
    const { watch, state, scans, noted } = leave();
    state.lags = 3;
    expect(await watch.scanHasty(never)).toBe(1);
    expect([scans.length, noted]).toEqual([4, ['s21']]);
    const late = leave();
    late.state.lags = 4;
    expect(await late.watch.scanHasty(never)).toBe(0);
    expect(late.noted).toEqual([]);
    expect(await late.watch.scan(never)).toBe(1);
  });

  test('in a slot that the history never shows is given up by the next scan of all changes', async () => {
    const { watch, state, scans } = leave();
    state.lags = 100;
    await watch.scanHasty(never);
    await watch.scan(never);
    expect([scans.length, watch.waiting]).toEqual([5, false]);
    // One history is no proof that nothing left: a check of the account's state decides.
    expect(watch.isPending(ACCOUNT)).toBe(true);
    watch.changed.delete(ACCOUNT);
    expect(watch.isPending(ACCOUNT)).toBe(false);
    await watch.scanHasty(never);
    await watch.scan(never);
    expect(scans).toHaveLength(5);
  });
});

test.each([
  ['the agent', 1, 1],
  ['a stranger by now', 2, 0],
  ['the agent of another subscriber', 3, 0],
])('tokens that leave a watched account of %s cast so many doubts', (_, owner, doubts) => {
  const parts = { leaves: DRIFT_V2.states.leaves };
  const { watch, watched, state } = setUp(false, false, { offset: 0, length: 109 }, parts);
  watched.set(ACCOUNT, { address: ACCOUNT, subscriberId: 'ana', role: 'agent_token_account' });
  for (const [byte, subscriberId] of [[1, 'ana'] as const, [3, 'bo'] as const]) {
    const address = base58Text(new Uint8Array(32).fill(byte)) as Address;
    watched.set(address, { address, subscriberId, role: 'agent_wallet' });
  }
  state.owing = true;
  for (const slot of [20, 21]) {
    const data = Buffer.alloc(165).fill(owner, 32, 64);
    data.writeBigUInt64LE(100n - BigInt(slot), 64);
    watch.notified(ACCOUNT, slot, { lamports: 1n, owner: ACCOUNT, data });
  }
  expect(state.doubted).toHaveLength(doubts);
});
