// Account changes: notifications are snapshots. Older ones are dropped, equal ones mean nothing,
// many changes cost one scan, and a scan that fails is made again.
import { expect, test } from 'vitest';
import type { Chain } from '../../src/core/chain-ports.ts';
import type { Address, Slot } from '../../src/core/ids.ts';
import type { Ledger } from '../../src/core/ports.ts';
import { SOURCES } from '../../src/core/source.ts';
import { type Venue, venuesOf } from '../../src/core/venue.ts';
import type { Watched } from '../../src/core/watch-ports.ts';
import { createAccountChanges } from '../../src/flows/account-changes.ts';
import { createSources } from '../../src/flows/sources.ts';
import { silentLog } from '../../src/system/log.ts';
import { createManualClock } from '../support/clock.ts';

const ACCOUNT = 'account' as Address;
const never = new AbortController().signal;

function setUp(trustFirstSight = false, shared = false, slice = { offset: 0, length: 0 }) {
  const clock = createManualClock();
  const scans: { after: number; seen: number }[] = [];
  const trouble = { failing: false };
  const noted: string[] = [];
  const failed: string[] = [];
  const latest = { slot: Number.MAX_SAFE_INTEGER };
  const state = { burst: false, paying: false, lamports: 9n, beforeAnswer: async () => {} };
  const others: { told: Slot[]; paying: string[] } | null = shared
    ? { told: [], paying: [] }
    : null;
  const aside = {
    failed: async (_: string, subject: string) => failed.push(subject),
    forGood: async () => {},
    succeeded: async () => {},
    of: async () => new Map<string, number>(),
  };
  const ana = { address: ACCOUNT, subscriberId: 'ana', role: 'agent_wallet' } as const;
  const watched = new Map<string, Watched>([[ACCOUNT, ana]]);
  const moved: (() => void)[] = [];
  const setWatched = (isWatched: boolean) => {
    if (isWatched) watched.set(ACCOUNT, ana);
    else watched.delete(ACCOUNT);
    for (const each of moved) each();
  };
  const watch = createAccountChanges({
    ledger: {
      watchList: { cursors: async () => [{ address: ACCOUNT, slot: 10, listedRevision: 0 }] },
      sightings: {
        note: async (rows: { signature: string }[]) =>
          void noted.push(...rows.map((each) => each.signature)),
      },
    } as unknown as Ledger,
    chain: {
      async signatures(_: Address, after: number, seen: number) {
        if (trouble.failing) throw new Error('the node is away');
        scans.push({ after, seen });
        return [{ signature: `s${seen}`, slot: seen, blockIndex: 0, memo: null }];
      },
      slices: async () => {
        const accounts = [{ lamports: state.lamports, owner: ACCOUNT, data: new Uint8Array() }];
        const read = { slot: 50, accounts };
        await state.beforeAnswer();
        if (trouble.failing) throw new Error('the node is away');
        return read;
      },
      witnessed: <T>(read: () => Promise<T>) => read(),
    } as unknown as Chain,
    venues: venuesOf([{ name: 'drift-v2', pulseSlice: () => slice } as unknown as Venue]),
    watched: {
      map: watched,
      touches: () => true,
      addresses: () => [ACCOUNT],
      revision: 0,
      refresh: async () => false,
      reload: async () => false,
      onMoved: (listener) => void moved.push(listener),
    },
    sources: createSources(SOURCES, () => true),
    aside,
    canBe: (slot) => slot <= latest.slot,
    clock,
    log: silentLog,
    webhooks: true,
    burst: { heard: () => {}, on: () => state.burst, onSince: () => state.burst },
    ownSignatures: { underWay: () => state.paying },
    elsewhere: () =>
      others === null
        ? null
        : async () => ({
            told: others.told.map((slot) => ({ address: ACCOUNT, slot })),
            paying: new Set(others.paying),
          }),
    trustFirstSight,
    onChange: () => {},
  });
  const see = (slot: number, lamports: bigint) =>
    watch.notified(ACCOUNT, slot, { lamports, owner: ACCOUNT, data: new Uint8Array() });
  const given = { latest, trouble, watched, setWatched, clock, state, others };
  return { watch, see, scans, noted, failed, ...given };
}

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
  // An account that joined later has a past since then, which no backfill has scanned.
  const LATER = 'later' as Address;
  const later = { address: LATER, subscriberId: 'bo', role: 'agent_wallet' } as const;
  read.watched.set(LATER, later);
  await read.watch.sweep([later], never);
  expect([...read.watch.changed.keys()]).toEqual([LATER]);
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
  clock.advance(59_999);
  expect(await watch.scan(never)).toBe(0);
  clock.advance(1);
  expect(await watch.scan(never)).toBe(1);
  expect(scans.map((each) => each.seen)).toEqual([20, 30]);
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

test('an account that another daemon heard is read, and scanned unless the ledger knows that state', async () => {
  const { watch, see, scans } = setUp(true);
  see(20, 5n);
  await watch.scan(never);
  // The state that is read is 9 lamports at slot 50. The pulse of this daemon is of before.
  watch.taken([ACCOUNT], [{ address: ACCOUNT, slot: 40, pulse: '9' }]);
  expect(await watch.scan(never)).toBe(0);
  watch.taken([ACCOUNT], [{ address: ACCOUNT, slot: 40, pulse: '8' }]);
  expect(await watch.scan(never)).toBe(1);
  // Without a pulse in the ledger nothing shows that the state was heard.
  watch.taken([ACCOUNT], []);
  expect(await watch.scan(never)).toBe(1);
  expect(scans).toHaveLength(3);
});

test('nothing is kept of an account that left: one that joins again is a new one', async () => {
  const { watch, see, scans, setWatched } = setUp();
  see(20, 5n);
  expect(await watch.scan(never)).toBe(1);
  watch.told(ACCOUNT, 30);
  setWatched(false);
  expect([...watch.changed]).toEqual([]);
  setWatched(true);
  // Its state is that of before, in a slot of which a transaction was read before.
  see(30, 5n);
  expect([...watch.changed]).toEqual([[ACCOUNT, 30]]);
  expect(await watch.scan(never)).toBe(1);
  // Both scans begin at the cursor.
  expect(scans.map((each) => each.after)).toEqual([8, 8]);
});

test('a webhook that named an account before it left holds back no scan after it joins again', async () => {
  const { watch, see, setWatched } = setUp();
  watch.hinted(ACCOUNT, 20);
  setWatched(false);
  setWatched(true);
  see(20, 5n);
  expect(watch.waiting).toBe(false);
});

test('no backfill has scanned the past of an account that left and joins again', async () => {
  const { watch, watched, setWatched } = setUp(true);
  setWatched(false);
  setWatched(true);
  await watch.sweep([...watched.values()], never);
  expect([...watch.changed.keys()]).toEqual([ACCOUNT]);
});

test('nothing is kept of an account that leaves while it is read', async () => {
  const { watch, watched, setWatched, state } = setUp();
  const accounts = [...watched.values()];
  state.beforeAnswer = async () => setWatched(false);
  await watch.sweep(accounts, never);
  expect([...watch.changed]).toEqual([]);
});
