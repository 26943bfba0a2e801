// Coverage: how much of what touched a subscriber's accounts is understood, and what happens to a
// call that is newer than this release.
import { describe, expect, test } from 'vitest';
import { programName, type Understanding } from '../../src/core/coverage.ts';
import { PROGRAM_ID } from '../../src/venue/drift-v2/profile.ts';
import { DRIFT_V2 } from '../../src/venue/drift-v2/venue.ts';
import { cover } from '../../src/venue/hearing.ts';
import {
  agent,
  agentTokens,
  approve,
  type Made,
  made,
  mine,
  OTHER,
  ofKind,
  SYSTEM,
  sendSol,
  someone,
  stranger,
  TOKEN,
  tokenCall,
  tokens,
  transfer,
  user,
  venue,
  watched,
} from '../support/made-transaction.ts';

const balance = tokens(agentTokens, 90n, 90n, mine);
const counted = (...calls: Made[]) =>
  Object.fromEntries(cover(DRIFT_V2, made(calls, [balance]), watched)) as Record<
    string,
    Record<Understanding, number>
  >;
/** An instruction of the venue's future. */
const newer = (given: Readonly<Record<number, never>> = {}): Made => ({
  ...venue('withdraw', { 0: user, ...given }),
  data: Buffer.from('00112233445566778899', 'hex'),
});

describe('counted by program', () => {
  test('what is understood, what moves nothing, and what is unknown', () => {
    const withdrawal = venue('withdraw', { 1: user, 3: agent });
    expect(counted(sendSol(agent, stranger, 5n), withdrawal, newer())).toEqual({
      [SYSTEM]: { understood: 1, neutral: 0, unknown: 0 },
      [PROGRAM_ID]: { understood: 1, neutral: 0, unknown: 1 },
    });
    expect(counted(venue('an order', { 1: user }))).toEqual({
      [PROGRAM_ID]: { understood: 0, neutral: 1, unknown: 0 },
    });
  });
  test('inner calls as well, and only those that were given an account of the subscriber', () => {
    const through: Made = {
      program: OTHER,
      accounts: [agentTokens],
      data: Buffer.from([1]),
      inner: [transfer(agentTokens, someone(), 9n), transfer(someone(), someone(), 9n)],
    };
    expect(counted(through)).toEqual({
      [OTHER]: { understood: 0, neutral: 0, unknown: 1 },
      [TOKEN]: { understood: 1, neutral: 0, unknown: 0 },
    });
  });
  test('a batch is as well understood as what is in it', () => {
    const batch = (tag: number): Made => {
      const { accounts, data } = approve(agentTokens, stranger, 9n);
      const call = tag === 4 ? Buffer.from(data) : Buffer.from([tag]);
      return tokenCall(
        accounts,
        Buffer.concat([Buffer.from([255, accounts.length, call.length]), call]),
      );
    };
    expect(counted(batch(4))[TOKEN]).toMatchObject({ understood: 1 });
    expect(counted(batch(99))[TOKEN]).toMatchObject({ unknown: 1 });
  });
  test('of a failed transaction nothing', () => {
    const failed = made([sendSol(agent, stranger, 5n)], [], 'whole', { error: 'failed' });
    expect([...cover(DRIFT_V2, failed, watched)]).toEqual([]);
  });
  test('programs have few names', () => {
    expect([TOKEN, SYSTEM, PROGRAM_ID, someone()].map(programName)).toEqual([
      'token',
      'system',
      'drift',
      'other',
    ]);
  });
});

describe('a call that is newer than this release', () => {
  test('of the venue, given a watched account: noticed, and its state is to be looked at', () => {
    const transaction = made([newer()]);
    expect(ofKind(transaction, 'notice')).toEqual([
      expect.objectContaining({ what: 'unknown_call', who: PROGRAM_ID }),
    ]);
    expect(ofKind(transaction, 'tally')).toEqual([
      expect.objectContaining({ realised: 0n, deposits: 0n }),
    ]);
    expect(ofKind(made([venue('an order', { 1: user })]), 'notice')).toEqual([]);
  });
  test('of a token program: a notice when the agent signed, because otherwise a stranger could make the gate unknown', () => {
    const call = tokenCall([agentTokens, agent], Buffer.from([77]));
    expect(ofKind(made([call], [balance]), 'notice')).toEqual([
      expect.objectContaining({ what: 'unknown_call', who: TOKEN }),
    ]);
    const foreign = made([call], [balance], 'whole', { signers: [stranger] });
    expect(ofKind(foreign, 'notice')).toEqual([]);
  });
  test('of another program that owns no account of the subscriber: its inner calls tell what it does', () => {
    const call: Made = { program: OTHER, accounts: [agent, agentTokens], data: Buffer.from([9]) };
    expect(ofKind(made([call], [balance]), 'notice')).toEqual([]);
  });
});
