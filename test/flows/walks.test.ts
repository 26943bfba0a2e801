// Walks: a daemon that starts walks the histories of those subscribers of whom an account changed
// since it was walked last. A told history with real account states, and real Postgres.
import { expect, test } from 'vitest';
import { createBurst } from '../../src/core/burst.ts';
import type { Chain } from '../../src/core/chain-ports.ts';
import type { Address } from '../../src/core/ids.ts';
import { SOURCES } from '../../src/core/source.ts';
import { venuesOf } from '../../src/core/venue.ts';
import { createAccountChanges } from '../../src/flows/account-changes.ts';
import { createAside } from '../../src/flows/aside.ts';
import { createSources } from '../../src/flows/sources.ts';
import { createWalkSchedule } from '../../src/flows/walk-schedule.ts';
import { createWalks } from '../../src/flows/walks.ts';
import { loadWatched } from '../../src/flows/watched.ts';
import { createLedger } from '../../src/ledger/ledger.ts';
import { silentLog as log } from '../../src/system/log.ts';
import { createDriftVenue } from '../../src/venue/drift-v2/venue.ts';
import { createManualClock } from '../support/clock.ts';
import { lengthenWalkedPulse } from '../support/damage.ts';
import { createDatabase } from '../support/database.ts';
import { playHistory } from '../support/history.ts';
import { chainOf } from '../support/history-chain.ts';

const HOUR_MS = 3_600_000;
const never = new AbortController().signal;
const history = playHistory(7, 30);
const ids = history.subscribers.map((each) => each.id);
const owner = new Map<string, string>(
  history.subscribers.flatMap(({ id, accounts }) =>
    accounts.map(({ address }): [string, string] => [address, id]),
  ),
);
/** Whether any account of a subscriber has other bytes at the two slots. */
const changes = (id: string, from: number, upto: number): boolean =>
  history.subscribers.some(
    (each) =>
      each.id === id &&
      each.accounts.some(({ address }) => {
        const [was, is] = [history.at(address, from), history.at(address, upto)];
        return (
          was?.lamports !== is?.lamports ||
          !Buffer.from(was?.data ?? []).equals(Buffer.from(is?.data ?? []))
        );
      }),
  );

/** Subscribers in a ledger, two unless given, and daemons over it that start one after another. */
async function setUp(registered = ids) {
  const database = await createDatabase();
  const ledger = createLedger(database.sql);
  const clock = createManualClock();
  const register = async (id: string, fromSlot = history.fromSlot): Promise<void> => {
    const { agent, accounts } = history.subscribers.find((each) => each.id === id) ?? expect.fail();
    await ledger.subscribers.register({
      id,
      agentWallet: agent,
      agentTokenAccount: accounts[2]?.address as Address,
      driftAccounts: [{ address: accounts[0]?.address as Address, subAccountId: 0 }],
      sealedKey: null,
      fromSlot,
    });
  };
  for (const id of registered) await register(id);
  const now = { slot: still, finalAfter: 0, failing: () => false, cutting: () => false };
  /** The histories that were asked for, by subscriber. */
  const asked: string[] = [];
  const node = { pulsesFail: 0, ahead: 0, passed: 0, tips: 0, unreadable: false };
  const told = chainOf(history, now);
  const chain: Chain = {
    ...told,
    // Slots in which nothing happened have passed since.
    async slot(commitment) {
      node.tips++;
      return (await told.slot(commitment)) + node.passed;
    },
    async signatures(account, ...rest) {
      if (node.unreadable) throw new Error('the history is not given');
      asked.push(owner.get(account) ?? 'a stranger');
      return told.signatures(account, ...rest);
    },
    async slices(...given) {
      if (node.pulsesFail-- > 0) throw new Error('no states are given');
      const read = await told.slices(...given);
      return { ...read, slot: read.slot + node.passed + node.ahead };
    },
  };
  const aside = createAside({ ledger, clock, log });
  const owing = new Set<string>();
  /** Starts a daemon. `run` makes one run of its walks, and returns the walked subscribers. */
  const start = async ({ sweeps = true } = {}) => {
    const watched = await loadWatched(ledger.watchList);
    const accounts = () => [...watched.map.values()];
    const venues = venuesOf([createDriftVenue()]);
    const ports = { ledger, chain, venues, aside, watched, clock, log };
    const schedule = createWalkSchedule(clock, {
      backfillEveryMs: HOUR_MS,
      unchangedEveryMs: 24 * HOUR_MS,
    });
    const owes = (account: Address) => owing.has(owner.get(account) ?? '');
    const watch = createAccountChanges({
      ...ports,
      sources: createSources(SOURCES, () => true),
      trustFirstSight: true,
      webhooks: true,
      burst: createBurst(clock.elapsedMs),
      ownSignatures: { underWay: () => false },
      canBe: () => true,
      owes,
      onChange: (address) => void (address !== null && schedule.moved(address)),
      onLeaving: () => {},
      doubt: () => {},
    });
    const walks = createWalks({ ...ports, watch, schedule, owes, sweeps });
    const walkedBy = async (work: () => Promise<unknown>): Promise<string[]> => {
      asked.length = 0;
      node.passed += 10;
      clock.advance(1_000);
      await work();
      return asked.toSorted();
    };
    return {
      remember: () => walks.remember(accounts()),
      /** The subscribers of changed accounts. */
      changed: () => [...watch.changed.keys()].map((each) => owner.get(each)),
      run: () => walkedBy(() => walks.run(accounts(), never)),
      async joined() {
        await watched.refresh();
        return walkedBy(() => walks.joined(accounts, never));
      },
      async takeOver() {
        await walks.take(accounts());
        return walkedBy(() => walks.resume(accounts(), never));
      },
    };
  };
  /** What a daemon walks that starts now. */
  const atStart = async (options = {}): Promise<string[]> => {
    const daemon = await start(options);
    await daemon.remember();
    return daemon.run();
  };
  return { ledger, clock, now, node, aside, owing, register, start, atStart, database };
}
const three = (id: string): string[] => [id, id, id];
const everything = ids.flatMap(three).toSorted();

/** A slot in whose next one accounts of one subscriber change, and none of the other. */
const [still, moved] = (() => {
  for (let slot = history.fromSlot; slot < history.toSlot; slot++) {
    const ofThose = ids.filter((id) => changes(id, slot, slot + 1));
    if (ofThose.length === 1) return [slot, ofThose[0] ?? ''] as const;
  }
  throw new Error('the history has no such slot');
})();
const other = ids.find((id) => id !== moved) ?? '';

test('a daemon that starts walks the accounts of subscribers of whom one changed, and of debtors', async () => {
  const { clock, now, owing, atStart, database } = await setUp();
  await using _ = database;
  expect(await atStart()).toEqual(everything);
  clock.advance(HOUR_MS);
  expect(await atStart()).toEqual([]);
  now.slot = still + 1;
  expect(await atStart()).toEqual(three(moved));
  expect(await atStart()).toEqual([]);
  owing.add(other);
  expect(await atStart()).toEqual(three(other));
  owing.clear();
  // The histories that were walked since are not due yet.
  clock.advance(23 * HOUR_MS);
  expect(await atStart()).toEqual([]);
  clock.advance(HOUR_MS);
  expect(await atStart()).toEqual(everything);
});

test('after the first run the schedule decides', async () => {
  const { clock, now, start, database } = await setUp();
  await using _ = database;
  const daemon = await start();
  await daemon.remember();
  expect(await daemon.run()).toEqual(everything);
  now.slot = still + 1;
  // No source tells of the change, and no sweep has read the accounts since.
  clock.advance(HOUR_MS + 1);
  expect(await daemon.run()).toEqual(everything);
});

test('where pulses are not read, every history is walked, at start after three tries', async () => {
  const { node, atStart, start, database } = await setUp();
  await using _ = database;
  // The walks of this daemon read no pulse, so the next one compares with none.
  node.pulsesFail = Number.POSITIVE_INFINITY;
  const blind = await start();
  await blind.remember();
  await expect(blind.run()).rejects.toThrow('no states are given');
  await expect(blind.run()).rejects.toThrow('no states are given');
  expect(await blind.run()).toEqual(everything);
  node.pulsesFail = 0;
  expect(await atStart()).toEqual(everything);
  expect(await atStart()).toEqual([]);
  expect(await atStart({ sweeps: false })).toEqual(everything);
});

test('a pulse of a slot that the walk did not reach is not kept', async () => {
  const { node, aside, atStart, database } = await setUp();
  await using _ = database;
  node.ahead = 1;
  expect(await atStart()).toEqual(everything);
  node.ahead = 0;
  expect(await aside.of('history')).toEqual(new Map());
  expect(await atStart()).toEqual(everything);
  expect(await atStart()).toEqual([]);
});

test('a daemon that takes accounts over compares them with the last walk of the one before', async () => {
  const { clock, now, start, atStart, database } = await setUp();
  await using _ = database;
  const first = await start();
  await first.remember();
  await first.run();
  now.slot = still + 1;
  // Another daemon walks the history of the change, then the first one hears the accounts again.
  expect(await atStart()).toEqual(three(moved));
  clock.advance(HOUR_MS);
  expect(await first.takeOver()).toEqual([]);
  // A daemon that has heard no account before.
  expect(await (await start()).takeOver()).toEqual([]);
});

test('accounts that join are walked once, as soon as the slot from which they are heard is final', async () => {
  const { ledger, clock, node, now, register, start, database } = await setUp([moved]);
  await using _ = database;
  const daemon = await start();
  await daemon.remember();
  // Before its first run this daemon leaves them to that run.
  expect(await daemon.joined()).toEqual([]);
  expect(await daemon.run()).toEqual(three(moved));
  const asked = node.tips;
  expect([await daemon.joined(), node.tips]).toEqual([[], asked]);
  await register(other, now.slot + node.passed + 25);
  expect(await daemon.joined()).toEqual([]);
  expect(await daemon.joined()).toEqual([]);
  expect(await daemon.joined()).toEqual(three(other));
  const walked = node.tips;
  expect([await daemon.joined(), node.tips]).toEqual([[], walked]);
  // One that leaves and joins again is walked again.
  expect(await ledger.subscribers.retire(other, now.slot + node.passed, clock.nowMs())).toBe(true);
  expect(await daemon.joined()).toEqual([]);
  await register(other);
  expect(await daemon.joined()).toEqual(three(other));
  // The next daemon takes none of them for one that joined.
  const next = await start();
  await next.remember();
  expect([await next.run(), await next.joined()]).toEqual([[], []]);
});

test('an account that changed after the state of its walk and before its first reading counts as changed', async () => {
  const { now, start, database } = await setUp();
  await using _ = database;
  now.slot = still + 1;
  now.finalAfter = 1;
  const daemon = await start();
  await daemon.remember();
  await daemon.run();
  expect(new Set(daemon.changed())).toEqual(new Set([moved]));
});

test('an account that joins and cannot be walked is left to the run by the hour after 15 tries', async () => {
  const { clock, node, register, start, database } = await setUp([moved]);
  await using _ = database;
  const daemon = await start();
  await daemon.remember();
  await daemon.run();
  await register(other);
  node.unreadable = true;
  const before = node.tips;
  for (let tries = 0; tries < 20; tries++) await daemon.joined();
  expect(node.tips - before).toBe(15);
  node.unreadable = false;
  clock.advance(HOUR_MS);
  expect(await daemon.run()).toEqual(everything);
});

test('a pulse that another release kept, of other bytes, compares nothing', async () => {
  const { atStart, database } = await setUp();
  await using _ = database;
  await atStart();
  expect(await atStart()).toEqual([]);
  await lengthenWalkedPulse(database, history.subscribers[0]?.accounts[0]?.address ?? '');
  expect(await atStart()).toEqual(three(ids[0] ?? ''));
  expect(await atStart()).toEqual([]);
});
