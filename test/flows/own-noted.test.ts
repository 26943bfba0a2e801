// Own noted: an executed payment of the daemon is named to the account changes until it is noted,
// and noted at once, or in a burst after ten seconds.
import { expect, test } from 'vitest';
import type { Signature } from '../../src/core/ids.ts';
import type { Payment } from '../../src/core/payment.ts';
import type { Ledger, Subscriber } from '../../src/core/ports.ts';
import { noteOwn } from '../../src/flows/own-noted.ts';
import { createOwnSignatures } from '../../src/flows/own-signatures.ts';
import { ACCOUNT, never, setUp } from '../support/account-changes.ts';

/** A payment of ana out of one account, executed in slot 20, of which no webhook tells. */
function executed({ bursting }: { readonly bursting: boolean }) {
  const { watch, see, clock, scans, state } = setUp();
  const ownSignatures = createOwnSignatures(clock);
  const signed = { signature: 'ours' as Signature };
  const payment = { subscriberId: 'ana', driftUser: ACCOUNT, signed } as unknown as Payment;
  ownSignatures.sent(payment, { agentWallet: ACCOUNT, agentTokenAccount: ACCOUNT } as Subscriber);
  const noted: string[] = [];
  const sightings = {
    note: async (rows: readonly { readonly signature: string }[]) =>
      void noted.push(...rows.map((each) => each.signature)),
  };
  const ledger = { sightings } as unknown as Pick<Ledger, 'sightings'>;
  state.burst = bursting;
  see(20, 5n);
  ownSignatures.ended(payment, 20);
  const note = () =>
    noteOwn({ ledger, ownSignatures, watch, clock, burst: { on: () => state.burst } });
  return { watch, clock, scans, noted, note };
}

test('without a burst it is noted at once, and its change needs no scan', async () => {
  const { watch, scans, noted, note } = executed({ bursting: false });
  await note();
  expect(noted).toEqual(['ours']);
  expect(await watch.scan(never)).toBe(0);
  expect([watch.waiting, scans]).toEqual([false, []]);
});

test('in a burst it is noted after ten seconds, and meanwhile its change is not searched for', async () => {
  const { watch, clock, scans, noted, note } = executed({ bursting: true });
  await note();
  clock.advance(9_999);
  // The change was seen ten seconds ago, and the 8 s for a webhook are over.
  await note();
  expect([await watch.scan(never), noted, watch.waiting]).toEqual([0, [], true]);
  clock.advance(1);
  await note();
  expect([await watch.scan(never), noted, watch.waiting]).toEqual([0, ['ours'], false]);
  expect(scans).toEqual([]);
});
