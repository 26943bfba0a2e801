// Webhook intake: bodies that wait for Postgres are bounded in bytes and in time, and a parcel in
// bytes.
import { expect, test } from 'vitest';
import { createReceive } from '../../src/flows/webhook-intake.ts';
import { systemClock as clock } from '../../src/system/clock.ts';

const MIB = 1_024 * 1_024;
/** Deliveries whose inserts wait until they are let through. */
function slowDeliveries() {
  const inserts: { sizes: number[]; done: () => void; fail: (thrown: Error) => void }[] = [];
  const deliveries = {
    record: (bodies: readonly Uint8Array[]) =>
      new Promise<void>((done, fail) =>
        inserts.push({ sizes: bodies.map((each) => each.length), done, fail }),
      ),
  } as never;
  return { inserts, deliveries };
}
const turns = async (): Promise<void> => {
  for (let each = 0; each < 5; each++) await new Promise((resolve) => setImmediate(resolve));
};
const outcome = (work: Promise<void>): Promise<string> =>
  work.then(
    () => 'stored',
    (thrown: { code?: string }) => String(thrown.code),
  );

test('bodies that arrive during an insert share the next one, up to 8 MiB a parcel', async () => {
  const { inserts, deliveries } = slowDeliveries();
  const options = { waitingBytesMost: 100 * MIB, parcelBytesMost: 8 * MIB, patienceMs: 60_000 };
  const receive = createReceive(deliveries, clock, options, () => {});
  const first = receive.accept(new Uint8Array(10));
  await turns();
  const others = [5, 2, 3, 9].map((each) => receive.accept(new Uint8Array(each * MIB)));
  for (let each = 0; each < 4; each++) {
    await turns();
    inserts[each]?.done();
  }
  await Promise.all([first, ...others]);
  expect(inserts.map((each) => each.sizes)).toEqual([
    [10],
    [5 * MIB, 2 * MIB],
    [3 * MIB],
    [9 * MIB],
  ]);
});

test('beyond the bytes that may wait a body is refused at once, and taken again when they are stored', async () => {
  const { inserts, deliveries } = slowDeliveries();
  const options = { waitingBytesMost: 100, parcelBytesMost: 100, patienceMs: 60_000 };
  const receive = createReceive(deliveries, clock, options, () => {});
  const held = receive.accept(new Uint8Array(70));
  await turns();
  expect(await outcome(receive.accept(new Uint8Array(40)))).toBe('ledger_unavailable');
  inserts[0]?.done();
  await held;
  const next = receive.accept(new Uint8Array(40));
  await turns();
  inserts[1]?.done();
  expect(await outcome(next)).toBe('stored');
});

test('a body whose insert takes too long is refused; one that still waited is not inserted', async () => {
  const { inserts, deliveries } = slowDeliveries();
  const options = { waitingBytesMost: 100, parcelBytesMost: 100, patienceMs: 20 };
  const receive = createReceive(deliveries, clock, options, () => {});
  const hanging = outcome(receive.accept(new Uint8Array(30)));
  await turns();
  const waiting = outcome(receive.accept(new Uint8Array(40)));
  expect(await Promise.all([hanging, waiting])).toEqual([
    'ledger_unavailable',
    'ledger_unavailable',
  ]);
  // The insert under way keeps its bytes counted; the other body gave its bytes back.
  expect(await outcome(receive.accept(new Uint8Array(80)))).toBe('ledger_unavailable');
  inserts[0]?.fail(new Error('gone'));
  await turns();
  expect(inserts).toHaveLength(1);
});
