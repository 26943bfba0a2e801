// Heartbeat: a machine clock that is wrong or jumps is logged once, and the gate still answers by
// the time of Postgres. While a loop that carries news fails, the view is not renewed, although the
// ledger takes the heartbeat's own write.
import { expect, test } from 'vitest';
import { Fault } from '../../src/core/fault.ts';
import { setByLedger } from '../../src/core/ledger-clock.ts';
import type { Clock, Halt, Log } from '../../src/core/ports.ts';
import { createRoster } from '../../src/core/roster.ts';
import { createHeartbeat } from '../../src/flows/heartbeat.ts';
import type { Loops } from '../../src/flows/loops.ts';

/** A machine, and a Postgres whose clock is right; `jump` sets the machine's clock. */
function setUp() {
  let stoodStillAtMs: number | null = null;
  let unasked = false;
  let rightMs = 1_800_000_000_000;
  let offMs = 0;
  const machine: Clock = {
    nowMs: () => rightMs + offMs,
    elapsedMs: () => rightMs,
    random: () => 0.5,
    // A wait for a time bound ends by itself only while no connection comes about.
    sleep: (_, signal) =>
      hindered === null
        ? new Promise((resolve) => signal.addEventListener('abort', () => resolve()))
        : Promise.resolve(),
  };
  const clock = setByLedger(machine, () => rightMs);
  const events: string[] = [];
  const halts: Halt[] = [];
  let failing: ReturnType<Loops['failing']> = null;
  let hindered: Error | null = null;
  const note = (event: string) => void events.push(event);
  const log: Log = { debug: note, info: note, warn: note, error: note };
  const roster = createRoster({
    staleAfterMs: 30_000,
    failOpen: false,
    outstandingMost: null,
    owedForMsMost: null,
  });
  roster.hydrate([
    {
      subscriberId: 'ana',
      agentWallet: 'agent',
      standing: 'good',
      outstanding: 0n,
      owedSinceMs: null,
      reason: null,
      evidence: null,
      revision: 0n,
    },
  ]);
  const heartbeat = createHeartbeat(
    {
      ledger: {
        // A query that waits for a connection is never answered.
        probe: { write: () => (hindered === null ? rightMs : new Promise(() => {})) },
        sightings: {
          backlog: async () => ({ wanted: 0, confirmed: 0, oldestMs: null }),
          unread: async () => ({ subscribers: [], unattributedSinceMs: null }),
        },
        halts: { list: async () => [...halts] },
        asides: { subscribersBefore: async () => [] },
        checks: { gaps: async () => [], absent: async () => [] },
        coverage: { unexplained: async () => [] },
        suspicions: { open: async () => [] },
      },
      sources: { read: () => ({}) },
      roster,
      publisher: { pull: async () => true, beat: () => {} },
      clock,
      setClock: clock.set,
      log,
      slot: async () => (unasked ? null : (stoodStillAtMs ?? rightMs) / 400),
      readKeys: async () => {},
      reach: async () => {
        if (hindered !== null) throw hindered;
      },
      failing: () => failing,
    } as never,
    { startedMs: clock.nowMs(), lagMsMost: 180_000, staleAfterMs: 30_000 },
  );
  const ageMs = () => clock.nowMs() - (roster.freshness().observedAtMs ?? 0);
  return {
    heartbeat,
    clock,
    events,
    halts,
    ageMs,
    gate: () => roster.decide('ana', 'open', clock.nowMs()),
    /** The node tells the slot of this moment from now on. */
    standStill() {
      stoodStillAtMs = rightMs;
    },
    /** The node need not be asked for its slot from now on. */
    rest() {
      unasked = true;
    },
    /** A loop has failed since now; null when its next run succeeded. */
    fail(thrown: Error | null) {
      failing = thrown && { name: 'scan', sinceMs: rightMs, thrown };
    },
    /** No connection to Postgres comes about, for this reason; null when one does. */
    hinder(thrown: Error | null) {
      hindered = thrown;
    },
    jump(ms: number) {
      offMs += ms;
    },
    pass(ms: number) {
      rightMs += ms;
    },
    right: () => rightMs,
  };
}

test.each([
  ['ten minutes back', -600_000],
  ['an hour ahead', 3_600_000],
])(
  'a clock that is set %s is followed by nothing: the next heartbeat knows the time',
  async (_, ms) => {
    const { heartbeat, clock, events, ageMs, jump, pass, right } = setUp();
    await heartbeat.beat();
    expect(events).toEqual([]);
    jump(ms);
    // A jump of the machine's clock moves no deadline, and an age is at most taken for more.
    expect(ageMs()).toBe(0);
    expect(clock.latestMs() - clock.nowMs()).toBe(Math.max(0, ms));
    pass(1_000);
    await heartbeat.beat();
    expect(clock.nowMs()).toBe(right());
    expect(ageMs()).toBe(0);
    expect(heartbeat.pulse).toMatchObject({ skewMs: ms, ledgerAtMs: right() });
    pass(1_000);
    await heartbeat.beat();
    expect(events).toEqual(['clock.skewed']);
    // However the machine's clock jumps, a chain that was silent for the bound counts as silent.
    pass(31_000);
    expect(ageMs()).toBe(31_000);
    jump(-ms);
    await heartbeat.beat();
    expect(events).toEqual(['clock.skewed', 'clock.right_again']);
    expect(heartbeat.pulse.skewMs).toBe(0);
  },
);

test('a halt that any daemon or command makes or lifts is logged once, and is in the pulse', async () => {
  const { heartbeat, events, halts, right } = setUp();
  await heartbeat.beat();
  halts.push({ scope: 'all', reason: 'a drill', sinceMs: right() });
  await heartbeat.beat();
  await heartbeat.beat();
  expect(events).toEqual(['payments.halted']);
  expect(heartbeat.pulse.halts).toMatchObject([{ scope: 'all', reason: 'a drill' }]);
  halts.length = 0;
  await heartbeat.beat();
  expect(events).toEqual(['payments.halted', 'payments.resumed']);
});

test('while a loop that carries news fails, the gate stops vouching at the stale bound', async () => {
  const { heartbeat, gate, ageMs, fail, pass } = setUp();
  await heartbeat.beat();
  expect(gate().verdict).toBe('allow');
  // The reason is read by engines, and has no words of the driver.
  const full = 'could not extend file "base/1/2": No space left on device';
  fail(Object.assign(new Error(full), { code: '53100' }));
  for (let second = 1; second <= 31; second++) {
    pass(1_000);
    await expect(heartbeat.beat()).rejects.toThrow(/scan has failed/);
    // The ledger takes the heartbeat's write all the time.
    expect(heartbeat.pulse.ledgerAtMs).not.toBeNull();
    // A loop may fail for half of the bound before the gate answers `unknown`.
    expect(gate().verdict).toBe(second <= 15 ? 'allow' : 'unknown');
  }
  expect(gate()).toMatchObject({
    stale: true,
    reason:
      'What was heard cannot be recorded: scan has failed for 31 s: The disk of Postgres is full.',
  });
  fail(null);
  await heartbeat.beat();
  expect(ageMs()).toBe(0);
  expect(gate().verdict).toBe('allow');
});

test('a node that tells the same slot again and again is no news: the gate stops vouching at the stale bound', async () => {
  const { heartbeat, gate, ageMs, standStill, pass } = setUp();
  await heartbeat.beat();
  standStill();
  for (let second = 1; second <= 31; second++) {
    pass(1_000);
    await heartbeat.beat();
    expect(gate().verdict).toBe(second <= 30 ? 'allow' : 'unknown');
  }
  expect(ageMs()).toBe(31_000);
});

test('while no connection to Postgres comes about, the gate says why, and names no host', async () => {
  const { heartbeat, gate, hinder, pass } = setUp();
  await heartbeat.beat();
  const thrown = new Error('connect EHOSTUNREACH 10.1.1.1:5432');
  hinder(Object.assign(thrown, { code: 'EHOSTUNREACH' }));
  for (let second = 1; second <= 31; second++) {
    pass(1_000);
    await expect(heartbeat.beat()).rejects.toThrow(
      second === 1 ? /took longer/ : /does not answer/,
    );
  }
  expect(gate()).toMatchObject({
    verdict: 'unknown',
    reason:
      'The ledger has taken no write for 31 s: The host in DATABASE_URL does not answer. Look at the network and the firewall.',
  });
  hinder(null);
  await heartbeat.beat();
  expect(gate().verdict).toBe('allow');
});

test('a reason that is a fault of the ledger is told in its own words', async () => {
  const { heartbeat, hinder, pass } = setUp();
  await heartbeat.beat();
  hinder(new Fault('ledger_unavailable', 'Commits wait for a standby.'));
  pass(1_000);
  await expect(heartbeat.beat()).rejects.toThrow(/took longer/);
  await expect(heartbeat.beat()).rejects.toThrow('Commits wait for a standby.');
});

test('a heartbeat that need not ask for the slot succeeds, and renews no view', async () => {
  const { heartbeat, ageMs, gate, pass, rest } = setUp();
  await heartbeat.beat();
  rest();
  for (let n = 0; n < 30; n++) {
    pass(1_000);
    await heartbeat.beat();
  }
  expect([ageMs(), gate().verdict]).toEqual([30_000, 'allow']);
  pass(1_000);
  await heartbeat.beat();
  expect([ageMs(), gate().verdict]).toEqual([31_000, 'unknown']);
});
