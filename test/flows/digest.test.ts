// Digest: a stored body cannot take more memory than its bound allows, and one at which daemons end
// is set aside.
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { Signature } from '../../src/core/ids.ts';
import { digestDeliveries } from '../../src/flows/digest.ts';
import { signatureOf } from '../support/ledger.ts';
import { accountOf, createListening, type Listening } from '../support/listening.ts';

const BOUNDS = { webhookBytesMost: 5_242_880, digestBytesMost: 16_777_216 };
const entry = (signature: Signature, id: string) => ({
  transaction: { signatures: [signature], message: { accountKeys: [accountOf(id)] } },
});
const bodyOf = (...entries: readonly unknown[]): Uint8Array => Buffer.from(JSON.stringify(entries));
const digest = ({ ports }: Listening, reader = 'this', bounds = BOUNDS) =>
  digestDeliveries({ ...ports, reader, bounds, haste: { waitMs: () => 0 }, onTold: () => {} });
const heard = async ({ sql }: Listening) =>
  (await sql<{ signature: string }[]>`select signature from sighting order by signature`).map(
    (each) => each.signature,
  );

test('a row of some kilobytes that holds 135 MB is digested within 256 MiB of heap', async () => {
  await using held = await createListening();
  const { ledger, sql } = held;
  const entries = { null: 1_000_000, '{}': 1_600_000 };
  const filled = (text: keyof typeof entries): Buffer =>
    Buffer.from(`[${text}${`,${text}`.repeat(entries[text] - 1)}]`);
  const nulls = filled('null');
  const objects = filled('{}');
  const heardOf = bodyOf(entry(signatureOf(5), 'ana'));
  await ledger.deliveries.record([...Array(24).fill(nulls), ...Array(3).fill(objects), heardOf], 0);
  const [stored] = await sql`select octet_length(body) as bytes from delivery`;
  expect(Number(stored?.bytes)).toBeLessThan(100_000);
  const child = path.join(import.meta.dirname, '../support/digest-child.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--max-old-space-size=256',
    child,
    held.url,
  ]);
  expect(Number(stdout), 'MiB at most').toBeLessThan(640);
  expect(await heard(held)).toEqual([signatureOf(5)]);
  const refused = 24 * entries.null + 3 * entries['{}'];
  expect([...(await sql`select entries, refused from delivery`)]).toEqual([
    { entries: refused + 1, refused },
  ]);
});

test('a body at which three daemons ended is set aside with its reason, and the next bodies are read', async () => {
  await using held = await createListening();
  const { ledger, sql, clock } = held;
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
    await sql`update delivery_reading set begun_at = begun_at - interval '21 seconds'`;
    return begun.map(({ id, unended }) => [Number(id), unended]);
  };
  expect(await die('first')).toEqual([
    [1, 0],
    [2, 0],
    [3, 0],
  ]);
  // From now on each is read alone, so that only the one at which it happens again is blamed.
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
  expect([...(await sql`select delivery_id, reader from delivery_reading order by 2`)]).toEqual([
    { delivery_id: 1n, reader: 'fifth' },
    { delivery_id: 1n, reader: 'first' },
    { delivery_id: 1n, reader: 'fourth' },
    { delivery_id: 1n, reader: 'second' },
    { delivery_id: 1n, reader: 'third' },
  ]);
});

test('a body that fails without ending the daemon leaves no mark of an unended reading', async () => {
  await using held = await createListening();
  const { ledger, sql, clock } = held;
  await sql`insert into delivery (received_at, packing, body) values (now(), 'zstd', 'no zstd at all')`;
  for (let run = 0; run < 4; run++) {
    await digest(held, `run ${run}`);
    clock.advance(24 * 3_600_000);
  }
  expect(await sql`select 1 from delivery_reading`).toHaveLength(0);
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
  // A larger bound mends it.
  held.clock.advance(1_000);
  while (await digest(held));
  expect(await ledger.asides.list(5)).toEqual([]);
});

test('deliveries are fetched within a number of stored bytes, and at least one', async () => {
  await using held = await createListening();
  const { ledger, sql } = held;
  await sql`insert into delivery (received_at, packing, body)
    select now(), 'none', decode(repeat('20', 1000), 'hex') from generate_series(1, 4)`;
  const begin = async (bytesMost: number, limit = 10) =>
    (await ledger.deliveries.begin({ reader: 'r', limit, bytesMost, nowMs: 0 })).length;
  expect(await begin(2_500)).toBe(2);
  expect(await begin(1)).toBe(1);
  expect(await begin(100_000)).toBe(4);
  expect(await begin(100_000, 3)).toBe(3);
});
