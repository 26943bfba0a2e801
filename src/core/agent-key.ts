// Agent key: what the ledger holds of an agent wallet's key: its secret, sealed, or the name under
// which a service keeps it.
import type { Address } from './ids.ts';
import type { ServiceKey } from './service-key.ts';

/** An agent key whose secret the ledger holds, sealed. */
export type SealedKey = {
  readonly subscriberId: string;
  readonly publicKey: Address;
  readonly sealed: Uint8Array;
};
/** An agent key whose secret a service keeps. */
export type RemoteKey = {
  readonly subscriberId: string;
  readonly publicKey: Address;
  readonly at: ServiceKey;
};
export type AgentKey = SealedKey | RemoteKey;
