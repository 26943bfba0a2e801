// Rebuild: the command reads histories only once nothing that was signed before can land any more.
import { expect, test } from 'vitest';
import { createOutput } from '../../src/cli/output.ts';
import { rebuild } from '../../src/cli/rebuild.ts';
import type { Parts } from '../../src/daemon-parts.ts';
import { silentLog } from '../../src/system/log.ts';
import { createManualClock } from '../support/clock.ts';

test('waits for the life of a blockhash and the margin of a proof of death', async () => {
  const clock = createManualClock();
  const startMs = clock.nowMs();
  // A block every 400 ms.
  const height = (): number => 5_000 + Math.floor((clock.nowMs() - startMs) / 400);
  let readAt: number | null = null;
  const parts = {
    chain: { finalizedHeight: async () => height() },
    ledger: {
      subscribers: {
        ids: async () => {
          readAt ??= height();
          return [];
        },
      },
      shares: { freeOrphans: async () => 0 },
    },
  } as unknown as Parts;
  const said: string[] = [];
  const output = createOutput({ json: false, say: (text) => said.push(text), terminal: null });
  expect(await rebuild(parts, { clock, log: silentLog, output, dryRun: false })).toBe(0);
  // 150 blocks may still take a transaction; 32 more are the margin.
  expect(readAt).toBeGreaterThanOrEqual(5_000 + 182);
  expect(said.join('\n')).toContain('The books of 0 subscribers lack no payment.');
});
