// Resting: the log says once why debts wait, however often they are tried.
import { expect, test } from 'vitest';
import { troubled } from '../../src/core/trouble.ts';
import { createResting } from '../../src/flows/resting.ts';
import { createRetryDelay } from '../../src/flows/retry-delay.ts';
import { openLog } from '../../src/system/log.ts';
import { createManualClock } from '../support/clock.ts';
import { retryNow } from '../support/haste.ts';
import { withShare } from '../support/one-share.ts';

/** One debt of ana, the function that lets it rest, and the lines that this wrote. */
async function resting() {
  const held = await withShare();
  const lines: string[] = [];
  const log = openLog('info', { write: (line: string) => void lines.push(line) });
  const rest = createResting(
    { ledger: held.ledger, log },
    createRetryDelay(createManualClock(), 60_000),
  );
  const { shares } = held.ledger;
  return {
    rest: async (trouble: Parameters<typeof rest>[2]) => {
      const debts = await shares.due('ana');
      expect(debts).toHaveLength(1);
      await rest('ana', debts, trouble);
      await retryNow(held);
    },
    find: () => shares.find(held.share.id),
    told: () => lines.map((line) => (JSON.parse(line) as { event: string }).event),
    [Symbol.asyncDispose]: () => held[Symbol.asyncDispose](),
  };
}
const NO_SOL = troubled('agent_needs_sol', 'The agent lacks SOL.');
const ODD = { class: 'unexpected', code: 'venue_6999', detail: '' } as const;

test('a debt that waits for SOL is logged once, and again for another reason', async () => {
  await using held = await resting();
  for (let tries = 0; tries < 5; tries++) await held.rest(NO_SOL);
  expect(held.told()).toEqual(['share.blocked', 'agent.needs_sol']);
  await held.rest(troubled('margin_floor', ''));
  expect(held.told().slice(2)).toEqual(['share.blocked']);
  await held.rest(NO_SOL);
  expect(held.told().slice(3)).toEqual(['share.blocked', 'agent.needs_sol']);
});

test('an error that stays is told when it begins, and when a person must act', async () => {
  await using held = await resting();
  let tries = 0;
  for (; (await held.find())?.status !== 'failed'; tries++) await held.rest(ODD);
  expect(tries).toBeGreaterThan(2);
  expect(held.told()).toEqual(['share.blocked', 'share.blocked']);
});
