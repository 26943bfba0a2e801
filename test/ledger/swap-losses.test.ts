// Swap losses: a debtor whose swaps through another wallet's token accounts lose more in a day than
// fees and slippage is delinquent by the facts as the ledger keeps them.
import { expect, test } from 'vitest';
import type { Address } from '../../src/core/ids.ts';
import { judge } from '../../src/core/standing.ts';
import { USDC } from '../../src/core/token.ts';
import { accrueCloses } from '../../src/flows/accrue.ts';
import { silentLog } from '../../src/system/log.ts';
import { factsOf } from '../support/heard-rows.ts';
import { closeFact, createTestLedger, recordFact } from '../support/ledger.ts';

test('the second loss of 1.9 per cent within a day makes a debtor delinquent', async () => {
  await using held = await createTestLedger();
  const { ledger, driftAccount: account } = held;
  await recordFact(ledger, closeFact(1, 100_000_000n, { slot: 20, account }), 'finalized');
  await accrueCloses(ledger, silentLog);
  const standing = async () => (await ledger.standings.update('ana', judge))?.standing;
  const lose = (n: number) =>
    recordFact(
      ledger,
      {
        ...closeFact(n, 1n, { slot: 20 + n, account }),
        body: {
          kind: 'outflow',
          route: 'swap',
          mint: USDC.mint,
          decimals: 6,
          internal: false,
          destination: 'theirs' as Address,
          owner: 'delegate' as Address,
          ofValue: true,
          consent: 'appointed',
          signers: [],
          amount: 19_000_000n,
          usd: 19_000_000n,
          swapped: 1_000_000_000n,
        },
      },
      'finalized',
    );
  await lose(2);
  expect(await standing()).toBe('good');
  await lose(3);
  expect(await standing()).toBe('delinquent');
  const kept = await factsOf(held, 'outflow');
  expect(kept.map(({ body }) => body.swapped)).toEqual([1_000_000_000n, 1_000_000_000n]);
});
