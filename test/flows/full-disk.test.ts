// Full disk: Postgres takes writes that change a row in place and refuses new rows, as with a full
// disk. What was heard is not recorded, so the loops fail; no transaction, history or delivery is
// set aside for it.
import { expect, test } from 'vitest';
import { backfill } from '../../src/flows/backfill.ts';
import { digestDeliveries } from '../../src/flows/digest.ts';
import { fillDisk } from '../support/damage.ts';
import { inspectDue } from '../support/inspect-due.ts';
import { accountOf, createListening, OPTIONS } from '../support/listening.ts';

const never = new AbortController().signal;
const FULL = { code: 'ledger_unavailable', message: expect.stringContaining('disk') };

test('facts that cannot be stored fail the inspection, and are stored once there is room', async () => {
  await using held = await createListening();
  const close = held.close('bo', 10);
  await held.told(close, 'bo');
  const makeRoom = await fillDisk(held, 'fact');
  await expect(inspectDue(held.ports, OPTIONS)).rejects.toMatchObject(FULL);
  // No failure was recorded, although its row would have found room.
  expect(await held.ledger.asides.list(5)).toEqual([]);
  await makeRoom();
  held.clock.advance(60_000);
  await inspectDue(held.ports, OPTIONS);
  expect(await held.facts()).toEqual(['bo confirmed']);
});

test('signatures that cannot be noted fail the walk and the digest', async () => {
  await using held = await createListening();
  const close = held.close('bo', 10);
  const row = { signature: close, slot: 10, blockIndex: 0, memo: null, failed: false };
  held.node.histories.set(accountOf('bo'), [row]);
  const body = {
    transaction: { signatures: [close], message: { accountKeys: [accountOf('bo')] } },
  };
  await held.ledger.deliveries.record([Buffer.from(JSON.stringify(body))], held.clock.nowMs());
  const makeRoom = await fillDisk(held, 'sighting');
  await expect(backfill(held.ports, never)).rejects.toMatchObject(FULL);
  const digest = () =>
    digestDeliveries({
      ...held.ports,
      reader: 'this',
      bounds: { webhookBytesMost: 5_000_000, digestBytesMost: 1_000_000 },
      haste: { waitMs: () => 0 },
      onTold: () => {},
    });
  await expect(digest()).rejects.toMatchObject(FULL);
  expect(await held.ledger.asides.list(5)).toEqual([]);
  await makeRoom();
  await digest();
  expect((await held.ledger.sightings.backlog()).wanted).toBe(1);
});
