// Gaps: the stretch of a gap is read again after some minutes, because another node behind the URL
// may have the transactions that the first one left out.
import { expect, test } from 'vitest';
import type { Chain } from '../../src/core/chain-ports.ts';
import type { Address } from '../../src/core/ids.ts';
import { type AccountState, NO_COUNTERS } from '../../src/core/reckoning.ts';
import { type Venue, venuesOf } from '../../src/core/venue.ts';
import { beginChecks, checkAccounts } from '../../src/flows/account-checks.ts';
import { accountOf, createListening } from '../support/listening.ts';

const never = new AbortController().signal;
const MINUTE_MS = 60_000;

test('a gap that stays open is looked for again after five minutes, by every process', async () => {
  await using held = await createListening(['ana']);
  const { ledger, node, clock } = held;
  let realised = 0n;
  const asked: [Address, number][] = [];
  const chain = {
    ...held.ports.chain,
    slices: async (addresses: readonly string[]) => ({
      slot: node.tip,
      accounts: addresses.map((each) => ({ data: Buffer.from(each), lamports: 0n, owner: each })),
    }),
    signatures: async (address: Address, afterSlot: number) => {
      if (address === accountOf('ana')) asked.push([address, afterSlot]);
      return [];
    },
  } as unknown as Chain;
  const state = (slot: number): AccountState => ({
    slot,
    counters: { ...NO_COUNTERS, realised },
    hints: { exists: true, delegate: '', quoteFlow: 0n, isolated: 0n },
    positions: [],
    pulse: '',
  });
  const venue = {
    ...held.ports.venues.usual,
    stateOf: (_: string, slot: number) => state(slot),
  } as unknown as Venue;
  const process = () => {
    const ports = { ...held.ports, chain, venues: venuesOf([venue]), rescanned: new Map() };
    return async (): Promise<void> => {
      // One turn reads the state, one walks the history up to it, and one judges it.
      for (let turn = 0; turn < 3; turn++) {
        node.tip += 10;
        await checkAccounts(ports, new Map([[accountOf('ana'), node.tip]]), never);
      }
    };
  };
  const first = process();
  await beginChecks({ ...held.ports, chain, venues: venuesOf([venue]) }, [accountOf('ana')]);
  const baseline = node.tip;
  realised = 100n;
  /** How often the whole stretch since the baseline was asked for. */
  const rescans = () => asked.filter(([, afterSlot]) => afterSlot === baseline).length;
  await first();
  expect(await ledger.checks.gaps()).toHaveLength(1);
  expect(rescans()).toBe(1);
  clock.advance(4 * MINUTE_MS);
  await first();
  expect(rescans()).toBe(1);
  clock.advance(MINUTE_MS);
  await first();
  expect(rescans()).toBe(2);
  // A process that has just started waits the five minutes, too.
  const second = process();
  await second();
  expect(rescans()).toBe(2);
  clock.advance(5 * MINUTE_MS);
  await second();
  expect(rescans()).toBe(3);
});
