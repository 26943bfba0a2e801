// Filled: the token accounts of an agent that are followed because of a transaction, and the acts
// by which value came into them.
import { describe, expect, test } from 'vitest';
import { filledAccounts } from '../../src/core/filled.ts';
import { TOKEN_ACCOUNT_RENT } from '../../src/core/holdings.ts';
import type { Address } from '../../src/core/ids.ts';
import { WRAPPED_SOL } from '../../src/core/programs.ts';
import type { ChainTransaction, TokenBalance } from '../../src/core/transaction.ts';
import { DRIFT_V2 } from '../../src/venue/drift-v2/venue.ts';
import { hearingVenueOf } from '../../src/venue/hearing.ts';
import {
  agent,
  agentTokens,
  type Made,
  made,
  mine,
  someone,
  stranger,
  tokens,
  user,
  venue,
  watched,
} from '../support/made-transaction.ts';

const second = someone();
const theirs = { signers: [stranger] };
const listed = (
  rows: readonly TokenBalance[],
  given: Partial<ChainTransaction> = theirs,
  calls: readonly Made[] = [],
): Address[] =>
  filledAccounts(made(calls, rows, 'whole', given), watched, [hearingVenueOf(DRIFT_V2)]).map(
    (each) => {
      expect(each.subscriberId).toBe('ana');
      return each.address;
    },
  );
const filled = (how: Partial<TokenBalance> = {}) => tokens(second, 0n, 5n, { ...mine, ...how });

describe('a token account that is not watched is listed', () => {
  test('where the agent signed', () => {
    expect(listed([filled()], { signers: [stranger, agent] })).toEqual([second]);
    expect(listed([filled({ mint: someone() })], { signers: [agent] })).toEqual([]);
    expect(listed([filled({ after: 0n })], { signers: [agent] })).toEqual([]);
    expect(listed([filled()], { signers: [agent], error: 'failed' })).toEqual([]);
  });

  test('where value went out of an own token account, whoever signed', () => {
    const from = (how: Partial<TokenBalance>) => tokens(agentTokens, 9n, 4n, { ...mine, ...how });
    expect(listed([from({}), filled()])).toEqual([second]);
    expect(listed([filled(), from({ after: 0n, ownerAfter: null })])).toEqual([second]);
    expect(listed([filled(), from({ after: 9n, ownerAfter: stranger })])).toEqual([second]);
    // A program may have changed the tokens for others in between.
    expect(listed([filled(), from({ mint: WRAPPED_SOL })])).toEqual([second]);
  });

  test('where its account at a venue made a swap, which a delegate may sign', () => {
    const place = Object.values(DRIFT_V2.profile.calls).find((each) => each.call === 'begin_swap');
    if (place === undefined || !('user' in place)) throw new Error('the profile has the call');
    const swap = (of: Address) => [venue('begin_swap', { [place.user]: of })];
    expect(listed([filled()], theirs, swap(user))).toEqual([second]);
    expect(listed([filled()], theirs, swap(someone()))).toEqual([]);
  });

  test('with SOL that is not counted as wrapped yet', () => {
    const wrapped = (lamports: bigint) => {
      const row = filled({ mint: WRAPPED_SOL, after: 0n });
      const whole = made([], [row], 'whole', { signers: [agent] });
      const after = whole.keys.map((key) => (key === second ? lamports : 0n));
      return listed([row], { signers: [agent], lamports: { before: after, after } });
    };
    expect(wrapped(TOKEN_ACCOUNT_RENT)).toEqual([]);
    expect(wrapped(TOKEN_ACCOUNT_RENT + 1n)).toEqual([second]);
  });
});

describe('a stranger causes no listing', () => {
  test.each([
    ['by a gift', []],
    ['by a gift out of its own account', [tokens(someone(), 9n, 4n)]],
    ['beside an own account that received or kept tokens', [tokens(agentTokens, 4n, 9n, mine)]],
    [
      'beside a token without value that it took back',
      [tokens(someone(), 9n, 0n, { ...mine, mint: someone() })],
    ],
    [
      'beside an empty own account that was closed',
      [tokens(someone(), 0n, 0n, { owner: agent, ownerAfter: null })],
    ],
  ])('%s', (_, others) => {
    expect(listed([filled(), ...others])).toEqual([]);
  });

  test('of an account that is watched, or that belongs to another wallet', () => {
    const signed = { signers: [agent] };
    expect(listed([tokens(agentTokens, 0n, 5n, mine)], signed)).toEqual([]);
    expect(listed([filled({ ownerAfter: stranger })], signed)).toEqual([]);
  });
});
