// Account changes: the memory of changed accounts over one account, with a node of which a test
// says what it shows.
import type { Chain } from '../../src/core/chain-ports.ts';
import type { Address, Slot } from '../../src/core/ids.ts';
import type { Ledger } from '../../src/core/ports.ts';
import { SOURCES } from '../../src/core/source.ts';
import { type Venue, venuesOf } from '../../src/core/venue.ts';
import type { Watched } from '../../src/core/watch-ports.ts';
import { createAccountChanges } from '../../src/flows/account-changes.ts';
import { createSources } from '../../src/flows/sources.ts';
import { silentLog } from '../../src/system/log.ts';
import { createManualClock } from './clock.ts';

export const ACCOUNT = 'account' as Address;
export const never = new AbortController().signal;

export function setUp(
  trustFirstSight = false,
  shared = false,
  slice = { offset: 0, length: 0 },
  /** Replaces parts of the venue, in which an account holds its lamports. */
  parts: Partial<Venue> = {},
) {
  const clock = createManualClock();
  const scans: { after: number; seen: number }[] = [];
  const trouble = { failing: false };
  const noted: string[] = [];
  /** Of the noted transactions, those that go ahead of others. */
  const ahead: string[] = [];
  const failed: string[] = [];
  const latest = { slot: Number.MAX_SAFE_INTEGER };
  const state = {
    burst: false,
    paying: false,
    owing: false,
    leaving: 0,
    doubted: [] as [Address, Slot][],
    lags: 0,
    lamports: 9n,
    beforeAnswer: async () => {},
  };
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
  // An account holds its lamports: value leaves it when they are fewer.
  const venue = {
    name: 'drift-v2',
    leaves: (_: string, before: string, after: string) => Number(after) < Number(before),
  };
  const watch = createAccountChanges({
    ledger: {
      watchList: { cursors: async () => [{ address: ACCOUNT, slot: 10, listedRevision: 0 }] },
      sightings: {
        note: async (rows: { signature: string; waitMs?: number }[]) => {
          noted.push(...rows.map((each) => each.signature));
          ahead.push(...rows.flatMap((each) => ((each.waitMs ?? 0) < 0 ? [each.signature] : [])));
        },
      },
    } as unknown as Ledger,
    chain: {
      async signatures(_: Address, after: number, seen: number) {
        if (trouble.failing) throw new Error('the node is away');
        scans.push({ after, seen });
        if (state.lags-- > 0) return [];
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
    venues: venuesOf([{ ...venue, pulseSlice: () => slice, ...parts } as unknown as Venue]),
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
    burst: {
      named: () => {},
      changed: () => {},
      on: () => state.burst,
      onSince: () => state.burst,
    },
    ownSignatures: { underWay: () => state.paying },
    elsewhere: () =>
      others === null
        ? null
        : async () => ({
            told: others.told.map((slot) => ({ address: ACCOUNT, slot })),
            paying: new Set(others.paying),
          }),
    trustFirstSight,
    owes: () => state.owing,
    onChange: () => {},
    onLeaving: () => void state.leaving++,
    doubt: (address, slot) => void state.doubted.push([address, slot]),
  });
  const see = (slot: number, lamports: bigint) =>
    watch.notified(ACCOUNT, slot, { lamports, owner: ACCOUNT, data: new Uint8Array() });
  const given = { latest, trouble, watched, setWatched, clock, state, others };
  return { watch, see, scans, noted, ahead, failed, ...given };
}
