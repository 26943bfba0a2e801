// Outflow: whose doing a leaving was.
import { expect, test } from 'vitest';
import type { Outflow } from '../../src/core/fact.ts';
import {
  classifyOutflows,
  type HeardOutflow,
  NEGLIGIBLE_LAMPORTS,
} from '../../src/core/outflow.ts';
import { QUOTE_MINT } from '../../src/venue/profile.ts';

const body: Outflow = {
  kind: 'outflow',
  route: 'withdraw',
  amount: 100n,
  mint: QUOTE_MINT,
  decimals: 6,
  destination: null,
  internal: false,
  usd: 100n,
};
const heard = (key: string, given: Partial<Outflow> = {}, ours = false): HeardOutflow => ({
  key,
  slot: 10,
  ours,
  body: { ...body, ...given },
});

test('ours, internal, cleared, and everything else', () => {
  const clearance = {
    id: 'c',
    purpose: 'withdraw',
    amount: 100n,
    grantedSlot: 5,
    untilSlot: 20,
  } as const;
  const classes = classifyOutflows(
    [
      heard('pays a creator', {}, true),
      heard('to the own wallet', { internal: true }),
      heard('permitted'),
      heard('too much for what is left', { amount: 1n }),
      heard('a tip', { route: 'sol_transfer', mint: null, amount: NEGLIGIBLE_LAMPORTS }),
      heard('all the SOL', { route: 'sol_transfer', mint: null, amount: NEGLIGIBLE_LAMPORTS + 1n }),
    ],
    [clearance],
    QUOTE_MINT,
  );
  expect(Object.fromEntries(classes)).toEqual({
    'pays a creator': 'ours',
    'to the own wallet': 'internal',
    permitted: 'cleared',
    'too much for what is left': 'outflow',
    'a tip': 'internal',
    'all the SOL': 'outflow',
  });
});
