// Outflows: every way that value can leave, recognised by its record, without any log, and from the
// account's own counters.
import { describe, expect, test } from 'vitest';
import type { Address } from '../../src/core/ids.ts';
import { type AccountState, meaningsOf, NO_COUNTERS } from '../../src/core/reckoning.ts';
import type { TokenBalance } from '../../src/core/transaction.ts';
import type { Struct } from '../../src/local/drift/layout.ts';
import {
  agent,
  agentTokens,
  MADE_AT,
  type Made,
  mine,
  OTHER,
  openTokens,
  someone,
  stranger,
  transfer,
  vault,
} from '../support/made-transaction.ts';

/** An instruction of Velocity alone: a delegate moves deposits. */
const byDelegate: [string, string, Struct] = [
  'transfer_deposit_by_delegate',
  'transferDepositByDelegate',
  { equityFloorDelta: 0n },
];

type Log = 'whole' | 'cut';

describe.each(MADE_AT)('at %s', (_, at) => {
  const { depositRecord, made, means, ofKind, stateOf, tokens, user, venue, watched } = at;
  const { user: userAddress } = at.dialect.addresses;
  const { mint: QUOTE_MINT } = at.dialect.profile.quote;
  const withdrawal = (to: string, amount: bigint, record: Struct = {}, call = 'withdraw'): Made =>
    venue(
      call,
      { 1: user, 3: agent, 4: vault, 6: to as never },
      {
        emits: [depositRecord({ amount, ...record })],
        inner: [transfer(vault, to as never, amount)],
      },
    );

  describe('withdraw', () => {
    test('return data that reads ` failed` in base64 gives its record to no other call', () => {
      const [wrapper, helper] = [someone(), someone()];
      const { emits = [], inner = [], ...stolen } = withdrawal(stranger, 1_000_000_000n);
      const helping: Made = { program: helper, accounts: [], data: Buffer.of(1) };
      const within = [helping, { ...stolen, emits }, ...inner];
      const wrapped: Made = { ...helping, program: wrapper, accounts: [agent], inner: within };
      const decoy = withdrawal(agentTokens, 1n, { depositRecordId: 2n });
      const whole = made(
        [wrapped, decoy],
        [
          tokens(vault, 5_000_000_000n, 3_999_999_999n),
          tokens(stranger, 0n, 1_000_000_000n),
          tokens(agentTokens, 0n, 1n, mine),
        ],
      );
      const ended = `Program ${helper} success`;
      const logs = whole.logs.flatMap((line) =>
        line === ended ? [`Program return: ${helper} failedAA`, line] : [line],
      );
      expect(logs).toHaveLength(whole.logs.length + 1);
      for (const each of [whole, { ...whole, logs }])
        expect(ofKind(each, 'outflow').filter(({ amount }) => amount > 1n)).toEqual([
          expect.objectContaining({ route: 'withdraw', destination: stranger, internal: false }),
        ]);
    });
    const away = someone();
    const balances = [tokens(vault, 900n, 400n), tokens(away, 0n, 500n)];
    test.each(['whole', 'cut'] as const)('to a foreign token account, log %s', (log) => {
      expect(ofKind(made([withdrawal(away, 500n)], balances, log), 'outflow')).toEqual([
        expect.objectContaining({
          route: 'withdraw',
          amount: 500n,
          destination: away,
          mint: QUOTE_MINT,
          internal: false,
          usd: log === 'whole' ? 500n : null,
        }),
      ]);
    });
    test.each(['whole', 'cut'] as const)(
      'through an own account that is made again for another mint, log %s',
      (log) => {
        const [own, junk] = [someone(), someone()];
        const rows = [
          tokens(vault, 900n, 400n),
          tokens(own, 0n, 0n, { owner: agent, ownerAfter: null }),
          // As many units of a token without value are there now.
          tokens(own, 0n, 500n, { mint: junk, owner: null, ownerAfter: agent }),
          tokens(away, 0n, 500n),
        ];
        const through = [withdrawal(own, 500n), transfer(own, away, 500n)];
        const heard = made(through, rows, log, { signers: [agent] });
        const left = ofKind(heard, 'outflow').filter((each) => !each.internal);
        expect(left).toEqual([
          expect.objectContaining({
            route: 'token_transfer',
            amount: 500n,
            destination: away,
            mint: QUOTE_MINT,
            ofValue: true,
            consent: 'agent',
          }),
        ]);
      },
    );
    describe('into an account that is made in the transaction', () => {
      const junk = { mint: someone(), owner: agent, ownerAfter: null };
      const left = (own: Address, owner: Address, rows: readonly TokenBalance[], log: Log) => {
        const calls = [openTokens(own, QUOTE_MINT, owner), withdrawal(own, 500n)];
        const all = [tokens(vault, 900n, 400n), tokens(away, 0n, 500n), ...rows];
        return ofKind(made([...calls, transfer(own, away, 500n)], all, log), 'outflow')
          .filter((each) => !each.internal)
          .map((each) => [each.route, each.owner, each.amount, each.mint]);
      };
      const own = someone();
      test.each(['whole', 'cut'] as const)(
        'and closed, by its owner in the calls, log %s',
        (log) => {
          // The watch-list has the account as the agent's, which closed it before.
          expect(left(agentTokens, stranger, [], log)).toEqual([
            ['withdraw', stranger, 500n, QUOTE_MINT],
          ]);
          expect(left(own, agent, [], log)).toEqual([
            ['token_transfer', stranger, 500n, QUOTE_MINT],
          ]);
        },
      );
      test.each(['whole', 'cut'] as const)('in place of one of another mint, log %s', (log) => {
        const ended = tokens(own, 0n, 0n, junk);
        expect(left(own, agent, [ended], log)).toEqual([
          ['token_transfer', stranger, 500n, QUOTE_MINT],
        ]);
        const lost = [['withdraw', stranger, 500n, QUOTE_MINT]];
        expect(left(own, stranger, [ended], log)).toEqual(lost);
        const stays = tokens(own, 0n, 500n, { owner: null });
        expect(left(own, stranger, [ended, stays], log)).toEqual(lost);
      });
    });
    test('called by another program', () => {
      const direct = withdrawal(away, 500n);
      const through: Made = {
        program: OTHER,
        accounts: [someone()],
        data: Buffer.from([1]),
        inner: [direct, ...(direct.inner ?? [])],
      };
      for (const log of ['whole', 'cut'] as const)
        expect(ofKind(made([through], balances, log), 'outflow')).toEqual([
          expect.objectContaining({ route: 'withdraw', amount: 500n, destination: away }),
        ]);
    });
    test('of another market, as a borrow: value at the record’s oracle price', () => {
      const sol = withdrawal(away, 2_000_000_000n, {
        marketIndex: 1,
        oraclePrice: 150_000_000n,
        explanation: 'borrow',
      });
      expect(ofKind(made([sol]), 'outflow')).toEqual([
        expect.objectContaining({ amount: 2_000_000_000n, usd: 300_000_000n, internal: false }),
      ]);
      expect(ofKind(made([sol]), 'tally')).toEqual([
        expect.objectContaining({ withdraws: 300_000_000n, realised: 0n }),
      ]);
    });
    test('the amount that a clamp left counts, not the amount that was asked for', () => {
      expect(ofKind(made([withdrawal(away, 0n)]), 'outflow')).toEqual([]);
    });
    test('to the agent’s own token account it stays inside, and nothing left the wallet', () => {
      const own = withdrawal(agentTokens, 500n);
      const balance = tokens(agentTokens, 10n, 510n, mine);
      for (const log of ['whole', 'cut'] as const)
        expect(ofKind(made([own], [balance], log), 'outflow')).toEqual([
          expect.objectContaining({ route: 'withdraw', internal: true }),
        ]);
    });
    test('behind an Ed25519 instruction, which the runtime does not log', () => {
      const silent: Made = {
        program: 'Ed25519SigVerify111111111111111111111111111' as never,
        accounts: [],
        data: Buffer.alloc(1),
      };
      const transaction = made([silent, withdrawal(away, 500n)], balances);
      const logs = transaction.logs.filter((line) => !line.includes('Ed25519'));
      expect(ofKind({ ...transaction, logs }, 'outflow')).toEqual([
        expect.objectContaining({ destination: away }),
      ]);
    });
    test('from counters alone', () =>
      expect(
        means((after) => {
          after.totalWithdraws = 500n;
          after.spotPositions[0].cumulativeDeposits -= 500n;
        }),
      ).toEqual(['withdraw']));
  });

  describe('isolated positions', () => {
    test.each(['whole', 'cut'] as const)('a withdrawal from one, log %s', (log) => {
      const away = someone();
      const out = withdrawal(away, 70n, {}, 'isolated_withdraw');
      expect(ofKind(made([out], [tokens(away, 0n, 70n)], log), 'outflow')).toEqual([
        expect.objectContaining({ route: 'isolated_withdraw', amount: 70n, destination: away }),
      ]);
    });
    test('moving collateral into one emits nothing, and is noticed by its instruction', () => {
      const moved = venue(
        'isolated_transfer',
        { 0: user, 2: agent },
        {
          name: 'transferIsolatedPerpPositionDeposit',
          args: { spotMarketIndex: 0, perpMarketIndex: 3, amount: 25n },
        },
      );
      expect(ofKind(made([moved]), 'notice')).toEqual([
        expect.objectContaining({ what: 'isolated_transfer', amount: 25n }),
      ]);
      expect(ofKind(made([moved]), 'outflow')).toEqual([]);
    });
    test('from counters alone', () =>
      expect(
        means((after) => {
          Object.assign(after.perpPositions[0], {
            positionFlag: 1,
            isolatedPositionScaledBalance: 25_000n,
          });
          after.spotPositions[0].scaledBalance -= 25_000n;
          after.spotPositions[0].cumulativeDeposits -= 25n;
        }),
      ).toEqual(['isolated_transfer']));
  });

  describe('transfer between sub-accounts', () => {
    const other = userAddress(agent, 1);
    const record = depositRecord({ amount: 40n, explanation: 'transfer', transferUser: other });
    const transfers: [string, string, Struct][] = [
      ['transfer_deposit', 'transferDeposit', {}],
      ...(at.dialect.profile.name === 'velocity' ? [byDelegate] : []),
    ];
    describe.each(transfers)('%s', (call, name, more) => {
      const args = { marketIndex: 0, amount: 40n, ...more };
      const places = { 0: user, 1: other, 3: agent };
      const moved = venue(call, places, { name, args, emits: [record] });
      test.each(['whole', 'cut'] as const)(
        'is internal, and names where to follow, log %s',
        (log) => {
          expect(ofKind(made([moved], [], log), 'outflow')).toEqual([
            expect.objectContaining({
              route: 'transfer',
              amount: 40n,
              destination: other,
              internal: true,
            }),
          ]);
        },
      );
    });
    test('from counters alone', () =>
      expect(
        means((after) => {
          after.totalWithdraws = 40n;
        }),
      ).toEqual(['withdraw']));
  });

  describe('deposit', () => {
    const into = (account: string, userAuthority: string): Made =>
      venue(
        'deposit',
        { 1: account as never, 3: agent, 4: vault, 5: agentTokens },
        {
          emits: [
            depositRecord({ user: account, userAuthority, direction: 'deposit', amount: 300n }),
          ],
          inner: [transfer(agentTokens, vault, 300n)],
        },
      );
    const balances = [tokens(agentTokens, 1_000n, 700n, mine), tokens(vault, 0n, 300n)];
    test.each(['whole', 'cut'] as const)('into the own account is no loss, log %s', (log) => {
      expect(ofKind(made([into(user, agent)], balances, log), 'outflow')).toEqual([]);
    });
    test.each(['whole', 'cut'] as const)(
      'into an own sub-account that nobody watches yet is no loss, log %s',
      (log) => {
        const next = userAddress(agent, 3);
        expect(ofKind(made([into(next, agent)], balances, log), 'outflow')).toEqual([]);
      },
    );
    test.each(['whole', 'cut'] as const)(
      'into somebody else’s account, whose delegate the agent is, log %s',
      (log) => {
        const foreign = userAddress(stranger, 0);
        expect(ofKind(made([into(foreign, stranger)], balances, log), 'outflow')).toEqual([
          expect.objectContaining({ route: 'foreign_deposit', amount: 300n, destination: vault }),
        ]);
      },
    );
    test('from counters alone', () => {
      const seen: AccountState = { ...stateOf(2), counters: { ...NO_COUNTERS, tokens: 700n } };
      const was: AccountState = { ...stateOf(1), counters: { ...NO_COUNTERS, tokens: 1_000n } };
      expect(meaningsOf(was, NO_COUNTERS, seen).map((each) => each.what)).toEqual(['tokens_left']);
    });
  });

  test('a failed transaction has no facts, whatever it logged', () => {
    const transaction = made([withdrawal(someone(), 500n)]);
    expect(ofKind({ ...transaction, error: { InstructionError: [0, 'x'] } }, 'outflow')).toEqual(
      [],
    );
  });

  test('a cut log marks what was realised as unknown, and only where the venue was given the account', () => {
    const traded = venue('orders', { 1: user });
    expect(ofKind(made([traded], [], 'cut'), 'unknown')).toEqual([
      { kind: 'unknown', why: 'log_truncated', tradedAt: 1_023 },
    ]);
    expect(ofKind(made([withdrawal(someone(), 5n)], [], 'cut'), 'unknown')).toEqual([
      { kind: 'unknown', why: 'log_truncated', tradedAt: null },
    ]);
    expect(ofKind(made([transfer(someone(), someone(), 1n)], [], 'cut'), 'unknown')).toEqual([]);
    expect(watched.size).toBe(3);
  });
});
