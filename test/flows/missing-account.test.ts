// Missing account: whose Drift account counts as missing. A finalized state is seconds old, so an
// account that was made a moment before its registration is not in it, and is not missing.
import { expect, test } from 'vitest';
import type { Chain, ChainAccount } from '../../src/core/chain-ports.ts';
import type { Commitment } from '../../src/core/fact.ts';
import { blankState, NO_COUNTERS } from '../../src/core/reckoning.ts';
import { type Venue, venuesOf } from '../../src/core/venue.ts';
import { beginChecks, checkAccounts } from '../../src/flows/account-checks.ts';
import { addressOf, closeFact, recordFact } from '../support/ledger.ts';
import { accountOf, createListening } from '../support/listening.ts';

const ANA = accountOf('ana');
const never = new AbortController().signal;
const made = { owner: ANA } as unknown as ChainAccount;

/** Ana registers at finalized slot 40 and confirmed slot 72; her account was made in `madeSlot`. */
async function world(madeSlot: number) {
  const held = await createListening(['ana']);
  const slots = { finalized: 40, confirmed: 72, made: madeSlot };
  const chain = {
    ...held.ports.chain,
    slices: async (_: unknown, __: unknown, commitment: Commitment) => {
      const slot = slots[commitment];
      return { slot, accounts: [slot < slots.made ? null : made] };
    },
  } as unknown as Chain;
  const venue = {
    ...held.ports.venues.usual,
    stateOf: (_: unknown, slot: number, account: ChainAccount | null) => ({
      ...blankState(slot),
      hints: { ...blankState(slot).hints, exists: account !== null },
    }),
  } as unknown as Venue;
  const ports = { ...held.ports, chain, venues: venuesOf([venue]) };
  return {
    ...held,
    slots,
    register: () => beginChecks(ports, [ANA]),
    async check(): Promise<void> {
      held.node.tip = slots.confirmed;
      for (let n = 0; n < 2; n++) await checkAccounts(ports, new Map(), never);
    },
    absent: () => held.ledger.checks.absent(),
    missing: async () => [...(await held.ledger.checks.missing('ana'))],
    [Symbol.asyncDispose]: () => held[Symbol.asyncDispose](),
  };
}

test('an account that was made before its registration, and is not final yet, is not missing', async () => {
  await using at = await world(60);
  await at.register();
  expect(await at.absent()).toEqual([]);
  // Once the slot is final, the check has read the account itself.
  at.slots.finalized = 61;
  await at.check();
  expect(await at.absent()).toEqual([]);
});

test('an account that a fork took back after its registration is missing once its slot is final', async () => {
  await using at = await world(60);
  await at.register();
  at.slots.made = Number.POSITIVE_INFINITY;
  at.slots.finalized = 50;
  await at.check();
  expect(await at.absent()).toEqual([]);
  at.slots.finalized = 80;
  await at.check();
  expect(await at.absent()).toEqual(['ana']);
});

test('an account that does not exist is missing at once, until a fact shows that it was made', async () => {
  await using at = await world(Number.POSITIVE_INFINITY);
  await at.register();
  expect(await at.absent()).toEqual(['ana']);
  const deposit = { kind: 'tally', ...NO_COUNTERS, deposits: 7n } as const;
  await recordFact(
    at.ledger,
    { ...closeFact(80, 0n, { account: ANA }), body: deposit },
    'confirmed',
  );
  expect([await at.absent(), await at.missing()]).toEqual([[], []]);
});

test('a node that says once that an account is gone makes none missing before it was checked', async () => {
  await using at = await world(10);
  await at.register();
  await at.ledger.checks.propose(ANA, blankState(60));
  expect(await at.absent()).toEqual([]);
});

test('of several accounts each is missing by itself, and one that is made again no longer', async () => {
  await using at = await world(10);
  const [gone, other] = [addressOf(7_001), addressOf(7_002)];
  for (const [nth, address] of [gone, other].entries()) {
    const named = { subscriberId: 'ana', subAccountId: nth + 1, fromSlot: 1, nowMs: 0 };
    await at.ledger.watchList.adopt({ ...named, address });
    const account = { address, subscriberId: 'ana', role: 'drift_user' } as const;
    await at.ledger.checks.begin(account, blankState(40));
  }
  await at.register();
  expect(await at.absent()).toEqual([]);
  expect((await at.missing()).sort()).toEqual([gone, other].sort());
  // A state that shows the account needs no fact.
  const { hints } = blankState(60);
  await at.ledger.checks.propose(gone, { ...blankState(60), hints: { ...hints, exists: true } });
  expect(await at.missing()).toEqual([other]);
  expect(await at.ledger.checks.missing('bo')).toEqual(new Set());
});
