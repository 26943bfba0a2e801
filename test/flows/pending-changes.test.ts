// Pending changes: a change whose account is not watched any more is forgotten, because no scan can
// end it.
import { expect, test } from 'vitest';
import type { Address } from '../../src/core/ids.ts';
import type { Watched } from '../../src/core/watch-ports.ts';
import { createPendingChanges } from '../../src/flows/pending-changes.ts';
import { createManualClock } from '../support/clock.ts';

test('changes of subscribers who left before the scan do not stand before those of others', async () => {
  const map = new Map<string, Watched>();
  const pending = createPendingChanges({
    watched: { map },
    clock: createManualClock(),
    burst: { onSince: () => false },
    webhooks: false,
    ownSignatures: { underWay: () => false },
    owes: () => false,
  });
  const change = (address: string, subscriberId: string): void => {
    map.set(address, { address: address as Address, subscriberId, role: 'agent_wallet' });
    pending.add(address as Address, 20, { swept: true, leaving: false });
  };
  for (let n = 0; n < 101; n++) change(`of ana ${n}`, 'ana');
  change('of bo', 'bo');
  expect(await pending.ready()).toHaveLength(102);
  for (const { address, subscriberId } of map.values())
    if (subscriberId === 'ana') map.delete(address);
  expect(await pending.ready()).toEqual(['of bo']);
});
