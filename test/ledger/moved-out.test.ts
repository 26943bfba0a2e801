// Moved out: what left a deleted account beyond what came in is the profit that its unreadable
// transactions made, so that no movement which is no trading may lessen it.
import { expect, test } from 'vitest';
import type { FactBody, Tally } from '../../src/core/fact.ts';
import type { Address } from '../../src/core/ids.ts';
import { NO_COUNTERS } from '../../src/core/reckoning.ts';
import { USDC } from '../../src/core/token.ts';
import { closeFact, createTestLedger, recordFact } from '../support/ledger.ts';

/** What moved out of an account of which these facts, in one slot each, tell. */
async function movedOut(...bodies: readonly FactBody[]): Promise<bigint | null> {
  await using held = await createTestLedger();
  const { ledger, driftAccount: account } = held;
  for (const [nth, body] of bodies.entries())
    await recordFact(ledger, { ...closeFact(nth + 1, 0n, { account }), body }, 'finalized');
  return await ledger.checks.movedOut(account, USDC.mint, 0, 50);
}
const came = (deposits: bigint, deposited?: bigint | null): Tally => ({
  kind: 'tally',
  ...NO_COUNTERS,
  deposits,
  ...(deposited === undefined ? {} : { deposited }),
});
const left = (amount: bigint, mint: Address = USDC.mint): FactBody => ({
  kind: 'outflow',
  route: 'withdraw',
  amount,
  mint,
  decimals: 6,
  destination: null,
  owner: null,
  internal: true,
  ofValue: true,
  consent: 'agent',
  signers: [],
  usd: amount,
});
const SOL = 'So11111111111111111111111111111111111111112' as Address;

test('a deposit counts with the tokens that its record tells', async () => {
  expect(await movedOut(came(999_289n, 1_000_000n), left(1_000_000n))).toBe(0n);
  expect(await movedOut(came(999_289n, 1_000_000n), left(1_500_000n), left(1n))).toBe(500_001n);
});

test('a deposit of an earlier release is known in USD, and counts for a thousandth more', async () => {
  expect(await movedOut(came(1_000_000n), left(1_000_000n))).toBe(-1_000n);
});

test('where another token came in or left, what moved is not known', async () => {
  expect(await movedOut(came(150_000_000n, null), left(150_000_000n))).toBeNull();
  expect(await movedOut(came(1n, 1n), left(1_000_000n, SOL))).toBeNull();
});

test('the loss of a swap counts as left, and no other notice does', async () => {
  const notice = { kind: 'notice', who: null, detail: '' } as const;
  expect(
    await movedOut(
      came(1_000_000n, 1_000_000n),
      { ...notice, what: 'swap_loss', amount: 30_000n },
      { ...notice, what: 'builder_fee', amount: 7n },
      left(970_000n),
    ),
  ).toBe(0n);
});
