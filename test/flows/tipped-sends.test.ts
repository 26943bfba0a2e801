// Tipped sends: what goes to the sender endpoint beside the nodes, of a payment under a nonce.
import { expect, test } from 'vitest';
import type { Address } from '../../src/core/ids.ts';
import type { NonceAt } from '../../src/core/nonce.ts';
import type { Payment } from '../../src/core/payment.ts';
import type { Subscriber } from '../../src/core/ports.ts';
import type { SignedBytes } from '../../src/core/signed-bytes.ts';
import { createSettle, type SettleOptions, type SettlePorts } from '../../src/flows/settle.ts';
import { silentLog } from '../../src/system/log.ts';
import { createDriftVenue } from '../../src/venue/drift-v2/venue.ts';
import { createManualClock } from '../support/clock.ts';
import { plannedPayment } from '../support/payment.ts';
import { servingOnly } from '../support/venues.ts';

const subscriber = { id: 'ana', agentWallet: 'a' } as unknown as Subscriber;

test('a payment with a tip goes to the sender too, and a cancellation goes to the nodes alone', async () => {
  const tip = { lamports: 5_000n, account: 'tips' as Address };
  const nonce = { account: 'n', value: 'v', slot: 1 } as unknown as NonceAt;
  const signed = { signature: 'sig', bytes: Uint8Array.of(1) } as unknown as SignedBytes;
  const sentBy = async (given: Partial<Payment>) => {
    const sends: [number | undefined, boolean | undefined][] = [];
    const stopping = new AbortController();
    const live = plannedPayment({
      creatorWallet: 'c' as Address,
      driftUser: 'u' as Address,
      state: 'sent',
      signed,
      nonce,
      plan: { tip },
      cancelFor: [],
      variants: [
        { purpose: 'payment', signature: 'sig' as never, microLamports: 1n, signedAtMs: 0 },
      ],
      ...given,
    });
    const settle = createSettle(
      {
        ledger: {
          payments: { live: async () => live, varied: async () => true, sent: async () => true },
          halts: { holding: async () => null },
          subscribers: { find: async () => subscriber },
        },
        chain: {
          look: async () => ({ seen: 'absent', finalizedSlot: 1, finalizedBlockHeight: 1 }),
          slices: async () => ({ slot: 9, accounts: [null] }),
          send: async (bytes: Uint8Array, tipped?: boolean) => {
            sends.push([bytes[0], tipped]);
            stopping.abort();
          },
        },
        nonces: { read: () => ({ seen: 'value', value: 'v' }) },
        books: {
          doubt: async () => null,
          identity: () => null,
          disagreement: async () => null,
          excessTo: () => null,
          lineage: () => 0,
        },
        venues: servingOnly(createDriftVenue()),
        pen: { sponsor: 's', signNonce: async () => ({ ...signed, bytes: Uint8Array.of(2) }) },
        fees: { microLamports: async () => 1n, priorityFeeMost: 1n },
        tokens: { tokenAccount: () => 'ata' },
        clock: createManualClock(10_000, () => 0),
        log: silentLog,
        ownSignatures: { sent: () => {}, ended: () => {} },
      } as unknown as SettlePorts,
      { retryEveryMs: 1, pollMs: 0, rebroadcastMs: 4_000, finalityMs: 0 } as SettleOptions,
    );
    await settle.run('ana', stopping.signal);
    return sends;
  };
  expect(await sentBy({ state: 'signed' })).toEqual([[1, true]]);
  expect(await sentBy({ cancelAsked: true })).toEqual([[2, false]]);
});
