// First states: accounts of which this daemon learns from Postgres, as after an import by a
// command, get their baselines one full run of the check after another.
import { expect, test } from 'vitest';
import type { Chain, ChainAccount } from '../../src/core/chain-ports.ts';
import type { Address } from '../../src/core/ids.ts';
import { blankState } from '../../src/core/reckoning.ts';
import { type Venue, venuesOf } from '../../src/core/venue.ts';
import { checkAccounts } from '../../src/flows/account-checks.ts';
import { addressOf } from '../support/ledger.ts';
import { createListening } from '../support/listening.ts';

const never = new AbortController().signal;
/** Each has two accounts with states, and the check takes 100 accounts at a time. */
const SUBSCRIBERS = 60;

test('a run that began as many baselines as it takes asks for another one, until none is left', async () => {
  await using held = await createListening([]);
  for (let nth = 0; nth < SUBSCRIBERS; nth++)
    await held.ledger.subscribers.register({
      id: `s${nth}`,
      agentWallet: addressOf(3 * nth + 1),
      agentTokenAccount: addressOf(3 * nth + 2),
      driftAccounts: [{ address: addressOf(3 * nth + 3), subAccountId: 0 }],
      sealedKey: null,
      fromSlot: 1,
    });
  let isReadable = false;
  const chain = {
    ...held.ports.chain,
    slices: async (addresses: readonly Address[]) => ({
      slot: 40,
      accounts: addresses.map(() => ({}) as ChainAccount),
    }),
  } as unknown as Chain;
  const venue = {
    ...held.ports.venues.usual,
    stateOf: (_: unknown, slot: number) => (isReadable ? blankState(slot) : null),
  } as unknown as Venue;
  const ports = { ...held.ports, chain, venues: venuesOf([venue]) };
  const check = async () => (await checkAccounts(ports, new Map(), never)).more;
  const left = async () =>
    (await held.ledger.checks.due(1_000, 0)).filter((each) => each.baseline === null).length;
  expect(await left()).toBe(120);
  expect(await check()).toBe(false);
  isReadable = true;
  expect([await check(), await left()]).toEqual([true, 20]);
  expect([await check(), await left()]).toEqual([false, 0]);
});
