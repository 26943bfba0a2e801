// Coverage: counts of several daemons add up, many programs do not make many rows, and an unknown
// call casts doubt until the account's state was read at a slot after it.
import { expect, test } from 'vitest';
import type { Fact } from '../../src/core/fact.ts';
import type { Address } from '../../src/core/ids.ts';
import { type AccountState, NO_COUNTERS } from '../../src/core/reckoning.ts';
import { createRoster } from '../../src/core/roster.ts';
import { refreshDoubts } from '../../src/flows/gate-doubts.ts';
import { createSources } from '../../src/flows/sources.ts';
import { addressOf, closeFact, createTestLedger, recordFact } from '../support/ledger.ts';

const row = (program: string, unknown = 0) => ({
  program: program as Address,
  understood: 1,
  neutral: 2,
  unknown,
});

test('counts add up, also when daemons add at once', async () => {
  await using held = await createTestLedger();
  const { coverage } = held.ledger;
  await Promise.all(
    Array.from({ length: 12 }, (_, n) =>
      coverage.add(n % 2 === 0 ? [row('a', 1), row('b')] : [row('b'), row('a', 1)]),
    ),
  );
  expect(await coverage.totals()).toEqual([
    { program: 'a', understood: 12, neutral: 24, unknown: 12 },
    { program: 'b', understood: 12, neutral: 24, unknown: 0 },
  ]);
});

test('programs past the first hundred are counted together', async () => {
  await using held = await createTestLedger();
  const { coverage } = held.ledger;
  const many = (from: number) => Array.from({ length: 80 }, (_, n) => row(addressOf(from + n), 1));
  await coverage.add(many(0));
  await coverage.add(many(80));
  await coverage.add(many(0));
  const totals = await coverage.totals();
  expect(totals.length).toBeLessThanOrEqual(101);
  expect(totals.reduce((sum, each) => sum + each.unknown, 0)).toBe(240);
  expect(totals.find((each) => each.program === addressOf(3))?.unknown).toBe(2);
});

const state = (slot: number): AccountState => ({
  slot,
  counters: NO_COUNTERS,
  hints: { exists: true, delegate: '', quoteFlow: 0n, isolated: 0n },
  positions: [],
  pulse: '',
});

async function withUnknownCall(slot = 20) {
  const held = await createTestLedger();
  const { ledger, driftAccount } = held;
  const account = { address: driftAccount, subscriberId: 'ana', role: 'drift_user' } as const;
  await ledger.checks.begin(account, state(5));
  const told = closeFact(slot, 0n, { account: driftAccount });
  const fact: Fact = {
    ...told,
    body: {
      kind: 'notice',
      what: 'unknown_call',
      who: addressOf(77),
      amount: null,
      detail: 'Instruction 00 of the program is newer than this release.',
    },
  };
  const addresses = async () => (await ledger.coverage.unexplained()).map((each) => each.address);
  return { ...held, fact, addresses };
}

test('an unknown call makes the gate of its subscriber unknown, until its account was checked after it', async () => {
  await using held = await withUnknownCall();
  const { ledger, driftAccount, fact, addresses } = held;
  const nowMs = Date.parse('2026-11-26T00:00:00Z');
  const clock = { nowMs: () => nowMs } as never;
  const roster = createRoster({
    staleAfterMs: 1e9,
    failOpen: false,
    owedForMsMost: null,
    outstandingMost: null,
  });
  await ledger.standings.roster((entries) => roster.hydrate(entries));
  roster.observe(30, nowMs);
  const verdict = async () => {
    await refreshDoubts(
      { ledger, roster, sources: createSources([], () => true), clock } as never,
      {
        startedMs: nowMs,
        lagMsMost: 60_000,
        why: null,
      },
    );
    return roster.decide('ana', 'open', nowMs).verdict;
  };
  expect(await verdict()).toBe('allow');
  await recordFact(ledger, fact, 'confirmed');
  expect(await addresses()).toEqual([driftAccount]);
  expect(await verdict()).toBe('unknown');
  expect(roster.decide('ana', 'close', nowMs).verdict).toBe('allow');

  await recordFact(ledger, fact, 'finalized');
  await ledger.checks.propose(driftAccount, state(50));
  expect(await verdict()).toBe('unknown');
  const [check] = await ledger.checks.find([driftAccount]);
  if (check === undefined) throw new Error('no such account');
  await ledger.checks.advance(check);
  expect(await addresses()).toEqual([]);
  expect(await verdict()).toBe('allow');
});

test('a person may take the state for right, and a fork may take the call away', async () => {
  await using held = await withUnknownCall();
  const { ledger, driftAccount, fact, addresses } = held;
  await recordFact(ledger, fact, 'confirmed');
  expect(await addresses()).toEqual([driftAccount]);
  await ledger.sightings.drop(fact.signature);
  expect(await addresses()).toEqual([]);
  expect(await ledger.checks.accept(driftAccount, state(40))).toBe(false);

  await recordFact(ledger, { ...fact, position: { ...fact.position, slot: 22 } }, 'finalized');
  expect(await addresses()).toEqual([driftAccount]);
  expect(await ledger.checks.accept(driftAccount, state(40))).toBe(true);
  expect(await addresses()).toEqual([]);
});
