// Pending changes: a change whose account is not watched any more is forgotten, because no scan can
// end it; one that waits for a webhook or a reading is not looked at meanwhile.
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

/** Changes in a burst, with the number of changes that were looked at. */
function inBurst() {
  const clock = createManualClock();
  const map = new Map<string, Watched>();
  const looks = { count: 0, owing: true };
  const pending = createPendingChanges({
    watched: { map },
    clock,
    burst: {
      onSince() {
        looks.count++;
        return true;
      },
    },
    webhooks: true,
    ownSignatures: { underWay: () => false },
    owes: () => looks.owing,
  });
  const see = (address: string, slot: number, leaving = false): void => {
    map.set(address, { address: address as Address, subscriberId: address, role: 'drift_user' });
    pending.add(address as Address, slot, { swept: false, leaving });
  };
  return { pending, see, looks, clock };
}

test('a change that waits for its webhook, or for the reading of what one names, is looked at once', async () => {
  const { pending, see, looks, clock } = inBurst();
  for (let n = 0; n < 1_000; n++) see(`a${n}`, 20);
  expect(await pending.ready()).toEqual([]);
  expect([looks.count, pending.waiting]).toEqual([1_000, true]);
  for (let n = 0; n < 1_000; n++) pending.hinted(`a${n}` as Address, 20);
  clock.advance(8_000);
  for (let run = 0; run < 10; run++) expect(await pending.ready()).toEqual([]);
  expect([looks.count, pending.waiting]).toEqual([2_000, true]);
  clock.advance(172_000);
  expect(await pending.ready()).toHaveLength(1_000);
});

test('a change that waits is looked at again once it is seen again, or once its subscriber owes and value left', async () => {
  const { pending, see, looks, clock } = inBurst();
  looks.owing = false;
  for (const each of ['again', 'left']) {
    see(each, 20, each === 'left');
    pending.hinted(each as Address, 20);
  }
  clock.advance(8_000);
  expect(await pending.ready()).toEqual([]);
  // No webhook names that slot.
  see('again', 22);
  expect(await pending.ready()).toEqual(['again']);
  looks.owing = true;
  expect(await pending.ready()).toEqual(['again', 'left']);
});
