// Ahead: a transaction that moves tokens in a burst is read in a place of its own, at once, and
// again where the node is late.
import { expect, test } from 'vitest';
import type { Chain } from '../../src/core/chain-ports.ts';
import { createInspector } from '../../src/flows/inspector.ts';
import { AHEAD_MS } from '../../src/flows/reading-haste.ts';
import { accountOf, createListening, OPTIONS } from '../support/listening.ts';

test('transactions that hang in every place hold up none that goes ahead, which is told at once', async () => {
  await using held = await createListening();
  for (let slot = 10; slot < 18; slot++) {
    const hung = held.close('ana', slot);
    held.node.answers.set(hung, () => 'hangs');
    await held.named(hung, 'ana', 'finalized', slot);
  }
  const ahead: string[] = [];
  const clock = { ...held.clock, sleep: async () => {} };
  const inspector = createInspector(
    { ...held.ports, clock },
    OPTIONS,
    () => {},
    (ids) => void ahead.push(...ids),
  );
  await inspector.round();
  const late = held.close('ana', 20);
  await held.named(late, 'ana', 'finalized', 20);
  expect(await inspector.ahead()).toBe(false);
  const withdrawal = held.close('bo', 21);
  const rumour = { signature: withdrawal, blockIndex: 0, accounts: [accountOf('bo')] };
  const nowMs = held.clock.nowMs();
  await held.ledger.sightings.note([{ ...rumour, waitMs: -AHEAD_MS }], {
    source: 'webhook',
    by: 'rumour',
    nowMs,
  });
  await inspector.ahead();
  await expect.poll(() => ahead).toEqual(['bo']);
  expect(await held.facts()).toEqual(['bo confirmed']);
});

test('a transaction that goes ahead and that the node does not have yet is asked for again at once', async () => {
  await using held = await createListening();
  const withdrawal = held.close('bo', 21);
  const rumour = { signature: withdrawal, blockIndex: 0, accounts: [accountOf('bo')] };
  const nowMs = held.clock.nowMs();
  await held.ledger.sightings.note([{ ...rumour, waitMs: -AHEAD_MS }], {
    source: 'webhook',
    by: 'rumour',
    nowMs,
  });
  let asked = 0;
  const chain: Chain = {
    ...held.ports.chain,
    transaction: async (...given) => (++asked < 4 ? null : held.ports.chain.transaction(...given)),
  };
  const ahead: string[] = [];
  const clock = { ...held.clock, sleep: async () => {} };
  const inspector = createInspector(
    { ...held.ports, chain, clock },
    OPTIONS,
    () => {},
    (ids) => void ahead.push(...ids),
  );
  await inspector.ahead();
  await inspector.drained();
  expect(ahead).toEqual(['bo']);
  expect(asked).toBe(4);
});

test('a transaction that found no place is read as soon as one is free', async () => {
  await using held = await createListening();
  const nowMs = held.clock.nowMs();
  const signatures = Array.from({ length: 17 }, (_, index) => held.close('bo', 30 + index));
  const rumours = signatures.map((signature) => ({
    signature,
    blockIndex: 0,
    accounts: [accountOf('bo')],
    waitMs: -AHEAD_MS,
  }));
  await held.ledger.sightings.note(rumours, { source: 'webhook', by: 'rumour', nowMs });
  const first = Promise.withResolvers<null>();
  const asked: string[] = [];
  const chain: Chain = {
    ...held.ports.chain,
    transaction: (signature, ...rest) => {
      asked.push(signature);
      if (asked.length === 1) return first.promise;
      if (asked.length <= 16) return new Promise(() => {});
      return held.ports.chain.transaction(signature, ...rest);
    },
  };
  const free = Promise.withResolvers<void>();
  const clock = { ...held.clock, sleep: async () => {} };
  const inspector = createInspector(
    { ...held.ports, chain, clock },
    OPTIONS,
    () => {},
    () => {},
    free.resolve,
  );
  expect(await inspector.ahead()).toBe(true);
  // All places are taken: nothing is claimed, and nothing has to ask again by the clock.
  expect(await inspector.ahead()).toBe(false);
  expect(asked).toHaveLength(16);
  first.resolve(null);
  await free.promise;
  await inspector.ahead();
  await expect.poll(() => new Set(asked).size).toBe(17);
});
