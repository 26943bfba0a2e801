// Own noted: notes the daemon's executed payments, so that they are read although no source named
// them, and keeps their changes of accounts from being searched for meanwhile.
import type { Burst } from '../core/burst.ts';
import type { Clock, Ledger } from '../core/ports.ts';
import type { AccountChanges } from './account-changes.ts';
import type { OwnSignatures } from './own-signatures.ts';

/** In a burst, a payment of the daemon that no webhook has named is noted after this time. */
const NOTED_AFTER_MS = 10_000;

export type OwnNotedPorts = {
  readonly ledger: Pick<Ledger, 'sightings'>;
  readonly ownSignatures: Pick<OwnSignatures, 'executed' | 'takeExecuted'>;
  readonly watch: Pick<AccountChanges, 'hinted' | 'told'>;
  readonly burst: Pick<Burst, 'on'>;
  readonly clock: Pick<Clock, 'nowMs'>;
};

/** Notes the executed payments that are due to be noted. A loop calls this every second. */
export async function noteOwn(ports: OwnNotedPorts): Promise<void> {
  const { ledger, ownSignatures, watch, burst, clock } = ports;
  // The accounts of an executed payment are marked as named now, because in a burst its webhook may
  // come ten seconds later.
  for (const { accounts, slot } of ownSignatures.executed())
    for (const account of accounts) if (slot != null) watch.hinted(account, slot);
  // In a burst the payments wait ten seconds for a webhook to name them, so that closes are read
  // first.
  const executed = ownSignatures.takeExecuted(burst.on() ? NOTED_AFTER_MS : 0);
  if (executed.length === 0) return;
  const naming = { source: 'own', by: 'finalized', nowMs: clock.nowMs() } as const;
  await ledger.sightings.note(executed, naming);
  for (const { accounts, slot } of executed)
    for (const account of accounts) if (slot != null) watch.told(account, slot);
}
