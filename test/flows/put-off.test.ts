// Put off: a reading that was put off until the transaction should be final is made at `finalized`,
// also by a daemon that has measured no finality.
import { expect, test } from 'vitest';
import type { Chain } from '../../src/core/chain-ports.ts';
import { inspectDue } from '../support/inspect-due.ts';
import { accountOf, createListening, OPTIONS } from '../support/listening.ts';

test.each([
  ['until it should be final is read once, at finalized', 900, ['finalized'], 'finalized'],
  [
    'and is not final yet is read at confirmed as well',
    900,
    ['finalized', 'confirmed'],
    'confirmed',
  ],
  [
    'for a moment, behind others of its account, is read at confirmed',
    299,
    ['confirmed'],
    'confirmed',
  ],
  ['by no time is read at confirmed', 0, ['confirmed'], 'confirmed'],
] as const)('a transaction that was put off %s', async (_, waitMs, asked, finality) => {
  await using held = await createListening();
  const close = held.close('bo', 21);
  const rumour = { signature: close, blockIndex: 0, accounts: [accountOf('bo')], waitMs };
  const naming = { source: 'webhook', by: 'rumour', nowMs: held.clock.nowMs() } as const;
  await held.ledger.sightings.note([rumour], naming);
  held.clock.advance(waitMs);
  const commitments: string[] = [];
  const chain: Chain = {
    ...held.ports.chain,
    transaction: async (signature, commitment) => {
      commitments.push(commitment);
      if (commitment === 'finalized' && finality === 'confirmed') return null;
      return held.ports.chain.transaction(signature, commitment);
    },
  };
  // A daemon that has just started has measured no finality.
  await inspectDue({ ...held.ports, chain, finalByMs: () => null }, OPTIONS);
  expect(commitments).toEqual(asked);
  expect(await held.facts()).toEqual([`bo ${finality}`]);
});

test('a second reading is not put off: it begins at confirmed again', async () => {
  await using held = await createListening();
  const close = held.close('bo', 21);
  held.node.answers.set(close, () => null);
  const rumour = { signature: close, blockIndex: 0, accounts: [accountOf('bo')], waitMs: 900 };
  const naming = { source: 'webhook', by: 'rumour', nowMs: held.clock.nowMs() } as const;
  await held.ledger.sightings.note([rumour], naming);
  held.clock.advance(900);
  const [first] = await held.ledger.sightings.claim(held.clock.nowMs(), 1_000, 5);
  held.clock.advance(1_000);
  const [second] = await held.ledger.sightings.claim(held.clock.nowMs(), 1_000, 5);
  expect([first?.putOffMs, second?.putOffMs]).toEqual([900, 0]);
});
