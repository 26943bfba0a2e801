// Token state: the state of a token account that is compared with its facts.
import { describe, expect, test } from 'vitest';
import { type Address, base58Bytes } from '../../src/core/ids.ts';
import { TOKEN_2022_PROGRAM, TOKEN_PROGRAM } from '../../src/core/programs.ts';
import { DRIFT_V2 } from '../../src/venue/drift-v2/venue.ts';
import { addressOf } from '../support/ledger.ts';

const ROLE = 'agent_token_account';
const { stateOf, pulse } = DRIFT_V2.states;

function accountOf(mint: Address) {
  const data = Buffer.alloc(165);
  data.set(base58Bytes(mint) ?? [], 0);
  data.set(base58Bytes(addressOf(7)) ?? [], 32);
  data.writeBigUInt64LE(50n, 64);
  return { data, lamports: 1n, owner: TOKEN_PROGRAM };
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

describe('what stands at the address of a token account', () => {
  const found = (bytes: number, owner: Address, kind = 0) => {
    const data = Buffer.alloc(bytes, 9);
    if (bytes > 165) data[165] = kind;
    return stateOf(ROLE, 5, { data, lamports: 1n, owner });
  };
  const amount = Buffer.alloc(8, 9).readBigUInt64LE();

  test.each([
    ['a token account', 165, TOKEN_PROGRAM, 0],
    ['one of Token-2022', 165, TOKEN_2022_PROGRAM, 0],
    ['one of Token-2022 with extensions', 170, TOKEN_2022_PROGRAM, 2],
  ])('%s holds its tokens', (_, bytes, owner, kind) => {
    const state = found(bytes, owner, kind);
    expect([state?.counters.tokens, state?.hints.exists]).toEqual([amount, true]);
  });

  test.each([
    ['a mint', 82, TOKEN_PROGRAM, 0],
    ['a multisig', 355, TOKEN_PROGRAM, 2],
    ['a multisig of Token-2022', 355, TOKEN_2022_PROGRAM, 2],
    ['a mint of Token-2022 with extensions', 234, TOKEN_2022_PROGRAM, 1],
    ['an account of another program', 165, addressOf(8), 2],
  ])('%s holds none, and the token account is gone', (_, bytes, owner, kind) => {
    const state = found(bytes, owner, kind);
    expect(state).toMatchObject({ slot: 5, counters: { tokens: 0n }, hints: { exists: false } });
    expect(state).not.toHaveProperty('mint');
    // A sweep compares the same bytes.
    expect(state?.pulse).toBe(Buffer.alloc(Math.min(bytes, 109), 9).toString('latin1'));
  });
});
