// Statement: what a link opens, and the sums and days of the shares on the page.
import { expect, test } from 'vitest';
import type { Address } from '../../src/core/ids.ts';
import {
  daysOfStatement,
  linkIn,
  linkText,
  type StatementLink,
  type StatementRow,
  sumsOfStatement,
} from '../../src/core/statement.ts';
import { USDC } from '../../src/core/token.ts';

const USDT = { ...USDC, mint: 'tether' as Address, symbol: 'USDT' };
const row = (
  share: { amount: bigint; paid?: bigint; status?: string; token?: typeof USDC },
  closedAtMs: number | null = null,
) =>
  ({
    share: { token: USDC, paid: 0n, status: 'pending', ...share },
    details: closedAtMs === null ? null : { closedAtMs },
    market: null,
    sentence: null,
  }) as unknown as StatementRow;

test('a link says the same after it was opened, and opens nothing from its expiry on', () => {
  const link: StatementLink = {
    of: 'creator',
    id: 'wallet',
    sinceMs: 1,
    untilMs: 2,
    expiresAtMs: 1_000,
    madeAtMs: 500,
  };
  expect(linkIn(linkText(link), 999)).toEqual(link);
  expect([linkIn(linkText(link), 1_000), linkIn(linkText(link), 1_001)]).toEqual([null, null]);
});

test('what was accrued is what was paid, is open, or was voided; each token by itself', () => {
  const rows = [
    row({ amount: 100n, paid: 40n }),
    row({ amount: 7n, paid: 7n, status: 'paid' }),
    row({ amount: 50n, paid: 20n, status: 'voided' }),
    row({ amount: 9n, token: USDT }),
  ];
  expect(sumsOfStatement(rows)).toEqual([
    { token: USDC, accrued: 157n, paid: 67n, open: 60n, voided: 30n },
    { token: USDT, accrued: 9n, paid: 0n, open: 9n, voided: 0n },
  ]);
  expect(sumsOfStatement([])).toEqual([]);
});

test('amounts of one day in UTC are added; shares of other tokens or without a time are left out', () => {
  const day = Date.UTC(2026, 10, 2);
  const rows = [
    row({ amount: 5n }, day + 86_400_000),
    row({ amount: 1n }, day),
    row({ amount: 2n }, day + 86_399_999),
    row({ amount: 100n }),
    row({ amount: 200n, token: USDT }, day),
  ];
  expect(daysOfStatement(rows, USDC.mint)).toEqual([
    { dayMs: day, amount: 3n },
    { dayMs: day + 86_400_000, amount: 5n },
  ]);
});
