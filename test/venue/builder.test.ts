// Builder: instructions made from a profile alone are those that the venue's own library encodes,
// to the byte; and what is built for either venue is read back by the inspection that the pen
// relies on.
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import * as sdk from '@drift-labs/sdk';
import { PublicKey } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { createBuilder } from '../../src/venue/builder.ts';
import { createSdkDoor } from '../../src/venue/drift-v2/sdk.ts';
import { createDriftVenue, DRIFT_V2 } from '../../src/venue/drift-v2/venue.ts';
import { inspectVenue } from '../../src/venue/inspect.ts';
import { VELOCITY } from '../../src/venue/velocity/venue.ts';
import { someone } from '../support/made-transaction.ts';

const authority = someone();
const destination = someone();
const remaining = [
  { address: someone(), isSigner: false, isWritable: false },
  { address: someone(), isSigner: false, isWritable: true },
];

test('for Drift v2 they are those of its SDK', async () => {
  const [theirs, ours] = [await createSdkDoor(DRIFT_V2).load(), createBuilder(DRIFT_V2)];
  const parties = { user: DRIFT_V2.addresses.user(authority, 3), authority };
  for (const market of [0, 7, 300])
    expect(ours.settle(parties, market, remaining)).toEqual(
      theirs.settle(parties, market, remaining),
    );
  for (const amount of [0n, 1n, 123_456_789n, 2n ** 63n])
    expect(ours.withdraw({ ...parties, destination }, amount, remaining)).toEqual(
      theirs.withdraw({ ...parties, destination }, amount, remaining),
    );
});

test('the SDK brings no native code along that would run beside the keys', async () => {
  await createSdkDoor(DRIFT_V2).load();
  const { sharedObjects } = process.report.getReport() as { sharedObjects: string[] };
  expect(sharedObjects.length).toBeGreaterThan(0);
  expect(sharedObjects.filter((each) => each.includes('laserstream'))).toEqual([]);
});

test('addresses of markets, state and signer are those of the SDK', async () => {
  const program = new PublicKey(DRIFT_V2.profile.programId);
  const { addresses } = DRIFT_V2;
  expect(addresses.state).toBe((await sdk.getDriftStateAccountPublicKey(program)).toBase58());
  expect(addresses.signer).toBe(sdk.getDriftSignerPublicKey(program).toBase58());
  for (const index of [0, 1, 700]) {
    expect(addresses.spotMarket(index)).toBe(
      (await sdk.getSpotMarketPublicKey(program, index)).toBase58(),
    );
    expect(addresses.perpMarket(index)).toBe(
      (await sdk.getPerpMarketPublicKey(program, index)).toBase58(),
    );
    expect(addresses.spotVault(index)).toBe(
      (await sdk.getSpotMarketVaultPublicKey(program, index)).toBase58(),
    );
  }
});

// Read on mainnet on 8 August 2026, from the accounts themselves.
test('addresses of Velocity are those of mainnet', () => {
  const { addresses } = VELOCITY;
  expect(addresses.state).toBe('2etx5NvPNxeMZ7EfHE6GjJfW2imRYEUANehNS1WB4CVW');
  expect(addresses.signer).toBe('FchXiT9JgMDis6CFLjz9uG5mQYkmDtHqiWtBPEYUabaK');
  expect(addresses.spotMarket(0)).toBe('2QpHj5vzgCdWaGM2KSoGtYJWeSkx24cMyzUDHDrucvRc');
  expect(addresses.spotVault(0)).toBe('G9NKtiafHiCTArgVouXx6XS7Jb3DqigrT6S6BgSDLrvz');
  expect(addresses.perpMarket(0)).toBe('FDejXbUrSy6zayBCL5xuk2SXLHZgr8ppfFTLcHbyJorY');
});

test.each([
  ['drift-v2', DRIFT_V2, VELOCITY],
  ['velocity', VELOCITY, DRIFT_V2],
] as const)('what is built for %s is read back, by that venue alone', (_, dialect, other) => {
  const builder = createBuilder(dialect);
  const parties = { user: dialect.addresses.user(authority, 1), authority };
  const withdrawal = builder.withdraw({ ...parties, destination }, 55n, remaining);
  const { programId } = dialect.profile;
  expect(inspectVenue(programId, withdrawal)).toEqual({
    effect: 'withdraw',
    ...parties,
    destination,
    market: 0,
    amount: 55n,
    reduceOnly: true,
  });
  expect(inspectVenue(programId, builder.settle(parties, 2, remaining))).toEqual({
    effect: 'settle',
    ...parties,
    markets: [2],
  });
  expect(inspectVenue(other.profile.programId, withdrawal)).toBeNull();
});

test('prepare loads the builder, so that no payment waits for it', async () => {
  let loads = 0;
  const builder = createBuilder(DRIFT_V2);
  const venue = createDriftVenue({
    async load() {
      loads++;
      return builder;
    },
    loaded: () => builder,
  });
  await venue.prepare();
  expect(loads).toBe(1);
});

test('the interface of the SDK is loaded, and none of its modules', () => {
  const sdk = JSON.stringify(path.join(import.meta.dirname, '../../src/venue/drift-v2/sdk.ts'));
  const venue = JSON.stringify(path.join(import.meta.dirname, '../../src/venue/drift-v2/venue.ts'));
  const script = `
    import { createRequire } from 'node:module';
    const { createSdkDoor } = await import(${sdk});
    const { DRIFT_V2 } = await import(${venue});
    await createSdkDoor(DRIFT_V2).load();
    const loaded = Object.keys(createRequire(${sdk}).cache);
    console.log(JSON.stringify(loaded.filter((each) => each.includes('@drift-labs/sdk/lib'))));
    console.log(loaded.some((each) => each.includes('@coral-xyz/anchor')));`;
  const told = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [modules = '', anchor] = told.trim().split('\n');
  expect(JSON.parse(modules)).toEqual([
    expect.stringMatching(/@drift-labs\/sdk\/lib\/node\/idl\/drift\.json$/),
  ]);
  expect(anchor).toBe('true');
});
