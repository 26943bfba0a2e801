// Import slots: an import reads many accounts by several calls. Each account begins with the slot
// of the call that read it, and with the positions of that slot.
import { expect, test } from 'vitest';
import { redaction } from '../../src/chain/keypair.ts';
import { accrualOf } from '../../src/core/accrual.ts';
import type { Close } from '../../src/core/fact.ts';
import type { Address } from '../../src/core/ids.ts';
import { bundlesOf } from '../../src/core/import-rows.ts';
import { USDC } from '../../src/core/token.ts';
import { type Venue, venuesOf } from '../../src/core/venue.ts';
import { createImportReading, type ReadingPorts } from '../../src/flows/import-reading.ts';
import { addressOf, CREATOR, closeFact } from '../support/ledger.ts';

/** One more than the accounts of one call. */
const PEOPLE = 101;
const LAST = `s${PEOPLE - 1}`;
const SOL = 1_000_000_000n;
const CLOSED_AT = 112;

/**
 * Prepares an import of as many subscribers. Wallets are read in the slots 100 and 105, accounts in
 * 110 and 115. Each account holds one SOL, and the last account closes its position in slot 112.
 * `more` are further fields of the last subscription.
 */
async function prepare(more: object = {}) {
  const people = Array.from({ length: PEOPLE }, (_, n) => ({ id: `s${n}`, wallet: addressOf(n) }));
  const rows = people.flatMap(({ id, wallet }) => [
    { kind: 'subscriber', id, agentWallet: wallet, subAccountIds: [0] },
    {
      kind: 'subscription',
      id: `${id}-1`,
      subscriber: id,
      subAccountId: 0,
      creatorWallet: CREATOR,
      shareBps: 1_000,
      ...(id === LAST ? more : {}),
    },
  ]);
  const accountOf = new Map<Address, Address>(
    people.map(({ wallet }, n) => [wallet, addressOf(300 + n)]),
  );
  const lasts = addressOf(300 + PEOPLE - 1);
  const venue = {
    name: 'drift-v2',
    title: 'Drift',
    quote: USDC,
    quoteMint: USDC.mint,
    userAddress: async (wallet: Address) => accountOf.get(wallet),
    stateOf: (_: string, slot: number, account: { address: Address } | null) => ({
      positions:
        account?.address === lasts && slot >= CLOSED_AT
          ? []
          : [{ market: 0, base: SOL, entry: -100_000_000n }],
    }),
    marketName: () => 'SOL-PERP',
  } as unknown as Venue;
  let next = 100;
  const read = createImportReading({
    imports: { accountOf: async () => null },
    venues: venuesOf([venue]),
    chain: {
      slot: async () => 70,
      slices: async (addresses: readonly Address[], slice: object | null) => {
        const slot = next;
        next += 5;
        return {
          slot,
          accounts: addresses.map((address) => (slice === null ? { address } : null)),
        };
      },
    },
    tokens: { tokenAccount: (_: Address, wallet: Address) => wallet, isOnCurve: () => true },
    payable: { require: async () => {} },
    signers: {},
  } as unknown as ReadingPorts);
  const refused: string[] = [];
  const { bundles } = bundlesOf(
    rows.map((value, index) => ({ line: index + 1, value })),
    redaction,
  );
  const { prepared } = await read(bundles, (_, problem) => refused.push(problem));
  const of = (id: string) =>
    prepared.find(({ subscriberId }) => subscriberId === id)?.subscriptions[0];
  return { first: of('s0'), last: of(LAST), slots: prepared.map(({ slot }) => slot), refused };
}

test('an account begins with the slot of its own read, and a close before it owes nothing', async () => {
  const { first, last, slots, refused } = await prepare();
  expect(refused).toEqual([]);
  expect(first).toMatchObject({ booksFrom: 111, held: { slot: 110, positions: [{ base: SOL }] } });
  expect(first?.terms).toMatchObject({ fromSlot: 111, markSlot: 111 });
  expect(last).toMatchObject({ booksFrom: 116, held: { slot: 115, positions: [] } });
  expect(last?.terms).toMatchObject({ fromSlot: 116, markSlot: 116 });
  // The debts of all are owed from the lowest of these slots.
  expect(new Set(slots)).toEqual(new Set([110]));
  if (last === undefined) throw new Error('the last one is refused');
  const close: Close = {
    ...closeFact(1, 50_000_000n, { account: last.account }).body,
    baseFilled: SOL,
    baseClosed: SOL,
    entry: 100_000_000n,
    proceeds: 150_000_000n,
  };
  const agreement = { ...last, terms: [last.terms], tabs: {} };
  expect(accrualOf(close, CLOSED_AT, agreement, []).bookings).toEqual([]);
});

test('the slots of a row are compared with the slot in which its own account was read', async () => {
  expect((await prepare({ fromSlot: 116 })).refused).toEqual([]);
  expect((await prepare({ fromSlot: 117 })).refused).toEqual([
    'fromSlot is in the future: the chain is at slot 115.',
  ]);
  expect((await prepare({ booksFrom: 115 })).refused).toEqual([
    expect.stringContaining('booksFrom is past (the chain is at slot 115)'),
  ]);
});
