// Nonce lane: under what the next payment of a subscriber may be signed.
import { expect, test } from 'vitest';
import type { Address } from '../../src/core/ids.ts';
import type { Subscriber } from '../../src/core/ports.ts';
import { createNonceLane, type NonceLanePorts } from '../../src/flows/nonce-lane.ts';
import { silentLog } from '../../src/system/log.ts';

const account = 'nonce' as Address;
const sponsor = 'sponsor' as Address;
/** The subscribers whose accounts were recorded as closed. */
const closed: string[] = [];

/**
 * A lane whose ledger noted `n1`, and whose account shows `value` in slot 9. `mover`: the
 * transaction that a finalized block executed under `n1`, where the ledger has one. With `value`
 * null no slot shows an account; `finalSlot` is the slot of the finalized reading.
 */
const laneSeeing = (
  value: string | null,
  mover: { signature: string; slot: number } | null = null,
  finalSlot = 9,
) =>
  createNonceLane(
    {
      log: silentLog,
      pen: { sponsor },
      nonces: {
        address: () => account,
        read: () => (value === null ? { seen: 'absent' } : { seen: 'value', value }),
      },
      nonceHeard: { follow: () => {}, forget: () => {}, at: () => null },
      books: { forget: () => {}, disagreement: async () => null },
      chain: {
        slices: async () => ({ slot: finalSlot, accounts: [null] }),
        slot: async () => 9,
        signatures: async () => [],
        witnessed: <T>(read: () => Promise<T>) => read(),
      },
      ledger: {
        nonces: {
          of: async (subscriberId: string) => ({
            subscriberId,
            account,
            authority: sponsor,
            rent: 1n,
            askedMs: 0,
            closingMs: null,
            closedMs: null,
            noted: { value: 'n1', slot: 7 },
          }),
          moverOf: async () => mover,
          closed: async (subscriberId: string) => closed.push(subscriberId) > 0,
        },
      },
    } as unknown as NonceLanePorts,
    { replayGuard: 'nonce' } as Parameters<typeof createNonceLane>[1],
  ).decide({ id: 's1' } as Subscriber, 'creator' as Address, { account: null, slot: 9 });

test('a payment is signed under the noted value of a nonce alone', async () => {
  expect(await laneSeeing('n1')).toEqual({
    do: 'sign',
    nonce: { account, value: 'n1', slot: 7 },
  });
});

test('nothing is signed under a value that no known transaction explains', async () => {
  expect(await laneSeeing('n2')).toMatchObject({ do: 'rest', trouble: { code: 'nonce_moved' } });
});

test('nothing is signed under a value that a payment on record has used, although a node still shows it', async () => {
  expect(await laneSeeing('n1', { signature: 'paid', slot: 8 })).toMatchObject({
    do: 'wait',
    trouble: { code: 'nonce_opening' },
  });
});

test('an account is closed once a finalized slot shows none that is not before the noted one', async () => {
  const closing = { do: 'wait', trouble: { code: 'nonce_opening' } };
  // The finalized slot of this node is from before the account was made.
  expect(await laneSeeing(null, null, 6)).toMatchObject(closing);
  expect(closed).toEqual([]);
  expect(await laneSeeing(null, null, 7)).toMatchObject(closing);
  expect(closed).toEqual(['s1']);
});
