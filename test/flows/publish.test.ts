// Publish: a pull that fails is logged once and never rejects, because callers that share it do not
// await it.
import { expect, test } from 'vitest';
import type { Ledger } from '../../src/core/ports.ts';
import { createRoster } from '../../src/core/roster.ts';
import { createPublisher } from '../../src/flows/publish.ts';
import { silentLog } from '../../src/system/log.ts';
import { loseStandingsAfter } from '../support/damage.ts';
import { createTestLedger, signatureOf } from '../support/ledger.ts';

test('a failing ledger rejects nobody’s pull, and the next one catches up', async () => {
  await using held = await createTestLedger();
  let failures = 2;
  const warned: string[] = [];
  const standings: Ledger['standings'] = {
    ...held.ledger.standings,
    async changesSince(mark, limit) {
      if (failures-- > 0) throw new Error('gone');
      return held.ledger.standings.changesSince(mark, limit);
    },
  };
  const rules = { staleAfterMs: 1, failOpen: false, outstandingMost: null, owedForMsMost: null };
  const roster = createRoster(rules);
  const log = { ...silentLog, warn: (event: string) => void warned.push(event) };
  const publisher = createPublisher({ ledger: { ...held.ledger, standings }, roster, log });
  await Promise.all([publisher.pull(), publisher.pull(), publisher.pull()]);
  await publisher.pull();
  expect(warned).toEqual(['roster.refresh_failed', 'roster.refresh_failed']);
  await publisher.pull();
  expect(publisher.revision).toBe(1n);
  expect(roster.find('ana')?.standing).toBe('good');
});

test('a ledger that lost its last changes is read anew, and readers begin anew, though the revisions are given out again', async () => {
  await using held = await createTestLedger();
  const { ledger } = held;
  const rules = { staleAfterMs: 1, failOpen: false, outstandingMost: null, owedForMsMost: null };
  const roster = createRoster(rules);
  const faults: string[] = [];
  const log = { ...silentLog, error: (event: string) => void faults.push(event) };
  const publisher = createPublisher({ ledger, roster, log });
  const owes = (outstanding: bigint) =>
    ledger.standings.update('ana', () => ({ standing: 'good', outstanding, owed: [] }));
  const evidence = { signature: signatureOf(1), slot: 1, amount: 5n, what: 'w', owedThen: 5n };
  const runs = (outstanding: bigint) =>
    ledger.standings.update('ana', () => ({
      standing: 'delinquent',
      outstanding,
      owed: [],
      reason: 'ran',
      evidence,
    }));
  await publisher.hydrate();
  const told: string[] = [];
  publisher.subscribe({
    change: (entry) => void told.push(`${entry.revision} ${entry.standing}`),
    doubt: () => {},
    beat: () => {},
    end: () => void told.push('ended'),
  });
  await owes(1n);
  await owes(2n);
  await publisher.pull();
  const before = publisher.mark;
  expect(await ledger.standings.changesSince(before, 10)).toEqual([]);

  await loseStandingsAfter(held, 1);
  // The ledger has not given the lost revision out again yet, so it only seems to be behind.
  expect(await ledger.standings.changesSince(before, 10)).toBeNull();
  await owes(3n);
  await runs(3n);
  expect(await ledger.standings.changesSince(before, 10)).toBeNull();
  expect(await publisher.pull()).toBe(true);
  expect(roster.find('ana')).toMatchObject({ standing: 'delinquent', revision: 3n });
  expect(publisher.mark.revision).toBe(before.revision);
  expect(publisher.mark.nonce).not.toBe(before.nonce);
  expect(told).toEqual(['2 good', '3 good', 'ended']);
  expect(faults).toEqual(['roster.lineage_broken']);
  await publisher.pull();
  expect(told).toHaveLength(3);
});

test('after the ledger went back, a roster that cannot be read is read at the next pull, and only then do readers begin anew', async () => {
  await using held = await createTestLedger();
  const { ledger } = held;
  let isGone = false;
  const standings: Ledger['standings'] = {
    ...ledger.standings,
    async roster(add) {
      if (isGone) throw new Error('gone');
      return ledger.standings.roster(add);
    },
  };
  const rules = { staleAfterMs: 1, failOpen: false, outstandingMost: null, owedForMsMost: null };
  const roster = createRoster(rules);
  const publisher = createPublisher({ ledger: { ...ledger, standings }, roster, log: silentLog });
  await publisher.hydrate();
  let ends = 0;
  const others = { change: () => {}, doubt: () => {}, beat: () => {} };
  publisher.subscribe({ ...others, end: () => void ends++ });
  isGone = true;
  await publisher.restart();
  // The changes since the last one can be read; the whole roster, to which they would be added,
  // cannot.
  expect(await publisher.pull()).toBe(false);
  expect(ends).toBe(0);
  isGone = false;
  expect(await publisher.pull()).toBe(true);
  expect(ends).toBe(1);
  expect(await publisher.pull()).toBe(true);
  expect(ends).toBe(1);
});
