// Import owed: the report of an import sums the new debts of a creator in each token apart.
import { expect, test } from 'vitest';
import { redaction } from '../../src/chain/keypair.ts';
import type { Address } from '../../src/core/ids.ts';
import { bundlesOf } from '../../src/core/import-rows.ts';
import { type Token, USDC } from '../../src/core/token.ts';
import { type Venue, venuesOf } from '../../src/core/venue.ts';
import { createImport } from '../../src/flows/import.ts';
import type { ReadingPorts } from '../../src/flows/import-reading.ts';
import { createImports } from '../../src/ledger/imports.ts';
import { keepVenues } from '../../src/ledger/tokens.ts';
import { createDatabase } from '../support/database.ts';
import { addressOf, CREATOR } from '../support/ledger.ts';

const FINE: Token = { mint: addressOf(77), symbol: 'FINE', decimals: 9 };
const SPLIT = addressOf(901);

const venue = (name: Venue['name'], quote: Token, first: number): Venue =>
  ({
    name,
    title: name,
    quote,
    quoteMint: quote.mint,
    userAddress: async (_: Address, subAccountId: number) => addressOf(first + subAccountId),
    stateOf: () => ({ positions: [{ market: 0, base: 5n, entry: 1_500_000_000n }] }),
    marketName: () => 'SOL-PERP',
  }) as unknown as Venue;

test('debts to one creator in two tokens are not added up, and each has its token', async () => {
  await using database = await createDatabase();
  const venues = venuesOf([venue('drift-v2', USDC, 20), venue('velocity', FINE, 30)]);
  await keepVenues(database.sql, venues.all);
  const imports = createImports(database.sql, false);
  const ports = {
    imports,
    venues,
    chain: {
      slot: async () => 500,
      slices: async (addresses: readonly Address[]) => ({
        slot: 500,
        accounts: addresses.map(() => null),
      }),
    },
    tokens: {
      tokenAccount: (_: Address, wallet: Address) => `${wallet}`.replace(/..$/, 'zz'),
      isOnCurve: () => true,
    },
    payable: { require: async () => {} },
    signers: {},
  } as unknown as ReadingPorts;
  const bring = createImport({ ...ports, imports });
  const bo = { subscriber: 'bo', shareBps: 1_000, creatorWallet: CREATOR, subAccountId: 0 };
  const rows = [
    { kind: 'subscriber', id: 'ana', agentWallet: addressOf(11), subAccountIds: [0] },
    { ...bo, kind: 'subscription', id: 'ana-1', subscriber: 'ana' },
    {
      kind: 'subscriber',
      id: 'bo',
      agentWallet: addressOf(12),
      subAccountIds: [0],
      venue: 'velocity',
    },
    {
      ...bo,
      kind: 'subscription',
      id: 'bo-1',
      venue: 'velocity',
      splits: [{ wallet: SPLIT, shareBps: 100 }],
    },
    ...['7', '8'].map((amount) => ({
      kind: 'debt',
      id: amount,
      subscriber: 'ana',
      subscription: 'ana-1',
      amount,
    })),
    { kind: 'debt', id: 'a', subscriber: 'bo', subscription: 'bo-1', amount: '900' },
    {
      kind: 'debt',
      id: 'b',
      subscriber: 'bo',
      subscription: 'bo-1',
      amount: '5',
      creatorWallet: SPLIT,
    },
  ];
  const given = () =>
    bundlesOf(
      rows.map((value, index) => ({ line: index + 1, value })),
      redaction,
    );
  const owed = [
    { creatorWallet: CREATOR, token: USDC, amount: 15n },
    { creatorWallet: CREATOR, token: FINE, amount: 900n },
    { creatorWallet: SPLIT, token: FINE, amount: 5n },
  ].sort((a, b) => (a.token.mint < b.token.mint ? -1 : a.token.mint > b.token.mint ? 1 : 0));
  for (const dryRun of [true, false]) {
    const report = await bring(given(), { dryRun });
    expect(report.refused).toEqual([]);
    expect(report.owed).toEqual(owed);
    expect(report.open.map((each) => each.token)).toEqual([USDC, FINE]);
  }
  // Debts that the ledger knows already are not new.
  expect((await bring(given(), { dryRun: false })).owed).toEqual([]);
  // Without a row of its subscription a debt names its creator by the ledger's terms.
  const more = { kind: 'debt', id: 'c', subscriber: 'bo', subscription: 'bo-1', amount: '3' };
  const [alone] = [await bring(bundlesOf([{ line: 1, value: more }], redaction), { dryRun: true })];
  expect(alone.owed).toEqual([{ creatorWallet: CREATOR, token: FINE, amount: 3n }]);
});
