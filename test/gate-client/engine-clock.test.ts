// Engine clock: the machine of an engine may have a wrong clock. The time for which a subscriber
// has owed something counts by the ledger's clock, as for the daemon.
import { describe, expect, test } from 'vitest';
import { beat, entry, HELLO, NONCES, openEngine, text } from '../support/engine.ts';

const HOUR_MS = 3_600_000;
const T = 1_790_000_000_000;
const at = (ms: number): string => new Date(ms).toISOString();
const hello = text('hello', { ...HELLO, owedForMsMost: 2 * HOUR_MS });

/**
 * What a daemon sends at this time of the ledger about a debtor whose time counts for `owedMs`. A
 * daemon of an earlier release tells no time.
 */
const told = (ledgerMs: number, owedMs: number, tells = true) =>
  hello +
  text('entries', [{ ...entry('ana', 1), outstanding: '5', owedSince: at(ledgerMs - owedMs) }]) +
  text('live', { revision: '1' }, `1:${NONCES[0]}`) +
  text('beat', { ...beat(), ...(tells ? { now: at(ledgerMs) } : {}) });

describe.each([
  { clock: 'an hour ahead', aheadMs: HOUR_MS },
  { clock: 'right', aheadMs: 0 },
  { clock: 'an hour behind', aheadMs: -HOUR_MS },
])('an engine whose clock is $clock', ({ aheadMs }) => {
  test.each([
    { owedMs: 1.5 * HOUR_MS, verdict: 'allow' },
    { owedMs: 2.5 * HOUR_MS, verdict: 'deny' },
  ])('decides $verdict after $owedMs ms of 2 h, as the daemon does', async (each) => {
    const { gate, request, settle } = openEngine({ nowMs: () => T + aheadMs });
    request().stream().write(told(T, each.owedMs));
    await settle();
    expect(gate.decide('ana', 'open')).toMatchObject({
      verdict: each.verdict,
      owedForMs: each.owedMs,
      stale: false,
    });
  });

  test('that starts from a snapshot knows the difference', async () => {
    const first = openEngine({ nowMs: () => T + aheadMs });
    first
      .request()
      .stream()
      .write(told(T, 1.5 * HOUR_MS));
    await first.settle();
    const fromSnapshot = first.gate.snapshot();
    const again = openEngine({ nowMs: () => T + aheadMs + 1_000, fromSnapshot });
    expect(again.gate.decide('ana', 'open').owedForMs).toBe(1.5 * HOUR_MS + 1_000);
  });
});

test('the next beat tells of a clock that was set', async () => {
  let aheadMs = 0;
  const { gate, request, settle } = openEngine({ nowMs: () => T + aheadMs });
  const stream = request().stream();
  stream.write(told(T, 1.5 * HOUR_MS));
  await settle();
  aheadMs = HOUR_MS;
  stream.write(text('beat', { ...beat(null, 0, 8), now: at(T) }));
  await settle();
  expect(gate.decide('ana', 'open')).toMatchObject({ verdict: 'allow', owedForMs: 1.5 * HOUR_MS });
});

test('with a daemon of an earlier release, the engine’s own clock counts', async () => {
  const { gate, request, settle } = openEngine({ nowMs: () => T + HOUR_MS });
  request()
    .stream()
    .write(told(T, 1.5 * HOUR_MS, false));
  await settle();
  expect(gate.decide('ana', 'open').owedForMs).toBe(2.5 * HOUR_MS);
});
