// Reimbursement: a token with a figure of its own is given by it, every other by the figure of all.
import { expect, test } from 'vitest';
import { reimbursementIn, reimbursementOf } from '../../src/core/reimbursement.ts';

const settings = { reimbursePerSol: '150', reimburseMost: '9' };

test('without figures of single tokens all have the same', () => {
  const found = reimbursementOf(settings);
  for (const symbol of ['USDC', 'USDT'])
    expect(reimbursementIn(found, symbol)).toEqual({ perSol: 150n, most: 9n });
});

test('a token with a figure of its own is given by it, also where all others get nothing', () => {
  const found = reimbursementOf({ ...settings, reimbursePerSolOf: { USDT: '151' } });
  expect(reimbursementIn(found, 'USDT')).toEqual({ perSol: 151n, most: 9n });
  expect(reimbursementIn(found, 'USDC')).toEqual({ perSol: 150n, most: 9n });
  const alone = { reimbursePerSol: '0', reimburseMost: '9', reimbursePerSolOf: { USDT: '151' } };
  expect(reimbursementIn(reimbursementOf(alone), 'USDC')).toBeNull();
  expect(reimbursementIn(reimbursementOf(alone), 'USDT')?.perSol).toBe(151n);
});

test('nothing for a SOL, or nothing at most, is no reimbursement', () => {
  expect(reimbursementOf({ ...settings, reimburseMost: '0' })).toBeNull();
  expect(reimbursementOf({ ...settings, reimbursePerSol: '0' })).toBeNull();
  expect(reimbursementIn(null, 'USDC')).toBeNull();
});
