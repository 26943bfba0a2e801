// Leaves: two states of an account tell whether value left it, at both venues.
import { describe, expect, test } from 'vitest';
import { base58Text } from '../../src/core/ids.ts';
import { DRIFT_V2 } from '../../src/venue/drift-v2/venue.ts';
import { VELOCITY } from '../../src/venue/velocity/venue.ts';

/** The agent's wallet, whose bytes are all 1. */
const isAgent = (wallet: string) => wallet === base58Text(new Uint8Array(32).fill(1));

describe.each([
  ['Drift v2', DRIFT_V2],
  ['Velocity', VELOCITY],
])('at %s', (_, { states, profile }) => {
  const { fields } = profile.accounts.User;
  const pulseOf = (change: (data: Buffer) => void): string => {
    const data = Buffer.alloc(profile.accounts.User.bytes);
    data.writeBigUInt64LE(5_000n, fields.totalDeposits);
    data.writeBigUInt64LE(1_000n, fields.totalWithdraws);
    change(data);
    const { offset, length } = states.pulse('drift_user');
    return data.toString('latin1', offset, offset + length);
  };
  const before = pulseOf(() => {});

  test.each([
    [
      'another withdrawal',
      pulseOf((data) => data.writeBigUInt64LE(1_001n, fields.totalWithdraws)),
      true,
    ],
    [
      'another deposit',
      pulseOf((data) => data.writeBigUInt64LE(6_000n, fields.totalDeposits)),
      false,
    ],
    ['realised PnL', pulseOf((data) => data.writeBigInt64LE(-7n, fields.settledPerpPnl)), false],
    ['a deletion', '', true],
  ])('of a sub-account: %s', (_, after, leaves) => {
    expect(states.leaves('drift_user', before, after, isAgent)).toBe(leaves);
  });

  test('of a sub-account that did not exist, or whose earlier bytes are of another length', () => {
    expect(states.leaves('drift_user', '', before, isAgent)).toBe(false);
    expect(states.leaves('drift_user', before.slice(1), before, isAgent)).toBe(false);
  });
});

describe('a token account', () => {
  const { leaves, pulse } = DRIFT_V2.states;
  const pulseOf = (amount: bigint, owner = 1): string => {
    const data = Buffer.alloc(pulse('agent_token_account').length);
    data.fill(owner, 32, 64);
    data.writeBigUInt64LE(amount, 64);
    return data.toString('latin1');
  };

  test.each([
    ['holds less', pulseOf(49n), true],
    ['holds more', pulseOf(51n), false],
    ['holds as much under another owner', pulseOf(50n, 2), true],
    ['is gone with its tokens', '', true],
  ])('%s', (_, after, left) => {
    expect(leaves('agent_token_account', pulseOf(50n), after, isAgent)).toBe(left);
  });

  test('that was empty or did not exist has lost nothing', () => {
    expect(leaves('agent_token_account', pulseOf(0n), '', isAgent)).toBe(false);
    expect(leaves('agent_token_account', '', pulseOf(9n), isAgent)).toBe(false);
  });

  test('of another owner before has lost nothing of the agent, whoever owns it now', () => {
    for (const after of [pulseOf(49n, 2), pulseOf(50n, 3), pulseOf(50n, 1), ''])
      expect(leaves('agent_token_account', pulseOf(50n, 2), after, isAgent)).toBe(false);
  });

  test('a wallet never has: its fees are no withdrawal', () => {
    expect(leaves('agent_wallet', '500', '1', isAgent)).toBe(false);
  });
});
