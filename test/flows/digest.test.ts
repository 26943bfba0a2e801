// Digest: a stored body cannot take more memory than its bound allows, and one at which daemons end
// is set aside.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { Signature } from '../../src/core/ids.ts';
import { digestDeliveries } from '../../src/flows/digest.ts';
import { storeSpoiledDelivery } from '../support/damage.ts';
import { ageReadings } from '../support/haste.ts';
import { deliveriesIn, readingsIn, sightingsIn } from '../support/heard-rows.ts';
import { signatureOf } from '../support/ledger.ts';
import { accountOf, createListening, type Listening } from '../support/listening.ts';
import { LONG } from '../support/long.ts';

const BOUNDS = { webhookBytesMost: 5_242_880, digestBytesMost: 16_777_216 };
const entry = (signature: Signature, id: string) => ({
  transaction: { signatures: [signature], message: { accountKeys: [accountOf(id)] } },
});
const bodyOf = (...entries: readonly unknown[]): Uint8Array => Buffer.from(JSON.stringify(entries));
const digest = ({ ports }: Listening, reader = 'this', bounds = BOUNDS) =>
  digestDeliveries({ ...ports, reader, bounds, haste: { waitMs: () => 0 }, onTold: () => {} });
const heard = async (held: Listening) =>
  (await sightingsIn(held)).map(({ signature }) => signature);

test.runIf(LONG)(
  'a row of some kilobytes that holds 135 MB is digested within 256 MiB of heap',
  async () => {
    await using held = await createListening();
    const { ledger } = held;
    const entries = { null: 1_000_000, '{}': 1_600_000 };
    const filled = (text: keyof typeof entries): Buffer =>
      Buffer.from(`[${text}${`,${text}`.repeat(entries[text] - 1)}]`);
    const nulls = filled('null');
    const objects = filled('{}');
    const heardOf = bodyOf(entry(signatureOf(5), 'ana'));
    await ledger.deliveries.record(
      [...Array(24).fill(nulls), ...Array(3).fill(objects), heardOf],
      0,
    );
    const [stored] = await deliveriesIn(held);
    expect(stored?.body.length).toBeLessThan(100_000);
    const child = path.join(import.meta.dirname, '../support/digest-child.ts');
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--max-old-space-size=256',
      child,
      held.url,
    ]);
    expect(Number(stdout), 'MiB at most').toBeLessThan(640);
    expect(await heard(held)).toEqual([signatureOf(5)]);
    const refused = 24 * entries.null + 3 * entries['{}'];
    expect(await deliveriesIn(held)).toMatchObject([{ entries: refused + 1, refused }]);
  },
);

test('what goes ahead is told of with its own delivery, once it is noted', async () => {
  await using held = await createListening();
  const { ledger, clock } = held;
  const [trade, withdrawal] = [signatureOf(5), signatureOf(6)];
  for (const [signature, id] of [
    [trade, 'ana'],
    [withdrawal, 'bo'],
  ] as const)
    await ledger.deliveries.record([bodyOf(entry(signature, id))], clock.nowMs());
  const told: unknown[] = [];
  let events = 0;
  await digestDeliveries({
    ...held.ports,
    reader: 'this',
    bounds: BOUNDS,
    haste: { waitMs: (signature) => (signature === withdrawal ? -1 : 0) },
    onTold: (accounts, _, ahead) => void told.push([...accounts, ahead]),
    onEvents(count) {
      events += count;
    },
  });
  expect(events).toBe(2);
  expect(told).toHaveLength(2);
  expect(told).toContainEqual([accountOf('ana'), false]);
  expect(told).toContainEqual([accountOf('bo'), true]);
});

test('payments among the transactions that move tokens are learned of before they are noted', async () => {
  await using held = await createListening();
  const { ledger, clock } = held;
  const [trade, payment] = [signatureOf(5), signatureOf(6)];
  const moving = { preBalances: [9_000_000], postBalances: [1] };
  const body = bodyOf(entry(trade, 'ana'), { ...entry(payment, 'bo'), meta: moving });
  await ledger.deliveries.record([body], clock.nowMs());
  const learned: Signature[] = [];
  await digestDeliveries({
    ...held.ports,
    reader: 'this',
    bounds: BOUNDS,
    learn: async (signatures) => void learned.push(...signatures),
    haste: { waitMs: (signature) => (learned.some((each) => each === signature) ? 2_000 : 0) },
    onTold: () => {},
  });
  expect(learned).toEqual([payment]);
  const due = await ledger.sightings.claim(clock.nowMs() + 1_999, 0, 5);
  expect(due.map((each) => each.signature)).toEqual([trade]);
});

test('a body at which three daemons ended is set aside with its reason, and the next bodies are read', async () => {
  await using held = await createListening();
  const { ledger, clock } = held;
  const nowMs = clock.nowMs();
  for (const [n, id] of [
    [5, 'ana'],
    [6, 'bo'],
    [7, 'bo'],
  ] as const)
    await ledger.deliveries.record([bodyOf(entry(signatureOf(n), id))], nowMs);
  const begin = (reader: string) =>
    ledger.deliveries.begin({ reader, limit: 5, bytesMost: 1_000_000, nowMs });
  /** A daemon begins, and is gone. */
  const die = async (reader: string) => {
    const begun = await begin(reader);
    await ageReadings(held, 21);
    return begun.map(({ id, unended }) => [Number(id), unended]);
  };
  expect(await die('first')).toEqual([
    [1, 0],
    [2, 0],
    [3, 0],
  ]);
  // From now on each delivery is read alone, so that only the delivery at which a daemon dies again
  // is blamed.
  expect(await die('second')).toEqual([[1, 1]]);
  expect(await die('third')).toEqual([[1, 2]]);
  expect(await digest(held, 'fourth')).toBe(true);
  expect(await ledger.asides.list(5)).toMatchObject([
    { kind: 'delivery', subject: '1', reason: expect.stringContaining('3 daemons ended') },
  ]);
  while (await digest(held, 'fourth'));
  expect(await heard(held)).toEqual([signatureOf(6), signatureOf(7)]);
  // Neither a later run nor the next day reads it again.
  clock.advance(25 * 3_600_000);
  while (await digest(held, 'fifth'));
  expect(await heard(held)).toEqual([signatureOf(6), signatureOf(7)]);
  const unended = await readingsIn(held);
  expect(unended.map(({ deliveryId, reader }) => `${deliveryId} ${reader}`)).toEqual([
    '1 fifth',
    '1 first',
    '1 fourth',
    '1 second',
    '1 third',
  ]);
});

test('a body that fails without ending the daemon leaves no mark of an unended reading', async () => {
  await using held = await createListening();
  const { ledger, clock } = held;
  await storeSpoiledDelivery(held);
  for (let run = 0; run < 4; run++) {
    await digest(held, `run ${run}`);
    clock.advance(24 * 3_600_000);
  }
  expect(await readingsIn(held)).toEqual([]);
  expect(await ledger.asides.list(5)).toMatchObject([{ attempts: 4 }]);
});

test('a body beyond the bound is set aside with its reason, and what lies beside it in the parcel is heard', async () => {
  await using held = await createListening();
  const { ledger } = held;
  const long = Buffer.from(`[${' '.repeat(200_000)}]`);
  const first = bodyOf(entry(signatureOf(5), 'ana'));
  const last = bodyOf(entry(signatureOf(6), 'bo'));
  await ledger.deliveries.record([first, long, last], 0);
  const small = { ...BOUNDS, webhookBytesMost: 100_000 };
  await digest(held, 'this', small);
  expect(await heard(held)).toEqual([signatureOf(5), signatureOf(6)]);
  expect(await ledger.asides.list(5)).toMatchObject([
    { kind: 'delivery', reason: expect.stringMatching(/200002 bytes.*webhookBytesMost is 100000/) },
  ]);
  // With a larger bound the delivery is read.
  held.clock.advance(1_000);
  while (await digest(held));
  expect(await ledger.asides.list(5)).toEqual([]);
});

test('deliveries are fetched within a number of stored bytes, and at least one', async () => {
  await using held = await createListening();
  const { ledger } = held;
  // Random bytes are stored as they are, because they cannot be packed into fewer.
  for (let n = 0; n < 4; n++) await ledger.deliveries.record([randomBytes(1_000)], 0);
  const begin = async (bytesMost: number, limit = 10) =>
    (await ledger.deliveries.begin({ reader: 'r', limit, bytesMost, nowMs: 0 })).length;
  expect(await begin(2_500)).toBe(2);
  expect(await begin(1)).toBe(1);
  expect(await begin(100_000)).toBe(4);
  expect(await begin(100_000, 3)).toBe(3);
});
