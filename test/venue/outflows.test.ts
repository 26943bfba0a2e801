// Outflows: every way that value can leave, recognised by its record, without any log, and from the account's own counters.
import { describe, expect, test } from 'vitest';
import { type AccountState, meaningsOf, NO_COUNTERS } from '../../src/core/reckoning.ts';
import { blankAccount, encodeAccount, type Struct } from '../../src/local/drift/layout.ts';
import { userAddress } from '../../src/venue/addresses.ts';
import { QUOTE_MINT } from '../../src/venue/profile.ts';
import { readAccountState } from '../../src/venue/state.ts';
import {
  agent,
  agentTokens,
  approve,
  depositRecord,
  type Made,
  made,
  mine,
  OTHER,
  ofKind,
  sendSol,
  setOwner,
  someone,
  stranger,
  tokenCall,
  tokens,
  transfer,
  user,
  vault,
  venue,
  watched,
} from '../support/made-transaction.ts';

/** The account before and after, as its counters show it. */
const stateOf = (slot: number, change: (user: Struct) => void = () => {}): AccountState => {
  const account = blankAccount('User');
  account.authority = agent;
  account.totalDeposits = 1_000_000_000n;
  account.spotPositions[0].cumulativeDeposits = 1_000_000_000n;
  account.spotPositions[0].scaledBalance = 1_000_000_000_000n;
  change(account);
  return { slot, ...readAccountState(encodeAccount('User', account)) };
};
const means = (change: (user: Struct) => void): string[] =>
  meaningsOf(stateOf(1), NO_COUNTERS, stateOf(2, change)).map((each) => each.what);

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
  test('what a clamp left of it counts, not what was asked for', () => {
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
        after.perpPositions[0].isolatedPositionScaledBalance = 25_000n;
        after.spotPositions[0].scaledBalance -= 25_000n;
        after.spotPositions[0].cumulativeDeposits -= 25n;
      }),
    ).toEqual(['isolated_transfer']));
});

describe('transfer between sub-accounts', () => {
  const other = userAddress(agent, 1);
  const moved = venue(
    'transfer_deposit',
    { 0: user, 1: other, 3: agent },
    {
      name: 'transferDeposit',
      args: { marketIndex: 0, amount: 40n },
      emits: [depositRecord({ amount: 40n, explanation: 'transfer', transferUser: other })],
    },
  );
  test.each(['whole', 'cut'] as const)('is internal, and names where to follow, log %s', (log) => {
    expect(ofKind(made([moved], [], log), 'outflow')).toEqual([
      expect.objectContaining({
        route: 'transfer',
        amount: 40n,
        destination: other,
        internal: true,
      }),
    ]);
  });
  test('from counters alone', () =>
    expect(
      means((after) => {
        after.totalWithdraws = 40n;
      }),
    ).toEqual(['withdraw']));
});

describe('swap', () => {
  const [outTokens, away] = [someone(), someone()];
  const begin = venue(
    'begin_swap',
    { 1: user, 3: agent, 5: vault, 7: agentTokens },
    { inner: [transfer(vault, agentTokens, 1_000_000_000n)] },
  );
  const jupiter: Made = {
    program: OTHER,
    accounts: [agentTokens, outTokens],
    data: Buffer.from([1]),
    inner: [transfer(agentTokens, someone(), 600_000_000n)],
  };
  const end = (back: bigint) =>
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
      [begin, jupiter, transfer(agentTokens, away, 400_000_000n), end(4_000_000_000n)],
      balances,
      log,
    );
    expect(ofKind(transaction, 'outflow')).toEqual([
      expect.objectContaining({ route: 'token_transfer', amount: 400_000_000n, destination: away }),
    ]);
  });
  test('a swap at a fair price is nobody’s business', () => {
    const fair = made([begin, jupiter, end(6_620_000_000n)], balances);
    expect(ofKind(fair, 'outflow')).toEqual([]);
    expect(ofKind(fair, 'notice')).toEqual([]);
  });
  test('much slippage is a suspicion with its evidence, and no withdrawal', () => {
    const bad = made([begin, jupiter, end(6_000_000_000n)], balances);
    expect(ofKind(bad, 'outflow')).toEqual([]);
    expect(ofKind(bad, 'notice')).toEqual([
      expect.objectContaining({ what: 'swap_loss', amount: 100_000_000n }),
    ]);
  });
  test('from counters alone', () =>
    expect(
      means((after) => {
        after.spotPositions[0].cumulativeDeposits -= 400n;
      }),
    ).toEqual(['swap']));
});

describe('deposit', () => {
  const into = (account: string, authority: string): Made =>
    venue(
      'deposit',
      { 1: account as never, 3: agent, 4: vault, 5: agentTokens },
      {
        emits: [
          depositRecord({
            user: account,
            userAuthority: authority,
            direction: 'deposit',
            amount: 300n,
          }),
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

describe('agent wallet', () => {
  const away = someone();
  test.each(['whole', 'cut'] as const)('SPL transfer, log %s', (log) => {
    const transaction = made(
      [transfer(agentTokens, away, 55n)],
      [tokens(agentTokens, 100n, 45n, mine), tokens(away, 0n, 55n)],
      log,
    );
    expect(ofKind(transaction, 'outflow')).toEqual([
      expect.objectContaining({
        route: 'token_transfer',
        amount: 55n,
        destination: away,
        usd: 55n,
      }),
    ]);
  });
  test('any other token account that the agent owns counts as well', () => {
    const [bonk, mint] = [someone(), someone()];
    const transaction = made(
      [transfer(bonk, away, 9n)],
      [tokens(bonk, 9n, 0n, { ...mine, mint, decimals: 5 })],
    );
    expect(ofKind(transaction, 'outflow')).toEqual([
      expect.objectContaining({ amount: 9n, mint, usd: null }),
    ]);
  });
  test('handing the token account itself to somebody', () => {
    const transaction = made(
      [setOwner(agentTokens, stranger)],
      [tokens(agentTokens, 80n, 80n, { owner: agent, ownerAfter: stranger })],
    );
    expect(ofKind(transaction, 'outflow')).toEqual([
      expect.objectContaining({ route: 'token_handover', amount: 80n, destination: stranger }),
    ]);
    expect(ofKind(transaction, 'notice')).toEqual([
      expect.objectContaining({ what: 'token_authority_changed', who: stranger }),
    ]);
  });
  test('an approval is a notice; what is pulled by it later is an outflow', () => {
    const approved = made(
      [approve(agentTokens, stranger, 60n)],
      [tokens(agentTokens, 90n, 90n, mine)],
    );
    expect(ofKind(approved, 'notice')).toEqual([
      expect.objectContaining({ what: 'token_approved', who: stranger, amount: 60n }),
    ]);
    const pulled = made(
      [transfer(agentTokens, away, 60n)],
      [tokens(agentTokens, 90n, 30n, mine), tokens(away, 0n, 60n)],
    );
    expect(ofKind(pulled, 'outflow')).toHaveLength(1);
  });
  test.each(['whole', 'cut'] as const)('SOL transfer, log %s', (log) => {
    expect(ofKind(made([sendSol(agent, away, 2_000_000_000n)], [], log), 'outflow')).toEqual([
      expect.objectContaining({ route: 'sol_transfer', amount: 2_000_000_000n, destination: away }),
    ]);
  });
  test('rent of a token account that the agent makes is no loss; wrapping its own SOL neither', () => {
    const ata: Made = {
      program: 'ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL' as never,
      accounts: [agent, away],
      data: Buffer.from([1]),
      inner: [sendSol(agent, away, 2_039_280n)],
    };
    expect(ofKind(made([ata]), 'outflow')).toEqual([]);
    const wrapped = someone();
    const wrap = made(
      [sendSol(agent, wrapped, 5_000_000_000n)],
      [
        tokens(wrapped, 0n, 5_000_000_000n, {
          ...mine,
          mint: 'So11111111111111111111111111111111111111112' as never,
        }),
      ],
    );
    expect(ofKind(wrap, 'outflow')).toEqual([expect.objectContaining({ internal: true })]);
  });
  test('unwrapped SOL that goes to somebody else', () => {
    const wrapped = someone();
    const wsol = {
      ...mine,
      ownerAfter: null,
      mint: 'So11111111111111111111111111111111111111112' as never,
      decimals: 9,
    };
    const close = (to: never) =>
      made([tokenCall([wrapped, to, agent], Buffer.from([9]))], [tokens(wrapped, 7n, 0n, wsol)]);
    expect(ofKind(close(stranger as never), 'outflow')).toEqual([
      expect.objectContaining({ amount: 7n, destination: stranger }),
    ]);
    expect(ofKind(close(agent as never), 'outflow')).toEqual([]);
  });
});

describe('control', () => {
  const noticed = (call: Made) =>
    ofKind(made([call], [], 'cut'), 'notice').map((each) => each.what);
  test.each([
    ['delegate_changed', venue('update_user_delegate', { 0: user, 1: agent })],
    ['user_deleted', venue('delete_user', { 0: user, 3: agent })],
    ['margin_trading_changed', venue('update_user_margin_trading_enabled', { 0: user, 1: agent })],
    ['pool_changed', venue('update_user_pool_id', { 0: user, 1: agent })],
    ['sub_account_seen', venue('initialize_user', { 0: userAddress(agent, 1), 3: agent })],
  ])('%s', (what, call) => expect(noticed(call)).toEqual([what]));
  test('a builder is approved: who, and how much it may take', () => {
    const call = venue(
      'change_approved_builder',
      { 0: someone(), 1: agent },
      { name: 'changeApprovedBuilder', args: { builder: stranger, maxFeeBps: 70, add: true } },
    );
    expect(ofKind(made([call]), 'notice')).toEqual([
      expect.objectContaining({ what: 'builder_approved', who: stranger, amount: 70n }),
    ]);
  });
  test('from counters alone', () => {
    expect(
      means((after) => {
        after.delegate = stranger;
      }),
    ).toEqual(['delegate_changed']);
    const gone: AccountState = { ...stateOf(2), hints: { ...stateOf(2).hints, exists: false } };
    expect(meaningsOf(stateOf(1), NO_COUNTERS, gone).map((each) => each.what)).toEqual([
      'user_deleted',
    ]);
  });
});

test('a failed transaction has no facts, whatever it logged', () => {
  const transaction = made([withdrawal(someone(), 500n)]);
  expect(ofKind({ ...transaction, error: { InstructionError: [0, 'x'] } }, 'outflow')).toEqual([]);
});

test('a cut log marks what was realised as unknown, and only where the venue was given the account', () => {
  const traded = venue('orders', { 1: user });
  expect(ofKind(made([traded], [], 'cut'), 'unknown')).toEqual([
    { kind: 'unknown', why: 'log_truncated' },
  ]);
  expect(ofKind(made([transfer(someone(), someone(), 1n)], [], 'cut'), 'unknown')).toEqual([]);
  expect(watched.size).toBe(3);
});
