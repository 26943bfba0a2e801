// Understanding: how well each kind of call is understood, and which calls are counted at all.
import { describe, expect, test } from 'vitest';
import { coverageOf, understand, understandToken } from '../../src/core/coverage.ts';
import type { Address } from '../../src/core/ids.ts';
import {
  ASSOCIATED_TOKEN_PROGRAM,
  SYSTEM_PROGRAM,
  TOKEN_2022_PROGRAM,
  TOKEN_PROGRAM,
} from '../../src/core/programs.ts';
import type { Call, ChainTransaction } from '../../src/core/transaction.ts';
import type { Watched } from '../../src/core/watch-ports.ts';

const VENUE = 'venue' as Address;
const call = (program: string, ...data: number[]): Call => ({
  program: program as Address,
  accounts: ['a', 'b', 'c'] as Address[],
  data: Uint8Array.from(data),
  top: 0,
  inner: 0,
  place: 0,
});
const token = (...data: number[]) => understandToken(call(TOKEN_PROGRAM, ...data));
const token2022 = (...data: number[]) => understandToken(call(TOKEN_2022_PROGRAM, ...data));

describe('a call of a token program', () => {
  test('that moves something is understood, of both programs', () => {
    expect([token(3), token(9), token2022(3)]).toEqual(['understood', 'understood', 'understood']);
  });
  test('that moves nothing is neutral, extensions only for Token-2022', () => {
    expect([token(18), token2022(18)]).toEqual(['neutral', 'neutral']);
    expect([token(25), token2022(25)]).toEqual(['unknown', 'neutral']);
  });
  test('that hides amounts, that is not known, or that is empty, is unknown', () => {
    expect([token2022(27), token2022(37), token(99), token()]).toEqual(
      Array.from({ length: 4 }, () => 'unknown'),
    );
  });
  test('that is a batch is as unknown as one call in it', () => {
    expect([token(255, 0, 1, 3), token(255, 0, 1, 18), token(255)]).toEqual(
      Array.from({ length: 3 }, () => 'understood'),
    );
    expect(token(255, 0, 1, 3, 0, 1, 99)).toBe('unknown');
    expect(token2022(255, 0, 1, 25)).toBe('understood');
    expect(token(255, 0, 1, 25)).toBe('unknown');
  });
});

describe('a call of another program', () => {
  const of = (program: string, ...data: number[]) =>
    understand(call(program, ...data), VENUE, () => 'neutral');
  test('of the venue is judged by the venue', () => {
    expect(of(VENUE, 1)).toBe('neutral');
    expect(understand(call(VENUE), VENUE, () => 'understood')).toBe('understood');
  });
  test('of the system program: transfers, nonces, and what is new', () => {
    expect(of(SYSTEM_PROGRAM, 2, 0, 0, 0)).toBe('understood');
    expect(of(SYSTEM_PROGRAM, 4, 0, 0, 0)).toBe('neutral');
    expect(of(SYSTEM_PROGRAM, 77, 0, 0, 0)).toBe('unknown');
    expect(of(SYSTEM_PROGRAM)).toBe('unknown');
  });
  test('of the associated token program, of a memo, of a token program, of anybody', () => {
    expect(of(ASSOCIATED_TOKEN_PROGRAM, 1)).toBe('understood');
    expect(of('MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr', 1)).toBe('neutral');
    expect(of(TOKEN_PROGRAM, 3)).toBe('understood');
    expect(of('somebody', 2, 0, 0, 0)).toBe('unknown');
  });
});

describe('the coverage of a transaction', () => {
  const watched = new Map<string, Watched>([
    ['agent', { address: 'agent' as Address, subscriberId: 'ana', role: 'agent_wallet' }],
  ]);
  const counted = (accounts: string[], balance: object = {}, error: unknown = null) => {
    const transaction = {
      error,
      instructions: [{ program: TOKEN_PROGRAM, accounts, data: Uint8Array.of(3), inner: [] }],
      tokenBalances: [{ account: 'tokens', owner: null, ownerAfter: null, ...balance }],
    } as unknown as ChainTransaction;
    const found = coverageOf(transaction, watched, VENUE, () => 'neutral');
    return found.get(TOKEN_PROGRAM as Address)?.understood ?? 0;
  };
  test('counts calls with a watched account, or with a token account of one', () => {
    expect(counted(['agent'])).toBe(1);
    expect(counted(['somebody', 'agent'])).toBe(1);
    expect(counted(['tokens'], { owner: 'agent' })).toBe(1);
    expect(counted(['tokens'], { ownerAfter: 'agent' })).toBe(1);
    expect(counted(['tokens', 'x'], { owner: 'agent', ownerAfter: 'other' })).toBe(1);
  });
  test('leaves out calls of others, and everything of a failed transaction', () => {
    expect(counted(['somebody'])).toBe(0);
    expect(counted(['tokens'])).toBe(0);
    expect(counted(['tokens'], { owner: 'other' })).toBe(0);
    expect(counted(['x'], { owner: 'agent' })).toBe(0);
    expect(counted(['agent'], {}, 'failed')).toBe(0);
  });
});
