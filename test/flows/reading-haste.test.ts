// Reading haste: what may wait until it is final is read once; what moves tokens goes first.
import { expect, test } from 'vitest';
import type { Address } from '../../src/core/ids.ts';
import { createPace } from '../../src/core/pace.ts';
import { createHaste } from '../../src/flows/reading-haste.ts';

/** The pace of a chain on which a slot took so long to become final. */
function paceOf(lagMs: number | null) {
  const pace = createPace();
  if (lagMs !== null) pace.noteFinal(lagMs);
  return pace;
}
const [DEBTOR, OTHER] = ['debtor' as Address, 'other' as Address];
const hasteOf = (given: { burst: boolean; lagMs: number | null; own?: string }) => {
  const own = { has: (signature: string) => signature === given.own };
  const owes = (account: Address) => account === DEBTOR;
  const pace = paceOf(given.lagMs);
  const haste = createHaste({ on: () => given.burst }, pace, own, owes);
  return {
    waitMs: (signature: string, moves: boolean, accounts = [OTHER]) =>
      haste.waitMs(signature, moves, accounts),
  };
};

test('without a burst nothing waits', () => {
  const haste = hasteOf({ burst: false, lagMs: 400 });
  expect(haste.waitMs('one', false)).toBe(0);
  expect(haste.waitMs('one', true)).toBe(0);
});

test('tokens of a subscriber who owes something go ahead at any time, trades do not', () => {
  const haste = hasteOf({ burst: false, lagMs: 400, own: 'ours' });
  expect(haste.waitMs('one', true, [OTHER, DEBTOR])).toBe(-600_000);
  expect(haste.waitMs('one', false, [DEBTOR])).toBe(0);
  expect(haste.waitMs('ours', true, [DEBTOR])).toBe(2_000);
});

test('in a burst a trade waits until it is final, and what moves tokens goes ahead', () => {
  const haste = hasteOf({ burst: true, lagMs: 400 });
  expect(haste.waitMs('one', false)).toBe(700);
  expect(haste.waitMs('one', true)).toBe(-600_000);
});

test('nothing waits for a chain that takes seconds, or whose pace is not known', () => {
  expect(hasteOf({ burst: true, lagMs: 13_000 }).waitMs('one', false)).toBe(0);
  const unknown = hasteOf({ burst: true, lagMs: null });
  expect(unknown.waitMs('one', false)).toBe(0);
});

test('the daemon reads its own payments without haste', () => {
  const given = { lagMs: 400, own: 'ours' };
  expect(hasteOf({ ...given, burst: false }).waitMs('ours', true)).toBe(2_000);
  expect(hasteOf({ ...given, burst: true }).waitMs('ours', true)).toBe(2_000);
});
