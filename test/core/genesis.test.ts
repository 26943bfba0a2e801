// Genesis: the hash that names mainnet, and none for a local chain, which has one of its own.
import { expect, test } from 'vitest';
import { KNOWN_GENESIS, NETWORKS } from '../../src/core/genesis.ts';
import { isAddress } from '../../src/core/ids.ts';

test('mainnet alone has a known hash', () => {
  expect(NETWORKS.filter((each) => KNOWN_GENESIS[each] !== null)).toEqual(['mainnet']);
  expect(isAddress(KNOWN_GENESIS.mainnet ?? '')).toBe(true);
});
