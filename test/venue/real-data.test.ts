// Real data: mainnet records and accounts, where the shared fixtures are present, read as the SDK
// reads them.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import * as sdk from '@drift-labs/sdk';
import { PublicKey } from '@solana/web3.js';
import { describe, expect, test } from 'vitest';
import type { Struct } from '../../src/local/drift/layout.ts';
import { processEnvironment } from '../../src/system/settings.ts';
import { DRIFT_V2 } from '../../src/venue/drift-v2/venue.ts';
import { VELOCITY } from '../../src/venue/velocity/venue.ts';
import { client, compare } from '../support/sdk-oracle.ts';

const {
  spotMarket: readSpotMarket,
  subAccountsCreated: readSubAccountsCreated,
  user: readUser,
} = DRIFT_V2.accounts;
const { ofUser: readAccountState } = DRIFT_V2.states;

const shared =
  processEnvironment().BAILIFF_FIXTURES ??
  path.join(import.meta.dirname, '../../../shared/fixtures');
const load = (name: string): Struct =>
  JSON.parse(readFileSync(path.join(shared, name), 'utf8')) as Struct;
/** The Users among the accounts of a file. */
const usersOf = (name: string): Buffer[] =>
  [...JSON.stringify(load(name)).matchAll(/"([A-Za-z0-9+/]{5000,}={0,2})"/g)]
    .map((match) => Buffer.from(match[1] ?? '', 'base64'))
    .filter((each) => each.length === 4376);
const hasShared = existsSync(path.join(shared, 'INDEX.md'));

describe.runIf(hasShared)('real chain data', () => {
  /** Each file, and how many of its records are of a kind that the product reads. */
  const files = [
    ['logs-driftrs-parses_order_trigger.json', 2],
    ['logs-driftrs-parses_jit_proxy_logs.json', 4],
    ['events-driftrs-history.json', 8],
    ['logs-driftrs-parses_swap_logs.json', 1],
    ['logs-swap-beginend-jupiter-protocolv2.json', 1],
    ['events-fundingpayment-driftsim-localnet.json', 14],
    ['events-swap-spotinterest-2025-pinax.json', 1],
    ['logs-updatefundingrate-curve-fundingrate-protocolv2.json', 0],
  ] as const;
  test.each(files)('%s', (name, records) => {
    // Lines of a log, or records alone.
    const payloads = [
      ...JSON.stringify(load(name)).matchAll(
        /(?:Program (?:log|data): |"b64":")([A-Za-z0-9+/]{40,}={0,2})/g,
      ),
    ].map((match) => Buffer.from(match[1] ?? '', 'base64'));
    let read = 0;
    for (const bytes of payloads) {
      const ours = DRIFT_V2.records.decodeEvent(bytes);
      if (ours === null) continue;
      read++;
      if (ours.event === 'Spoiled') throw new Error(`a real ${ours.of} can't be read`);
      // The SDK needs the missing trailing fields padded with zeros; ours reads the bytes as they
      // are.
      compare(bytes, Buffer.concat([bytes, Buffer.alloc(64)]));
      expect(ours.ts > 0n).toBe(true);
    }
    expect(read).toBe(records);
  });

  test('67 mainnet users: positions and counters as the SDK reads them', () => {
    const users = usersOf('accounts-user-67-protocolv2.json');
    expect(users.length).toBeGreaterThan(50);
    const perps = users.flatMap((bytes) => readUser(bytes).perps);
    const spots = users.flatMap((bytes) => readUser(bytes).spots);
    expect([perps.length, spots.length]).toEqual([48, 105]);
    for (const bytes of users) {
      const ours = readUser(bytes);
      const theirs = sdk.decodeUser(bytes);
      const { counters } = readAccountState(bytes);
      const open = theirs.perpPositions.reduce(
        (sum, each) => sum + BigInt(each.quoteAssetAmount.sub(each.quoteEntryAmount).toString()),
        0n,
      );
      expect(counters).toEqual({
        realised: open + BigInt(theirs.settledPerpPnl.toString()),
        funding: BigInt(theirs.cumulativePerpFunding.toString()),
        deposits: BigInt(theirs.totalDeposits.toString()),
        withdraws: BigInt(theirs.totalWithdraws.toString()),
        tokens: 0n,
      });
      for (const perp of ours.perps) {
        const same = theirs.perpPositions.find(
          (each) =>
            each.marketIndex === perp.market &&
            each.baseAssetAmount.toString() === perp.base.toString(),
        );
        expect([same?.quoteAssetAmount, same?.quoteEntryAmount].map(String)).toEqual(
          [perp.quote, perp.entry].map(String),
        );
      }
      for (const spot of ours.spots.filter((each) => each.scaledBalance > 0n)) {
        const same = theirs.spotPositions.find(
          (each) => each.marketIndex === spot.market && each.scaledBalance.gtn(0),
        );
        expect(same?.scaledBalance.toString()).toBe(spot.scaledBalance.toString());
      }
    }
  });

  test('27 mainnet UserStats: how many sub-accounts were created', () => {
    const buffers = [
      ...JSON.stringify(load('accounts-userstats-27-driftpy.json')).matchAll(
        /"([A-Za-z0-9+/]{300,}={0,2})"/g,
      ),
    ].map((match) => Buffer.from(match[1] ?? '', 'base64'));
    const stats = buffers.filter((each) => each.length === 240);
    expect(stats).toHaveLength(27);
    for (const bytes of stats) {
      const theirs = client.program.coder.accounts.decodeUnchecked('UserStats', bytes) as Struct;
      expect(readSubAccountsCreated(bytes)).toBe(theirs.numberOfSubAccountsCreated);
    }
  });

  test("mainnet's USDC market", () => {
    const items = load('accounts-protocolv2-rust-tests.json').items as Struct[];
    const found = items.filter((each) => each.account === 'SpotMarket');
    expect(found).not.toHaveLength(0);
    for (const each of found) {
      const bytes = Buffer.from(each.b64 as string, 'base64');
      const theirs = client.program.coder.accounts.decodeUnchecked('SpotMarket', bytes) as Struct;
      const ours = readSpotMarket(bytes);
      expect([
        ours.oracle,
        ours.mint,
        ours.decimals,
        ours.index,
        ours.cumulativeDepositInterest.toString(),
      ]).toEqual([
        theirs.oracle.toBase58(),
        theirs.mint.toBase58(),
        theirs.decimals,
        theirs.marketIndex,
        theirs.cumulativeDepositInterest.toString(),
      ]);
    }
  });
});

/** Accounts of Velocity on mainnet, of 8 August 2026. */
const velocityFile = (name: string): Uint8Array =>
  readFileSync(path.join(shared, 'velocity', `velocity_${name}.bin`));

describe.runIf(existsSync(path.join(shared, 'velocity')))('accounts of Velocity on mainnet', () => {
  const { accounts, addresses, profile } = VELOCITY;
  test('are read by its own readers', () => {
    expect(accounts.exchangeStatus(velocityFile('state'))).toBe(0);
    expect(accounts.spotMarket(velocityFile('spot_market_0'))).toMatchObject({
      index: 0,
      mint: profile.quote.mint,
      decimals: 6,
      withdrawPaused: false,
      oracle: 'Dai8hT1YRBBm5rBSJUSKcdR11psM55LVAkshbypfC4k4',
    });
    const perp = velocityFile('perp_market_0');
    expect(accounts.perpOracle(perp)).toBe('2k3UHX6ehRFzx5fTVvbL6FwXhMjkucjJDL9MuVKLo8TV');
    expect(accounts.perpPrice(perp)).toBeGreaterThan(0n);
    expect(Buffer.from(perp.subarray(8, 40))).toEqual(
      new PublicKey(addresses.perpMarket(0)).toBuffer(),
    );
  });
  test('are refused by the readers of Drift v2, and users of Drift v2 by its own', () => {
    const { exchangeStatus, flatFillerFee, perpOracle, perpPrice, spotMarket } = DRIFT_V2.accounts;
    const refused = expect.objectContaining({ code: 'account_unreadable' });
    for (const [name, ...readers] of [
      ['state', exchangeStatus, flatFillerFee],
      ['spot_market_0', spotMarket],
      ['perp_market_0', perpOracle, perpPrice],
    ] as const)
      for (const read of readers) expect(() => read(velocityFile(name))).toThrow(refused);
    for (const bytes of usersOf('accounts-user-67-protocolv2.json')) {
      expect(() => accounts.user(bytes)).toThrow(/never grown|4376 bytes/);
      expect(() => VELOCITY.states.ofUser(bytes)).toThrow(refused);
    }
  });
});
