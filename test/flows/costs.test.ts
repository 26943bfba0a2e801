// Costs: payments whose costs cannot be read here keep no later payment from being read, and are
// tried again in their turn.
import { expect, test } from 'vitest';
import type { UnreadCost } from '../../src/core/cost-ports.ts';
import type { Signature } from '../../src/core/ids.ts';
import { createCostReading } from '../../src/flows/costs.ts';
import { silentLog } from '../../src/system/log.ts';
import { addressOf } from '../support/ledger.ts';

const payment = (subscriberId: string, n: number): UnreadCost => ({
  paymentId: `${subscriberId} ${n}`,
  subscriberId,
  signature: `${subscriberId} ${n}` as Signature,
});

test('a hundred payments that no node gives or another daemon reads stand before no later one', async () => {
  const lost = Array.from({ length: 50 }, (_, n) => payment('ana', n));
  const foreign = Array.from({ length: 50 }, (_, n) => payment('bo', n));
  const last = payment('ana', 100);
  const rest = [...lost, ...foreign, last];
  const known = new Set<string>([last.signature]);
  const cost = { payer: addressOf(1), failed: false, fee: 5_000n, opened: [] };
  const read = createCostReading({
    ledger: {
      costs: {
        async unread(limit: number, after: UnreadCost | null) {
          const from = after === null ? 0 : rest.indexOf(after) + 1;
          return rest.slice(from, from + limit);
        },
        record: async (each: UnreadCost) => void rest.splice(rest.indexOf(each), 1),
      },
    },
    chain: { transaction: async () => null },
    log: silentLog,
    ownSignatures: {
      has: () => false,
      takeCost: (signature: string) => (known.has(signature) ? cost : null),
    },
    share: { isMine: (id: string) => id === 'ana' },
  } as unknown as Parameters<typeof createCostReading>[0]);
  const calls = async (times: number) => {
    for (let n = 0; n < times; n++) await read(new AbortController().signal);
  };
  await calls(3);
  expect(rest).not.toContain(last);
  known.add('ana 0');
  await calls(1);
  expect(rest[0]).toBe(lost[1]);
});
