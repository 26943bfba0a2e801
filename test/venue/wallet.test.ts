// Wallet: value that leaves an agent's wallet outside the venue, and changes of who may take it:
// tokens, SOL, approvals, owners, delegates, builders, sub-accounts.
import { describe, expect, test } from 'vitest';
import { MEMO_PROGRAM } from '../../src/core/programs.ts';
import { type AccountState, meaningsOf, NO_COUNTERS } from '../../src/core/reckoning.ts';
import { rootMemoText } from '../../src/core/root-memo.ts';
import type { TokenBalance } from '../../src/core/transaction.ts';
import { DRIFT_V2 } from '../../src/venue/drift-v2/venue.ts';
import { hear } from '../support/hear.ts';
import {
  agent,
  agentTokens,
  approve,
  type Made,
  type MadeCall,
  made,
  means,
  mine,
  ofKind,
  sendSol,
  setOwner,
  someone,
  stateOf,
  stranger,
  tokenCall,
  tokens,
  transfer,
  user,
  venue,
  watched,
} from '../support/made-transaction.ts';

const { user: userAddress, userStats: userStatsAddress } = DRIFT_V2.addresses;

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
  test('under the memo of a payment it is that payment, under one of a daily root it is none', () => {
    const paymentIds = (text: string) =>
      ofKind(
        made(
          [
            { program: MEMO_PROGRAM, accounts: [], data: Buffer.from(text) },
            transfer(agentTokens, away, 55n),
          ],
          [tokens(agentTokens, 100n, 45n, mine), tokens(away, 0n, 55n)],
        ),
        'outflow',
      ).map((each) => each.paymentId);
    expect(paymentIds('bailiff:p1')).toEqual(['p1']);
    const root = { day: '2026-11-26', commitment: '3f'.repeat(32) };
    expect(paymentIds(rootMemoText(root))).toEqual([undefined]);
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
    expect(
      ofKind(made([ata], [tokens(away, 0n, 0n, { ...mine, owner: null })]), 'outflow'),
    ).toEqual([]);
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
    expect(ofKind(wrap, 'outflow')).toEqual([]);
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

describe('in a batch', () => {
  const batch = (...calls: MadeCall[]): MadeCall =>
    tokenCall(
      calls.flatMap((each) => each.accounts),
      Buffer.concat([
        Buffer.from([255]),
        ...calls.flatMap(({ accounts, data }) => [
          Buffer.from([accounts.length, data.length]),
          Buffer.from(data),
        ]),
      ]),
    );
  test('approvals and changes of authority are noticed, each', () => {
    const second = someone();
    const call = batch(
      approve(agentTokens, stranger, 60n),
      approve(agentTokens, second, 5n),
      setOwner(agentTokens, stranger),
    );
    const after = { owner: agent, ownerAfter: stranger };
    const transaction = made([call], [tokens(agentTokens, 0n, 0n, after)]);
    expect(ofKind(transaction, 'notice').map((each) => [each.what, each.who])).toEqual([
      ['token_approved', stranger],
      ['token_approved', second],
      ['token_authority_changed', stranger],
    ]);
    const places = hear(DRIFT_V2, transaction, watched).map((each) => each.position.ordinal);
    expect(new Set(places).size).toBe(places.length);
  });
});

describe('consent', () => {
  const away = someone();
  const pulled = (given: Partial<TokenBalance>, signers = [stranger]) =>
    ofKind(
      made(
        [transfer(agentTokens, away, 60n)],
        [tokens(agentTokens, 90n, 30n, { ...mine, ...given }), tokens(away, 0n, 60n, given)],
        'whole',
        { signers },
      ),
      'outflow',
    ).map((each) => [each.consent, each.signers]);
  test('a classic token account that lost tokens without the agent’s signature lost them to an appointed delegate', () => {
    expect(pulled({})).toEqual([['appointed', []]]);
    expect(pulled({}, [agent])).toEqual([['agent', []]]);
  });
  test('of a Token-2022 account it may have been the mint’s permanent delegate: the signers are kept', () => {
    const program = 'TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb' as never;
    expect(pulled({ program })).toEqual([['none', [stranger]]]);
    expect(pulled({ program: null })).toEqual([['none', [stranger]]]);
  });
});

test('SOL in the agent’s own accounts at the venue is within reach', () => {
  for (const own of [user, userAddress(agent, 7), userStatsAddress(agent)])
    expect(ofKind(made([sendSol(agent, own, 3_000_000_000n)]), 'outflow')).toEqual([]);
  const foreign = userAddress(stranger, 0);
  expect(ofKind(made([sendSol(agent, foreign, 3_000_000_000n)]), 'outflow')).toHaveLength(1);
});

describe('control', () => {
  const noticed = (call: Made) =>
    ofKind(made([call], [], 'cut'), 'notice').map((each) => each.what);
  test.each([
    ['delegate_changed', venue('update_user_delegate', { 0: user, 1: agent })],
    ['user_deleted', venue('delete_user', { 0: user, 3: agent })],
    ['user_deleted', venue('force_delete_user', { 0: user, 3: agent })],
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
