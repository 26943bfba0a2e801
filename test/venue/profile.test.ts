// Profile: the venue's facts that are written down here are those of its SDK.

import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import * as sdk from '@drift-labs/sdk';
import { PublicKey } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { idl } from '../../src/local/drift/layout.ts';
import { PERP_NAMES } from '../../src/venue/drift-v2/markets.ts';
import {
  CALLS,
  MARKET_MINTS,
  PROGRAM_ID,
  SPOT_DECIMALS,
} from '../../src/venue/drift-v2/profile.ts';
import { DRIFT_V2 } from '../../src/venue/drift-v2/venue.ts';
import { someone } from '../support/made-transaction.ts';

const { user: userAddress, userStats: userStatsAddress } = DRIFT_V2.addresses;

test('decimals of every spot market', () => {
  const markets = sdk.SpotMarkets['mainnet-beta'];
  expect(SPOT_DECIMALS).toHaveLength(markets.length);
  for (const { marketIndex, precisionExp } of markets)
    expect(SPOT_DECIMALS[marketIndex], `market ${marketIndex}`).toBe(precisionExp.toNumber());
});

test('the name of every perp market', () => {
  const markets = sdk.PerpMarkets['mainnet-beta'];
  expect(PERP_NAMES).toHaveLength(markets.length);
  for (const { marketIndex, symbol } of markets) expect(PERP_NAMES[marketIndex]).toBe(symbol);
});

test('mints of every spot market', () => {
  const mints = sdk.SpotMarkets['mainnet-beta'].map(({ mint }) => mint.toBase58());
  expect(MARKET_MINTS).toEqual(new Set(mints));
});

test('addresses of sub-accounts and of their counter', async () => {
  const authority = someone();
  const [program, key] = [new PublicKey(PROGRAM_ID), new PublicKey(authority)];
  for (const id of [0, 1, 300])
    expect(userAddress(authority, id)).toBe(
      sdk.getUserAccountPublicKeySync(program, key, id).toBase58(),
    );
  expect(userStatsAddress(authority)).toBe(
    sdk.getUserStatsAccountPublicKey(program, key).toBase58(),
  );
});

test('discriminators and places of accounts of every call that moves value or control', () => {
  const names: Record<string, string> = {
    isolated_withdraw: 'withdraw_from_isolated_perp_position',
    isolated_deposit: 'deposit_into_isolated_perp_position',
    isolated_transfer: 'transfer_isolated_perp_position_deposit',
  };
  const places: Record<string, string[]> = {
    user: ['user', 'fromUser'],
    to: ['toUser'],
    vault: ['spotMarketVault'],
    token: ['userTokenAccount'],
    signer: ['authority'],
    authority: ['authority'],
    vaults: ['outSpotMarketVault', 'inSpotMarketVault'],
    tokens: ['outTokenAccount', 'inTokenAccount'],
  };
  const unpublished: string[] = [];
  for (const [hex, { call, ...at }] of Object.entries(CALLS)) {
    const name = names[call] ?? call;
    expect(createHash('sha256').update(`global:${name}`).digest('hex').slice(0, 16), name).toBe(
      hex,
    );
    const camel = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    const accounts = idl.instructions.find((each) => each.name === camel)?.accounts ?? null;
    if (accounts === null) {
      unpublished.push(name);
      continue;
    }
    for (const [role, indexes] of Object.entries(at))
      for (const index of [indexes as number | number[]].flat())
        expect(places[role], `${name} ${role}`).toContain(accounts[index]?.name);
  }
  // The interface has no shares of an AMM any more: lp-shares.test.ts plays them on older builds.
  expect(unpublished.sort()).toEqual([
    'add_perp_lp_shares',
    'remove_perp_lp_shares',
    'remove_perp_lp_shares_in_expiring_market',
    'settle_lp',
  ]);
});

test('outside its folder and the local world, a venue is named in these files alone', () => {
  // docs/venues.md counts them as what a third venue costs.
  const root = path.join(import.meta.dirname, '../..');
  const naming = globSync('src/**/*.ts', { cwd: root })
    .filter((file) => !/^src\/(local|venue\/velocity)\//.test(file))
    .filter((file) => {
      const code = readFileSync(path.join(root, file), 'utf8').replaceAll(
        /^\s*(\/\/|\*|\/\*).*$/gm,
        '',
      );
      return /velocity/i.test(
        code.replaceAll(/BAILIFF_VELOCITY_PROGRAM|velocityProgramFile|velocity\.so/g, ''),
      );
    });
  expect(naming.sort()).toEqual(['src/core/venue-name.ts', 'src/venue/profiles.ts']);
});
