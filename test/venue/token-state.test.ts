// Token state: the state of a token account that is compared with its facts.
import { expect, test } from 'vitest';
import { type Address, base58Bytes } from '../../src/core/ids.ts';
import { DRIFT_V2 } from '../../src/venue/drift-v2/venue.ts';
import { addressOf } from '../support/ledger.ts';

const ROLE = 'agent_token_account';
const { stateOf, pulse } = DRIFT_V2.states;

function accountOf(mint: Address) {
  const data = Buffer.alloc(165);
  data.set(base58Bytes(mint) ?? [], 0);
  data.set(base58Bytes(addressOf(7)) ?? [], 32);
  data.writeBigUInt64LE(50n, 64);
  return { data, lamports: 1n, owner: addressOf(8) };
}

test('tells the mint, and one that was made again for another mint has another pulse', () => {
  const [first, second] = [addressOf(1), addressOf(2)].map((mint) =>
    stateOf(ROLE, 5, accountOf(mint)),
  );
  expect([first?.mint, second?.mint]).toEqual([addressOf(1), addressOf(2)]);
  expect(first?.counters).toEqual(second?.counters);
  expect(first?.pulse).not.toBe(second?.pulse);
  expect(first?.pulse).toHaveLength(pulse(ROLE).length);
});
