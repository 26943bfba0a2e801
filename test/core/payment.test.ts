// Payment: the next step, the meaning of a look, and the proof of a death.

import { describe, expect, test } from 'vitest';
import {
  aftermath,
  INSUFFICIENT_FUNDS,
  moreTelling,
  NO_TRIES,
  UNEXPECTED_MOST,
} from '../../src/core/aftermath.ts';
import { type Absence, type DeathEvidence, isProvenDead, withRound } from '../../src/core/death.ts';
import { debtsAt, tooSmall } from '../../src/core/debt.ts';
import type { Address, Signature } from '../../src/core/ids.ts';
import { conclude, next, type Payment } from '../../src/core/payment.ts';
import type { SignedBytes } from '../../src/core/signed-bytes.ts';
import { USDC } from '../../src/core/token.ts';
import { ERROR_CLASSES, type Trouble, type TroubleCode } from '../../src/core/trouble.ts';
import { debt } from '../support/plan.ts';

describe('the next step', () => {
  const payment = (state: Payment['state']) => ({ state }) as Payment;
  test('a live payment comes before any debt', () => {
    expect(next({ payment: payment('sent'), due: [debt('a', 1n)] }).do).toBe('look');
    expect(next({ payment: payment('signed'), due: [] }).do).toBe('send');
    expect(next({ payment: payment('planned'), due: [] }).do).toBe('sign');
    expect(next({ payment: null, due: [] }).do).toBe('rest');
    // A payment that has ended makes no step, also when other debts are due.
    for (const ended of ['landed', 'failed', 'dead'] as const)
      expect(next({ payment: payment(ended), due: [debt('a', 1n)] })).toEqual({ do: 'rest' });
  });
  const due = (...given: Parameters<typeof debt>[]) => given.map((each) => debt(...each));
  const together = (...given: Parameters<typeof debt>[]): string[] => {
    const command = next({ payment: null, due: due(...given) });
    return command.do === 'plan' ? command.debts.map((each) => each.shareId) : [];
  };
  const OTHER = { creatorWallet: 'other' as Address };
  test('one payment goes to all recipients of debts of one account; the oldest debt decides which', () => {
    const command = next({ payment: null, due: due(['a', 1n], ['b', 1n, OTHER]) });
    expect(command.do === 'plan' && command.due).toHaveLength(2);
    const elsewhere = { driftUser: 'user 1' as Address };
    expect(
      together(
        ['a', 1n],
        ['b', 1n, { subscriptionId: 's2' }],
        ['c', 1n, OTHER],
        ['d', 1n, elsewhere],
        ['e', 1n, { ...OTHER, ...elsewhere }],
      ),
    ).toEqual(['a', 'b', 'c', 'd']);
  });
  test('a debt that is to be paid apart is paid with debts to its own recipient', () => {
    const apart = { apart: true };
    expect(together(['a', 1n, apart], ['b', 1n], ['c', 1n, OTHER])).toEqual(['a', 'b']);
    expect(together(['a', 1n], ['b', 1n, OTHER], ['c', 1n, { ...OTHER, ...apart }])).toEqual(['a']);
    expect(together(['a', 1n], ['b', 1n, apart], ['c', 1n, OTHER])).toEqual(['a', 'b']);
  });
  test('debts of one creator at another venue, or in another token, make a payment of their own', () => {
    const others = [
      debt('b', 1n, { venue: 'velocity' }),
      debt('c', 1n, { token: { ...USDC, mint: 'other' as Address } }),
      debt('d', 1n),
    ];
    const command = next({ payment: null, due: [debt('a', 1n), ...others] });
    expect(command.do === 'plan' && command.debts.map((each) => each.shareId)).toEqual(['a', 'd']);
  });
  test('a stop of one venue rests the debts of that venue only', () => {
    const all = [debt('a', 1n), debt('b', 1n, { venue: 'velocity' }), debt('c', 1n)];
    expect(debtsAt(all, 'drift-v2').map((each) => each.shareId)).toEqual(['a', 'c']);
    expect(debtsAt(all, 'velocity').map((each) => each.shareId)).toEqual(['b']);
    expect(debtsAt(all, undefined)).toEqual([]);
  });
});

const signed: SignedBytes = {
  signature: 'sig' as Signature,
  bytes: new Uint8Array(),
  lastValidBlockHeight: 1_000,
  blockhashSlot: 10,
};

const FINAL = { seen: 'executed', finality: 'finalized' } as const;

describe('looking', () => {
  test('only finalized is final', () => {
    expect(
      conclude(signed, { seen: 'executed', finality: 'confirmed', slot: 15, error: null }),
    ).toEqual({ do: 'wait', rebroadcast: false });
    expect(
      conclude(signed, { seen: 'executed', finality: 'confirmed', slot: 15, error: 'x' }).do,
    ).toBe('wait');
    expect(conclude(signed, { ...FINAL, slot: 15, error: null }).do).toBe('discharge');
    expect(conclude(signed, { ...FINAL, slot: 15, error: 'x' }).do).toBe('fail');
    // Slot 9 is before that of the blockhash.
    for (const error of [null, 'x'])
      expect(conclude(signed, { ...FINAL, slot: 9, error }).do).toBe('wait');
  });
  test('an error is never an absence', () => {
    expect(conclude(signed, { seen: 'nothing', why: '429' })).toEqual({
      do: 'wait',
      rebroadcast: false,
    });
  });
  test('bytes are sent again while they can land, and not a block longer', () => {
    expect(
      conclude(signed, { seen: 'absent', finalizedSlot: 900, finalizedBlockHeight: 1_000 }),
    ).toEqual({
      do: 'wait',
      rebroadcast: true,
    });
    expect(
      conclude(signed, { seen: 'absent', finalizedSlot: 900, finalizedBlockHeight: 1_001 }),
    ).toEqual({
      do: 'wait',
      rebroadcast: false,
    });
    expect(
      conclude(signed, { seen: 'absent', finalizedSlot: 900, finalizedBlockHeight: 1_032 }).do,
    ).toBe('wait');
    expect(
      conclude(signed, { seen: 'absent', finalizedSlot: 900, finalizedBlockHeight: 1_033 }).do,
    ).toBe('prove');
  });
  test('a last valid height that no chain reaches holds no payment up for ever', () => {
    const told = { ...signed, lastValidBlockHeight: 1_000_000_000 };
    const at = (finalizedSlot: number) =>
      conclude(told, { seen: 'absent', finalizedSlot, finalizedBlockHeight: 900 }).do;
    expect(at(1_010)).toBe('wait');
    expect(at(1_011)).toBe('prove');
  });
});

describe('a death', () => {
  const absence: Absence = {
    finalizedSlot: 1_100,
    finalizedBlockHeight: 1_033,
    statusAbsent: true,
    transactionAbsent: true,
    historyAbsent: true,
    historyReaches: true,
    lastHeight: 1_000,
    ownChain: true,
  };
  const QUESTIONS = [
    'statusAbsent',
    'transactionAbsent',
    'historyAbsent',
    'historyReaches',
    'ownChain',
  ] as const;
  const agreed: DeathEvidence = { ...absence, second: absence };
  const alone = (finalizedBlockHeight: number): DeathEvidence => ({
    ...absence,
    finalizedBlockHeight,
    second: 'none',
  });

  test('needs every answer, of both providers', () => {
    expect(isProvenDead(signed, [])).toBe(false);
    expect(isProvenDead(signed, [agreed])).toBe(true);
    expect(isProvenDead(signed, [{ ...agreed, second: 'unanswered' }])).toBe(false);
    expect(isProvenDead(signed, [{ ...agreed, finalizedBlockHeight: 1_032 }])).toBe(false);
    for (const question of QUESTIONS)
      for (const said of [null, false]) {
        const partly = { ...absence, [question]: said };
        expect(isProvenDead(signed, [{ ...partly, second: absence }]), question).toBe(false);
        expect(isProvenDead(signed, [{ ...absence, second: partly }]), question).toBe(false);
      }
    expect(
      isProvenDead(signed, [{ ...absence, second: { ...absence, finalizedBlockHeight: 1_032 } }]),
    ).toBe(false);
  });

  test('is not proven by a height that no chain can have reached since the blockhash', () => {
    const impossible = { ...absence, finalizedBlockHeight: 900_000_000_000 };
    expect(isProvenDead(signed, [{ ...impossible, second: impossible }])).toBe(false);
    // 33 blocks since the last valid height take 33 slots since the blockhash's slot 10 at least.
    const soonest = { ...absence, finalizedSlot: 43 };
    expect(isProvenDead(signed, [{ ...soonest, second: soonest }])).toBe(true);
    const sooner = { ...absence, finalizedSlot: 42 };
    expect(isProvenDead(signed, [{ ...sooner, second: sooner }])).toBe(false);
  });

  test('is counted from the height that the blocks show, whatever came with the blockhash', () => {
    for (const lastValidBlockHeight of [1, 1_000_000_000])
      expect(isProvenDead({ ...signed, lastValidBlockHeight }, [agreed])).toBe(true);
    for (const lastHeight of [1_001, null])
      for (const round of [
        { ...agreed, lastHeight },
        { ...agreed, second: { ...absence, lastHeight } },
      ])
        expect(isProvenDead({ ...signed, lastValidBlockHeight: 1 }, [round])).toBe(false);
  });

  test('one round that is not complete spoils those beside it', () => {
    const partly = { ...agreed, statusAbsent: null };
    expect(isProvenDead(signed, [partly, agreed])).toBe(false);
  });

  test('by one provider alone takes three rounds, sixteen blocks apart, with nothing between them', () => {
    let rounds = withRound(signed, [], alone(1_033));
    expect(isProvenDead(signed, rounds)).toBe(false);
    // This round comes too soon, so it adds nothing.
    rounds = withRound(signed, rounds, alone(1_048));
    expect(rounds).toHaveLength(1);
    rounds = withRound(signed, rounds, alone(1_049));
    expect(isProvenDead(signed, rounds)).toBe(false);
    expect(isProvenDead(signed, withRound(signed, rounds, alone(1_065)))).toBe(true);
    // A round that is not complete makes the earlier ones worthless.
    for (const question of QUESTIONS)
      for (const said of [null, false])
        expect(withRound(signed, rounds, { ...alone(1_065), [question]: said })).toEqual([]);
  });
});

test('pauses use up no attempts, and no class lets a debt die', () => {
  for (const each of ERROR_CLASSES) {
    const after = aftermath({ class: each, code: 'expired', detail: '' });
    const paused = [
      'venue_paused',
      'venue_limited',
      'needs_sol',
      'needs_authorisation',
      'books_behind',
      'accumulating',
    ].includes(each);
    expect(after.countsAsAttempt, each).toBe(!paused);
    expect(['pending', 'failed']).toContain(after.status);
  }
});

test('a trouble that passes by itself backs off; one that a person or an account must end is tried by schedule', () => {
  const of = (kind: Trouble['class']) => aftermath({ class: kind, code: 'expired', detail: '' });
  const pending = { status: 'pending', countsAsAttempt: true } as const;
  expect(of('retry_soon')).toEqual({ ...pending, retry: 'backoff' });
  expect(of('retry_when_healthier')).toEqual({ ...pending, retry: 'schedule' });
  expect(of('needs_sol')).toEqual({ ...pending, countsAsAttempt: false, retry: 'schedule' });
  for (const kind of ['operator', 'permanent'] as const)
    expect(of(kind)).toEqual({ status: 'failed', countsAsAttempt: true, retry: null });
});

test('an unexpected error is tried again a stated number of times, and then parks the debt', () => {
  const trouble = { class: 'unexpected', code: 'venue_6999', detail: '' } as const;
  expect(aftermath(trouble)).toEqual({
    status: 'pending',
    countsAsAttempt: true,
    retry: 'backoff',
  });
  const tried = (unexpected: number) => ({ ...NO_TRIES, unexpected });
  expect(aftermath(trouble, tried(UNEXPECTED_MOST - 1)).status).toBe('pending');
  expect(aftermath(trouble, tried(UNEXPECTED_MOST))).toEqual({
    status: 'failed',
    countsAsAttempt: true,
    retry: null,
  });
});

describe('of the troubles of several accounts the one that matters is told', () => {
  const trouble = (kind: Trouble['class'], code: string = kind): Trouble => ({
    class: kind,
    code: code as TroubleCode,
    detail: '',
  });
  const short = trouble('retry_when_healthier', INSUFFICIENT_FUNDS);
  test.each([
    [short, trouble('needs_sol')],
    [short, trouble('retry_when_healthier', 'margin_floor')],
    [short, trouble('venue_paused', 'withdrawals_paused')],
    [trouble('permanent', 'user_bankrupt'), short],
    [trouble('retry_when_healthier', 'margin_floor'), trouble('needs_sol')],
    [trouble('retry_soon'), trouble('venue_limited')],
    [short, trouble('venue_limited', 'settled_short')],
    [trouble('venue_limited', 'settled_short'), trouble('retry_when_healthier', 'margin_floor')],
    [trouble('venue_limited', 'venue_6180'), trouble('retry_when_healthier', 'margin_floor')],
    [trouble('venue_limited', 'venue_6260'), trouble('retry_when_healthier', 'margin_floor')],
  ])('%j says less than %j, in either order', (less, more) => {
    expect(moreTelling(less, more)).toBe(more);
    expect(moreTelling(more, less)).toBe(more);
  });
  test('the whole order, the most telling first', () => {
    const order = [
      trouble('needs_authorisation'),
      trouble('books_behind'),
      trouble('needs_sol'),
      trouble('venue_paused', 'withdrawals_paused'),
      trouble('venue_limited'),
      trouble('operator'),
      trouble('unexpected'),
      trouble('retry_soon'),
      trouble('retry_when_healthier'),
      trouble('venue_paused', 'venue_6158'),
      short,
      trouble('permanent'),
      trouble('accumulating'),
    ];
    for (const [at, more] of order.entries())
      for (const less of order.slice(at + 1)) {
        expect(moreTelling(more, less)).toBe(more);
        expect(moreTelling(less, more)).toBe(more);
      }
  });
  test('of two that say as much it is the first', () => {
    const [one, other] = [trouble('venue_paused', 'a'), trouble('venue_paused', 'b')];
    expect(moreTelling(one, other)).toBe(one);
  });
});

test('debts to a creator wait for each other until one of them asks for no more', () => {
  expect(tooSmall([debt('a', 4n), debt('b', 5n)])).toBeNull();
  const small = [debt('a', 4n, { minimum: 10n }), debt('b', 5n, { minimum: 20n })];
  expect(tooSmall(small)).toEqual({
    class: 'accumulating',
    code: 'below_minimum',
    detail:
      '0.000009 USDC is owed to this creator; payments begin at 0.000010 USDC. It is paid with the next shares, or before a withdrawal.',
  });
  expect(tooSmall([...small, debt('c', 1n, { minimum: 20n })])).toBeNull();
  // A person asked for one of these debts, or its subscriber is delinquent.
  expect(tooSmall([...small, debt('c', 0n)])).toBeNull();
  expect(tooSmall([])).toBeNull();
});
