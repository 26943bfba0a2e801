// Token flow: where a subscriber's own tokens are after a transaction, and what a swap with the
// venue's tokens explains of them.
import { describe, expect, test } from 'vitest';
import type { Perimeter, VenueMove } from '../../src/core/holdings.ts';
import type { Address } from '../../src/core/ids.ts';
import { swapped } from '../../src/core/swap-bracket.ts';
import { tokenFlow } from '../../src/core/token-flow.ts';
import { tokenOwners } from '../../src/core/token-owners.ts';
import { callsOf, type TokenBalance } from '../../src/core/transaction.ts';
import { PROGRAM_ID, QUOTE_MINT } from '../../src/venue/drift-v2/profile.ts';
import {
  agent,
  agentTokens,
  type Made,
  type MadeCall,
  made,
  mine,
  OTHER,
  openTokens,
  someone,
  stranger,
  tokenCall,
  tokens,
  transfer,
  vault,
  venue,
  watched,
} from '../support/made-transaction.ts';

const subject = { subscriberId: 'ana', agent };
const [friend, bens, bridge, pool] = [someone(), someone(), someone(), someone()];
const UNTOLD = { owner: null, ownerAfter: null };

/**
 * The transaction with what the venue moved: each move is at the first call that names the token
 * account.
 */
function around(
  instructions: readonly Made[],
  rows: readonly TokenBalance[],
  moves: readonly [Address, bigint, string?][] = [],
): Perimeter {
  const transaction = made(instructions, rows);
  const calls = callsOf(transaction);
  const venueMoved = moves.map(([account, amount, subscriberId = 'ana']): VenueMove => {
    const call = calls.find((each) => each.inner > 0 && each.accounts.includes(account));
    return { subscriberId, account, amount, mint: QUOTE_MINT, place: call?.place ?? -1 };
  });
  return {
    transaction,
    calls,
    watched,
    venues: new Set([PROGRAM_ID]),
    quotes: new Set([QUOTE_MINT]),
    ofValue: () => true,
    isVenueAccount: () => false,
    madeFor: () => false,
    venueMoved,
    owners: tokenOwners(transaction),
    swaps: new Map(),
  };
}
/** What a call of the venue moves between a token account and its vault. */
const venueMoving = (...inner: MadeCall[]): Made => venue('an order', {}, { inner });
const flow = (...given: Parameters<typeof around>) => {
  const found = tokenFlow(around(...given), subject, QUOTE_MINT);
  return found && new Map([...found].filter(([, amount]) => amount > 0n));
};

describe('the tokens of a subscriber', () => {
  test('are not those that a venue pays to another subscriber', () => {
    const rows = [
      tokens(agentTokens, 10n, 0n, mine),
      tokens(friend, 0n, 10n),
      tokens(bens, 0n, 90n),
      tokens(vault, 100n, 10n),
    ];
    const calls = [transfer(agentTokens, friend, 10n), venueMoving(transfer(vault, bens, 90n))];
    expect(flow(calls, rows, [[bens, 90n, 'ben']])).toEqual(new Map([[friend, 10n]]));
    // The same move, made for this subscriber in an account of another wallet.
    const own = new Map([
      [friend, 10n],
      [bens, 90n],
    ]);
    expect(flow(calls, rows, [[bens, 90n]])).toEqual(own);
  });

  test('are no longer those that it deposits, but still those that another one deposits', () => {
    const rows = [
      tokens(agentTokens, 60n, 0n, mine),
      tokens(friend, 0n, 10n),
      tokens(vault, 0n, 50n),
    ];
    const deposit = venueMoving(transfer(agentTokens, vault, 50n));
    const calls = [deposit, transfer(agentTokens, friend, 10n)];
    expect(flow(calls, rows, [[agentTokens, -50n]])).toEqual(new Map([[friend, 10n]]));
    expect(flow(calls, rows, [[agentTokens, -50n, 'ben']])?.get(vault)).toBe(50n);
  });

  test('are those of the venue’s own call alone, not of calls beside it', () => {
    const rows = [
      tokens(agentTokens, 0n, 0n, mine),
      tokens(bens, 30n, 0n),
      tokens(friend, 0n, 30n),
      tokens(pool, 0n, 7n),
      tokens(vault, 7n, 0n),
    ];
    const calls = [
      transfer(bens, friend, 30n),
      venueMoving(transfer(vault, agentTokens, 7n)),
      transfer(agentTokens, pool, 7n),
    ];
    expect(flow(calls, rows, [[agentTokens, 7n]])).toEqual(new Map([[pool, 7n]]));
  });

  test('are none that are minted', () => {
    const rows = [tokens(agentTokens, 5n, 0n, mine), tokens(friend, 0n, 5n), tokens(bens, 0n, 80n)];
    const mint = tokenCall(
      [QUOTE_MINT, bens, someone()],
      Buffer.from([7, 80, 0, 0, 0, 0, 0, 0, 0]),
    );
    expect(flow([mint, transfer(agentTokens, friend, 5n)], rows)).toEqual(new Map([[friend, 5n]]));
  });

  test('are followed through an account that is made and closed in between', () => {
    const rows = [tokens(agentTokens, 5n, 0n, mine), tokens(friend, 0n, 5n)];
    const through = [transfer(agentTokens, bridge, 5n), transfer(bridge, friend, 5n)];
    const close = tokenCall([bridge, stranger, stranger], Buffer.of(9));
    const made = [openTokens(bridge, QUOTE_MINT, stranger), ...through, close];
    expect(flow(made, rows)).toEqual(new Map([[friend, 5n]]));
  });

  test('are followed out of an account that is made again for another mint', () => {
    const other = someone();
    const rows = [
      tokens(agentTokens, 5n, 0n, { owner: agent, ownerAfter: null }),
      tokens(agentTokens, 0n, 0n, { mint: other, owner: null, ownerAfter: agent }),
      tokens(friend, 0n, 5n),
    ];
    const close = tokenCall([agentTokens, agent, agent], Buffer.of(9));
    const calls = [transfer(agentTokens, friend, 5n), close, openTokens(agentTokens, other, agent)];
    expect(flow(calls, rows)).toEqual(new Map([[friend, 5n]]));
  });

  test('cannot be told where they leave an account without an owner, or where calls do not lead to a balance', () => {
    const sent = [transfer(agentTokens, friend, 5n)];
    const rows = [tokens(agentTokens, 5n, 0n, UNTOLD), tokens(friend, 0n, 5n)];
    expect(flow(sent, rows)).toBeNull();
    const unmoved = [tokens(agentTokens, 5n, 0n, mine), tokens(bens, 9n, 9n, UNTOLD)];
    expect(flow(sent, [...unmoved, tokens(friend, 0n, 5n)])).toEqual(new Map([[friend, 5n]]));
    const withheld = [tokens(agentTokens, 5n, 0n, mine), tokens(friend, 0n, 4n)];
    expect(flow(sent, withheld)).toBeNull();
  });
});

describe('a swap with the venue’s tokens', () => {
  /** The venue gives 60 units, programs make these transfers, and the venue takes nothing. */
  const swap = (own: Partial<TokenBalance>, after: bigint, ...inner: MadeCall[]) => {
    const calls: Made[] = [
      venueMoving(transfer(vault, agentTokens, 60n)),
      { program: OTHER, accounts: [agentTokens], data: Buffer.of(1), inner },
      venueMoving(),
    ];
    const rows = [tokens(agentTokens, 40n, after, own), tokens(pool, 0n, 100n - after)];
    const perimeter = { ...around(calls, rows), swaps: new Map([['ana', [[0, 2] as const]]]) };
    const holdings = { mint: QUOTE_MINT, decimals: 6, program: null, holdings: [] };
    return swapped(perimeter as Perimeter, subject, holdings as never);
  };

  test('explains what is spent again after it came back', () => {
    const [out, back] = [transfer(agentTokens, pool, 60n), transfer(pool, agentTokens, 20n)];
    const again = transfer(agentTokens, pool, 20n);
    expect(swap(mine, 40n, out, back, again).spent).toBe(60n);
  });

  test('tells the sum of what one account received of it', () => {
    const half = transfer(agentTokens, pool, 30n);
    expect(swap(mine, 40n, half, half)).toEqual({ spent: 60n, got: new Map([[pool, 60n]]) });
  });

  test('is one of a watched account also where the node tells no owner of it', () => {
    expect(swap(UNTOLD, 40n, transfer(agentTokens, pool, 60n)).spent).toBe(60n);
    expect(swap({}, 40n, transfer(agentTokens, pool, 60n)).spent).toBe(0n);
  });
});
