// Owing: which debts age, by what they wait for.
import { expect, test } from 'vitest';
import {
  aftermath,
  NO_TRIES,
  ofItsPayer,
  sinceReading,
  UNEXPECTED_MOST,
} from '../../src/core/aftermath.ts';
import { counts, countsAgainst, type OpenDebt } from '../../src/core/owing.ts';
import {
  ERROR_CLASSES,
  type ErrorClass,
  type TroubleCode,
  troubled,
} from '../../src/core/trouble.ts';

const debt = (klass: ErrorClass | null, more: Partial<OpenDebt> & { code?: TroubleCode } = {}) => ({
  status: more.status ?? ('pending' as const),
  reason: klass === null ? null : { class: klass, code: more.code ?? 'expired' },
  attempts: more.attempts ?? 0,
});

test('time counts while the subscriber could do something about it, and not while it could not', () => {
  const verdicts = ERROR_CLASSES.map((each) => [each, counts(debt(each))]);
  const counting = new Set(['needs_sol', 'retry_when_healthier']);
  expect(verdicts).toEqual(ERROR_CLASSES.map((each) => [each, counting.has(each)]));
  expect(countsAgainst([debt(null)])).toBe(false);
  expect(countsAgainst([debt('needs_authorisation', { code: 'no_agent_key' })])).toBe(true);
  expect(countsAgainst([debt('permanent', { code: 'user_bankrupt' })])).toBe(true);
  expect(countsAgainst([debt('permanent', { code: 'venue_6125', status: 'failed' })])).toBe(true);
  expect(countsAgainst([debt('operator', { code: 'equity_breaker_tripped' })])).toBe(true);
  expect(countsAgainst([debt('needs_sol', { code: 'sponsor_needs_sol' })])).toBe(false);
});

test('a debt whose payment is on its way counts for the reasons for which a waiting one does', () => {
  for (const attempts of [0, 8])
    for (const klass of [...ERROR_CLASSES, null])
      expect(counts(debt(klass, { status: 'processing', attempts })), klass ?? 'none').toBe(
        counts(debt(klass, { attempts })),
      );
  expect(countsAgainst([debt('needs_sol', { status: 'processing' })])).toBe(true);
  expect(countsAgainst([debt(null, { status: 'processing' })])).toBe(false);
});

test('SOL that the sponsor lacks counts against no subscriber, whichever error says so', () => {
  const found = { class: 'needs_sol', code: 'agent_needs_sol', detail: 'x' } as const;
  expect(ofItsPayer(found, 'agent')).toBe(found);
  const reason = ofItsPayer(found, 'sponsor');
  expect(reason).toMatchObject({ class: 'needs_sol', code: 'sponsor_needs_sol' });
  expect(counts({ status: 'processing', reason, attempts: 9 })).toBe(false);
  const other = { class: 'retry_soon', code: 'expired', detail: 'x' } as const;
  expect(ofItsPayer(other, 'sponsor')).toBe(other);
});

test('a trouble that should pass within seconds and does not counts after eight failures', () => {
  for (const klass of ['retry_soon', 'unexpected'] as const) {
    expect(countsAgainst([debt(klass, { attempts: 7 })])).toBe(false);
    expect(countsAgainst([debt(klass, { attempts: 8 })])).toBe(true);
  }
});

test('the time of a debtor who keeps payments waiting with transfers of its own counts after eight tries', () => {
  // The holder of an agent's key can send one base unit with a memo of Bailiff's form every few
  // seconds, so that one of them is never final. Where the database went back, such a wait ends by
  // itself: nothing is signed before every payment of the lost commits is final.
  for (const code of ['payments_not_final', 'transfer_unmatched'] as const) {
    const reason = troubled(code, 'one of them is not final yet');
    expect(aftermath(reason)).toMatchObject({ status: 'pending', countsAsAttempt: true });
    expect(counts({ status: 'pending', reason, attempts: 7 })).toBe(false);
    expect(counts({ status: 'pending', reason, attempts: 8 })).toBe(true);
  }
});

test('an error since the reading parks no debt whose time does not count, whichever class the error has', () => {
  let parked = 0;
  for (const klass of ERROR_CLASSES) {
    const trouble = sinceReading({ class: klass, code: 'expired', detail: '' });
    for (let unexpected = 0; unexpected <= UNEXPECTED_MOST; unexpected++) {
      const { status } = aftermath(trouble, { ...NO_TRIES, unexpected });
      if (status === 'pending') continue;
      parked++;
      expect(unexpected).toBe(UNEXPECTED_MOST);
      // A debt that was tried for the first time is parked with an older one of the same payment.
      for (const attempts of [1, UNEXPECTED_MOST + 1])
        expect(counts({ status, reason: trouble, attempts }), klass).toBe(true);
    }
  }
  expect(parked).toBe(['unexpected', 'operator', 'permanent'].length);
});

test('one debt that counts is enough', () =>
  expect(countsAgainst([debt('accumulating'), debt('needs_sol')])).toBe(true));
