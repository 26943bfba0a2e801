// Publish: a pull that fails is logged, once, and rejects for nobody: those who share it are not waiting for it.
import { expect, test } from 'vitest';
import type { Ledger } from '../../src/core/ports.ts';
import { createRoster } from '../../src/core/roster.ts';
import { createPublisher } from '../../src/flows/publish.ts';
import { silentLog } from '../../src/system/log.ts';
import { createTestLedger } from '../support/ledger.ts';

test('a failing ledger rejects nobody’s pull, and the next one catches up', async () => {
  await using held = await createTestLedger();
  let failures = 2;
  const warned: string[] = [];
  const standings: Ledger['standings'] = {
    ...held.ledger.standings,
    async changesSince(revision, limit) {
      if (failures-- > 0) throw new Error('gone');
      return held.ledger.standings.changesSince(revision, limit);
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
