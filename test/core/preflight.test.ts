// Preflight: from which account the runtime takes fees.
import { expect, test } from 'vitest';
import type { Address } from '../../src/core/ids.ts';
import { feeLamportsOf } from '../../src/core/preflight.ts';
import { SYSTEM_PROGRAM, TOKEN_PROGRAM } from '../../src/core/programs.ts';

test('fees come from a wallet without data alone', () => {
  const wallet = { lamports: 7n, owner: SYSTEM_PROGRAM as Address, data: new Uint8Array() };
  expect(feeLamportsOf(wallet)).toBe(7n);
  expect(feeLamportsOf({ ...wallet, owner: TOKEN_PROGRAM as Address })).toBe(0n);
  expect(feeLamportsOf({ ...wallet, data: new Uint8Array(1) })).toBe(0n);
  expect(feeLamportsOf(null)).toBe(0n);
});
