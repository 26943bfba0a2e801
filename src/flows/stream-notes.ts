// Stream notes: notes the transactions that a gRPC stream names, as a webhook's are noted. Only
// signatures and accounts are taken; each transaction is read from RPC before anything of it is
// believed.
import { type Address, isSignature, type Signature, type Slot } from '../core/ids.ts';
import type { Clock } from '../core/ports.ts';
import type { Rumour, SignatureSink } from '../core/watch-ports.ts';
import type { Haste } from './reading-haste.ts';
import type { WatchedAccounts } from './watched.ts';

/** A transaction as a stream names it. */
export type NamedTransaction = {
  readonly signature: Signature;
  readonly slot: Slot;
  readonly keys: readonly Address[];
  readonly moves: boolean;
};
export type StreamNotePorts = {
  readonly ledger: { readonly sightings: SignatureSink };
  readonly watched: Pick<WatchedAccounts, 'map'>;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly haste: Haste;
  /** As `DigestPorts.learn`. */
  readonly learn?: (signatures: readonly Signature[]) => Promise<void>;
  /** Called for each transaction once it is noted, as `DigestPorts.onTold`. */
  readonly onTold: (accounts: readonly Address[], saidSlot: Slot, ahead: boolean) => void;
  /** Called when some were noted. */
  readonly onNoted: () => void;
};

/** Creates the sink of a stream: it notes a batch, or throws and has noted none of it. */
export function createStreamNotes(
  ports: StreamNotePorts,
): (transactions: readonly NamedTransaction[]) => Promise<void> {
  const { ledger, watched, clock, haste } = ports;
  return async (transactions) => {
    const moving = transactions.filter((each) => each.moves);
    if (moving.length > 0) await ports.learn?.(moving.map((each) => each.signature));
    const named = transactions.flatMap(({ signature, slot, keys, moves }) => {
      const accounts = [...new Set(keys)].filter((key) => watched.map.has(key));
      return accounts.length > 0 && isSignature(signature)
        ? [{ signature, slot, accounts, waitMs: haste.waitMs(signature, moves, accounts) }]
        : [];
    });
    if (named.length === 0) return;
    const rumours = named.map(
      ({ signature, accounts, waitMs }): Rumour => ({
        signature,
        blockIndex: null,
        accounts,
        waitMs,
      }),
    );
    const naming = { source: 'stream', by: 'rumour', nowMs: clock.nowMs() } as const;
    await ledger.sightings.note(rumours, naming);
    for (const { accounts, slot, waitMs } of named) ports.onTold(accounts, slot, waitMs < 0);
    ports.onNoted();
  };
}
