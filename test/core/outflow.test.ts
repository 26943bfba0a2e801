// Outflow: whose doing a leaving was.
import { expect, test } from 'vitest';
import type { Outflow } from '../../src/core/fact.ts';
import type { Signature } from '../../src/core/ids.ts';
import { classifyOutflows, type HeardOutflow, SMALL } from '../../src/core/outflow.ts';
import { QUOTE_MINT } from '../../src/venue/profile.ts';

const body: Outflow = {
  kind: 'outflow',
  route: 'withdraw',
  amount: 100n,
  mint: QUOTE_MINT,
  decimals: 6,
  destination: null,
  internal: false,
  owner: null,
  ofValue: true,
  consent: 'agent',
  signers: [],
  usd: 100n,
};
const heard = (key: string, given: Partial<Outflow> = {}, ours = false): HeardOutflow => ({
  key,
  signature: `signature of ${key}` as Signature,
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
      heard('a tip', { route: 'sol_transfer', mint: null, amount: SMALL.sol.transaction }),
      heard('all the SOL', {
        route: 'sol_transfer',
        mint: null,
        amount: SMALL.sol.transaction + 1n,
      }),
    ],
    [clearance],
    QUOTE_MINT,
  );
  expect(Object.fromEntries(classes)).toEqual({
    'pays a creator': 'ours',
    'to the own wallet': 'internal',
    permitted: 'cleared',
    'too much for what is left': 'outflow',
    'a tip': 'small',
    'all the SOL': 'outflow',
  });
});
