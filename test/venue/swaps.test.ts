// Swaps with the venue's tokens: value sent away inside the bracket, the effect of a bad price, and
// value that a delegate keeps.
import { describe, expect, test } from 'vitest';
import {
  agent,
  agentTokens,
  MADE_AT,
  type Made,
  mine,
  OTHER,
  openTokens,
  someone,
  transfer,
  vault,
} from '../support/made-transaction.ts';

const USDC = 1_000_000n;

describe.each(MADE_AT)('at %s', (_, at) => {
  const { bodies, made, means, ofKind, tokens, user, venue } = at;
  const { mint: QUOTE_MINT } = at.dialect.profile.quote;
  describe('swap', () => {
    const [outTokens, away] = [someone(), someone()];
    const begin = venue(
      'begin_swap',
      { 1: user, 3: agent, 5: vault, 7: agentTokens },
      { inner: [transfer(vault, agentTokens, 1_000_000_000n)] },
    );
    const pool = someone();
    const jupiter = (spent: bigint): Made => ({
      program: OTHER,
      accounts: [agentTokens, outTokens],
      data: Buffer.from([1]),
      inner: [transfer(agentTokens, pool, spent)],
    });
    const end = (back: bigint, markets: object = {}) =>
      venue(
        'end_swap',
        { 1: user, 3: agent },
        {
          emits: [
            {
              event: 'SwapRecord',
              value: {
                ts: 1n,
                user,
                amountOut: back,
                amountIn: 1_000_000_000n,
                outMarketIndex: 1,
                inMarketIndex: 0,
                outOraclePrice: 150_000_000n,
                inOraclePrice: 1_000_000n,
                fee: 0n,
                ...markets,
              },
            },
          ],
        },
      );
    const balances = [
      tokens(agentTokens, 0n, 0n, mine),
      tokens(vault, 5_000_000_000n, 4_000_000_000n),
    ];
    test.each(['whole', 'cut'] as const)('tokens sent away inside the bracket, log %s', (log) => {
      const transaction = made(
        [
          begin,
          jupiter(600n * USDC),
          transfer(agentTokens, away, 400n * USDC),
          end(4_000_000_000n),
        ],
        [...balances, tokens(pool, 0n, 600n * USDC), tokens(away, 0n, 400n * USDC)],
        log,
      );
      expect(ofKind(transaction, 'outflow')).toEqual([
        expect.objectContaining({
          route: 'token_transfer',
          amount: 400_000_000n,
          destination: away,
        }),
      ]);
    });
    test.each(['whole', 'cut'] as const)('tokens that the wallet held before, log %s', (log) => {
      const rows = [
        tokens(agentTokens, 700n * USDC, 0n, mine),
        tokens(vault, 5_000_000_000n, 4_000_000_000n),
        tokens(pool, 0n, 1_700n * USDC),
      ];
      const calls = [begin, jupiter(1_000n * USDC), jupiter(700n * USDC), end(6_620_000_000n)];
      const transaction = made(calls, rows, log);
      expect(ofKind(transaction, 'outflow')).toEqual([
        expect.objectContaining({
          route: 'token_transfer',
          amount: 700n * USDC,
          destination: pool,
        }),
      ]);
    });
    test('a swap that loses less than a cent leaves no notice', () => {
      const swap = (back: bigint) =>
        made([begin, jupiter(1_000n * USDC), end(back)], balances, 'whole');
      // At 150 USDC a SOL: 0.0099, 0.0101 and -0.05 USDC less than was taken.
      const lost = (back: bigint) => ofKind(swap(back), 'notice').map(({ amount }) => amount);
      expect(lost(6_666_600_800n)).toEqual([]);
      expect(lost(6_666_599_400n)).toEqual([10_090n]);
      expect(lost(6_667_000_000n)).toEqual([]);
    });
    test('much slippage is a suspicion with its evidence, and no withdrawal', () => {
      const bad = made([begin, jupiter(1_000n * USDC), end(6_000_000_000n)], balances);
      expect(ofKind(bad, 'outflow')).toEqual([]);
      expect(ofKind(bad, 'notice')).toEqual([
        expect.objectContaining({ what: 'swap_loss', amount: 100_000_000n }),
      ]);
    });
    describe('whose prices no record tells, through the own accounts', () => {
      const others = someone();
      const unpriced = (took: bigint, left: bigint, markets: readonly [number, number]) => {
        const args = { inMarketIndex: markets[0], outMarketIndex: markets[1] };
        const ends = { 1: user, 3: agent, 4: others, 5: vault, 6: outTokens, 7: agentTokens };
        const named = (name: string, more: object) => ({ args: { ...args, ...more }, name });
        return [
          venue('begin_swap', ends, {
            ...named('beginSwap', { amountIn: took }),
            inner: [transfer(vault, agentTokens, took)],
          }),
          venue('end_swap', ends, {
            ...named('endSwap', { limitPrice: null, reduceOnly: null }),
            inner: [
              transfer(agentTokens, vault, left),
              transfer(outTokens, others, 4_000_000_000n),
            ],
          }),
        ];
      };
      const lost = (calls: readonly Made[], log: 'whole' | 'cut') =>
        ofKind(made([...calls], [...balances, tokens(outTokens, 0n, 0n, mine)], log), 'notice').map(
          ({ what, amount }) => [what, amount],
        );
      test.each(['whole', 'cut'] as const)('all of it may be the loss, log %s', (log) => {
        // It took 1,000 and put 100 back; it took another token for 4,000; neither was quote.
        const bought = unpriced(1_000n * USDC, 100n * USDC, [0, 1]);
        expect(lost(bought, log)).toEqual([['swap_loss', 900n * USDC]]);
        const sold = unpriced(1_000n * USDC, 0n, [1, 0]);
        expect(lost(sold, log)).toEqual([['swap_loss', 4_000n * USDC]]);
        const other = unpriced(1_000n * USDC, 0n, [1, 2]);
        expect(lost(other, log)).toEqual([['swap_loss', null]]);
      });
      test('one that put everything back lost nothing', () => {
        expect(lost(unpriced(5n * USDC, 5n * USDC, [0, 1]), 'cut')).toEqual([]);
      });
    });
    describe('by a delegate, through token accounts of its own', () => {
      const [delegate, theirs] = [someone(), someone()];
      const beginTheirs = venue(
        'begin_swap',
        { 1: user, 3: delegate, 5: vault, 7: theirs },
        { inner: [transfer(vault, theirs, 1_000_000_000n)] },
      );
      const rows = [
        tokens(theirs, 0n, 1_000_000_000n, { owner: delegate, ownerAfter: delegate }),
        tokens(vault, 5_000_000_000n, 4_000_000_000n),
      ];
      const by = (signer: string, back: bigint, log: 'whole' | 'cut' = 'whole') =>
        ofKind(
          {
            ...made([beginTheirs, end(back)], rows, log),
            signers: [signer as never],
            lamports: null,
          },
          'outflow',
        );
      test('the amount that it kept is an outflow by a delegate whom the agent appointed', () => {
        expect(by(delegate, 1_000_000_000n)).toEqual([
          expect.objectContaining({
            route: 'swap',
            amount: 850_000_000n,
            usd: 850_000_000n,
            swapped: 1_000_000_000n,
            mint: QUOTE_MINT,
            destination: theirs,
            owner: delegate,
            internal: false,
            consent: 'appointed',
          }),
        ]);
        expect(by(agent, 1_000_000_000n)[0]).toMatchObject({ route: 'swap', consent: 'agent' });
      });
      describe('where no price is known, everything that it took is out of reach', () => {
        const everything = {
          kind: 'outflow',
          route: 'swap',
          amount: 1_000_000_000n,
          usd: null,
          owner: delegate,
          internal: false,
          consent: 'appointed',
        };
        const given = { signers: [delegate], lamports: null };
        const newer = at.dialect.profile.spotDecimals.length;
        const marked = expect.objectContaining({
          kind: 'unknown',
          why: 'unknown_market',
          tradedAt: null,
        });
        test('into a market newer than this release, or out of one', () => {
          for (const markets of [{ outMarketIndex: newer }, { inMarketIndex: newer }]) {
            const found = bodies(made([beginTheirs, end(1n, markets)], rows, 'whole', given));
            expect(found).toEqual([expect.objectContaining(everything), marked]);
          }
          const own = made(
            [begin, jupiter(1_000n * USDC), end(1n, { outMarketIndex: newer })],
            [...balances],
          );
          expect(ofKind(own, 'outflow')).toEqual([]);
          expect(ofKind(own, 'unknown')).toEqual([marked]);
        });
        test('without a record, or with one that cannot be read', () => {
          const silent = venue('end_swap', { 1: user, 3: delegate });
          const transaction = made([beginTheirs, silent], rows, 'whole', given);
          expect(bodies(transaction)).toEqual([expect.objectContaining(everything)]);
          const whole = made([beginTheirs, end(1n)], rows, 'whole', given);
          const logs = whole.logs.map((line) => {
            if (!line.startsWith('Program data: ')) return line;
            const bytes = Buffer.from(line.slice(14), 'base64').subarray(0, 60);
            return `Program data: ${bytes.toString('base64')}`;
          });
          expect(ofKind({ ...whole, logs }, 'outflow')).toEqual([
            expect.objectContaining(everything),
          ]);
        });
      });
      test('also through an account that the agent closed before and that it made for itself', () => {
        const open = openTokens(agentTokens, QUOTE_MINT, delegate);
        const begun = venue(
          'begin_swap',
          { 1: user, 3: delegate, 5: vault, 7: agentTokens },
          { inner: [transfer(vault, agentTokens, 1_000_000_000n)] },
        );
        const sent = transfer(agentTokens, theirs, 1_000_000_000n);
        const transaction = made([open, begun, sent, end(1_000_000_000n)], rows, 'whole', {
          signers: [delegate],
          lamports: null,
        });
        expect(ofKind(transaction, 'outflow')).toEqual([
          expect.objectContaining({ route: 'swap', amount: 850_000_000n, owner: delegate }),
        ]);
      });
      test('a loss of less than a cent is none', () => {
        expect(by(delegate, 6_666_600_800n)).toEqual([]);
        expect(by(delegate, 6_666_599_400n)).toMatchObject([{ route: 'swap', usd: 10_090n }]);
      });
      test('where no record tells the price, everything that it took is out of reach', () =>
        expect(by(delegate, 6_620_000_000n, 'cut')).toEqual([
          expect.objectContaining({ route: 'swap', amount: 1_000_000_000n, usd: null }),
        ]));
    });
    test('from counters alone', () =>
      expect(
        means((after) => {
          after.spotPositions[0].cumulativeDeposits -= 400n;
        }),
      ).toEqual(['swap']));
  });
});
