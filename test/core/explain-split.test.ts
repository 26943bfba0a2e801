// Explain split: what one of several recipients gets of a share, in steps and in one sentence.
import { expect, test } from 'vitest';
import { EMPTY_TAB } from '../../src/core/charge.ts';
import { dealSteps, partSentence } from '../../src/core/explain-split.ts';
import type { Accrual } from '../../src/core/explanation.ts';

const RECIPIENTS = [
  { nth: 0, wallet: 'creator', shareBps: 800 },
  { nth: 1, wallet: 'ref', shareBps: 200 },
];
const accrual = (more: Partial<Record<keyof Accrual, unknown>>): Accrual =>
  ({
    amount: 103n,
    recipients: RECIPIENTS,
    recipient: 1,
    before: EMPTY_TAB,
    ...more,
  }) as unknown as Accrual;
const plain = (units: bigint) => `${units} units`;

test('a recipient gets its part of whole turns, and of the turn that earlier closes began', () => {
  const [before, part] = dealSteps(accrual({ before: { ...EMPTY_TAB, dealt: 3n } }));
  expect(before).toMatchObject({ name: 'dealtBefore', value: '3' });
  // Turns of 4 : 1. Of 103 units, 3 of the turn dealt before, the referrer gets 21.
  expect(part).toMatchObject({ name: 'part', value: '21' });
  expect(part?.formula).toContain('in turns of 800 : 200,');
  expect(part?.formula).toContain('recipient 1, ref');
  expect(dealSteps(accrual({}))[0]?.value).toBe('0');
  expect(dealSteps(accrual({ recipient: 0 }))[1]?.value).toBe('83');
});

test('the sentence names the part, its percentage of the profit, and the wallet', () => {
  expect(partSentence(accrual({}), plain)).toBe(' Of it 20 units, 2 % of the profit, goes to ref.');
  const later = accrual({ before: { ...EMPTY_TAB, dealt: 3n } });
  expect(partSentence(later, plain)).toContain('Of it 21 units');
});

test('a creator alone, or a recipient that the terms lack, has no part to explain', () => {
  const alone = accrual({ recipients: RECIPIENTS.slice(0, 1), recipient: 0 });
  expect([dealSteps(alone), partSentence(alone, plain)]).toEqual([[], '']);
  const absent = accrual({ recipient: 7 });
  expect(partSentence(absent, plain)).toBe('');
  expect(dealSteps(absent)[1]?.value).toBe('0');
});
