// Genesis: the known hashes name mainnet, devnet and testnet, and a local chain has one of its own.
import { expect, test } from 'vitest';
import { fitsNetwork, KNOWN_GENESIS, NETWORKS, shownGenesis } from '../../src/core/genesis.ts';
import { isAddress } from '../../src/core/ids.ts';

const CLUSTERS = {
  mainnet: '5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d',
  devnet: 'EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG',
  testnet: '4uhcVJyU9pJkvQyUS88uRDiswHXSCkY3zQawwpjk2NsY',
} as const;
const LOCAL = '1'.repeat(32);

test('mainnet alone has a known hash', () => {
  expect(NETWORKS.filter((each) => KNOWN_GENESIS[each] !== null)).toEqual(['mainnet']);
  expect(KNOWN_GENESIS.mainnet).toBe(CLUSTERS.mainnet);
  expect(Object.values(CLUSTERS).every(isAddress)).toBe(true);
});

test.each([
  ['mainnet', CLUSTERS.mainnet, true],
  ['mainnet', CLUSTERS.devnet, false],
  ['mainnet', LOCAL, false],
  ['local', LOCAL, true],
  ['local', CLUSTERS.mainnet, false],
  ['local', CLUSTERS.devnet, false],
  ['local', CLUSTERS.testnet, false],
] as const)('a ledger of %s and a chain of hash %s: %s', (network, hash, fits) => {
  expect(fitsNetwork(hash, network)).toBe(fits);
});

test('a public cluster is told by its name', () => {
  for (const [name, hash] of Object.entries(CLUSTERS))
    expect(shownGenesis(hash)).toBe(`${hash} (${name})`);
  expect(shownGenesis(LOCAL)).toBe(LOCAL);
});
